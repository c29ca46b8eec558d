"""A method and a path → a JSON document, from a server that may be slow, broken or hostile.

Bounded in bytes (before and after decompression) and in total time. Never follows a redirect, never takes a proxy
or a password from the environment, never falls back from TLS to plain. Every failure is a `PortError` without secrets.
"""

from __future__ import annotations

import re
import ssl
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import unquote, urlsplit

import orjson
import requests
from urllib3.exceptions import HTTPError

from watchdog.adapters import answers
from watchdog.adapters.deadline import Call, Certificate, DeadlineAdapter, total_deadline
from watchdog.errors import (
    PortError,
    PortNonsense,
    PortRefused,
    PortTimeout,
    PortUnauthorized,
    PortUnreachable,
    SettingsError,
)
from watchdog.redact import Redactor, clean_text

_MESSAGE_LIMIT = 500
_ERROR_BYTES = 64 * 1024
_BROKEN = (requests.RequestException, HTTPError, OSError)
_OUR_CERTIFICATE = re.compile("ALERT_(?:CERTIFICATE|UNKNOWN_CA|BAD_CERTIFICATE|UNSUPPORTED_CERT|ACCESS_DENIED)")
_TITLE = re.compile(r"<title>([^<]{1,300})")


@dataclass(frozen=True, slots=True)
class Access:
    """How to get in. A user and password in the URL are taken when there are none here; `ca_file` replaces the
    well-known certificate authorities; `proxy` is a URL; `token` is a bearer's, in place of a password; `certificate`
    is what we show of ourselves."""

    username: str = ""
    password: str = field(default="", repr=False)
    ca_file: str = ""
    proxy: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    certificate: Certificate | None = None


ANYONE = Access()


