"""What a failure is by its kind of exception, where no catalogue entry knows its message.

A family never says that a restart helps unless every failure of it is transient.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from watchdog.diagnose.trace import Link
from watchdog.model import Advice, Category


class Family(NamedTuple):
    name: str
    pattern: re.Pattern[str]
    category: Category
    restart: Advice
    fix: str


def _family(name: str, pattern: str, category: Category, restart: Advice, fix: str) -> Family:
    return Family(name, re.compile(pattern), category, restart, fix)


# The order is meaning: an authorization failure is often also some kind of connection failure, never the reverse.
FAMILIES = (
    _family(
        "authorization",
        r"AuthorizationException|AuthenticationException|SaslAuthentication|InvalidAuthorizationSpec|SQLInvalidAuth",
        Category.AUTH,
        Advice.NO,
        "Put the credentials or the grants right.",
    ),
    _family(
        "memory",
        r"OutOfMemoryError|RecordTooLargeException|StackOverflowError|No space left on device",
        Category.RESOURCE,
        Advice.NO,
        "Give the worker, or the topic, what it lacks.",
    ),
    _family(
        "connection",
        r"java\.net\.(?:Connect|NoRouteToHost|UnknownHost|Socket|SocketTimeout|PortUnreachable)Exception"
        r"|JDBCConnectionException|SQLNonTransientConnectionException|SQLTransientConnectionException"
        r"|java\.io\.EOFException|DisconnectException|SSLException|SSLHandshakeException|HttpTimeoutException",
        Category.CONNECTIVITY,
        Advice.YES,
        "Bring the other side, or the way to it, back.",
    ),
    _family(
        "broker",
        r"org\.apache\.kafka\.common\.errors\.(?:Timeout|Network|NotEnoughReplicas|BrokerNotAvailable|Disconnect)\w*",
        Category.CONNECTIVITY,
        Advice.YES,
        "Bring the brokers back.",
    ),
    _family(
        "configuration",
        r"ConfigException|ClassNotFoundException|NoClassDefFoundError|InvalidConfiguration",
        Category.CONFIG,
        Advice.NO,
        "Correct the connector's configuration.",
    ),
    _family(
        "serialization",
        r"SerializationException|DataException|JsonParseException|SchemaException",
        Category.DATA,
        Advice.NO,
        "Look at the record that cannot be read or written.",
    ),
    _family(
        "SQL data",
        r"SQLIntegrityConstraintViolation|DataTruncation|BatchUpdateException|SQLDataException|SQLSyntaxError"
        r"|ConstraintViolationException",
        Category.DATA,
        Advice.NO,
        "Look at the record that the database refuses.",
    ),
)


def family_of(link: Link) -> Family | None:
    """By the exception's class, and for the few that have no class of their own by the text."""
    return next((family for family in FAMILIES if family.pattern.search(link.text)), None)
