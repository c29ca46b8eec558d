"""What a failure is by its kind of exception, where no catalogue entry knows its message.

A family is a catalogue entry without a known message: found by the exception's class, by a database's SQLSTATE or error
number, or by words that all of its kind share. It never says that a restart helps unless every failure of it is
transient; where a wrong setting looks the same from here, it says `once`.
"""

from __future__ import annotations

from functools import cache
from typing import Literal, NamedTuple

from watchdog.diagnose.catalogue import Catalogue
from watchdog.diagnose.entries import Entry
from watchdog.model import Advice, Category


class _Family(NamedTuple):
    name: str
    cause: str
    category: Category
    restart: Advice
    pattern: str
    drift: Literal["yes", "no", "maybe"]
    fix: str
    side: Literal["source", "sink", "any"] = "any"


_NO, _ONCE, _YES, _AFTER = Advice.NO, Advice.ONCE, Advice.YES, Advice.AFTER_FIX


def _state(states: str) -> str:
    """As drivers and servers write SQLSTATEs: `SQLState: 42S22`, `ERROR 1054 (42S22)`, `[42S22][1054]`."""
    return rf"(?i:SQL[ _-]?STATE)\W{{0,4}}(?:{states})\b|ERROR \d+ \((?:{states})\)|\[(?:{states})\]\[\d+\]"


def _number(numbers: str) -> str:
    """As drivers and servers write MySQL's error numbers: `Error Code: 1054`, `ERROR 1054 (42S22)`, `errno: 1054`."""
    return rf"(?i:error[ -]?(?:code|no|number)?|errno|vendor code)\W{{0,3}}(?:{numbers})\b"


