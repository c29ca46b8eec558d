"""Text and configurations from outside → the same without secrets, escapes and endless length.

Two nets: values that were learnt as secrets are replaced wherever they turn up, and what looks like a secret
(`password=…`, `scheme://user:pass@host`, `Authorization: …`) is replaced without having been learnt. All of it runs in
linear time: text may be megabytes that someone made to hurt.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterable, Mapping
from urllib.parse import quote, unquote

from watchdog.secret_patterns import MASK as MASK
from watchdog.secret_patterns import masked, secrets_inside

TEXT_LIMIT = 16 * 1024
"""Characters of a trace that are kept."""

_SHORTEST_SECRET = 4
# So many are looked for one by one; of more, those that begin as some piece of the text does.
_FEW = 50
# Words of every trace: as passwords they protect nothing, and replacing them would make every trace unreadable.
_EVERYDAY_WORD = re.compile(
    r"(?i)apache|confluent|connect|connector|database|debezium|error|false|java|jdbc|kafka|mariadb|mysql|none|null"
    r"|password|root|schema|sink|source|table|task|test|topic|true|user"
)
_REFERENCE = re.compile(r"\s*(?:\$\{[^{}]*+\}\s*)++")

_ESCAPES = re.compile(
    r"\x1b(?:\[[0-?]*+[ -/]*+[@-~]?|[\]PX^_][^\x07\x1b\n]*+(?:\x07|\x1b\\)?|[ -/]*+[0-~]?)|\x9b[0-?]*+[ -/]*+[@-~]?"
)
# Everything that a terminal or a page would obey rather than show: C0 but \n and \t, DEL, C1, bidi, separators, BOM.
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]+")
_SURROGATES = re.compile(r"[\ud800-\udfff]")

_SECRET_WORDS = re.compile(
    r"passw(?:or)?d|passphrase|secret|credential|jaas|apikey|user\.?info|connection\.string"
    r"|(?:^|[._-])(?:pass|pwd|tokens?)(?:$|[._-])"
    r"|(?:private|access|account|api|encryption|shared|keystore)[._-]?key(?:$|[._-])"
)
_HARMLESS_ENDINGS = re.compile(
    r"[._-](?:class|columns|enabled?|endpoint|fields?|file|id|location|mode|ms|name|path|provider|source|type|ur[il])$"
)
_JAAS_OPTION = re.compile(r"""([\w.-]++)(\s*+=\s*+)("(?:[^"\\]|\\.)*+"?|'(?:[^'\\]|\\.)*+'?|[^\s;]++)""")
_JAAS_MODULE = r"[\w.$]++\s++(?:required|requisite|sufficient|optional)\b"
_JAAS_PART = re.compile(f"{_JAAS_MODULE}|{_JAAS_OPTION.pattern}")
_JAAS_PUBLIC = frozenset({"username", "principal", "serviceName"})
# A password that is also the name of a user or a table hides nothing, and replacing it would hide the table.
_PUBLIC_KEY = re.compile(
    r"name|topics|topic\.prefix|database\.(?:user|hostname)|connection\.(?:user|username|url)"
    r"|(?:database|table)\.include\.list|(?:collection|table)\.name\.format"
)


class Redactor:
    """Replaces secrets by `***`. One for the process, shared by its threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._secrets: set[str] = set()
        self._by_start: dict[str, tuple[str, ...]] = {}

    @property
    def learnt(self) -> int:
        """How many spellings are known; grows only, so that it tells whether a cleaned text is still good."""
        return len(self._secrets)

    def learn(self, value: str) -> None:
        """Remember a secret. What is too short or too common to be replaced, and `${…}` references, are ignored."""
        if len(value.strip()) < _SHORTEST_SECRET or _EVERYDAY_WORD.fullmatch(value) or not value.strip("*"):
            return
        if _REFERENCE.fullmatch(value):
            return
        spellings = {value, value.strip(), quote(value, safe="", errors="replace"), json.dumps(value)[1:-1]}
        if "\n" in value:  # A trace quotes a key file by the line.
            spellings.update(line for line in value.splitlines() if len(line) >= 16 and not line.startswith("-----"))
        with self._lock:
            for secret in spellings - self._secrets:
                start = secret[:_SHORTEST_SECRET]
                self._by_start[start] = (*self._by_start.get(start, ()), secret)
                self._secrets.add(secret)

    def clean(self, text: str) -> str:
        """`text` without learnt secrets and without what looks like one. Cleaning twice changes nothing."""
        for secret in self._at_hand(text):
            text = text.replace(secret, MASK)
        return masked(text)

    def _at_hand(self, text: str) -> list[str]:
        """The secrets that are in the text; the longest first, since one may be part of another."""
        by_start = self._by_start
        starts = (text[i : i + _SHORTEST_SECRET] for i in range(len(text))) if len(by_start) > _FEW else [*by_start]
        found = {start for start in starts if start in by_start}
        secrets = (secret for start in found for secret in by_start[start] if secret in text)
        return sorted(secrets, key=lambda secret: (-len(secret), secret))


def is_secret_key(key: str) -> bool:
    """Whether a connector's configuration key holds a secret: `database.password`, but not `key.converter`."""
    lower = key.lower()
    return bool(_SECRET_WORDS.search(lower)) and not _HARMLESS_ENDINGS.search(lower)


