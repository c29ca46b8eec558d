"""JSON documents, whole: a field that is renamed or left out breaks somebody's script."""

import json
from dataclasses import replace

import pytest

from tests.report.reports import (
    DRIFT,
    FAILED_SINK,
    HOSTILE_NAMES,
    NOW,
    SINK,
    SOURCE,
    TRACE,
    ago,
    attempt,
    cause,
    cluster,
    connector,
    incident,
    report,
    resolved,
    task,
)
from watchdog.model import Author, Category, ConnectorKey, Incident, Report, State, TimelineEntry
from watchdog.report import documents, tables
from watchdog.report.rows import did_you_mean, rows, shown_incidents, unhealthy


def test_a_failed_connector_comes_first_with_all_that_is_known_of_it() -> None:
    one = incident(attempts=(attempt(),))
    found = documents.status(
        rows(report(SOURCE, FAILED_SINK, incidents=(one,), last_change={ConnectorKey("main", "dw-sink"): ago(90)}))
    )
    assert found[0] == {
        "connect_cluster": "main",
        "connector": "dw-sink",
        "type": "sink",
        "state": "RUNNING",
        "tasks": [
            {
                "id": 0,
                "state": "FAILED",
                "worker_id": "127.0.0.1:8083",
                "cause": "java.sql.SQLException: Cannot alter table orders because schema evolution is disabled",
            }
        ],
        "failed_tasks": 1,
        "addressable": True,
        "category": "SCHEMA_DRIFT",
        "cause": "Cannot alter table orders because schema evolution is disabled",
        "verdict": "hold",
        "reason": one.reason,
        "probes": [
            {
                "probe": "target-fits",
                "holds": False,
                "said": "3 waiting records with a column that the target lacks",
                "asked_at": "2026-11-23T16:29:57.000Z",
            }
        ],
        "clocks": [],
        "incident": "3fa9c1d2",
        "last_restart": "2026-11-23T16:29:00.000Z",
        "since": "2026-11-23T16:28:30.000Z",
    }
    assert found[1] == {
        "connect_cluster": "main",
        "connector": "oltp-source",
        "type": "source",
        "state": "RUNNING",
        "tasks": [{"id": 0, "state": "RUNNING", "worker_id": "127.0.0.1:8083", "cause": None}],
        "failed_tasks": 0,
        "addressable": True,
        "category": None,
        "cause": None,
        "verdict": None,
        "reason": None,
        "probes": [],
        "clocks": [],
        "incident": None,
        "last_restart": None,
        "since": None,
    }


def test_a_restart_that_helped_is_still_told_when_its_incident_is_over() -> None:
    found = documents.status(rows(report(SINK, incidents=(resolved(30, attempts=(attempt(helped=True),)),))))
    assert found[0]["last_restart"] == "2026-11-23T16:29:00.000Z"
    assert found[0]["incident"] is None


def test_a_connector_names_the_incident_that_its_own_was_merged_into() -> None:
    found = documents.status(rows(report(FAILED_SINK, incidents=(incident(merged_into="0000ffff"),))))
    assert found[0]["incident"] == "0000ffff"


