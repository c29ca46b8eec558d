"""Failures that no signature was written for: the kind of exception decides, and never promises too much."""

from __future__ import annotations

import pytest

from watchdog.diagnose import diagnose, entries
from watchdog.diagnose.families import families
from watchdog.diagnose.places import places
from watchdog.model import Advice, Category

C = Category
NO, AFTER, ONCE, YES = Advice.NO, Advice.AFTER_FIX, Advice.ONCE, Advice.YES


def trace(*links: str) -> str:
    """As Connect prints it: each exception with frames of its own."""
    frames = "\tat org.apache.kafka.connect.runtime.WorkerTask.run(WorkerTask.java:281)\n\t... 12 more"
    return "\nCaused by: ".join(f"{link}\n{frames}" for link in links) + "\n"


CONNECT = "org.apache.kafka.connect.errors.ConnectException: "
DATA = "org.apache.kafka.connect.errors.DataException: "
TOLERANCE = CONNECT + "Tolerance exceeded in error handler"
SINK = CONNECT + "Exiting WorkerSinkTask due to unrecoverable exception."
PRODUCER = CONNECT + "An exception occurred in the change event producer. This connector will be stopped."


@pytest.mark.parametrize(
    ("links", "side", "category", "restart"),
    [
        # Databases, by their own numbers and states
        pytest.param(
            [SINK, "java.sql.SQLException: odd words (SQLState: 42S22, Error Code: 1054)"],
            "sink", C.SCHEMA_DRIFT, AFTER, id="SQLState of a missing column",
        ),
        pytest.param(
            [SINK, "com.acme.SinkException: ERROR 1146 (42S02): Tabelle fehlt"],
            "sink", C.SCHEMA_DRIFT, AFTER, id="MySQL's number in another language",
        ),
        pytest.param(
            [SINK, "com.acme.SinkException: failed, errno: 1045"], "sink", C.AUTH, NO, id="MySQL's number for a login",
        ),
        pytest.param(
            [SINK, "java.sql.SQLException: [08S01][0] the link is gone"], "sink", C.CONNECTIVITY, YES, id="state 08S01",
        ),
        pytest.param(
            [PRODUCER, "io.debezium.DebeziumException: odd Error code: 1236; SQLSTATE: HY000."],
            "source", C.UNKNOWN, ONCE, id="1236 means four things, so it means nothing",
        ),
        pytest.param(
            [SINK, "java.sql.SQLTransientConnectionException: pool - Connection is not available, request timed out"],
            "sink", C.CONNECTIVITY, ONCE, id="a pool that may hide a wrong password",
        ),
        pytest.param(
            [SINK, "java.sql.SQLTimeoutException: Statement cancelled due to timeout or client request"],
            "sink", C.RESOURCE, ONCE, id="a slow statement",
        ),
        pytest.param(
            [SINK, "java.sql.SQLException: (conn=12) Lock wait timeout exceeded; try restarting transaction"],
            "sink", C.RESOURCE, ONCE, id="a lock",
        ),
        pytest.param(
            [SINK, "java.sql.BatchUpdateException: (conn=5) Unknown column 'qty' in 'SET'",
             "java.sql.SQLSyntaxErrorException: (conn=5) Unknown column 'qty' in 'SET'"],
            "sink", C.SCHEMA_DRIFT, AFTER, id="MariaDB's driver",
        ),
        pytest.param(
            [SINK, 'org.postgresql.util.PSQLException: ERROR: column "qty" of relation "orders" does not exist'],
            "sink", C.SCHEMA_DRIFT, AFTER, id="PostgreSQL, a missing column",
        ),
        pytest.param(
            [SINK, 'org.postgresql.util.PSQLException: FATAL: password authentication failed for user "dw"'],
            "sink", C.AUTH, NO, id="PostgreSQL, a password",
        ),
        pytest.param(
            [SINK, "java.sql.SQLException: The server is running with the --super-read-only option so it cannot "
             "execute this statement"], "sink", C.CONFIG, AFTER, id="a replica as target",
        ),
        pytest.param(
            [SINK, "com.mysql.cj.jdbc.exceptions.PacketTooBigException: Packet for query is too large (7 > 4)."],
            "sink", C.RESOURCE, AFTER, id="a packet too large",
        ),
        pytest.param(
            [SINK, "java.sql.SQLException: The table 'orders' is full"], "sink", C.RESOURCE, AFTER, id="a full disk",
        ),
        # The way there
        pytest.param(
            [SINK, "com.mysql.cj.jdbc.exceptions.CommunicationsException: Communications link failure",
             "javax.net.ssl.SSLHandshakeException: PKIX path building failed: "
             "sun.security.provider.certpath.SunCertPathBuilderException: unable to find valid certification path"],
            "sink", C.CONFIG, NO, id="a certificate inside a link failure",
        ),
        pytest.param(
            [PRODUCER, "io.debezium.DebeziumException: Connection reset", "java.net.SocketException: Connection reset"],
            "source", C.CONNECTIVITY, YES, id="a connection reset",
        ),
        pytest.param(
            [SINK, "java.net.SocketTimeoutException: Connect timed out"],
            "sink", C.CONNECTIVITY, ONCE, id="nobody answered, who may have another address",
        ),
        pytest.param(
            [SINK, "java.net.SocketTimeoutException: Read timed out"],
            "sink", C.CONNECTIVITY, YES, id="somebody answered before, and now does not",
        ),
        pytest.param(
            [TOLERANCE, "com.acme.Broken: ", "java.io.EOFException"],
            "sink", C.CONNECTIVITY, ONCE, id="an end that came early may be in the data",
        ),
        pytest.param(
            [PRODUCER, "java.security.NoSuchAlgorithmException: SHA-999 MessageDigest not available"],
            "source", C.CONFIG, NO, id="an algorithm that nobody has",
        ),
        pytest.param(
            [CONNECT + "no file", "java.io.IOException: Is a directory"], "sink", C.CONFIG, NO, id="a folder for file",
        ),
        pytest.param(
            [SINK, "java.net.UnknownHostException: mysql-dw: Name or service not known"],
            "sink", C.CONNECTIVITY, ONCE, id="a name that is not known may be a wrong one",
        ),
        pytest.param(
            [CONNECT + "Unable to check", "org.apache.kafka.common.errors.TimeoutException: Timed out waiting for a "
             "node assignment. Call: describeTopics"], "source", C.CONNECTIVITY, ONCE, id="no broker answers",
        ),
        pytest.param(
            ["org.apache.kafka.common.errors.NotLeaderOrFollowerException: For requests intended only for the leader"],
            "source", C.CONNECTIVITY, YES, id="a leader moves",
        ),
        pytest.param(
            ["org.apache.kafka.common.KafkaException: Failed to construct kafka producer",
             "org.apache.kafka.common.config.ConfigException: No resolvable bootstrap urls given in bootstrap.servers"],
            "source", C.CONFIG, ONCE, id="bootstrap.servers",
        ),
        # Who may enter
        pytest.param(
            [SINK, "org.apache.kafka.common.errors.GroupAuthorizationException: Not authorized to access group: "
             "connect-dw-sink"], "sink", C.AUTH, NO, id="a group's ACL",
        ),
        pytest.param(
            [PRODUCER, "io.debezium.DebeziumException: Access denied; you need (at least one of) the REPLICATION SLAVE "
             "privilege(s) for this operation Error code: 1227; SQLSTATE: 42000.",
             "com.github.shyiko.mysql.binlog.network.ServerException: Access denied; you need (at least one of) the "
             "REPLICATION SLAVE privilege(s) for this operation"], "source", C.AUTH, NO, id="a privilege",
        ),
        pytest.param(
            [CONNECT + "Snapshotting of table shop.orders failed", "java.sql.SQLSyntaxErrorException: SELECT command "
             "denied to user 'dbz'@'10.1.1.1' for table 'orders'"], "source", C.AUTH, NO, id="a grant in a snapshot",
        ),
        pytest.param(
            ["com.acme.cloud.CloudException: 403 Forbidden: the role may not write"], "sink", C.AUTH, NO, id="a cloud",
        ),
        # Records
        pytest.param(
            [TOLERANCE, DATA + "Converting byte[] to Kafka Connect data failed due to serialization error: ",
             "org.apache.kafka.common.errors.SerializationException: com.fasterxml.jackson.core.JsonParseException: "
             "Unrecognized token 'garbage': was expecting (JSON String, Number, Array, Object or token 'null')"],
            "sink", C.DATA, NO, id="a record that is no JSON",
        ),
        pytest.param(
            [TOLERANCE, DATA + "Converting byte[] to Kafka Connect data failed due to serialization error: ",
             "com.fasterxml.jackson.core.JsonParseException: Illegal character ((CTRL-CHAR, code 0)): only regular "
             "white space (\\r, \\n, \\t) is allowed between tokens"], "sink", C.CONFIG, NO, id="Avro read as JSON",
        ),
        pytest.param(
            [TOLERANCE, DATA + "Failed to deserialize data for topic shop.orders to Avro: ",
             "org.apache.kafka.common.errors.SerializationException: Error deserializing Avro message for id 7",
             "java.net.ConnectException: Connection refused"],
            "sink", C.CONNECTIVITY, ONCE, id="the registry is down",
        ),
        pytest.param(
            [TOLERANCE, DATA + "Failed to deserialize data for topic shop.orders to Avro: ",
             "org.apache.kafka.common.errors.SerializationException: Error retrieving Avro value schema for id 7",
             "io.confluent.kafka.schemaregistry.client.rest.exceptions.RestClientException: Schema 7 not found; error "
             "code: 40403"], "sink", C.REGISTRY, AFTER, id="a schema that is gone",
        ),
        pytest.param(
            [TOLERANCE, "io.apicurio.registry.rest.client.exception.ArtifactNotFoundException: No artifact with ID "
             "'dataflow.oltp.orders-value' in group 'default' was found."],
            "sink", C.REGISTRY, AFTER, id="an artifact that is gone",
        ),
        pytest.param(
            [TOLERANCE, "io.apicurio.registry.rest.client.exception.NotAuthorizedException: Authentication failed"],
            "source", C.AUTH, NO, id="the registry's login",
        ),
        pytest.param(
            [TOLERANCE, DATA + "Only Struct objects supported for [field extraction], found: java.lang.String"],
            "sink", C.CONFIG, NO, id="a transform for structs only",
        ),
        pytest.param(
            [PRODUCER, DATA + 'Invalid value: null used for required field: "qty", schema type: INT32'],
            "source", C.SCHEMA_DRIFT, NO, id="NULL where the history has NOT NULL",
        ),
        pytest.param(
            [TOLERANCE, DATA + "something that nobody has met"], "sink", C.DATA, NO, id="some data exception",
        ),
        # Resources
        pytest.param(
            [CONNECT + "Unrecoverable exception from producer send callback",
             "org.apache.kafka.common.errors.RecordTooLargeException: The message is 3145814 bytes when serialized "
             "which is larger than 1048576, which is the value of the max.request.size configuration."],
            "source", C.RESOURCE, NO, id="a record too large for the producer",
        ),
        pytest.param(["java.lang.OutOfMemoryError: Metaspace"], "sink", C.RESOURCE, NO, id="no memory"),
        # Configuration
        pytest.param(
            ["java.lang.NoSuchMethodError: 'void com.acme.X.y()'"], "sink", C.CONFIG, NO, id="jars that do not fit",
        ),
        pytest.param(
            ["org.apache.kafka.common.config.ConfigException: Missing required configuration \"topics\" which has no "
             "default value."], "sink", C.CONFIG, NO, id="a missing setting",
        ),
        pytest.param(
            [CONNECT + "Task failed", "org.apache.kafka.common.errors.InvalidReplicationFactorException: Unable to "
             "replicate the partition 3 time(s): The target replication factor of 3 cannot be reached because only 1 "
             "broker(s) are registered."], "source", C.CONFIG, AFTER, id="too few brokers",
        ),
        # Debezium
        pytest.param(
            [PRODUCER, "io.debezium.DebeziumException: Cannot replicate because the source purged required binary "
             "logs. Error code: 1236; SQLSTATE: HY000."], "source", C.BINLOG_GAP, NO, id="1236: purged",
        ),
        pytest.param(
            [PRODUCER, "io.debezium.DebeziumException: A replica with the same server_uuid/server_id as this replica "
             "has connected to the source; Error code: 1236; SQLSTATE: HY000."],
            "source", C.CONFIG, NO, id="1236: a server id twice",
        ),
        pytest.param(
            [PRODUCER, "io.debezium.DebeziumException: log event entry exceeded max_allowed_packet; Increase "
             "max_allowed_packet on source; Error code: 1236; SQLSTATE: HY000."],
            "source", C.RESOURCE, AFTER, id="1236: a packet",
        ),
        pytest.param(
            ["io.debezium.relational.history.SchemaHistoryException: failed to write",
             "org.apache.kafka.common.errors.TopicAuthorizationException: Not authorized to access topics: [history]"],
            "source", C.AUTH, NO, id="the history's ACL",
        ),
        pytest.param(
            [PRODUCER, "io.debezium.text.ParsingException: odd grammar", "java.lang.NullPointerException"],
            "source", C.DDL_PARSE, NO, id="some statement",
        ),
        pytest.param(
            [PRODUCER, "io.debezium.DebeziumException: Failed to deserialize data of EventHeaderV4{timestamp=1, "
             "eventType=EXT_WRITE_ROWS, serverId=1}", "java.io.EOFException: Failed to read remaining 28 of 36 bytes"],
            "source", C.CONNECTIVITY, ONCE, id="an event cut off by the network",
        ),
        # What only the words around it tell
        pytest.param(
            [CONNECT + "Tolerance exceeded in error handler", "java.lang.IllegalStateException: odd row"],
            "source", C.DATA, NO, id="a transform that stumbles in words of its own",
        ),
        pytest.param(
            [CONNECT + "Tolerance exceeded in error handler", "java.net.SocketException: Connection reset"],
            "sink", C.CONNECTIVITY, YES, id="a converter whose registry hung up",
        ),
        pytest.param(
            [SINK, "com.mysql.cj.exceptions.SSLParamsException: TLS protocols TLSv1 are not supported."],
            "sink", C.CONFIG, NO, id="TLS that the driver will not speak",
        ),
        # Tables, in MySQL's words and by SQLSTATE's class
        pytest.param(
            [SINK, "java.sql.SQLException: Identifier name 'a_name_of_seventy_letters' is too long"],
            "sink", C.SCHEMA_DRIFT, AFTER, id="a name that MySQL does not take",
        ),
        pytest.param(
            [SINK, "java.sql.SQLException: Illegal mix of collations (latin1_swedish_ci,IMPLICIT) and "
             "(utf8mb4_0900_ai_ci,COERCIBLE) for operation '='"], "sink", C.SCHEMA_DRIFT, AFTER, id="collations",
        ),
        pytest.param(
            [SINK, "java.sql.SQLException: View 'dw.orders' references invalid table(s) or column(s) or function(s) or "
             "definer/invoker of view lack rights to use them"], "sink", C.SCHEMA_DRIFT, AFTER, id="a view left behind",
        ),
        pytest.param(
            [SINK, "java.sql.SQLException: Cannot convert string '\\xC4\\x90' from utf8mb4 to latin1"],
            "sink", C.SCHEMA_DRIFT, AFTER, id="a character set, as a newer MySQL says it",
        ),
        pytest.param(
            [SINK, "java.sql.BatchUpdateException: odd words", "java.sql.SQLSyntaxErrorException: odd words"],
            "sink", C.SCHEMA_DRIFT, AFTER, id="a statement that a sink made, and the target does not take",
        ),
        pytest.param(
            [PRODUCER, "java.sql.SQLSyntaxErrorException: odd words"],
            "source", C.CONFIG, NO, id="a statement that somebody wrote down for a source",
        ),
        pytest.param(
            [SINK, "org.hibernate.exception.GenericJDBCException: JDBC exception executing SQL [odd] [ALTER TABLE "
             "orders ADD COLUMN ( extra longtext NULL)]", "java.sql.SQLException: odd"],
            "sink", C.SCHEMA_DRIFT, AFTER, id="an ALTER TABLE of the sink's own",
        ),
        pytest.param(
            [SINK, "java.sql.SQLException: CHECK OPTION failed 'dw.orders'"], "sink", C.DATA, NO, id="a view's CHECK",
        ),
        # Databases that lack something, or are busy
        pytest.param(
            [SINK, "java.sql.SQLException: The total number of locks exceeds the lock table size"],
            "sink", C.RESOURCE, NO, id="no room for locks",
        ),
        pytest.param(
            [SINK, "java.sql.SQLException: Got error 168 - 'Unknown (generic) error' from storage engine"],
            "sink", C.RESOURCE, NO, id="a storage engine in trouble",
        ),
        pytest.param(
            [SINK, "java.sql.SQLException: Table './dw/orders' is marked as crashed and should be repaired"],
            "sink", C.RESOURCE, NO, id="a crashed table",
        ),
        pytest.param(
            [SINK, "java.sql.SQLException: (conn=7) Record has changed since last read in table 'orders'"],
            "sink", C.RESOURCE, ONCE, id="MariaDB's snapshot isolation",
        ),
        pytest.param(
            [SINK, "java.sql.SQLException: Plugin instructed the server to rollback the current transaction."],
            "sink", C.RESOURCE, ONCE, id="group replication's conflict",
        ),
        pytest.param(
            [SINK, "java.sql.SQLException: The table does not comply with the requirements by an external plugin."],
            "sink", C.CONFIG, NO, id="group replication's rules",
        ),
        pytest.param(
            [SINK, "java.sql.SQLException: Unable to create or change a table without a primary key, when the system "
             "variable 'sql_require_primary_key' is set."], "sink", C.CONFIG, NO, id="a server that wants keys",
        ),
        pytest.param(
            [SINK, "java.sql.SQLException: Got packets out of order"], "sink", C.CONNECTIVITY, ONCE, id="odd packets",
        ),
        pytest.param(
            [SINK, "com.mysql.cj.jdbc.exceptions.CommunicationsException: odd"],
            "sink", C.CONNECTIVITY, ONCE, id="a link failure in other words",
        ),
        pytest.param(
            [SINK, "com.mysql.cj.exceptions.WrongArgumentException: odd"], "sink", C.CONFIG, NO, id="a wrong property",
        ),
        pytest.param(
            [SINK, "com.mysql.cj.exceptions.PasswordExpiredException: odd"], "sink", C.AUTH, NO, id="an old password",
        ),
        pytest.param(
            [SINK, "org.hibernate.exception.AuthException: odd"], "sink", C.AUTH, NO, id="Hibernate's name for it",
        ),
        pytest.param(
            [SINK, "org.hibernate.boot.registry.selector.spi.StrategySelectionException: odd"],
            "sink", C.CONFIG, NO, id="a class that Hibernate does not find",
        ),
        # Kafka's own classes: what its clients may try again, and what they may not
        pytest.param(
            ["org.apache.kafka.common.errors.FetchSessionIdNotFoundException: odd"],
            "sink", C.CONNECTIVITY, YES, id="retriable: a fetch session, which is no missing thing",
        ),
        pytest.param(
            ["org.apache.kafka.common.errors.UnstableOffsetCommitException: odd"],
            "sink", C.CONNECTIVITY, YES, id="retriable: an open transaction",
        ),
        pytest.param(
            ["org.apache.kafka.common.errors.InvalidSessionTimeoutException: odd"],
            "sink", C.CONFIG, NO, id="a time-out that is a setting",
        ),
        pytest.param(
            ["org.apache.kafka.common.network.InvalidReceiveException: Invalid receive (size = 1213486160 larger than "
             "104857600)"], "sink", C.CONFIG, NO, id="something that is no broker",
        ),
        pytest.param(
            ["org.apache.kafka.common.errors.UnsupportedAssignorException: odd"], "sink", C.CONFIG, NO, id="assignor",
        ),
        pytest.param(
            ["org.apache.kafka.common.errors.StaleMemberEpochException: odd"],
            "sink", C.CONNECTIVITY, ONCE, id="a member that was left behind",
        ),
        pytest.param(
            ["org.apache.kafka.common.errors.DelegationTokenExpiredException: odd"],
            "sink", C.AUTH, NO, id="a token that ran out",
        ),
        pytest.param(
            ["org.apache.kafka.common.errors.InvalidCommitOffsetSizeException: odd"],
            "sink", C.RESOURCE, NO, id="offsets with too much in them",
        ),
        pytest.param(
            ["org.apache.kafka.clients.consumer.LogTruncationException: odd"], "sink", C.DATA, NO, id="a log cut back",
        ),
        # Formats
        pytest.param(
            [TOLERANCE, "com.fasterxml.jackson.core.exc.StreamConstraintsException: String value length (20054016) "
             "exceeds the maximum allowed (20000000)"], "sink", C.RESOURCE, NO, id="a text beyond Jackson's limit",
        ),
        pytest.param(
            [TOLERANCE, "com.fasterxml.jackson.databind.exc.InvalidFormatException: odd"],
            "sink", C.DATA, NO, id="Jackson, whatever it says",
        ),
        pytest.param(
            [TOLERANCE, "org.apache.avro.AvroMissingFieldException: odd"], "sink", C.DATA, NO, id="Avro likewise",
        ),
        pytest.param(
            [SINK, DATA + "Schema change records are not supported by JDBC connector. Adjust `topics` or `topics.regex"
             "` to exclude schema change topic."], "sink", C.CONFIG, NO, id="words that ask for another configuration",
        ),
        pytest.param(
            [CONNECT + "odd", "java.lang.IllegalArgumentException: No enum constant com.acme.Mode.FAST"],
            "sink", C.CONFIG, NO, id="a word that is none of a setting's",
        ),
        pytest.param(
            ["java.net.BindException: Cannot assign requested address"], "source", C.CONFIG, NO, id="a port of its own",
        ),
        pytest.param(
            ["javax.crypto.BadPaddingException: odd"], "source", C.CONFIG, NO, id="a key that does not open",
        ),
        # Words around something that tells otherwise, or that nobody knows
        pytest.param(
            [SINK, "com.mysql.cj.jdbc.exceptions.CommunicationsException: Communications link failure",
             "java.security.cert.CertificateException: odd words"], "sink", C.CONFIG, NO, id="some certificate",
        ),
        pytest.param(
            [SINK, "com.mysql.cj.jdbc.exceptions.CommunicationsException: Communications link failure",
             "java.io.IOException: odd words"], "sink", C.CONNECTIVITY, ONCE, id="a link failure and odd words",
        ),
        pytest.param(
            [SINK, "com.mysql.cj.jdbc.exceptions.CommunicationsException: Communications link failure",
             "java.net.SocketException: Broken pipe"], "sink", C.CONNECTIVITY, YES, id="a link failure and a pipe",
        ),
        pytest.param(
            [SINK, "java.sql.BatchUpdateException: odd", "java.sql.SQLException: Multi-statement transaction required "
             "more than 'max_binlog_cache_size' bytes of storage; increase this mysqld variable and try again"],
            "sink", C.RESOURCE, NO, id="words that ask for a larger limit",
        ),
        pytest.param(
            [SINK, "java.sql.BatchUpdateException: odd", "java.sql.SQLException: Schema 'dw' is in read only mode."],
            "sink", C.CONFIG, NO, id="anything that is in read only mode",
        ),
        pytest.param(
            [SINK, "java.sql.BatchUpdateException: odd", "java.sql.SQLException: The SRID of the geometry does not "
             "match the SRID of the column 'spot'."], "sink", C.SCHEMA_DRIFT, AFTER, id="a value unlike its column",
        ),
        pytest.param(
            [SINK, "java.sql.SQLException: The server is currently in offline mode"],
            "sink", C.CONNECTIVITY, ONCE, id="a server in maintenance",
        ),
        pytest.param(
            [TOLERANCE, "java.lang.IllegalArgumentException: Illegal pattern character 'e'"],
            "sink", C.CONFIG, NO, id="a pattern that is none",
        ),
        # Nothing that tells
        pytest.param([SINK, "java.lang.NullPointerException"], "sink", C.UNKNOWN, ONCE, id="a null pointer"),
        pytest.param([CONNECT + "Something new"], "sink", C.UNKNOWN, ONCE, id="words that nobody knows"),
    ],
)  # fmt: skip
def test_a_failure_that_no_signature_knows_is_told_by_its_kind(
    links: list[str], side: str, category: Category, restart: Advice
) -> None:
    cause = diagnose(trace(*links), side)
    assert (cause.category, cause.restart) == (category, restart)