def secret_keys(keys: Iterable[str]) -> list[str]:
    """Those of these keys of a configuration whose values are never shown."""
    return [key for key, shown in redact_config(dict.fromkeys(keys, "?"), Redactor()).items() if shown == MASK]


def redact_config(values: Mapping[str, str], redactor: Redactor) -> dict[str, str]:
    """The configuration with `***` for every secret, all of them learnt. `${file:…}` references are shown as they are;
    of a JAAS line the login module stays, and of a URL what is neither userinfo nor a secret parameter."""
    shown = (redactor.clean(value).partition("?")[0] for key, value in values.items() if _PUBLIC_KEY.fullmatch(key))
    public = "\n".join(shown)
    for key, value in values.items():
        for secret in _secrets_in(key, value):
            if secret not in public:
                redactor.learn(secret)
    return {key: _redact_value(key, value, redactor) for key, value in values.items()}


def _secrets_in(key: str, value: str) -> list[str]:
    if "jaas" in key.lower():
        return [m[3].strip("\"'") for m in _JAAS_OPTION.finditer(value) if m[1] not in _JAAS_PUBLIC]
    inner = secrets_inside(value)
    if is_secret_key(key):
        # A credentials line is `user:password`.
        inner += [value, value.partition(":")[2]] if "info" in key.lower() else [value]
    return [form for secret in inner for form in (secret, unquote(secret))]


def _redact_value(key: str, value: str, redactor: Redactor) -> str:
    if not value or _REFERENCE.fullmatch(value):
        return value
    if "jaas" in key.lower():
        # Only what is understood is shown: a stray quote would otherwise leave a piece of a password behind.
        parts = [_JAAS_OPTION.sub(_mask_jaas_option, match[0]) for match in _JAAS_PART.finditer(value)]
        return redactor.clean(" ".join(parts)) or MASK
    return MASK if is_secret_key(key) else redactor.clean(value)


def _mask_jaas_option(match: re.Match[str]) -> str:
    reference = _REFERENCE.fullmatch(match[3].strip("\"'"))
    return match[0] if match[1] in _JAAS_PUBLIC or reference else f'{match[1]}{match[2]}"{MASK}"'


def clean_text(text: str, limit: int = TEXT_LIMIT, redactor: Redactor | None = None) -> str:
    """`text` without escapes and control characters (\\n and \\t stay), without secrets when a redactor is given, and
    at most `limit` characters long: its beginning, a note of what is left out, and its end, where the innermost cause
    of a trace is."""
    # In this order: an escape inside a secret would hide it from the redactor, and so would a cut.
    shown = _SURROGATES.sub("\ufffd", _CONTROLS.sub("", _ESCAPES.sub("", text.replace("\r\n", "\n"))))
    return shorten(redactor.clean(shown) if redactor else shown, limit)


def shorten(text: str, limit: int) -> str:
    """Beginning and end of a text that is longer than `limit` characters, with a note between them."""
    if len(text) <= limit:
        return text
    note = f"\n… {len(text):,} characters, {limit:,} kept: the middle is left out …\n"
    room = max(limit - len(note), 0)
    head = room // 2
    return text[:head] + note + text[len(text) - (room - head) :]