INCIDENT = {
    "id": "3fa9c1d2",
    "connect_cluster": "main",
    "connector": "dw-sink",
    "state": "firing",
    "phase": "open",
    "kind": "task-failed",
    "subject": None,
    "category": "SCHEMA_DRIFT",
    "cause": "Cannot alter table orders because schema evolution is disabled",
    "schema_drift": True,
    "severity": "breaking",
    "table": "oltp.orders",
    "target_table": "dw.orders",
    "columns": ["unexpected_field"],
    "ddl": "ALTER TABLE orders ADD COLUMN unexpected_field VARCHAR(64)",
    "ddl_position": "e7f2a218-e755-11f1-99e1-02fc00000001:23",
    "ddl_at": "2026-11-23T16:28:00.000Z",
    "ddl_by": None,
    "ddl_by_unknown": None,
    "confidence": 0.98,
    "evidence": ["3 waiting records carry a column that the target lacks: unexpected_field"],
    "clocks": [],
    "verdict": "hold",
    "reason": incident().reason,
    "remedy": "`dw.orders` takes every record that waits",
    "remedied": False,
    "probes": [
        {
            "probe": "target-fits",
            "holds": False,
            "said": "3 waiting records with a column that the target lacks",
            "asked_at": "2026-11-23T16:29:57.000Z",
        }
    ],
    "way_out": "ALTER TABLE `dw`.`orders` ADD COLUMN `unexpected_field` varchar(64) NULL;",
    "other_ways_out": [],
    "stuck": [{"topic": "dataflow.oltp.orders", "partition": 0, "first_offset": 21, "last_offset": 23}],
    "opened_at": "2026-11-23T16:28:30.000Z",
    "failed_at": "2026-11-23T16:28:30.000Z",
    "resolved_at": None,
    "resolution": None,
    "attempts": [
        {
            "number": 1,
            "intent_at": "2026-11-23T16:29:00.000Z",
            "by": "watchdog",
            "result": "accepted",
            "answered_at": "2026-11-23T16:29:01.000Z",
            "detail": "",
            "helped": False,
        }
    ],
    "attempts_counted": 1,
    "merged_into": None,
    "reopened": 0,
    "recovered_at": None,
    "muted": None,
    "silenced_until": None,
    "members": [],
}


def test_an_incident_is_told_whole() -> None:
    assert documents.incident(incident(attempts=(attempt(helped=False),))) == INCIDENT


KNOWN = Author("alice", "10.0.0.7", "DBeaver", NOW, "its session was still open", is_certain=True)
ONE_OF_SEVERAL = Author(at=NOW, how="by counters", candidates=("alice@%", "bob@%"))
NOT_KNOWN = Author(how="not known: no privilege")


@pytest.mark.parametrize(
    ("author", "told", "in_words"),
    [
        (KNOWN, ("alice", "10.0.0.7", "DBeaver", True, []), "alice@10.0.0.7 with DBeaver (its session was still open)"),
        (ONE_OF_SEVERAL, (None, None, None, False, ["alice@%", "bob@%"]), "alice@% or bob@%: by counters"),
        (NOT_KNOWN, None, "not known: no privilege"),
    ],
    ids=["known", "one of several", "not known"],
)
def test_who_ran_the_statement_is_told_with_it(author: Author, told: tuple[object, ...] | None, in_words: str) -> None:
    one = incident()
    assert one.diagnosis.change is not None
    change = replace(one.diagnosis.change, author=author)
    one = replace(one, diagnosis=replace(one.diagnosis, change=change))
    by = documents.incident(one)["ddl_by"]
    assert (by and tuple(by[key] for key in ("user", "host", "program", "certain", "candidates"))) == told
    assert (by and by["at"]) == ("2026-11-23T16:30:00.000Z" if told else None)
    assert documents.incident(one)["ddl_by_unknown"] == (None if told else author.how)
    assert f"run by     {in_words}" in "\n".join(str(line) for line in tables.block(one))


def test_a_timeline_comes_with_one_incident() -> None:
    entry = TimelineEntry(NOW, "3fa9c1d2", "decided", "hold", {"attempt": 1})
    told = documents.incident_with_timeline(incident(attempts=(attempt(helped=False),)), [entry])
    assert told == {
        **INCIDENT,
        "trace": None,
        "timeline": [{"at": "2026-11-23T16:30:00.000Z", "kind": "decided", "text": "hold", "data": {"attempt": 1}}],
    }


def test_what_is_not_known_is_null() -> None:
    bare = resolved(
        5, diagnosis=replace(DRIFT, table=None, target=None, change=None, remedy="", way_out="", remedied=None)
    )
    told = documents.incident(bare)
    unknown = ("table", "target_table", "ddl", "ddl_position", "ddl_at", "remedy", "remedied", "way_out")
    assert {key: told[key] for key in unknown} == dict.fromkeys(unknown)
    assert (told["state"], told["phase"], told["resolution"]) == ("resolved", "resolved", "recovered")


