"""The timeline of an incident → lines to read; any part of the journal's timeline → JSON Lines."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from rich.text import Text

from watchdog.model import TimelineEntry
from watchdog.report.text import age, cell, count, moment, stamp

_KIND_WIDTH = 9
_INDENT = " " * (len("2026-11-23 16:04:05Z") + 2 + _KIND_WIDTH + 2)
_KIND_STYLES = {"opened": "bold red", "reopened": "bold red", "intent": "bold", "resolved": "green"}
_SHOWN_MAX = 5


def lines(entries: Iterable[TimelineEntry]) -> Iterator[Text]:
    """When, what, in words; below it the evidence, where it is other than what was told before, and what was seen."""
    before: list[str] = []
    for entry in entries:
        kind = cell(f"{entry.kind:<{_KIND_WIDTH}}", _KIND_STYLES.get(entry.kind, ""))
        yield Text.assemble(cell(moment(entry.at), "dim"), "  ", kind, "  ", cell(entry.text))
        evidence = [str(line) for line in entry.data.get("evidence", ())]
        for line in evidence if evidence != before else ():
            yield Text.assemble(_INDENT, cell(line, "dim"))
        before = evidence or before
        for line in _seen(entry.data.get("seen") or {}):
            yield Text.assemble(_INDENT, cell(f"seen: {line}", "dim"))


def as_json(entry: TimelineEntry) -> str:
    """One line of JSON in ASCII; `incident` is null for what belongs to none."""
    key = entry.key
    document = {
        "at": stamp(entry.at),
        "incident": entry.incident_id or None,
        "connect_cluster": key.cluster if key else None,
        "connector": key.connector if key else None,
        "kind": entry.kind,
        "text": entry.text,
        "data": dict(entry.data),
    }
    return json.dumps(document, ensure_ascii=True, default=str)


def _seen(seen: Mapping[str, Any]) -> Iterator[str]:
    if connect := seen.get("connect"):
        yield f"{_states(connect)}, {_age(connect, 'asked')}{_error(connect)}"
    if probe := seen.get("probe"):
        yield from _probe(probe)
    if target := seen.get("target"):
        lacking = ", ".join(target.get("in_the_way") or ())
        what = f" does not fit ({lacking})" if lacking else ""
        yield f"{target['table']} at {target['address']}{what}, {_age(target, 'columns read')}{_error(target)}"
    for proof in seen.get("proofs") or ():
        holds = {True: "yes", False: "no"}.get(proof["holds"], "cannot tell")
        yield f"{proof['probe'].replace('-', ' ')}: {holds}, {_age(proof, 'read')}: {proof['said']}"


def _states(connect: Mapping[str, Any]) -> str:
    state = connect.get("state")
    if state is None:
        return "Connect does not list it"
    tasks = ", ".join(f"{number} {name}" for name, number in (connect.get("tasks") or {}).items())
    return f"Connect says {state}, tasks: {tasks or 'none'}"


def _probe(probe: Mapping[str, Any]) -> Iterator[str]:
    read = _age(probe, "probed")
    if offsets := probe.get("committed_and_end_offsets"):
        shown = [f"{name}@{_offset(each[0])} of {_offset(each[1])}" for name, each in offsets.items()]
        more = f" and {len(shown) - _SHOWN_MAX} more" if len(shown) > _SHOWN_MAX else ""
        yield f"committed {', '.join(shown[:_SHOWN_MAX])}{more}, {read}"
    if source := probe.get("source_offset"):
        yield f"source offset {source}, {read}"
    if (waiting := probe.get("waiting")) is not None:
        records = sum(shape["records"] for shape in waiting)
        cap = ", up to the cap" if probe.get("capped") else ""
        yield f"{count(records, 'waiting record')} read{cap}, {read}"
    if error := probe.get("scan_error"):
        yield f"waiting records could not be read: {error}"
    if tried := probe.get("can_connect"):
        answer = {True: "connects", False: "does not connect"}.get(tried["answer"], "cannot be told to connect")
        yield f"{answer} with its own settings{': ' + tried['said'] if tried['said'] else ''}, {_age(tried, 'tried')}"


def _offset(number: int | None) -> str:
    return "none" if number is None else str(number)


def _age(read: Mapping[str, Any], verb: str) -> str:
    seconds = read.get("age_seconds")
    return f"never {verb}" if seconds is None else f"{verb} {age(seconds)} before"


def _error(read: Mapping[str, Any]) -> str:
    return f"; then: {read['error']}" if read.get("error") else ""
