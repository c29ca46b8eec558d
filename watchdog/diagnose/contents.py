"""Families of what is read: statements, the history, the binlog, the configuration, records."""

from __future__ import annotations

from watchdog.diagnose.family import AFTER, NO, ONCE, Family, mysql_number, sqlstate
from watchdog.model import Category

CONTENTS: tuple[Family, ...] = (
    Family(
        "statement",
        "A statement could not be parsed.",
        Category.DDL_PARSE,
        NO,
        r"io\.debezium\.text\.(?:Multiple)?Parsing|no viable alternative at input|mismatched input|extraneous input",
        "maybe",
        "Upgrade Debezium, or pass over the statement with schema.history.internal.skip.unparseable.ddl=true.",
    ),
    Family(
        "schema history",
        "The schema history could not be used.",
        Category.HISTORY_LOST,
        NO,
        r"(?i:(?:schema|database|db) history)|io\.debezium\.relational\.history\.",
        "maybe",
        "Look at the schema history topic: that it is there, whole, with one partition and no retention.",
    ),
    Family(
        "binlog",
        "The part of the log that the connector has to read is not there.",
        Category.BINLOG_GAP,
        NO,
        r"(?i:(?:binlog|binary log|change stream|gtid)[^\n]*(?:purged|missing|(?:no longer|not) available))",
        "no",
        "Decide on a new copy of the data (snapshot.mode=when_needed), or accept the gap.",
    ),
    Family(
        "registry",
        "The schema registry did not do what was asked of it.",
        Category.REGISTRY,
        ONCE,
        r"schemaregistry\.|SchemaRegistry|apicurio\.registry\.(?:rest|resolver)|karapace|(?i:schema registry)",
        "maybe",
        "Look whether the registry is up, and has the subject.",
    ),
    Family(
        "configuration",
        "Something is configured wrongly, or is missing on the worker.",
        Category.CONFIG,
        NO,
        r"ConfigException|InvalidConfiguration|ConfigurationException|InvalidTopic|InvalidRequest|UnsupportedVersion"
        r"|UnsupportedOperationException|SQLFeatureNotSupported|ClassLoadingException|Plugin\w*Exception|NotFoundException"
        r"|java\.lang\.(?:\w*Class\w*|NoSuch\w+|\w*Link\w*|AbstractMethod|Instantiation|IllegalAccess)(?:Error|Exception)"
        r"|java\.security\.NoSuch\w+|(?:Is|Not) a directory|No such file or directory|Read-only file system"
        r"|java\.time\.zone\.|java\.nio\.file\.|FileNotFound|URISyntax|MalformedURL|PatternSyntax"
        r"|DatabaseException: Unsupported|GroupProtocolException|(?i:invalid (?:time ?zone|configuration)\b)"
        # What Connector/J, Hibernate and the JDK throw at a setting that they do not take
        r"|com\.mysql\.cj\.exceptions\.(?:WrongArgument|UnsupportedConnectionString|InvalidConnectionAttribute"
        r"|PropertyNotModifiable|\w*FeatureNotAvailable|\w*OperationNotSupported)|StrategySelectionException"
        r"|UnknownServiceException|SQLClientInfoException|BindException|UnsupportedCharset|IllegalCharset"
        r"|UnsupportedEncoding|IllegalFormat|UnknownFormatConversion|DuplicateFormatFlags|InvalidPathException"
        r"|javax\.naming\.|java\.security\.(?:InvalidAlgorithm|Provider|spec\.)|No enum constant"
        r"|(?i:illegal pattern|unknown pattern letter|\b(?:is|in|innodb is in|running in) read[- ]only\b)"
        # words that ask for another configuration
        r"|(?i:(?:check|verify|adjust|correct|review|change|specify)(?: only one\b|[^\n.]{0,40} ?`?(?:configuration"
        r"|topics`|settings?\b))|no database selected|unknown storage engine|feature is disabled"
        r"|(?:doesn't|doesn't yet|does not|is not|are not) support(?:ed)?\b|requires a primary key"
        r"|without a primary key, when"
        r"|violates gtid consistency|requirements by an external plugin|running with the \S{1,80} option"
        r"|non-transactional (?:tables|changed)|\b404 not found"
        # what a server is not set up for, and what may not be set
        r"|storage engine[^\n]* (?:is disabled|doesn't have this option)|not allowed with this|safe update mode"
        r"|system variable \S{1,80} cannot be set|variable '[^'\n]+' (?:can't|can only|cannot|is an? )"
        r"|to variable '|impossible to write to binary log|binary logging not possible|not using binary logging"
        r"|innodb_force_recovery|master key from keyring|plugin is not loaded|not locked with lock tables"
        r"|in a read[- ]only transaction"
        r"|must be (?:specified|configured|provided|non-negative)\b|(?:specify|define|set) both\b"
        # what drivers say of a URL and its options
        r"|connection (?:property|option|url|string|collation)\b|database url\b|for property [\"']|wrong argument value"
        r"|optional parameter \S{1,80} must|port value '|unable to use encoding|to a supported mysql encoding"
        r"|(?:truststore|keystore) file|tls factory plugin)|"
        + sqlstate("3D000|42000|0A000|25006|IM00.|S0...")
        + "|"
        + mysql_number("1049|1064|1193|1290|1381|1836|3159"),
        "no",
        "Correct the connector's configuration, or what it refers to.",
    ),
    Family(
        "serialization",
        "A record cannot be read, converted or written.",
        Category.DATA,
        NO,
        r"SerializationException|DataException|com\.fasterxml\.jackson\.|org\.apache\.avro\.|org\.json\.|JsonParse"
        r"|JsonMapping|SchemaException|SchemaBuilder|SchemaProjector|DecoderException|DataFormatException"
        r"|UnmappableCharacter|CoercionException|DataConversionException|DataReadException|ZipException"
        r"|InvalidOffsetException|LogTruncation|OffsetMovedToTiered|PositionOutOfRange|(?i:invalid wkb)"
        r"|AvroRuntime|AvroType|InvalidProtocolBuffer|MalformedInput|CharacterCoding|NumberFormat|DateTimeParse"
        r"|DateTimeException|ArithmeticException|InvalidRecord|CorruptRecord",
        "maybe",
        "Look at the record that cannot be read or written.",
    ),
    Family(
        "value",
        "A value cannot be read, or worked with.",
        Category.DATA,
        NO,
        r"\bNumberOutOfRange\b|(?i:division by (?:0\b|zero)|out of range in function|json document exceeds"
        r"|zero date value|outside of valid range|unexpected format for|failed to parse and read|hour_of_day:"
        r"|invalid length when read|deserializing binlog data|special value \(nan|time values must be"
        r"|invalid geometry type|failed to find row in table|can ?not be represented as|cannot determine value type"
        r"|unsupported conversion from|cannot be decoded as|could not convert \[|valid numeric)",
        "maybe",
        "Look at the row that has the value; correct it, or the settings by which such values are read.",
    ),
    # SQLSTATE 42: a sink's statements follow from records and table, a source's from what somebody wrote down.
    Family(
        "sink statement",
        "The target does not take the statement that follows from the record: its table is not as the record has it.",
        Category.SCHEMA_DRIFT,
        AFTER,
        r"SQLSyntaxError|SQLGrammarException|executing SQL \[[^\n]*\[(?:ALTER|CREATE) TABLE|" + sqlstate("42..."),
        "maybe",
        "Make the target's table fit the records; then restart.",
        side="sink",
    ),
    Family(
        "source statement",
        "The source's database does not take a statement: one that is configured, or one of another version.",
        Category.CONFIG,
        NO,
        r"SQLSyntaxError|SQLGrammarException|" + sqlstate("42..."),
        "no",
        "Correct snapshot.select.statement.overrides, heartbeat.action.query or database.initial.statements.",
        side="source",
    ),
    Family(
        "SQL data",
        "The database refuses a record.",
        Category.DATA,
        NO,
        r"SQLIntegrityConstraintViolation|DataTruncation|BatchUpdateException|SQLDataException|BatchFailedException"
        r"|StaleStateException|ConstraintViolationException|(?i:check option failed|invalid use of null)|"
        + sqlstate("21...|22...|23...|44000|45000")
        + "|"
        + mysql_number("1062|1216|1217|1451|1452|1292|3140|3819|4025"),
        "maybe",
        "Look at the record that the database refuses, and compare its table at both ends.",
    ),
    # In the words of Connect around whatever a converter or a transform threw: the same record comes again.
    Family(
        "record",
        "A converter or a transform stumbles over a record.",
        Category.DATA,
        NO,
        r"Tolerance exceeded in error handler",
        "maybe",
        "Look at the record, and at the settings of the connector's converters and transforms.",
    ),
)
