"""Families of the way to databases, brokers and whatever else is asked."""

from __future__ import annotations

from watchdog.diagnose.family import NO, ONCE, YES, Family, mysql_number, sqlstate
from watchdog.model import Category

WAYS: tuple[Family, ...] = (
    Family(
        "no connection",
        "The other side cannot be reached: it is away, or the address is wrong.",
        Category.CONNECTIVITY,
        ONCE,
        r"java\.net\.(?:http\.)?(?:Connect|NoRouteToHost|PortUnreachable|HttpConnectTimeout)Exception"
        r"|HttpHostConnectException|ConnectTimeoutException"
        r"|(?i:connection (?:refused|timed out)|no route to host|network is unreachable|connect timed out)|"
        + sqlstate("08001")
        + "|"
        + mysql_number("2002|2003"),
        "no",
        "Bring the other side, or the way to it, back; when it is up, correct host and port.",
    ),
    Family(
        "connection",
        "The other side ended the connection.",
        Category.CONNECTIVITY,
        YES,
        r"java\.net\.(?:http\.)?(?:SocketTimeout|HttpTimeout)Exception|ClosedChannelException|AsynchronousCloseException"
        r"|java\.net\.SocketException: (?i:[^\n]*(?:reset|closed|broken pipe|abort))"
        r"|(?i:connection (?:reset|closed by peer|was aborted)|broken pipe|read timed out)|"
        + sqlstate("08003|08006|08007|08S01|57P01|57P02|57P03")
        + "|"
        + mysql_number("1053|2006|2013|2055"),
        "no",
        "Bring the other side, or the way to it, back.",
    ),
    Family(
        "TLS",
        "The two ends do not agree on TLS.",
        Category.CONFIG,
        NO,
        r"javax\.net\.ssl\.|javax\.crypto\.|IdentityVerificationException"
        r"|java\.security\.(?:cert|KeyStore|Unrecoverable|InvalidKey)|CertificateException|KeyStoreException"
        r"|SSLParamsException|(?i:ssl handshake|certificate|the ssl connection|tls protocols?\b)",
        "no",
        "Correct truststore, keystore, certificate or the ssl settings.",
    ),
    Family(
        "database connection",
        "A connection to the database could not be made or kept.",
        Category.CONNECTIVITY,
        ONCE,
        r"JDBCConnectionException|TransientConnectionException|SQLRecoverableException|SQLTransientException"
        r"|CannotAcquireResourceException|CommunicationsException|UnableToConnectException"
        r"|(?:Connection|Statement)IsClosedException|(?i:packets out of order|communication packet|bad handshake"
        r"|currently in offline mode|server isn't available|session was killed|connect to foreign data source"
        r"|unexpected end of input stream|packets received out of order|unexpected sequence #"
        r"|short read from server|failed to reconnect"
        r"|connection is unusable|connection attempt exceeded|cannot connect to \w+ server|connection lifetime exceeded"
        r"|plugin is stopping)"
        r"|(?i:\bHTTP[^\n]* 50[0234]\b|\b50[234] (?:bad gateway|service unavailable|gateway time))|"
        + sqlstate("08..."),
        "no",
        "Try the connector's own settings against its database, and bring it, or the way to it, back.",
    ),
    Family(
        "end of stream",
        "Something ended before it should: a connection that broke, or data that is cut off.",
        Category.CONNECTIVITY,
        ONCE,
        r"java\.io\.EOFException|java\.net\.(?:Socket|Protocol)Exception|NoHttpResponseException"
        r"|(?i:header parser received no bytes|unexpected end of (?:file|stream)|invalid status line)",
        "no",
        "Bring the other side, or the way to it, back; when it comes again, look at what is read.",
    ),
    Family(
        "broker",
        "The brokers are changing, or could not be reached.",
        Category.CONNECTIVITY,
        YES,
        r"org\.apache\.kafka\.common\.errors\.(?:Network|NotEnoughReplicas|BrokerNotAvailable|Disconnect|LeaderNot"
        r"|NotLeader|NotCoordinator|Coordinator|ReplicaNotAvailable|FencedLeader|UnknownLeader|Offset(?:Load|NotAvail)"
        # Kafka's own RetriableException, without those that a wrong name or setting makes as well
        r"|ConcurrentTransactions|StaleBroker|NotController|ControllerMoved|EligibleLeaders|ElectionNotNeeded|NewLeader"
        r"|AuthorizerNotReady|UnstableOffset|FetchSession|InvalidFetchSession|ShareSession|InvalidShareSession|BrokerIdNotRegistered|InvalidMetadata|PreferredLeader)\w*"
        r"|StaleMetadataException",
        "no",
        "Bring the brokers back.",
    ),
    Family(
        "fenced",
        "Another member or producer took this one's place, or its group moved on without it.",
        Category.CONNECTIVITY,
        ONCE,
        r"org\.apache\.kafka\.[\w.]+\.(?:Fenced(?:Member|State)|StaleMember|MemberIdRequired|UnreleasedInstance"
        r"|TransactionAbortable|TransactionCoordinatorFenced|DuplicateSequence|PrivilegedWrite|NotAssigned|NotLeader"
        r"|UnjoinedGroup|RebootstrapRequired|UnknownServer|GroupIdNotFound|TransactionalIdNotFound|InconsistentTopicId"
        r"|OperationNotAttempted|ReassignmentInProgress)\w*|RejectedExecutionException|CancellationException",
        "no",
        "Look whether the connector runs twice, or whether its name or group is used elsewhere.",
    ),
    Family(
        "client setting",
        "The brokers do not take a setting of the connector's clients.",
        Category.CONFIG,
        NO,
        r"org\.apache\.kafka\.[\w.]+\.(?:Invalid(?:Session|Txn)Timeout|InvalidReplicaAssignment|InvalidPrincipalType"
        r"|InvalidReceive|InvalidRegularExpression|UnsupportedAssignor|UnsupportedForMessageFormat|SecurityDisabled"
        r"|InconsistentClusterId|TopicDeletionDisabled|DelegationTokenDisabled|TooManyTasks|DuplicateResource"
        r"|GroupNotEmpty|GroupSubscribed)\w*",
        "no",
        "Correct the settings of the connector's clients (consumer.override.*, producer.override.*), or of the broker.",
    ),
    Family(
        "time-out",
        "Something did not answer in time.",
        Category.CONNECTIVITY,
        ONCE,
        r"TimeoutException|RetriableException|(?i:timed out)",
        "no",
        "Look at what did not answer in time, and whether it is the right address.",
    ),
)
