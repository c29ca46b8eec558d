"""A database's URL → what the driver needs, and the address by which its connectors are found."""

from __future__ import annotations

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

DEFAULT_PORT = 3306

_SCHEMES = frozenset({"mysql", "mysql+pymysql", "mariadb", "mariadb+pymysql"})
_THIS_MACHINE = frozenset({"", "localhost", "::1", "[::1]", "127.0.0.1"})


def parsed(url: str) -> URL:
    """Raises `ValueError`, without the URL, if it is none of MySQL."""
    try:
        found = make_url(url)
    except (ArgumentError, ValueError):
        found = None
    if found is None or found.drivername not in _SCHEMES:
        raise ValueError("not a MySQL URL: expected mysql+pymysql://user:password@host:port/") from None
    return found.set(drivername="mysql+pymysql")


def address(url: URL) -> str:
    """`host:port`, this machine as 127.0.0.1."""
    host = (url.host or "").lower()
    return f"{'127.0.0.1' if host in _THIS_MACHINE else host}:{url.port or DEFAULT_PORT}"


def address_of(url: str) -> str:
    """`host:port` of a database URL, this machine as 127.0.0.1; raises `ValueError`, without the URL, if it is none."""
    return address(parsed(url))
