"""Connect's JSON documents, one or several after each other → the failures in them.

`GET /connectors?expand=status` (with or without `expand=info`), `GET /connectors/{name}/status`,
`…/tasks/{id}/status`, lists of these, and a trace alone as a JSON string.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from watchdog.adapters import connect_documents as connect
from watchdog.explain.failure import FAILURES_MAX, Failure, Read, side_of
from watchdog.explain.texts import read_text
from watchdog.model import ConnectorConfig, ConnectorStatus, State
from watchdog.redact import Redactor

_DOCUMENTS_MAX = 10_000
# A line of a log begins with a bracket as well, and a date.
_JSON = re.compile(r"\s*+(?:[{\"]|\[(?!\d{4}-\d\d-\d\d[ T]))")
_WANTED = "save `GET /connectors?expand=status` (or /connectors/NAME/status)"


def read_json(text: str, redactor: Redactor) -> Read | None:
    """None when the text is not JSON from its beginning to its end."""
    if not _JSON.match(text):
        return None
    read = Read()
    try:
        for document in _documents(text):
            read.take(_document(document, redactor))
    except (ValueError, RecursionError) as error:
        if _may_be_text(text):
            return None
        where = f", line {error.lineno} column {error.colno}" if isinstance(error, json.JSONDecodeError) else ""
        read.problems.append(f"is no whole JSON document ({_what(error)}{where}): was it cut off? {_WANTED} again")
    if len(read.failures) > FAILURES_MAX:
        read.notes.append(f"holds more than {FAILURES_MAX:,} failures: the first {FAILURES_MAX:,} are explained")
        del read.failures[FAILURES_MAX:]
    return read


def _documents(text: str) -> Iterator[Any]:
    decoder, at, count = json.JSONDecoder(), 0, 0
    while True:
        while at < len(text) and text[at].isspace():
            at += 1
        if at == len(text):
            return
        document, at = decoder.raw_decode(text, at)
        yield document
        count += 1
        if count == _DOCUMENTS_MAX:
            raise ValueError(f"more than {_DOCUMENTS_MAX:,} documents after each other")


def _may_be_text(text: str) -> bool:
    """In a document that was cut off the traces are still there."""
    beginning = text[:1_000_000]
    return "\tat " in beginning or "\\tat " in beginning or "Caused by: " in beginning


def _what(error: BaseException) -> str:
    return error.msg if isinstance(error, json.JSONDecodeError) else str(error) or "it is nested too deeply"


def _document(document: Any, redactor: Redactor) -> Read:
    if isinstance(document, str):
        return read_text(document)
    if isinstance(document, list):
        return _list(document, redactor)
    if not isinstance(document, dict):
        return Read(problems=[f"holds {json.dumps(document)[:40]}, which is no document of Connect's: {_WANTED}"])
    if "error_code" in document and "message" in document:
        said = str(document["message"])[:300]
        return Read(problems=[f"holds an error that Connect answered ({document['error_code']}: {said}): {_WANTED}"])
    if "state" in _dict(document.get("connector")):
        return Read(_failures(connect.status("", _name(document.get("name")), document), {}))
    if "state" in document and "id" in document:
        # `GET /connectors/{name}/tasks/{id}/status`
        return Read(_failures(connect.status("", "", {"tasks": [document]}), {}, nameless=True))
    return _expanded(document, redactor)


def _list(documents: list[Any], redactor: Redactor) -> Read:
    if documents and all(isinstance(each, str) and "\n" not in each for each in documents):
        return Read(problems=[f"is a list of names, without their states: {_WANTED}"])
    read = Read()
    for each in documents[:_DOCUMENTS_MAX]:
        read.take(_document(each, redactor))
    return read


def _expanded(document: dict[str, Any], redactor: Redactor) -> Read:
    entries = {name: entry for name, entry in document.items() if isinstance(entry, dict)}
    if not any("status" in entry or "info" in entry for entry in entries.values()):
        if not document:
            return Read(notes=["holds no connectors"])
        return Read(problems=[f"is JSON, but no status document of Kafka Connect's: {_WANTED}"])
    read = Read()
    for name, entry in entries.items():
        if config := _config(name, entry, redactor):
            read.configs[name] = config
    for name, entry in entries.items():
        if len(read.failures) > FAILURES_MAX:
            break
        if "status" in entry:
            read.failures += _failures(connect.status("", name, entry["status"]), read.configs)
    if not any("status" in entry for entry in entries.values()):
        read.problems.append(f"holds configurations but no states: {_WANTED}")
    return read


def _config(name: str, entry: dict[str, Any], redactor: Redactor) -> ConnectorConfig | None:
    raw = connect.raw_config(_dict(entry.get("info")).get("config"))
    return connect.config("", name, raw, redactor) if raw else None


def _failures(status: ConnectorStatus, configs: dict[str, ConnectorConfig], nameless: bool = False) -> list[Failure]:
    """The connector's own failure, and that of each task."""
    config = configs.get(status.name)
    side = side_of(status.type, config.values if config else None)
    name = None if nameless else status.name or None
    found = []
    if status.state is State.FAILED:
        found.append(Failure(status.trace or "", name, None, status.state.value, side))
    found += [Failure(task.trace or "", name, task.id, task.state.value, side) for task in status.failed_tasks]
    return found


def _name(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