class HttpClient:
    """One server. May be shared by threads."""

    def __init__(self, url: str, redactor: Redactor, access: Access = ANYONE, bytes_max: int = 64 * 1024**2) -> None:
        self._redactor = redactor
        self._bytes_max = bytes_max
        self.url, userinfo = _split_userinfo(url)
        self._session = _session(access, userinfo)
        for user, secret in ((access.username, access.password), userinfo):
            # A password that is also the user's name hides nothing.
            redactor.learn(secret if secret != user else "")
        redactor.learn(urlsplit(access.proxy).password or "")
        redactor.learn(access.token)
        redactor.learn(access.certificate.key_password if access.certificate else "")

    def request(self, method: str, path: str, body: object = None, *, seconds: float = 10.0) -> Any:
        """The answer's document; None when a 2xx answer has no body. `path` begins with a slash and is already
        escaped. Raises `PortError` within `seconds`."""
        target = f"{method} {self.url}{path}"
        with total_deadline(seconds) as call:
            try:
                status, content = self._exchange(method, path, body, seconds)
                if 200 <= status < 300:
                    return answers.parse(content) if content else None
            except _BROKEN as error:
                raise self._broken(error, call, target, seconds) from error
            except (ValueError, RecursionError) as error:
                raise PortNonsense(
                    target, self._shown(str(error)), "is this the URL of the REST API itself?"
                ) from error
        raise self._refusal(status, content, target)

    def close(self) -> None:
        self._session.close()

    def _exchange(self, method: str, path: str, body: object, seconds: float) -> tuple[int, bytes]:
        try:
            return self._send(method, path, body, seconds)
        except _BROKEN as error:
            # The server may close an idle connection just as it is used again; asking again harms nothing.
            if method != "GET" or not isinstance(_innermost(error), ConnectionResetError):
                raise
            return self._send(method, path, body, seconds)

    def _send(self, method: str, path: str, body: object, seconds: float) -> tuple[int, bytes]:
        with self._session.request(
            method,
            self.url + path,
            data=None if body is None else orjson.dumps(body),
            headers={"Content-Type": "application/json"} if body is not None else None,
            stream=True,
            timeout=seconds,
            allow_redirects=False,
        ) as response:
            if response.is_redirect:
                host = urlsplit(response.headers["Location"]).netloc.rpartition("@")[2]
                return response.status_code, f"redirects to {host or 'another path'}".encode(errors="replace")
            return response.status_code, answers.read(response, self._bytes_max)

    def _refusal(self, status: int, content: bytes, target: str) -> PortRefused:
        problem = f"answered {status}: {self._server_message(content)}"
        if status == 401:
            return PortUnauthorized(target, problem, "check user and password", status)
        if status == 403:
            return PortUnauthorized(target, problem, "the user lacks the permission", status)
        if 300 <= status < 400:
            return PortRefused(target, problem, "redirects are not followed: configure the final address", status)
        advice = "see the worker's log" if status >= 500 else ""
        return PortRefused(target, problem, advice, status)

    def _server_message(self, content: bytes) -> str:
        if len(content) > _ERROR_BYTES:
            return f"a page of {len(content):,} bytes"
        text = content.decode(errors="replace")
        if title := _TITLE.search(text[:4096]):
            return self._shown(title[1])
        try:
            document = orjson.loads(content)
        except orjson.JSONDecodeError:
            return self._shown(text) or "no message"
        message = document.get("message") if isinstance(document, dict) else None
        return self._shown(message if isinstance(message, str) else text)

    def _shown(self, text: str) -> str:
        return clean_text(text, _MESSAGE_LIMIT, self._redactor).strip()

    def _broken(self, error: Exception, call: Call, target: str, seconds: float) -> PortError:
        inner = _innermost(error)
        problem = self._shown(str(inner))
        if isinstance(inner, ssl.SSLCertVerificationError):
            return PortUnauthorized(target, f"the certificate is not trusted: {problem}", "check host name and CA file")
        if isinstance(inner, ssl.SSLError) and _OUR_CERTIFICATE.search(inner.reason or ""):
            return PortUnauthorized(target, f"our certificate is refused: {problem}", "check cert_file and key_file")
        if not call.sent:
            after = f" within {seconds:g} s" if call.expired else ""
            return PortUnreachable(target, f"no connection{after}: {problem}", "check address, network and TLS", False)
        if call.expired:
            return PortTimeout(target, f"no whole answer within {seconds:g} s", "the server is overloaded or stuck")
        return PortUnreachable(target, f"the connection broke off: {problem}", "see the worker's log")


def _split_userinfo(url: str) -> tuple[str, tuple[str, str]]:
    """`http://user:pass@host:8083/` → (`http://host:8083`, (user, pass))."""
    shown = clean_text(url.rpartition("@")[2], 200)
    try:
        parts = urlsplit(url)
        valid = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        valid = False
    if not valid:
        raise SettingsError([f"{shown}: not a usable URL; expected http://host:port or https://host:port"])
    userinfo = (unquote(parts.username or ""), unquote(parts.password or ""))
    bare = parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="")
    return bare.geturl().rstrip("/"), userinfo


def _session(access: Access, userinfo: tuple[str, str]) -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    session.headers.update({"Accept": "application/json", "Accept-Encoding": "gzip", "User-Agent": "cdc-watchdog"})
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.verify = access.ca_file or True
    session.proxies = {"http": access.proxy, "https": access.proxy} if access.proxy else {}
    username, password = (access.username, access.password) if access.username else userinfo
    if access.token:
        session.headers["Authorization"] = b"Bearer " + access.token.encode()
    elif username:
        session.auth = (username.encode(), password.encode())  # type: ignore[assignment]
    session.mount("http://", DeadlineAdapter())
    session.mount("https://", DeadlineAdapter(access.certificate))
    return session


def _innermost(error: BaseException) -> BaseException:
    """What a client wrapped: the first error of the chain, whose text is the plainest."""
    while inner := error.__cause__ or error.__context__ or getattr(error, "reason", None):
        if not isinstance(inner, BaseException):
            return error
        error = inner
    return error
