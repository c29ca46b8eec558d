"""What looks like a secret in a text, without anybody having said so.

Every pattern runs in linear time (no part of a text is tried twice by the same repetition): text may be megabytes that
someone made to hurt.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterator

MASK = "***"

_URL_USERINFO = re.compile(
    r"://(?:[^\s/?#\"'<>@]*+@(?:[^\s/?#\"'<>@]*+@)*+"  # up to the last @ of the authority
    r"|[^\s/?#\"'<>@:\[]{0,256}:(?!\d{1,5}(?:[/?#\s,;\"']|$))[^\s\"'<>@]{1,256}@"  # a password with a bare slash
    r"(?:[^\s/?#\"'<>@]*+@)*+)"  # and with an @, as above: or a second look would find more
)
_QUOTED_OR_WORD = r"""(\\++"(?:(?!\\*+")[^\n])*+(?:\\++")?|"(?:[^"\\\n]|\\.)*+"?|'(?:[^'\\\n]|\\.)*+'?|[^\s,;&"'}]++)"""
_ASSIGNED_WORD = re.compile(r"pass|pwd|secret|token|credential|user[._-]?info|api|access|account|private")
_ASSIGNED = re.compile(
    r"""(?i)((?:passw(?:or)?d|passphrase|\bpass|\bpwd)\\*+["']?\s*+[=:]\s*+"""
    r"""|(?:secret(?:[._-]?key)?|token|credentials?|user[._-]?info|(?:api|access|account|private)[._-]?key)"""
    r"""\\*+(?:["']?\s*+=|["']\s*+:)\s*+)"""
    # MySQL's "using password: YES" tells what is wrong, and a reference is no secret.
    r"""(?!(?:YES|NO)\b|\\*+["']?\$\{)""" + _QUOTED_OR_WORD
)
_IDENTIFIED_BY = re.compile(
    r"(?i)(identified\s++(?:with\s++\S++\s++)?(?:by|as)\s++(?:password\s++)?)('(?:[^'\\\n]|\\.)*+'?|\"[^\"\n]*+\"?)"
)
_AUTHORIZATION = re.compile(
    r"(?i)(authorization\\*+[\"']?\s*+[=:]\s*+\\*+[\"']?)((?:(?:basic|bearer|digest|negotiate)\s++)?[^\s\"'\\,;]++)"
)
_BEARER = re.compile(r"(?i)\b(bearer\s++)([\w.~+/=-]{16,}+)")
_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
_OPENING_QUOTE = re.compile(r"\\*+[\"']?")


def masked(text: str) -> str:
    """`text` with `***` for what looks like a secret. Doing it twice changes nothing."""
    if "://" in text:
        text = _URL_USERINFO.sub(f"://{MASK}@", text)
    for pattern, word in ((_AUTHORIZATION, "authorization"), (_IDENTIFIED_BY, "identified"), (_BEARER, "bearer")):
        if word in text.translate(_LOWER):
            text = pattern.sub(_mask_second, text)
    return _mask_assigned(text)


def secrets_inside(text: str) -> list[str]:
    """Passwords of URLs and of `password=…`, without their quotes."""
    inner = [match[0][3:-1].partition(":")[2] for match in _URL_USERINFO.finditer(text)]
    return inner + [match[2].strip("\\\"'") for match in _assigned(text)]


def _assigned(text: str) -> Iterator[re.Match[str]]:
    # The whole pattern at every character would take twenty times as long.
    done = 0
    for word in _ASSIGNED_WORD.finditer(text.translate(_LOWER)):
        if word.start() >= done and (match := _ASSIGNED.match(text, word.start())):
            done = match.end()
            yield match


def _mask_assigned(text: str) -> str:
    done, pieces = 0, []
    for match in _assigned(text):
        pieces += [text[done : match.start()], _mask_second(match)]
        done = match.end()
    return "".join(pieces) + text[done:]


def _mask_second(match: re.Match[str]) -> str:
    """Keep the first group and the quotes around the second."""
    value = match[2]
    opening = _OPENING_QUOTE.match(value)
    mark = opening[0] if opening and opening[0].endswith(("'", '"')) else ""
    closing = mark if mark and len(value) > len(mark) and value.endswith(mark) else ""
    return f"{match[1]}{mark}{MASK}{closing}"