@pytest.mark.parametrize(
    ("category", "said", "drift", "severity"),
    [
        pytest.param(Category.SCHEMA_DRIFT, "no", True, "breaking", id="by category"),
        pytest.param(Category.DATA, "maybe", "maybe", "failure", id="maybe"),
        pytest.param(Category.DDL_PARSE, "yes", True, "failure", id="by the catalogue"),
        pytest.param(Category.AUTH, "no", False, "failure", id="no"),
    ],
)
def test_drift_is_yes_no_or_maybe(category: Category, said: str, drift: bool | str, severity: str) -> None:
    told = documents.incident(incident(diagnosis=replace(DRIFT, cause=cause(category, schema_drift=said))))
    assert (told["schema_drift"], told["severity"]) == (drift, severity)


@pytest.mark.parametrize("name", [pytest.param(name, id=key) for key, name in HOSTILE_NAMES.items()])
def test_a_hostile_name_comes_back_as_it_was_and_reaches_no_terminal(name: str) -> None:
    text = documents.dump(documents.status(rows(report(connector(name, task(0, State.FAILED, name))))))
    assert text.isascii()
    assert text.replace("\n", "").isprintable()
    assert json.loads(text)[0]["connector"] == name


@pytest.mark.parametrize(
    ("trace", "expected"),
    [
        pytest.param(None, None, id="no trace"),
        pytest.param("  \n", None, id="empty"),
        pytest.param(TRACE, "java.sql.SQLException: Cannot alter table orders because schema evolution is disabled",
                     id="the last of several"),
        pytest.param("java.lang.OutOfMemoryError: heap\n\tat x.y", "java.lang.OutOfMemoryError: heap", id="no chain"),
    ],
)  # fmt: skip
def test_the_innermost_cause_of_a_trace_is_its_last(trace: str | None, expected: str | None) -> None:
    assert documents.innermost(trace) == expected


ORDERED = [
    connector("c-failed", task(0, State.FAILED)),
    connector("b-unassigned", task(0, State.UNASSIGNED), state=State.UNASSIGNED),
    connector("d-stopped", state=State.STOPPED),
    connector("e-paused", task(0, State.PAUSED), state=State.PAUSED),
    connector("a-running"),
    connector("f-running"),
]


def test_rows_are_ordered_by_how_much_they_need_a_person_then_by_name() -> None:
    assert [row.status.name for row in rows(report(*reversed(ORDERED)))] == [each.name for each in ORDERED]


@pytest.mark.parametrize(
    ("latest", "expected"),
    [
        pytest.param(report(SINK), False, id="all well"),
        pytest.param(report(connector("a", state=State.PAUSED)), False, id="paused on purpose"),
        pytest.param(report(FAILED_SINK), True, id="a failed task"),
        pytest.param(report(connector("a", state=State.FAILED)), True, id="a failed connector"),
        pytest.param(report(SINK, incidents=(incident(),)), True, id="an open incident"),
        pytest.param(report(SINK, incidents=(resolved(9),)), False, id="a resolved incident"),
        pytest.param(report(clusters={"main": cluster(SINK, error="timed out")}), True, id="a cluster out of sight"),
        pytest.param(report(clusters={"main": cluster(SINK, healthy=False)}), True, id="a worker that is not well"),
        pytest.param(report(clusters={"main": cluster(SINK, healthy=None)}), False, id="a worker too old to say"),
    ],
)
def test_unhealthy_is_what_somebody_has_to_look_at(latest: Report, expected: bool) -> None:
    assert unhealthy(latest) is expected


def test_the_newest_open_incident_of_a_connector_is_the_one_that_is_shown() -> None:
    old, new = incident("0001", opened_at=ago(500)), incident("0002", opened_at=ago(5))
    for both in ((old, new), (new, old)):
        shown = rows(report(FAILED_SINK, incidents=both))[0].incident
        assert isinstance(shown, Incident)
        assert shown.id == "0002"


def test_a_merged_incident_is_not_told_on_its_own() -> None:
    found = shown_incidents(
        report(SINK, incidents=(incident("a"), incident("b", merged_into="a"), resolved(9, id="c")))
    )
    assert [one.id for one in found] == ["a"]


def test_a_name_with_a_slip_is_recognised() -> None:
    assert did_you_mean("dw-snik", ["oltp-source", "dw-sink"]) == ("dw-sink",)
    assert did_you_mean("zzz", ["oltp-source", "dw-sink"]) == ()
