"""Families of what is refused: to whom, by which table, for want of what, because of whom."""

from __future__ import annotations

from watchdog.diagnose.family import AFTER, NO, ONCE, Family, mysql_number, sqlstate
from watchdog.model import Category

REFUSALS: tuple[Family, ...] = (
    Family(
        "authorization",
        "Somebody is not let in, or may not do what the connector needs.",
        Category.AUTH,
        NO,
        r"AuthorizationException|AuthenticationException|NotAuthorized|Unauthorized\b|AccessControlException"
        r"|InvalidAuthorizationSpec|LoginException|InvalidCredential|UnacceptableCredential|PasswordExpired"
        r"|ExpiredPassword|org\.hibernate\.exception\.AuthException|DelegationToken(?:Expired|Owner|NotFound)\w+|security\."
        r"oauthbearer\.[\w.]*(?:Jwt|Token)\w+|org\.ietf\.jgss\.|sun\.security\.krb5\.|PrincipalDeserialization"
        r"|javax\.security\.sasl\.|(?i)failed authenticating|authentication mechanism|restrict authentication plugin"
        r"|cannot use authentication plugin|send password in clear|\bnot authorized\b"
        r"|unsupported auth type|token endpoint|too many credential errors|blocked by firewall"
        r"|\b(?:access|permission) (?:is )?denied\b|command denied to (?:user|account)|authentication failed"
        r"|lack(?:s|ing)? (?:the )?(?:\w+ )?privileges?\b|(?:insufficient|enough|no) privileges?\b"
        r"|not allowed to connect|\baccount (?:is|has been) (?:locked|disabled)|password has expired|\b401 "
        r"|\b403 Forbidden|"
        + sqlstate("28...|42501")
        + "|"
        + mysql_number("1044|1045|1142|1143|1227|1370|1449|1698|1820|3118"),
        "no",
        "Put the credentials or the grants right.",
    ),
    Family(
        "table shape",
        "A table does not have the shape that the records or the configuration expect.",
        Category.SCHEMA_DRIFT,
        AFTER,
        sqlstate("42S22|42703|42S02|42P01|42S21|23502|22001|22003|21S01|42804")
        + "|"
        + mysql_number("1054|1146|1364|1048|1406|1264|1265|1366|1136|3105")
        # MySQL's words for a statement that its table, or a table that its definition cannot have: 1059, 1068, 1072 ff.
        + r"|(?i:identifier name '[^'\n]+' is too long|column length too big|too many (?:columns|fields)"
        r"|too[ -]big (?:scale|precision)|(?:scale|precision) \d+ specified for|incorrect (?:column|table|index) "
        r"(?:name|specifier|definition)|incorrect prefix key|can't be used in key specification|multiple primary key"
        r"|parts of a primary key must be|key column '[^'\n]+' doesn't exist|specified twice|is not updatable"
        r"|references invalid table|of view '[^\n]*' underlying table|display width out of range"
        r"|illegal mix of collations|cannot convert string|conversion from collation|data for column '[^\n]*' too"
        r"|value is out of range in|does not match the \w+ of the column|index column size too large"
        r"|cannot (?:drop|change) column|tables have different definitions|invalid \w+ character string"
        r"|column '[^'\n]+' in [^\n]* is ambiguous|no column with name|failed to find table:"
        r"|no metadata registered for|failed to populate table|no default value resolution|no fields? with name)"
        r"|(?i:(?:unknown|missing|invalid|no such|unrecognized) column)|mapper_parsing_exception"
        r"|strict_dynamic_mapping_exception|out of sync with real database schema"
        r"|(?i:\b(?:column|table|relation|field)\b[^\n]* (?:does not exist|doesn't exist|is missing|not found))",
        "maybe",
        "Make the table at both ends, and what is configured about it, agree; then restart.",
    ),
    Family(
        "resources",
        "Memory, disk, a size or a number reached its limit.",
        Category.RESOURCE,
        NO,
        r"OutOfMemory|TooLarge(?:Exception)?\b|TooBigException|LogDirNotFound|StackOverflowError|ResourceExhausted"
        r"|QuotaExceeded|BufferOverflow|MaxAllowedPacketException|StreamConstraintsException|SystemLimitException|QuotaViolation|LimitReached"
        r"|InvalidCommitOffsetSize|InvalidFetchSize|(?i:no space left|disk (?:is )?full|heap space|memory limit"
        r"|too many (?:open files|files opened|active concurrent transactions|requests|placeholders)"
        r"|out of (?:sort )?memory|out of resources"
        r"|number of locks exceeds|max_prepared_stmt_count|is marked as crashed|incorrect key file for table"
        r"|got (?:temporary )?error [^\n]* (?:from|during) \w|array size exceeds"
        # what a server says of its own files, threads and tables
        r"|\(errno:? \d|error (?:reading|writing) file|\bio (?:read|write) error|incorrect information in file"
        r"|old key file for|(?:table|index) [^\n]* is corrupt\b|index corrupt|probably corrupted"
        r"|(?:upgrade|rebuild) required"
        r"|tablespace (?:is missing|is discarded|has been discarded)|index file for table [^\n]* is full"
        r"|thread stack overrun|could not allocate|not enough resources|auto-increment value from storage engine"
        r"|row-based binary log failed|exceeds a limit imposed|has run out\b"
        r"|required more than '\w+' bytes|increase (?:this|the|its) [^\n]*(?:variable|size|limit)\b|is corrupted\b"
        r"|undo log record is too big|memory capacity of|storage engine [^\n]*is not (?:available|loaded))|"
        + sqlstate("53...|54...|58030")
        + "|"
        + mysql_number("1021|1037|1038|1040|1041|1114|1153|1203|1226|3675"),
        "no",
        "Give the worker, the database or the topic what it lacks.",
    ),
    Family(
        "contention",
        "A statement waited too long for others, or gave way to them.",
        Category.RESOURCE,
        ONCE,
        r"SQLTimeoutException|QueryTimeoutException|LockTimeoutException|LockAcquisitionException|PessimisticLock"
        r"|TransactionRollbackException|SnapshotIsolationException|(?i:deadlock|lock wait|statement timeout"
        r"|wait on a lock was|record has changed since last read|rollback the current transaction|conflicting read lock"
        r"|was locked with a read lock|modified by concurrent ddl|retry transaction|needs to be re-prepared"
        r"|being used in foreign key check|lock acquisition refused|could not be acquired immediately|concurrent ddl"
        r"|while running replication hook|held statement|group_replication_consistency=|backup stage active"
        r"|clone is complete|(?:please|may) (?:try again|retry) later)|"
        + sqlstate("40...|55P03|57014")
        + "|"
        + mysql_number("1205|1213|3024|3572"),
        "no",
        "Look for what holds the lock, or what makes the database slow.",
    ),
)
