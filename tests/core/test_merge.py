"""One cause, one incident: who leads, who is a member, and that nobody is told twice."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.core.scene import ADDED, CONFIGS, CREATED, DENIED_TRACE, DOWN_TRACE, DRIFT_TRACE, START, TARGET, Scene
from watchdog.history import SchemaHistory, absorb
from watchdog.lifecycle import resolved
from watchdog.merge import members, merged
from watchdog.model import (
    Advice,
    Category,
    Cause,
    Code,
    ConnectorConfig,
    ConnectorKey,
    Diagnosis,
    Incident,
    Observation,
    Report,
    Resolution,
    SchemaChange,
    TableId,
)
from watchdog.report import documents, samples
from watchdog.topology import Topology, derive

SINKS = 20
OTHER = "reports"
TARGET_2, TARGET_3 = TableId("dw", "orders_2"), TableId("dw", "orders_3")
TOPOLOGY = derive(CONFIGS.values(), {})


def change() -> SchemaChange:
    history = SchemaHistory()
    for record in (CREATED, ADDED):
        history, _ = absorb(history, record, lambda prefix, table: True)
    assert ADDED.table is not None
    return history.of("dataflow", ADDED.table)[-1]


CHANGE = change()


def incident(name: str, seconds: float = 0.0, cluster: str = "main", **given: object) -> Incident:
    category = given.pop("category", Category.SCHEMA_DRIFT)
    made_by = given.pop("change", CHANGE if category is Category.SCHEMA_DRIFT else None)
    cause = Cause(category, Advice.NO, "", groups=given.pop("groups", {}))  # type: ignore[arg-type]
    address = str(given.pop("address", "127.0.0.1:3307"))
    at = START + timedelta(seconds=seconds)
    diagnosis = Diagnosis(cause, table=ADDED.table, target_address=address, change=made_by)  # type: ignore[arg-type]
    return Incident(f"id-{name}", ConnectorKey(cluster, name), at, at, diagnosis, **given)  # type: ignore[arg-type]


def settled(incidents: Iterable[Incident], topology: Topology = TOPOLOGY) -> dict[str, Incident]:
    """By connector, after as many rounds as it takes; at most one is taken."""
    known = {each.id: each for each in incidents}
    known |= {each.id: each for each in merged(known.values(), topology)}
    assert not list(merged(known.values(), topology)), "it does not stand still"
    return {each.key.connector: each for each in known.values()}


def parts(incidents: dict[str, Incident]) -> dict[str, str | None]:
    return {name: each.merged_into for name, each in incidents.items()}


def test_one_ddl_breaks_20_sinks_and_is_one_incident_with_20_members() -> None:
    """Two of the Connect clusters read the same topic; each sink has a target of its own."""
    scene = Scene()
    sinks = [f"sink-{number:02}" for number in range(SINKS)]
    for name in sinks:
        values = {**CONFIGS["dw-sink"].values, "collection.name.format": f"orders_{name}"}
        scene.configs[name] = ConnectorConfig("main", name, values, name)
    scene.learn(CREATED, ADDED)
    scene.target = None  # What the trace and the statement say has to do.
    for name in sinks:
        scene.fail(DRIFT_TRACE, name)
        scene.pass_seconds(1)
    scene.pass_seconds(5)
    every = tuple(scene.memory.incidents.values())
    (root,) = [each for each in every if each.merged_into is None]
    assert root.key.connector == "sink-00"
    document = documents.incident(root, every)
    assert [member["connector"] for member in document["members"]] == sinks
    assert len(document["members"]) == SINKS
    assert {member["state"] for member in document["members"]} == {"firing"}
    assert all(documents.incident(each, every)["members"] == [] for each in every if each is not root)
    report = Report(scene.observation(), every)
    assert list(samples.drift(report, START)) == [(("main", "sink-00", "oltp", "orders", "breaking"), 1.0)]
    firing = {labels: n for labels, n in samples.incidents(report) if labels[2] == "firing" and n}
    assert firing == {("main", "SCHEMA_DRIFT", "firing"): 1.0}


def test_sinks_of_two_connect_clusters_and_a_source_that_the_registry_refuses_have_one_root() -> None:
    found = settled(
        [
            incident("oltp-source", 1, category=Category.REGISTRY_INCOMPATIBLE, change=CHANGE),
            incident("a", 0),
            incident("b", 2, cluster="other"),
        ]
    )
    assert parts(found) == {"a": None, "oltp-source": "id-a", "b": "id-a"}


def test_two_statements_are_two_incidents() -> None:
    found = settled([incident("a"), incident("b", 1, change=replace(CHANGE, id="another"))])
    assert parts(found) == {"a": None, "b": None}


def test_a_failure_whose_statement_is_not_known_is_nobodys_member() -> None:
    assert parts(settled([incident("a", change=None), incident("b", 1, change=None)])) == {"a": None, "b": None}


def test_the_root_stays_the_root_when_an_older_one_joins() -> None:
    """A statement may be found for an older incident later than for a newer one."""
    found = settled([incident("a", 0, change=None), incident("b", 5), incident("c", 6)])
    assert parts(found) == {"a": None, "b": None, "c": "id-b"}
    late = replace(found["a"], diagnosis=replace(found["a"].diagnosis, change=CHANGE))
    assert parts(settled([late, found["b"], found["c"]])) == {"a": "id-b", "b": None, "c": "id-b"}


def test_when_the_root_resolves_the_others_have_one_root_and_nobody_is_told_again() -> None:
    found = settled([incident("a"), incident("b", 1), incident("c", 2)])
    at = START + timedelta(seconds=60)
    over = resolved(found["a"], Resolution.RECOVERED, at)
    found = settled([over, found["b"], found["c"]])
    assert parts(found) == {"a": None, "b": None, "c": "id-b"}
    labels = ("main", "a", "oltp", "orders", "breaking")

    def drift(incidents: Iterable[Incident], since: float = 0.0) -> list[tuple[tuple[str, ...], float]]:
        seen = Observation(at)
        return list(samples.drift(Report(seen, tuple(incidents)), START + timedelta(seconds=since)))

    # One series from the first to the last, also long after the first of them was over.
    assert drift(found.values()) == [(labels, 1.0)]
    assert drift(found.values(), since=3600) == [(labels, 1.0)]
    every = [resolved(each, Resolution.RECOVERED, at) if each.open else each for each in found.values()]
    assert drift(every) == [(labels, 0.0)]
    assert drift(every, since=3600) == []


def test_a_failure_leads_what_was_only_found_before_it() -> None:
    noticed = incident("a", 0, code=Code.TABLES_DIFFER, subject="oltp.orders")
    found = settled([noticed, replace(incident("b", 5), id="id-failure")])
    assert parts(found) == {"a": "id-failure", "b": None}


def test_what_was_found_of_a_sinks_table_belongs_to_the_failure_that_came_of_it() -> None:
    def noticed(name: str, target: TableId | None, seconds: float) -> Incident:
        found = incident(name, seconds, change=None, code=Code.TABLES_DIFFER, subject=f"{target}")
        return replace(found, id=f"found-{name}-{target}", diagnosis=replace(found.diagnosis, target=target))

    def failed(name: str, target: TableId) -> Incident:
        broken = incident(name, 9)
        return replace(broken, diagnosis=replace(broken.diagnosis, target=target))

    known = [noticed("a", TARGET, 0), noticed("b", TARGET_2, 1), noticed("a", TARGET_3, 2), noticed("a", None, 3)]
    known += [failed("a", TARGET), failed("b", TARGET_2)]
    by_id = {each.id: each for each in known}
    by_id |= {each.id: each for each in merged(known, TOPOLOGY)}
    assert {id_: each.merged_into for id_, each in by_id.items()} == {
        "id-a": None,
        "id-b": "id-a",
        "found-a-dw.orders": "id-a",
        "found-b-dw.orders_2": "id-a",
        "found-a-dw.orders_3": None,
        "found-a-None": None,
    }
    series = list(samples.drift(Report(Observation(START), tuple(by_id.values())), START))
    assert series == [(("main", "a", "oltp", "orders", "breaking"), 1.0)]


@pytest.mark.parametrize(
    ("code", "target", "part"),
    [
        pytest.param(Code.TABLES_DIFFER, TableId("dw", "orders"), True, id="its-table"),
        pytest.param(Code.TABLES_DIFFER, TableId("dw", "items"), False, id="another-table"),
        pytest.param(Code.DRIFT_HIDDEN, TableId("dw", "orders"), False, id="another-matter"),
    ],
)
def test_what_was_found_of_a_table_is_part_of_its_sinks_failure_on_it(code: Code, target: TableId, part: bool) -> None:
    found = replace(incident("a", 0, code=code, change=None, subject="x"), id="id-found")
    failed = replace(incident("a", 5, change=None), id="id-failed")
    found, failed = (
        replace(each, diagnosis=replace(each.diagnosis, target=table))
        for each, table in ((found, target), (failed, TableId("dw", "orders")))
    )
    assert [each.merged_into for each in merged([found, failed], TOPOLOGY)] == (["id-failed"] if part else [])


@pytest.mark.parametrize(
    ("one", "other", "together"),
    [
        pytest.param({"category": Category.CONNECTIVITY}, {"category": Category.CONNECTIVITY}, True, id="down"),
        pytest.param(
            {"category": Category.CONNECTIVITY},
            {"category": Category.CONNECTIVITY, "address": "127.0.0.1:3306"},
            False,
            id="two-databases",
        ),
        pytest.param({"category": Category.CONNECTIVITY}, {"category": Category.AUTH}, False, id="down-and-refused"),
        pytest.param(
            {"category": Category.AUTH, "groups": {"user": "dw"}},
            {"category": Category.AUTH, "groups": {"user": "dw"}},
            True,
            id="one-user",
        ),
        pytest.param(
            {"category": Category.AUTH, "groups": {"user": "dw"}},
            {"category": Category.AUTH, "groups": {"user": "etl"}},
            False,
            id="two-users",
        ),
        pytest.param(
            {"category": Category.CONNECTIVITY, "address": ""},
            {"category": Category.CONNECTIVITY, "address": ""},
            False,
            id="nobody-knows-where",
        ),
        pytest.param({"category": Category.CONFIG}, {"category": Category.CONFIG}, False, id="own-mistakes"),
    ],
)
def test_one_database_that_lets_nobody_in_is_one_incident(
    one: dict[str, object], other: dict[str, object], together: bool
) -> None:
    found = settled([incident("a", 0, **one), incident("b", 1, cluster="other", **other)])
    assert parts(found) == {"a": None, "b": "id-a" if together else None}


@pytest.mark.parametrize(
    ("source", "hidden"),
    [
        pytest.param({"category": Category.CONNECTIVITY}, True, id="failed"),
        pytest.param({"category": Category.CONNECTIVITY, "code": Code.STALLED}, True, id="stalled"),
        pytest.param({"category": Category.CONFIG, "code": Code.HISTORY_TOPIC_UNSAFE}, False, id="only-in-danger"),
    ],
)
def test_a_source_that_is_down_hides_that_its_sinks_stand_still(source: dict[str, object], hidden: bool) -> None:
    found = settled(
        [
            incident("dw-sink", 0, category=Category.CONNECTIVITY, code=Code.STALLED, address=""),
            incident("oltp-source", 9, address="", **source),
            incident("elsewhere", 0, category=Category.CONNECTIVITY, code=Code.STALLED, address=""),
        ]
    )
    into = "id-oltp-source" if hidden else None
    assert parts(found) == {"dw-sink": into, "oltp-source": None, "elsewhere": None}
    told = [each.key.connector for each in members(found["oltp-source"], found.values())]
    assert told == (["oltp-source", "dw-sink"] if hidden else [])


def test_the_sinks_of_a_source_that_is_itself_a_member_belong_to_its_root() -> None:
    found = settled(
        [
            incident("first", 0, category=Category.CONNECTIVITY, address="127.0.0.1:3306"),
            incident("oltp-source", 1, category=Category.CONNECTIVITY, address="127.0.0.1:3306"),
            incident("dw-sink", 2, category=Category.CONNECTIVITY, code=Code.STALLED, address=""),
        ]
    )
    assert parts(found) == {"first": None, "oltp-source": "id-first", "dw-sink": "id-first"}


@pytest.mark.parametrize("trace", [DENIED_TRACE, DOWN_TRACE])
def test_from_traces_two_connectors_of_one_database_are_one_incident(trace: str) -> None:
    scene = Scene(reachable=False)
    scene.configs[OTHER] = replace(scene.configs["dw-sink"], name=OTHER)
    scene.fail(trace)
    scene.pass_seconds(1)
    scene.fail(trace, OTHER)
    scene.pass_seconds(1)
    first, second = sorted(scene.memory.incidents.values(), key=lambda each: each.opened_at)
    assert second.merged_into == first.id
    scene.run()
    scene.committed = scene.end
    scene.pass_seconds(60)
    # The one that somebody was called for is told until its members are well, too: nobody is called for them anew.
    first, second = (scene.memory.incidents[each.id] for each in (first, second))
    assert (first.open, second.open, second.merged_into) == (True, True, first.id)
    assert first.recovered_at is not None
    assert OTHER not in first.reason
    scene.run(OTHER)
    scene.pass_seconds(130)
    assert [scene.memory.incidents[each.id].open for each in (first, second)] == [False, False]
