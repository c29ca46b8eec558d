"""What a failure is by its kind of exception, where no catalogue entry knows its message.

A family is a catalogue entry without a known message: found by the exception's class, by a database's SQLSTATE or error
number, or by words that all of its kind share. It never says that a restart helps unless every failure of it is
transient; where a wrong setting looks the same from here, it says `once`.
"""

from __future__ import annotations

from functools import cache

from watchdog.diagnose.catalogue import Catalogue
from watchdog.diagnose.entries import Entry
from watchdog.model import Advice, Category

_ROW = tuple[str, str, Category, Advice, str, str, str]
_NO, _ONCE, _YES, _AFTER = Advice.NO, Advice.ONCE, Advice.YES, Advice.AFTER_FIX


def _state(states: str) -> str:
    """As drivers and servers write SQLSTATEs: `SQLState: 42S22`, `ERROR 1054 (42S22)`, `[42S22][1054]`."""
    return rf"(?i:SQL[ _-]?STATE)\W{{0,4}}(?:{states})\b|ERROR \d+ \((?:{states})\)|\[(?:{states})\]\[\d+\]"


def _number(numbers: str) -> str:
    """As drivers and servers write MySQL's error numbers: `Error Code: 1054`, `ERROR 1054 (42S22)`, `errno: 1054`."""
    return rf"(?i:error[ -]?(?:code|no|number)?|errno|vendor code)\W{{0,3}}(?:{numbers})\b"


