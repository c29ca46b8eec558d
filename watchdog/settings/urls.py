"""Addresses and names as they are written in settings: checked, brought into one form, shown without their secrets.

The checks raise `ValueError`; its text tells what would be right, and never repeats what was given.
"""

from __future__ import annotations

import re
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from watchdog.redact import MASK, is_secret_key

_DATABASE_SCHEMES = ("mysql", "mysql+pymysql", "mariadb", "mariadb+pymysql")
_DATABASE_EXAMPLE = "such as mysql://user:password@host:3306/"
_HTTP_EXAMPLE = "such as http://connect:8083"
_SERVER = re.compile(r"(?:[A-Za-z_]+://)?(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::\d{1,5})?")
_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_HOST = re.compile(r"[0-9A-Fa-f:.]+|[A-Za-z0-9._-]+")


def http_url(url: str) -> str:
    """The URL of a REST API, without its final slash."""
    parts = _split(url, _HTTP_EXAMPLE)
    if parts.scheme not in ("http", "https"):
        raise ValueError(f"must begin with http:// or https://, {_HTTP_EXAMPLE}")
    if parts.query or parts.fragment:
        raise ValueError(f"must end with the path: no ? and no #, {_HTTP_EXAMPLE}")
    if "," in parts.netloc.rpartition("@")[2]:
        raise ValueError("must be one URL; list further ones in the file")
    return url.rstrip("/")


def database_url(url: str) -> str:
    """`mysql+pymysql://…`, which also reads MariaDB."""
    parts = _split(url, _DATABASE_EXAMPLE)
    if parts.scheme not in _DATABASE_SCHEMES:
        raise ValueError(f"must be MySQL or MariaDB through PyMySQL, {_DATABASE_EXAMPLE}")
    if not parts.username:
        raise ValueError(f"has no user, {_DATABASE_EXAMPLE}")
    if parts.fragment:
        raise ValueError(f"holds a bare #: write it %23, {_DATABASE_EXAMPLE}")
    return "mysql+pymysql" + url[len(parts.scheme) :]


def address(url: str) -> str:
    """`host:port` of a database, with MySQL's own port where none is given."""
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port or 3306}"


def bootstrap_servers(servers: str) -> str:
    """`host:port`, comma-separated, blanks removed; empty for none."""
    each = [server.strip() for server in servers.split(",")] if servers.strip() else []
    if not all(_SERVER.fullmatch(server) for server in each):
        raise ValueError("must be host:port, several separated by commas, such as kafka-1:9092,kafka-2:9092")
    return ",".join(each)


def label(name: str) -> str:
    if not _LABEL.fullmatch(name):
        raise ValueError("must be 1 to 100 letters, digits, dots, underscores and dashes, such as production-eu")
    return name


def listen_host(name: str) -> str:
    if not _HOST.fullmatch(name):
        raise ValueError("must be an address or a host name, such as 127.0.0.1")
    return name


def login_of(url: str) -> tuple[str, str] | None:
    """User and password of a URL, percent-decoded; None without a user."""
    parts = urlsplit(url)
    return (unquote(parts.username), unquote(parts.password or "")) if parts.username else None


def secrets_of(url: str) -> list[str]:
    """The password unless it is the user's name, a user without password (a token), and secret parameters."""
    user, password = login_of(url) or ("", "")
    login = [password or user] if password != user else []
    return login + [value for key, value in parse_qsl(urlsplit(url).query) if is_secret_key(key)]


def without_userinfo(url: str) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def masked(url: str) -> str:
    """For people: host, port and path as they are; login and parameters hidden."""
    parts = urlsplit(url)
    userinfo, at, place = parts.netloc.rpartition("@")
    return parts._replace(
        netloc=f"{MASK if userinfo else ''}{at}{place}", query=MASK if parts.query else "", fragment=""
    ).geturl()


def is_secret(key: str) -> bool:
    """Whether a librdkafka property is one that nobody may see."""
    return is_secret_key(key) or key.endswith("key.pem") or key == "sasl.oauthbearer.config"


def _split(url: str, example: str) -> SplitResult:
    # Python's parser drops tabs and line breaks, others do not.
    if re.search(r"[\s\x00-\x1f\x7f]", url):
        raise ValueError(f"holds a blank or a control character: percent-encode it, {example}")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:  # Its own text repeats what was given.
        port, parts = 0, SplitResult("", "", "", "", "")
    if port == 0:
        raise ValueError(
            f"has a port that is no number from 1 to 65535 (@ : / # in a login are percent-encoded), {example}"
        )
    if not parts.scheme or not parts.hostname:
        raise ValueError(f"must be a whole URL with scheme and host, {example}")
    return parts
