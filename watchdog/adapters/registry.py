"""A schema registry by Confluent's API (Confluent, Apicurio under `/apis/ccompat/v7`, Karapace); Apicurio's own API for
what only that one tells: schemas by global id, and whether a level is a subject's own.

Asks only; what would change something is left to a person.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import orjson

from watchdog.adapters.http import ANYONE, Access, HttpClient
from watchdog.errors import PortNonsense, PortRefused
from watchdog.model import IdKind, SchemaKind, SchemaRef, Subject
from watchdog.redact import Redactor, clean_text

_ANSWER_BYTES_MAX = 16 * 1024 * 1024
_MESSAGES_MAX = 20
_MESSAGE_LIMIT = 500
_CCOMPAT = "/apis/"
_OWN_APIS = ("/apis/registry/v2", "/apis/registry/v3")
_LEVELS = frozenset(
    {"NONE", *(f"{way}{all_before}" for way in ("BACKWARD", "FORWARD", "FULL") for all_before in ("", "_TRANSITIVE"))}
)
_OWN_IDS = {IdKind.GLOBAL: "globalIds", IdKind.CONTENT: "contentIds"}


class RegistryRest:
    """`ports.Registry`. May be shared by threads."""

    def __init__(
        self, name: str, url: str, redactor: Redactor, access: Access = ANYONE, timeout_seconds: float = 5.0
    ) -> None:
        self.name = name
        self._redactor = redactor
        self._seconds = timeout_seconds
        self._confluent = HttpClient(url, redactor, access, _ANSWER_BYTES_MAX)
        self.url = self._confluent.url
        root, apis, _ = self.url.partition(_CCOMPAT)
        self._own = HttpClient(root, redactor, access, _ANSWER_BYTES_MAX) if apis else None

    def schema(self, ref: SchemaRef) -> str:
        if ref.kind is not IdKind.CONFLUENT:
            return self._own_schema(ref)
        answer = self._ask(f"/schemas/ids/{ref.id}")
        kind = self._kind(answer)
        if kind is not SchemaKind.AVRO:
            raise self._nonsense(f"{ref} is {kind.value or 'of an unknown kind'}, no Avro")
        if answer.get("references"):
            raise self._nonsense(f"{ref} refers to other schemas, which is not read")
        return self._text(answer, "schema")

    def subjects(self) -> tuple[str, ...]:
        answer = self._get(self._confluent, "/subjects")
        if not isinstance(answer, list) or not all(isinstance(name, str) for name in answer):
            raise self._nonsense("`/subjects` is no list of names")
        return tuple(answer)

    def latest(self, subject: str) -> Subject | None:
        try:
            answer = self._ask(f"/subjects/{quote(subject, safe='')}/versions/latest")
        except PortRefused as error:
            if error.status == 404:
                return None
            raise
        number, version = answer.get("id"), answer.get("version")
        if not isinstance(number, int) or not isinstance(version, int):
            raise self._nonsense(f"subject {subject} has no id or version")
        level, is_own = self._level(subject)
        return Subject(
            name=subject,
            id=number,
            version=version,
            kind=self._kind(answer),
            schema=self._text(answer, "schema"),
            compatibility=level,
            level_is_own=is_own,
            registry=self.url,
        )

    def accepts(self, subject: str, schema: str) -> tuple[bool | None, tuple[str, ...]]:
        path = f"/compatibility/subjects/{quote(subject, safe='')}/versions/latest?verbose=true"
        try:
            answer = self._ask(path, {"schema": schema})
        except PortRefused as error:
            if error.status == 404:
                return None, (f"there is no subject {subject}",)
            raise
        verdict = answer.get("is_compatible")
        said = answer.get("messages") or [answer.get("reason")]
        messages = [self._shown(text) for text in said if isinstance(text, str)] if isinstance(said, list) else []
        return verdict if isinstance(verdict, bool) else None, tuple(messages[:_MESSAGES_MAX])

    def close(self) -> None:
        self._confluent.close()
        if self._own:
            self._own.close()

    def _own_schema(self, ref: SchemaRef) -> str:
        if self._own is None:
            raise self._nonsense(
                f"{ref} is Apicurio's, and this URL is not: give the one that ends in /apis/ccompat/v7"
            )
        path = f"/ids/{_OWN_IDS[ref.kind]}/{ref.id}"
        for api in _OWN_APIS[:-1]:
            try:
                return orjson.dumps(self._get(self._own, api + path)).decode()
            except PortRefused as error:
                # A registry without that API says the same as one without that schema.
                if error.status != 404:
                    raise
        return orjson.dumps(self._get(self._own, _OWN_APIS[-1] + path)).decode()

    def _level(self, subject: str) -> tuple[str, bool]:
        """The level in force, empty where it cannot be told, which is not NONE; and whether it is the subject's own."""
        own = self._level_at(f"/config/{quote(subject, safe='')}")
        if own not in ("", "NONE"):
            return own, True
        common = self._level_at("/config")
        if own == "NONE" and common != "NONE" and self._has_own_rule(subject) is not False:
            return own, True
        return common, False

    def _level_at(self, path: str) -> str:
        try:
            answer = self._ask(path)
        except PortRefused as error:
            if error.status == 404:
                return ""
            raise
        # Karapace calls it as one asks for it to be set.
        level = answer.get("compatibilityLevel", answer.get("compatibility"))
        return level.upper() if isinstance(level, str) and level.upper() in _LEVELS else ""

    def _has_own_rule(self, subject: str) -> bool | None:
        """Apicurio answers NONE for a subject without a rule of its own, where the common one is in force. None: it
        cannot be asked."""
        if self._own is None:
            return None
        for api in _OWN_APIS:
            try:
                rules = self._get(self._own, f"{api}/groups/default/artifacts/{quote(subject, safe='')}/rules")
            except PortRefused:
                continue
            return isinstance(rules, list) and "COMPATIBILITY" in rules
        return None

    def _ask(self, path: str, body: object = None) -> dict[str, Any]:
        answer = self._get(self._confluent, path, body)
        if not isinstance(answer, dict):
            raise self._nonsense(f"{path} is a {type(answer).__name__} where an object is expected")
        return answer

    def _get(self, client: HttpClient, path: str, body: object = None) -> Any:
        return client.request("GET" if body is None else "POST", path, body, seconds=self._seconds)

    def _kind(self, answer: dict[str, Any]) -> SchemaKind:
        kind = answer.get("schemaType") or "AVRO"
        return SchemaKind(kind) if kind in ("AVRO", "JSON", "PROTOBUF") else SchemaKind.UNKNOWN

    def _text(self, answer: dict[str, Any], key: str) -> str:
        if not isinstance(text := answer.get(key), str):
            raise self._nonsense(f"an answer has no `{key}`")
        return text

    def _nonsense(self, problem: str) -> PortNonsense:
        return PortNonsense(f"registry {self.url}", problem)

    def _shown(self, text: str) -> str:
        return clean_text(text, _MESSAGE_LIMIT, self._redactor).strip()