# The order is meaning: what is precise stands before what is vague, and an authorization failure is often also some
# kind of connection failure, never the reverse.
_FAMILIES: tuple[_ROW, ...] = (
    (
        "authorization",
        "Somebody is not let in, or may not do what the connector needs.",
        Category.AUTH,
        _NO,
        r"AuthorizationException|AuthenticationException|NotAuthorized|Unauthorized\b|AccessControlException"
        r"|InvalidAuthorizationSpec|LoginException|InvalidCredential|(?i)\bnot authorized\b|\b(?:access|permission) "
        r"(?:is )?denied\b|command denied to user|authentication failed|\b401 |\b403 Forbidden|"
        + _state("28...|42501")
        + "|"
        + _number("1044|1045|1142|1143|1227|1370|1449|1698|1820|3118"),
        "no",
        "Put the credentials or the grants right.",
    ),
    (
        "table shape",
        "A table does not have the shape that the records or the configuration expect.",
        Category.SCHEMA_DRIFT,
        _AFTER,
        _state("42S22|42703|42S02|42P01|42S21|23502|22001|22003|21S01|42804")
        + "|"
        + _number("1054|1146|1364|1048|1406|1264|1265|1366|1136|3105")
        + r"|(?i:(?:unknown|missing|invalid|no such|unrecognized) column)|mapper_parsing_exception"
        r"|strict_dynamic_mapping_exception|out of sync with real database schema"
        r"|(?i:\b(?:column|table|relation|field)\b[^\n]{1,200}? (?:does not exist|doesn't exist|is missing|not found))",
        "maybe",
        "Make the table at both ends, and what is configured about it, agree; then restart.",
    ),
    (
        "resources",
        "Memory, disk, a size or a number reached its limit.",
        Category.RESOURCE,
        _NO,
        r"OutOfMemory|TooLargeException|TooBigException|StackOverflowError|ResourceExhausted|QuotaExceeded|BufferOverflow"
        r"|(?i:no space left|disk (?:is )?full|heap space|too many open files|memory limit)|"
        + _state("53...|54...|58030")
        + "|"
        + _number("1021|1037|1038|1040|1041|1114|1153|1203|1226|3675"),
        "no",
        "Give the worker, the database or the topic what it lacks.",
    ),
    (
        "contention",
        "A statement waited too long for others, or gave way to them.",
        Category.RESOURCE,
        _ONCE,
        r"SQLTimeoutException|QueryTimeoutException|LockTimeoutException|LockAcquisitionException|PessimisticLock"
        r"|TransactionRollbackException|(?i:deadlock|lock wait|statement timeout)|"
        + _state("40...|55P03|57014")
        + "|"
        + _number("1205|1213|3024|3572"),
        "no",
        "Look for what holds the lock, or what makes the database slow.",
    ),
    (
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
    (
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
    (
        "TLS",
        "The two ends do not agree on TLS.",
        Category.CONFIG,
        _NO,
        r"javax\.net\.ssl\.|java\.security\.(?:cert|KeyStore|Unrecoverable|InvalidKey)|CertificateException|KeyStoreException"
        r"|SSLParamsException|(?i:ssl handshake|certificate|the ssl connection|tls protocols?\b)",
        "no",
        "Correct truststore, keystore, certificate or the ssl settings.",
    ),
    (
        "database connection",
        "A connection to the database could not be made or kept.",
        Category.CONNECTIVITY,
        _ONCE,
        r"JDBCConnectionException|TransientConnectionException|SQLRecoverableException|SQLTransientException"
        r"|CannotAcquireResourceException|" + _state("08..."),
        "no",
        "Try the connector's own settings against its database, and bring it, or the way to it, back.",
    ),
    (
        "end of stream",
        "Something ended before it should: a connection that broke, or data that is cut off.",
        Category.CONNECTIVITY,
        _ONCE,
        r"java\.io\.EOFException",
        "no",
        "Bring the other side, or the way to it, back; when it comes again, look at what is read.",
    ),
    (
        "broker",
        "The brokers are changing, or could not be reached.",
        Category.CONNECTIVITY,
        _YES,
        r"org\.apache\.kafka\.common\.errors\.(?:Network|NotEnoughReplicas|BrokerNotAvailable|Disconnect|LeaderNot"
        r"|NotLeader|NotCoordinator|Coordinator|ReplicaNotAvailable|FencedLeader|UnknownLeader|Offset(?:Load|NotAvail)"
        r"|ConcurrentTransactions|StaleBroker)\w*",
        "no",
        "Bring the brokers back.",
    ),
    (
        "time-out",
        "Something did not answer in time.",
        Category.CONNECTIVITY,
        _ONCE,
        r"TimeoutException|RetriableException|(?i:timed out)",
        "no",
        "Look at what did not answer in time, and whether it is the right address.",
    ),
    (
        "statement",
        "A statement could not be parsed.",
        Category.DDL_PARSE,
        _NO,
        r"io\.debezium\.text\.(?:Multiple)?Parsing|no viable alternative at input|mismatched input|extraneous input",
        "maybe",
        "Upgrade Debezium, or filter the statement with schema.history.internal.ddl.filter.",
    ),
    (
        "schema history",
        "The schema history could not be used.",
        Category.HISTORY_LOST,
        _NO,
        r"(?i:(?:schema|database|db) history)|io\.debezium\.relational\.history\.",
        "maybe",
        "Look at the schema history topic: that it is there, whole, with one partition and no retention.",
    ),
    (
        "binlog",
        "The part of the log that the connector has to read is not there.",
        Category.BINLOG_GAP,
        _NO,
        r"(?i:(?:binlog|binary log|change stream|gtid)[^\n]{0,200}(?:purged|missing|(?:no longer|not) available))",
        "no",
        "Decide on a new copy of the data (snapshot.mode=when_needed), or accept the gap.",
    ),
    (
        "registry",
        "The schema registry did not do what was asked of it.",
        Category.REGISTRY,
        _ONCE,
        r"schemaregistry\.|SchemaRegistry|apicurio\.registry\.(?:rest|resolver)|karapace|(?i:schema registry)",
        "maybe",
        "Look whether the registry is up, and has the subject.",
    ),
    (
        "configuration",
        "Something is configured wrongly, or is missing on the worker.",
        Category.CONFIG,
        _NO,
        r"ConfigException|InvalidConfiguration|ConfigurationException|InvalidTopic|InvalidRequest|UnsupportedVersion"
        r"|UnsupportedOperationException|SQLFeatureNotSupported|ClassLoadingException|Plugin\w*Exception|NotFoundException"
        r"|java\.lang\.(?:\w*Class\w*|NoSuch\w+|\w*Link\w*|AbstractMethod|Instantiation|IllegalAccess)(?:Error|Exception)"
        r"|java\.security\.NoSuch\w+|(?:Is|Not) a directory|No such file or directory|Read-only file system"
        r"|java\.time\.zone\.|java\.nio\.file\.|FileNotFound|URISyntax|MalformedURL|PatternSyntax"
        r"|DatabaseException: Unsupported|GroupProtocolException|(?i:invalid (?:time ?zone|configuration)\b)|"
        + _state("3D000|42000|0A000|25006|IM00.|S0...")
        + "|"
        + _number("1049|1064|1193|1290|1381|1836|3159"),
        "no",
        "Correct the connector's configuration, or what it refers to.",
    ),
    (
        "serialization",
        "A record cannot be read, converted or written.",
        Category.DATA,
        _NO,
        r"SerializationException|DataException|JsonParse|JsonMapping|SchemaException|SchemaBuilder|SchemaProjector"
        r"|AvroRuntime|AvroType|InvalidProtocolBuffer|MalformedInput|CharacterCoding|NumberFormat|DateTimeParse"
        r"|DateTimeException|ArithmeticException|InvalidRecord|CorruptRecord",
        "maybe",
        "Look at the record that cannot be read or written.",
    ),
    (
        "SQL data",
        "The database refuses a record.",
        Category.DATA,
        _NO,
        r"SQLIntegrityConstraintViolation|DataTruncation|BatchUpdateException|SQLDataException|SQLSyntaxError"
        r"|ConstraintViolationException|SQLGrammarException|"
        + _state("21...|22...|23...|42...|44000")
        + "|"
        + _number("1062|1216|1217|1451|1452|1292|3140|3819|4025"),
        "maybe",
        "Look at the record that the database refuses, and compare its table at both ends.",
    ),
    # In the words of Connect around whatever a converter or a transform threw: the same record comes again.
    (
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
            id=f"family.{name.replace(' ', '-')}",
            side="any",
            pattern=pattern,
            category=category,
            restart=restart,
            schema_drift=drift,  # type: ignore[arg-type]
            cause=cause,
            fix=fix,
        )
        for name, cause, category, restart, pattern, drift, fix in _FAMILIES
    )