def test_only_what_passes_by_itself_is_said_to_be_helped_by_a_restart() -> None:
    promising = {entry.id for entry in families().entries if entry.restart is Advice.YES}
    assert promising == {"family.connection", "family.broker"}


def test_every_family_and_every_place_says_what_to_do() -> None:
    assert all(entry.fix.endswith(".") for entry in (*families().entries, *places().entries))


SINK_FRAMES = ["org.apache.kafka.connect.runtime.WorkerSinkTask.deliverMessages(WorkerSinkTask.java:658)"]
STREAM_FRAMES = ["io.debezium.pipeline.ChangeEventSourceCoordinator.streamEvents(ChangeEventSourceCoordinator.java:1)"]


@pytest.mark.parametrize(
    ("side", "thrown", "category", "restart"),
    [
        pytest.param(
            "sink", "org.apache.kafka.connect.runtime.WorkerTask.doStart(WorkerTask.java:191)",
            C.CONFIG, NO, id="while a task is started",
        ),
        pytest.param(
            "sink", "org.apache.kafka.connect.runtime.Worker.startConnector(Worker.java:322)",
            C.CONFIG, NO, id="while a connector is made",
        ),
        pytest.param(
            "source", "com.acme.Converter.configure(Converter.java:10)", C.CONFIG, NO, id="while it is configured",
        ),
        pytest.param(
            "sink", "io.apicurio.registry.rest.client.impl.RegistryClientImpl.get(RegistryClientImpl.java:5)",
            C.REGISTRY, ONCE, id="Apicurio's client",
        ),
        pytest.param(
            "sink", "io.confluent.kafka.schemaregistry.client.rest.RestService.sendHttpRequest(RestService.java:5)",
            C.REGISTRY, ONCE, id="Confluent's client",
        ),
        pytest.param(
            "sink", "com.mysql.cj.jdbc.ConnectionImpl.connectOneTryOnly(ConnectionImpl.java:5)",
            C.CONNECTIVITY, ONCE, id="while MySQL's driver connects",
        ),
        pytest.param(
            "source", "io.debezium.connector.mysql.antlr.MySqlAntlrDdlParser.parse(MySqlAntlrDdlParser.java:5)",
            C.DDL_PARSE, NO, id="inside the parser of statements",
        ),
        pytest.param(
            "source", "io.debezium.relational.history.AbstractSchemaHistory.recover(AbstractSchemaHistory.java:5)",
            C.HISTORY_LOST, NO, id="inside the schema history",
        ),
        pytest.param(
            "source", "io.debezium.storage.kafka.history.KafkaSchemaHistory.storeRecord(KafkaSchemaHistory.java:5)",
            C.HISTORY_LOST, NO, id="inside the schema history's store",
        ),
        pytest.param(
            "source", "io.debezium.relational.TableSchemaBuilder.validateIncomingRowToInternalMetadata(A.java:5)",
            C.SCHEMA_DRIFT, NO, id="a row that is put into its schema",
        ),
        pytest.param(
            "source", "io.debezium.connector.mysql.jdbc.MySqlBinaryProtocolFieldReader.readDateField(A.java:5)",
            C.SCHEMA_DRIFT, NO, id="a field that is read",
        ),
        pytest.param(
            "sink", "io.debezium.connector.jdbc.JdbcChangeEventSink.alterTableIfNeeded(JdbcChangeEventSink.java:366)",
            C.SCHEMA_DRIFT, AFTER, id="while the target's table is compared with the record",
        ),
        pytest.param(
            "sink", "io.debezium.connector.jdbc.type.connect.ConnectMapToConnectStringType.bind(A.java:5)",
            C.DATA, NO, id="while a record is bound",
        ),
        pytest.param(
            "source", "org.apache.kafka.connect.transforms.HoistField.apply(HoistField.java:5)",
            C.DATA, NO, id="inside a transform",
        ),
        pytest.param(
            "sink", "org.apache.kafka.clients.consumer.internals.AbstractCoordinator.ensureActiveGroup(A.java:5)",
            C.CONNECTIVITY, ONCE, id="inside Kafka's client",
        ),
        pytest.param("sink", "com.acme.Sink.put(Sink.java:5)", C.UNKNOWN, ONCE, id="in a sink that nobody knows"),
    ],
)  # fmt: skip
def test_words_that_nobody_knows_are_told_by_where_they_were_thrown(
    side: str, thrown: str, category: Category, restart: Advice
) -> None:
    frames = "\n".join(f"\tat {frame}" for frame in (SINK_FRAMES if side == "sink" else STREAM_FRAMES))
    odd = f"{SINK}\n{frames}\nCaused by: java.lang.IllegalStateException: odd words\n\tat {thrown}\n\t... 9 more\n"
    cause = diagnose(odd, side)
    assert (cause.category, cause.restart) == (category, restart)
    told_by_words = diagnose(odd.replace("IllegalStateException: odd words", "OutOfMemoryError: heap space"), side)
    assert told_by_words.category == C.RESOURCE


def test_what_is_being_started_has_read_no_record_that_could_be_to_blame() -> None:
    trace = 'java.lang.NumberFormatException: For input string: "many"\n\tat com.acme.Task.start(Task.java:5)\n'
    starting = "\tat org.apache.kafka.connect.runtime.WorkerTask.doStart(WorkerTask.java:191)\n"
    assert diagnose(trace, "sink").category == C.DATA
    assert diagnose(trace + starting, "sink").category == C.CONFIG


def test_no_place_says_that_a_restart_helps() -> None:
    assert not [entry.id for entry in places().entries if entry.restart is Advice.YES]


def test_a_place_is_a_signature_that_a_policy_can_name() -> None:
    assert {entry.id for entry in places().entries} <= {entry.id for entry in entries()}