# The order is meaning: what is precise stands before what is vague, and an authorization failure is often also some
# kind of connection failure, never the reverse.
_FAMILIES: tuple[_Family, ...] = (
    _Family(
        "authorization",
        "Somebody is not let in, or may not do what the connector needs.",
        Category.AUTH,
        _NO,
        r"AuthorizationException|AuthenticationException|NotAuthorized|Unauthorized\b|AccessControlException"
        r"|InvalidAuthorizationSpec|LoginException|InvalidCredential|UnacceptableCredential|PasswordExpired"
        r"|ExpiredPassword|org\.hibernate\.exception\.AuthException|DelegationToken(?:Expired|Owner)\w+|security\."
        r"oauthbearer\.[\w.]*(?:Jwt|Token)\w+|org\.ietf\.jgss\.|sun\.security\.krb5\.|(?i)\bnot authorized\b"
        r"|\b(?:access|permission) (?:is )?denied\b|command denied to (?:user|account)|authentication failed"
        r"|lack(?:s|ing)? (?:the )?(?:\w+ )?privileges?\b|(?:insufficient|no) privileges?\b|not allowed to connect"
        r"|\baccount (?:is|has been) (?:locked|disabled)|password has expired|\b401 |\b403 Forbidden|"
        + _state("28...|42501")
        + "|"
        + _number("1044|1045|1142|1143|1227|1370|1449|1698|1820|3118"),
        "no",
        "Put the credentials or the grants right.",
    ),
    _Family(
        "table shape",
        "A table does not have the shape that the records or the configuration expect.",
        Category.SCHEMA_DRIFT,
        _AFTER,
        _state("42S22|42703|42S02|42P01|42S21|23502|22001|22003|21S01|42804")
        + "|"
        + _number("1054|1146|1364|1048|1406|1264|1265|1366|1136|3105")
        # MySQL's words for a statement that its table, or a table that its definition cannot have: 1059, 1068, 1072 ff.
        + r"|(?i:identifier name '[^'\n]{1,300}' is too long|column length too big|too many (?:columns|fields)"
        r"|too[ -]big (?:scale|precision)|(?:scale|precision) \d+ specified for|incorrect (?:column|table|index) "
        r"(?:name|specifier|definition)|incorrect prefix key|can't be used in key specification|multiple primary key"
        r"|parts of a primary key must be|key column '[^'\n]{1,300}' doesn't exist|specified twice|is not updatable"
        r"|references invalid table|of view '[^\n]{1,300}' underlying table|display width out of range"
        r"|illegal mix of collations|cannot convert string|conversion from collation|data for column '[^\n]{1,300}' too"
        r"|value is out of range in|does not match the \w+ of the column|index column size too large"
        r"|cannot (?:drop|change) column|tables have different definitions|invalid \w+ character string"
        r"|column '[^'\n]{1,300}' in [^\n]{1,200} is ambiguous)"
        r"|(?i:(?:unknown|missing|invalid|no such|unrecognized) column)|mapper_parsing_exception"
        r"|strict_dynamic_mapping_exception|out of sync with real database schema"
        r"|(?i:\b(?:column|table|relation|field)\b[^\n]{1,200}? (?:does not exist|doesn't exist|is missing|not found))",
        "maybe",
        "Make the table at both ends, and what is configured about it, agree; then restart.",
    ),
    _Family(
        "resources",
        "Memory, disk, a size or a number reached its limit.",
        Category.RESOURCE,
        _NO,
        r"OutOfMemory|TooLargeException|TooBigException|StackOverflowError|ResourceExhausted|QuotaExceeded|BufferOverflow"
        r"|MaxAllowedPacketException|StreamConstraintsException|SystemLimitException|QuotaViolation|LimitReached"
        r"|InvalidCommitOffsetSize|InvalidFetchSize|(?i:no space left|disk (?:is )?full|heap space|memory limit"
        r"|too many (?:open files|active concurrent transactions|requests)|out of (?:sort )?memory|out of resources"
        r"|number of locks exceeds|max_prepared_stmt_count|is marked as crashed|incorrect key file for table"
        r"|got error [^\n]{1,80} (?:from storage engine|during commit)|error writing file|array size exceeds"
        r"|required more than '\w+' bytes|increase (?:this|the|its) [^\n]{0,60}(?:variable|size|limit)\b|is corrupted\b"
        r"|undo log record is too big|memory capacity of|storage engine [^\n]{0,80}is not (?:available|loaded))|"
        + _state("53...|54...|58030")
        + "|"
        + _number("1021|1037|1038|1040|1041|1114|1153|1203|1226|3675"),
        "no",
        "Give the worker, the database or the topic what it lacks.",
    ),
    _Family(
        "contention",
        "A statement waited too long for others, or gave way to them.",
        Category.RESOURCE,
        _ONCE,
        r"SQLTimeoutException|QueryTimeoutException|LockTimeoutException|LockAcquisitionException|PessimisticLock"
        r"|TransactionRollbackException|SnapshotIsolationException|(?i:deadlock|lock wait|statement timeout"
        r"|wait on a lock was|record has changed since last read|rollback the current transaction|conflicting read lock"
        r"|was locked with a read lock|modified by concurrent ddl)|"
        + _state("40...|55P03|57014")
        + "|"
        + _number("1205|1213|3024|3572"),
        "no",
        "Look for what holds the lock, or what makes the database slow.",
    ),
    _Family(
        "no connection",
        "The other side cannot be reached: it is away, or the address is wrong.",
        Category.CONNECTIVITY,
        _ONCE,
        r"java\.net\.(?:http\.)?(?:Connect|NoRouteToHost|PortUnreachable|HttpConnectTimeout)Exception"
        r"|HttpHostConnectException|ConnectTimeoutException"
        r"|(?i:connection (?:refused|timed out)|no route to host|network is unreachable|connect timed out)|"
        + _state("08001")
        + "|"
        + _number("2002|2003"),
        "no",
        "Bring the other side, or the way to it, back; when it is up, correct host and port.",
    ),
    _Family(
        "connection",
        "The other side ended the connection.",
        Category.CONNECTIVITY,
        _YES,
        r"java\.net\.(?:http\.)?(?:Socket|SocketTimeout|HttpTimeout)Exception"
        r"|ClosedChannelException|AsynchronousCloseException|NoHttpResponseException"
        r"|(?i:connection (?:reset|closed by peer|was aborted)|broken pipe|read timed out"
        r"|header parser received no bytes)|"
        + _state("08003|08006|08007|08S01|57P01|57P02|57P03")
        + "|"
        + _number("1053|2006|2013|2055"),
        "no",
        "Bring the other side, or the way to it, back.",
    ),
    _Family(
        "TLS",
        "The two ends do not agree on TLS.",
        Category.CONFIG,
        _NO,
        r"javax\.net\.ssl\.|javax\.crypto\.|IdentityVerificationException"
        r"|java\.security\.(?:cert|KeyStore|Unrecoverable|InvalidKey)|CertificateException|KeyStoreException"
        r"|SSLParamsException|(?i:ssl handshake|certificate|the ssl connection|tls protocols?\b)",
        "no",
        "Correct truststore, keystore, certificate or the ssl settings.",
    ),
    _Family(
        "database connection",
        "A connection to the database could not be made or kept.",
        Category.CONNECTIVITY,
        _ONCE,
        r"JDBCConnectionException|TransientConnectionException|SQLRecoverableException|SQLTransientException"
        r"|CannotAcquireResourceException|CommunicationsException|UnableToConnectException"
        r"|(?:Connection|Statement)IsClosedException|(?i:packets out of order|communication packets|bad handshake"
        r"|currently in offline mode|server isn't available|session was killed)"
        r"|(?i:\bHTTP[^\n]{0,40} 50[0234]\b|\b50[234] (?:bad gateway|service unavailable|gateway time))|"
        + _state("08..."),
        "no",
        "Try the connector's own settings against its database, and bring it, or the way to it, back.",
    ),
    _Family(
        "end of stream",
        "Something ended before it should: a connection that broke, or data that is cut off.",
        Category.CONNECTIVITY,
        _ONCE,
        r"java\.io\.EOFException",
        "no",
        "Bring the other side, or the way to it, back; when it comes again, look at what is read.",
    ),
    _Family(
        "broker",
        "The brokers are changing, or could not be reached.",
        Category.CONNECTIVITY,
        _YES,
        r"org\.apache\.kafka\.common\.errors\.(?:Network|NotEnoughReplicas|BrokerNotAvailable|Disconnect|LeaderNot"
        r"|NotLeader|NotCoordinator|Coordinator|ReplicaNotAvailable|FencedLeader|UnknownLeader|Offset(?:Load|NotAvail)"
        # Kafka's own RetriableException, without those that a wrong name or setting makes as well
        r"|ConcurrentTransactions|StaleBroker|NotController|ControllerMoved|EligibleLeaders|ElectionNotNeeded|NewLeader"
        r"|AuthorizerNotReady|UnstableOffset|FetchSession|InvalidFetchSession|InvalidMetadata|PreferredLeader)\w*"
        r"|StaleMetadataException",
        "no",
        "Bring the brokers back.",
    ),
    _Family(
        "fenced",
        "Another member or producer took this one's place, or its group moved on without it.",
        Category.CONNECTIVITY,
        _ONCE,
        r"org\.apache\.kafka\.[\w.]+\.(?:Fenced(?:Member|State)|StaleMember|MemberIdRequired|UnreleasedInstance"
        r"|TransactionAbortable|TransactionCoordinatorFenced|DuplicateSequence|PrivilegedWrite|NotAssigned|NotLeader"
        r"|UnjoinedGroup|RebootstrapRequired|UnknownServer)\w*|RejectedExecutionException|CancellationException",
        "no",
        "Look whether the connector runs twice, or whether its name or group is used elsewhere.",
    ),
    _Family(
        "client setting",
        "The brokers do not take a setting of the connector's clients.",
        Category.CONFIG,
        _NO,
        r"org\.apache\.kafka\.[\w.]+\.(?:Invalid(?:Session|Txn)Timeout|InvalidReplicaAssignment|InvalidPrincipalType"
        r"|InvalidReceive|InvalidRegularExpression|UnsupportedAssignor|UnsupportedForMessageFormat|SecurityDisabled"
        r"|InconsistentClusterId|TopicDeletionDisabled|DelegationTokenDisabled|TooManyTasks)\w*",
        "no",
        "Correct the settings of the connector's clients (consumer.override.*, producer.override.*), or of the broker.",
    ),
    _Family(
        "time-out",
        "Something did not answer in time.",
        Category.CONNECTIVITY,
        _ONCE,
        r"TimeoutException|RetriableException|(?i:timed out)",
        "no",
        "Look at what did not answer in time, and whether it is the right address.",
    ),
    _Family(
        "statement",
        "A statement could not be parsed.",
        Category.DDL_PARSE,
        _NO,
        r"io\.debezium\.text\.(?:Multiple)?Parsing|no viable alternative at input|mismatched input|extraneous input",
        "maybe",
        "Upgrade Debezium, or pass over the statement with schema.history.internal.skip.unparseable.ddl=true.",
    ),
    _Family(
        "schema history",
        "The schema history could not be used.",
        Category.HISTORY_LOST,
        _NO,
        r"(?i:(?:schema|database|db) history)|io\.debezium\.relational\.history\.",
        "maybe",
        "Look at the schema history topic: that it is there, whole, with one partition and no retention.",
    ),
    _Family(
        "binlog",
        "The part of the log that the connector has to read is not there.",
        Category.BINLOG_GAP,
        _NO,
        r"(?i:(?:binlog|binary log|change stream|gtid)[^\n]{0,200}(?:purged|missing|(?:no longer|not) available))",
        "no",
        "Decide on a new copy of the data (snapshot.mode=when_needed), or accept the gap.",
    ),
    _Family(
        "registry",
        "The schema registry did not do what was asked of it.",
        Category.REGISTRY,
        _ONCE,
        r"schemaregistry\.|SchemaRegistry|apicurio\.registry\.(?:rest|resolver)|karapace|(?i:schema registry)",
        "maybe",
        "Look whether the registry is up, and has the subject.",
    ),
    _Family(
        "configuration",
        "Something is configured wrongly, or is missing on the worker.",
        Category.CONFIG,
        _NO,
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
        r"|(?:doesn't yet|does not|is not|are not) support(?:ed)?\b|requires a primary key|without a primary key, when"
        r"|violates gtid consistency|requirements by an external plugin|running with the \S{1,80} option"
        r"|non-transactional (?:tables|changed)|\b404 not found)|"
        + _state("3D000|42000|0A000|25006|IM00.|S0...")
        + "|"
        + _number("1049|1064|1193|1290|1381|1836|3159"),
        "no",
        "Correct the connector's configuration, or what it refers to.",
    ),
    _Family(
        "serialization",
        "A record cannot be read, converted or written.",
        Category.DATA,
        _NO,
        r"SerializationException|DataException|com\.fasterxml\.jackson\.|org\.apache\.avro\.|org\.json\.|JsonParse"
        r"|JsonMapping|SchemaException|SchemaBuilder|SchemaProjector|DecoderException|DataFormatException"
        r"|UnmappableCharacter|CoercionException|DataConversionException|DataReadException|ZipException"
        r"|InvalidOffsetException|LogTruncation|OffsetMovedToTiered|PositionOutOfRange|(?i:invalid wkb)"
        r"|AvroRuntime|AvroType|InvalidProtocolBuffer|MalformedInput|CharacterCoding|NumberFormat|DateTimeParse"
        r"|DateTimeException|ArithmeticException|InvalidRecord|CorruptRecord",
        "maybe",
        "Look at the record that cannot be read or written.",
    ),
    # SQLSTATE 42: a sink's statements follow from records and table, a source's from what somebody wrote down.
    _Family(
        "sink statement",
        "The target does not take the statement that follows from the record: its table is not as the record has it.",
        Category.SCHEMA_DRIFT,
        _AFTER,
        r"SQLSyntaxError|SQLGrammarException|executing SQL \[[^\n]*\[(?:ALTER|CREATE) TABLE|" + _state("42..."),
        "maybe",
        "Make the target's table fit the records; then restart.",
        side="sink",
    ),
    _Family(
        "source statement",
        "The source's database does not take a statement: one that is configured, or one of another version.",
        Category.CONFIG,
        _NO,
        r"SQLSyntaxError|SQLGrammarException|" + _state("42..."),
        "no",
        "Correct snapshot.select.statement.overrides, heartbeat.action.query or database.initial.statements.",
        side="source",
    ),
    _Family(
        "SQL data",
        "The database refuses a record.",
        Category.DATA,
        _NO,
        r"SQLIntegrityConstraintViolation|DataTruncation|BatchUpdateException|SQLDataException|BatchFailedException"
        r"|StaleStateException|ConstraintViolationException|(?i:check option failed|invalid use of null)|"
        + _state("21...|22...|23...|44000|45000")
        + "|"
        + _number("1062|1216|1217|1451|1452|1292|3140|3819|4025"),
        "maybe",
        "Look at the record that the database refuses, and compare its table at both ends.",
    ),
    # In the words of Connect around whatever a converter or a transform threw: the same record comes again.
    _Family(
        "record",
        "A converter or a transform stumbles over a record.",
        Category.DATA,
        _NO,
        r"Tolerance exceeded in error handler",
        "maybe",
        "Look at the record, and at the settings of the connector's converters and transforms.",
    ),
)


@cache
def families() -> Catalogue:
    return Catalogue(
        Entry(
            id=f"family.{family.name.replace(' ', '-')}",
            side=family.side,
            pattern=family.pattern,
            category=family.category,
            restart=family.restart,
            schema_drift=family.drift,
            cause=family.cause,
            fix=family.fix,
        )
        for family in _FAMILIES
    )
