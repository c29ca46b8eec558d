"""What has to become true before a restart, by cause; and what the probes make of what is seen."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.core.scene import (
    ADDED,
    CREATED,
    DRIFT_TRACE,
    NEW_COLUMN,
    OLD_COLUMNS,
    ORDERS,
    SOURCE,
    START,
    Scene,
    shape,
    table,
)
from watchdog.diagnose import diagnose
from watchdog.diagnose.catalogue import built_in
from watchdog.model import (
    Advice,
    Binlog,
    Category,
    Cause,
    ConnectorKey,
    DatabaseColumns,
    Diagnosis,
    HistoryTopic,
    Incident,
    Observation,
    Position,
    ProbeKind,
    Progress,
    Proof,
    SourceOffset,
    TableId,
    Verdict,
)
from watchdog.remedies.table import (
    _BINLOG_DAMAGED,
    _HISTORY_OUT_OF_REACH,
    _KAFKA,
    _REGISTRY,
    REMEDIES,
    Untold,
    remedy_of,
)
from watchdog.remedies.table import _SCHEMA_UNKNOWN as UNKNOWN_SCHEMAS
from watchdog.remedies.ways_out import other_ways

K, C = ProbeKind, Category
GAP_TRACE = (
    "io.debezium.DebeziumException: The connector is trying to read binlog starting at SourceInfo [currentGtid=null], "
    "but this is no longer available on the server. Reconfigure the connector.\n\tat x.Y\n"
)
LOST_TRACE = "io.debezium.DebeziumException: The db history topic is missing. You may attempt to recover it\n\tat x.Y\n"
KAFKA_DENIED = (
    "org.apache.kafka.common.errors.TopicAuthorizationException: Not authorized to access topics: [t]\n\tat x.Y\n"
)
SOURCE_ADDRESS = "127.0.0.1:3306"


def cause(category: Category, signature: str = "", advice: Advice = Advice.NO) -> Cause:
    return Cause(category, advice, "", signature=signature)


@pytest.mark.parametrize(
    ("what", "side", "probes", "untold"),
    [
        pytest.param(cause(C.SCHEMA_DRIFT), "sink", {K.TARGET_FITS}, Untold.WAIT, id="target-too-narrow"),
        pytest.param(cause(C.SCHEMA_DRIFT), "source", {K.TABLE_AS_BELIEVED}, Untold.WAIT, id="unlogged"),
        pytest.param(cause(C.DDL_PARSE), "source", set(), Untold.WAIT, id="not-parsed"),
        pytest.param(cause(C.HISTORY_LOST, "HIS-02"), "source", {K.HISTORY_COMPLETE}, Untold.WAIT, id="history-lost"),
        pytest.param(cause(C.HISTORY_LOST, "HIS-03"), "source", set(), Untold.TRY_ONCE, id="history-out-of-reach"),
        pytest.param(cause(C.BINLOG_GAP, "BIN-01"), "source", {K.BINLOG_THERE}, Untold.WAIT, id="binlog-purged"),
        pytest.param(cause(C.BINLOG_GAP, "BIN-07"), "source", set(), Untold.WAIT, id="binlog-damaged"),
        pytest.param(cause(C.AUTH, "CON-02"), "source", {K.CAN_CONNECT}, Untold.WAIT, id="password"),
        pytest.param(cause(C.AUTH, "WRK-06"), "sink", set(), Untold.WAIT, id="topic-not-granted"),
        pytest.param(cause(C.CONNECTIVITY), "sink", {K.CAN_CONNECT}, Untold.TRY_ON, id="database-down"),
        pytest.param(cause(C.CONNECTIVITY, "WRK-04"), "sink", set(), Untold.TRY_ON, id="brokers-down"),
        pytest.param(cause(C.CONNECTIVITY, "REG-08"), "source", {K.REGISTRY_ANSWERS}, Untold.TRY_ONCE, id="registry"),
        pytest.param(cause(C.REGISTRY_INCOMPATIBLE), "source", {K.REGISTRY_ACCEPTS}, Untold.WAIT, id="refused"),
        pytest.param(cause(C.REGISTRY, "REG-04"), "source", set(), Untold.WAIT, id="schema-not-registered"),
        pytest.param(cause(C.UNKNOWN), "sink", {K.TARGET_FITS}, Untold.TRY_ONCE, id="unknown-at-a-sink"),
        pytest.param(cause(C.UNKNOWN), "source", set(), Untold.TRY_ONCE, id="unknown-at-a-source"),
        pytest.param(cause(C.CONFIG), "sink", set(), Untold.TRY_ONCE, id="setting"),
        pytest.param(cause(C.SCHEMA_DRIFT), "", set(), Untold.TRY_ONCE, id="a-side-that-is-not-known"),
    ],
)
def test_each_cause_has_its_remedy(what: Cause, side: str, probes: set[ProbeKind], untold: Untold) -> None:
    row = remedy_of(what, side)
    assert (set(row.told_by) - {K.NEW_SETTINGS}, row.untold) == (probes, untold)


def test_every_signature_that_the_table_names_is_in_the_catalogue() -> None:
    named = {*_KAFKA, *_REGISTRY, *UNKNOWN_SCHEMAS, *_HISTORY_OUT_OF_REACH, *_BINLOG_DAMAGED}
    assert named <= {entry.id for entry in built_in()}


def test_every_category_has_a_row_of_its_own_before_the_last_one_that_takes_all() -> None:
    for category in set(Category) - {C.RESOURCE}:
        assert any(remedy_of(cause(category), side) is not REMEDIES[-1] for side in ("source", "sink")), category


def test_nothing_that_waits_for_a_person_is_tried_whatever_the_catalogue_says() -> None:
    for row in REMEDIES:
        assert row.may_be_tried(Advice.YES) is (row.untold is not Untold.WAIT), row.cause
        assert not row.may_be_tried(Advice.AFTER_FIX)


# ── what a probe says is shown, with when it was read ──


def proof_of(scene: Scene, kind: ProbeKind) -> Proof:
    return next(proof for proof in scene.incident.diagnosis.proofs if proof.kind is kind)


def test_the_restart_says_what_was_asked_and_how_long_ago() -> None:
    scene = Scene(target=(*OLD_COLUMNS, NEW_COLUMN), shapes=(shape("id", "customer", "unexpected_field"),))
    scene.learn(CREATED, ADDED)
    scene.fail(DRIFT_TRACE)
    scene.tick()
    assert scene.restarts == 1
    assert "asked 0 s ago: every record that waits fits (1 rows)" in scene.incident.reason


def test_an_answer_that_stays_the_same_is_written_anew_only_each_ten_seconds() -> None:
    scene = Scene()
    scene.drift()
    times = set()
    for _ in range(25):
        scene.pass_seconds(1)
        times.add(proof_of(scene, K.TARGET_FITS).at)
    assert sorted(times) == [START, START + timedelta(seconds=10), START + timedelta(seconds=20)]


def test_a_part_of_what_waits_is_no_proof_and_says_how_far_it_was_read() -> None:
    scene = Scene(target=(*OLD_COLUMNS, NEW_COLUMN), capped=True, committed=21, end=500_021)
    scene.shapes = (shape("id", "customer", first=21, last=10_020),)
    scene.fail(DRIFT_TRACE)
    scene.pass_seconds(30)
    assert scene.restarts == 0
    assert proof_of(scene, K.TARGET_FITS).said == "the first 10,000 of 500,000 records fit; reading goes on"


def test_what_fits_by_all_that_is_seen_and_is_refused_all_the_same_gets_no_second_restart() -> None:
    scene = Scene(target=(*OLD_COLUMNS, NEW_COLUMN), shapes=(shape("id", "customer", "unexpected_field"),))
    scene.fail(DRIFT_TRACE)
    scene.tick()
    scene.answer()
    scene.run()
    scene.tick()
    scene.fail(DRIFT_TRACE)
    scene.pass_seconds(8000, step=20)
    assert (scene.restarts, scene.incident.verdict) == (1, Verdict.HOLD)
    # Somebody changes the target: that is news.
    scene.target = (*OLD_COLUMNS, replace(NEW_COLUMN, type="text"))
    scene.pass_seconds(3)
    assert scene.restarts == 2


def test_records_that_cannot_be_read_get_one_try_when_the_target_changed() -> None:
    scene = Scene(shapes=None, scan_error="its schema is Protobuf")
    scene.learn(CREATED, ADDED)
    scene.fail(DRIFT_TRACE)
    scene.pass_seconds(60)
    assert scene.restarts == 0
    scene.target = (*OLD_COLUMNS, NEW_COLUMN)
    scene.pass_seconds(3)
    assert scene.restarts == 1
    assert "one try" in next(e.text for e in scene.timeline if e.kind == "decided" and e.text.startswith("restart"))
    scene.answer()
    scene.run()
    scene.tick()
    scene.fail(DRIFT_TRACE)
    scene.pass_seconds(8000, step=20)
    assert scene.restarts == 1


def test_a_topic_that_is_not_granted_is_not_asked_of_the_database() -> None:
    scene = Scene(reachable=True)
    assert diagnose(KAFKA_DENIED, "sink").signature == "WRK-06"
    scene.fail(KAFKA_DENIED)
    scene.pass_seconds(60)
    assert scene.restarts == 0


# ── sources: the binlog, the history ──


class SourceScene(Scene):
    """The source's own side: its stored offset, its server's binlog, its history topic. `incident`: its failure."""

    @property
    def incident(self) -> Incident:
        found = self.memory.incident_of(SOURCE)
        assert found is not None
        return found

    offset = Position("u:1-10", "binlog.000001", 400)
    binlog: Binlog | None = Binlog(Position("u:1-90", "binlog.000009", 700), "u:1-50", ("binlog.000007",))
    history: HistoryTopic | None = None
    tables: tuple[TableId, ...] = (ORDERS,)

    def observation(self) -> Observation:
        seen = super().observation()
        columns = DatabaseColumns(
            SOURCE_ADDRESS, self.now, {each: table(each, *OLD_COLUMNS) for each in self.tables}, binlog=self.binlog
        )
        offset = SourceOffset(self.offset, text=str(self.offset))
        progress = Progress(SOURCE, self.now, source=offset, address=SOURCE_ADDRESS)
        probe = replace(seen.probes[SOURCE], history=self.history)
        return replace(
            seen,
            databases={**seen.databases, SOURCE_ADDRESS: columns},
            progress={SOURCE: progress},
            probes={**seen.probes, SOURCE: probe},
        )


def test_row_22_a_purged_binlog_is_held_with_both_positions() -> None:
    scene = SourceScene()
    scene.fail(GAP_TRACE, "oltp-source", "source")
    scene.pass_seconds(120)
    assert (scene.restarts, scene.incident.verdict) == (0, Verdict.HOLD)
    assert scene.incident.diagnosis.cause.category is Category.BINLOG_GAP
    for told in ("the source stands at binlog.000001:400 with gtids u:1-10", "purged: u:1-50", "snapshot"):
        assert told in scene.incident.reason
    # The alert on data that is lost goes by this clock.
    assert [(clock.name, clock.left_seconds) for clock in scene.incident.clocks] == [("binlog", 0.0)]


def test_a_binlog_that_came_back_brings_one_restart() -> None:
    scene = SourceScene()
    scene.fail(GAP_TRACE, "oltp-source", "source")
    scene.pass_seconds(5)
    scene.binlog = Binlog(Position("u:1-90", "binlog.000009", 700), "", ("binlog.000001", "binlog.000009"))
    scene.pass_seconds(2)
    assert scene.restarts == 1


def test_a_binlog_that_seemed_to_be_there_all_the_time_proves_nothing() -> None:
    scene = SourceScene()
    scene.binlog = Binlog(Position("u:1-90", "binlog.000009", 700), "", ("binlog.000001", "binlog.000009"))
    scene.fail(GAP_TRACE, "oltp-source", "source")
    scene.pass_seconds(600, step=5)
    assert scene.restarts == 0


def test_a_binlog_that_cannot_be_seen_proves_nothing() -> None:
    scene = SourceScene()
    scene.binlog = None
    scene.fail(GAP_TRACE, "oltp-source", "source")
    scene.pass_seconds(600, step=5)
    assert scene.restarts == 0
    assert proof_of(scene, K.BINLOG_THERE).holds is None


HISTORY = HistoryTopic("schema-history.dataflow", 1, 0, 12, frozenset({ORDERS}))


@pytest.mark.parametrize(
    ("topic", "said"),
    [
        pytest.param(replace(HISTORY, partitions=0), "is not there", id="gone"),
        pytest.param(replace(HISTORY, first_offset=3), "begins at 3, not at 0", id="truncated"),
        pytest.param(replace(HISTORY, tables=frozenset()), "has no oltp.orders", id="a-table-is-missing"),
    ],
)
def test_a_history_that_is_not_whole_is_held_and_restarted_once_it_is(topic: HistoryTopic, said: str) -> None:
    scene = SourceScene()
    scene.history = topic
    scene.fail(LOST_TRACE, "oltp-source", "source")
    scene.pass_seconds(30)
    assert scene.restarts == 0
    assert said in proof_of(scene, K.HISTORY_COMPLETE).said
    assert scene.last is not None
    assert scene.last.probes[SOURCE].history == "schema-history.dataflow"
    scene.history = HISTORY
    scene.pass_seconds(2)
    assert scene.restarts == 1


@pytest.mark.parametrize(
    "topic",
    [
        pytest.param(None, id="not-read"),
        pytest.param(HISTORY, id="whole-from-the-first-look-on"),
        pytest.param(replace(HISTORY, whole=False, tables=frozenset()), id="too-long-to-read"),
    ],
)
def test_a_history_that_was_not_seen_to_be_incomplete_proves_nothing(topic: HistoryTopic | None) -> None:
    scene = SourceScene()
    scene.history = topic
    scene.fail(LOST_TRACE, "oltp-source", "source")
    scene.pass_seconds(600, step=5)
    assert scene.restarts == 0


# ── what else a person can do ──


def test_the_other_ways_out_of_a_drift_are_exact_and_say_what_they_cost() -> None:
    scene = Scene()
    scene.drift()
    setting, quarantine, back = scene.incident.diagnosis.other_ways
    assert "never widens or drops" in setting
    call = """curl -X PATCH -H 'Content-Type: application/json' -d '{"schema.evolution": "basic"}' """
    assert setting.endswith(f'{call}"$CONNECT_URL"/connectors/dw-sink/config')
    assert quarantine.startswith("`watchdog quarantine dw-sink`")
    assert "does not help" in back
    assert back.endswith(": ALTER TABLE `oltp`.`orders` DROP COLUMN `unexpected_field`;")


@pytest.mark.parametrize(
    ("trace", "wanted"),
    [
        pytest.param(GAP_TRACE, ("snapshot.mode", "a person decides"), id="binlog"),
        pytest.param(LOST_TRACE, (), id="history, whose way out names recover already"),
    ],
)
def test_a_source_is_told_its_own_ways_out(trace: str, wanted: tuple[str, ...]) -> None:
    scene = SourceScene()
    scene.fail(trace, "oltp-source", "source")
    scene.tick()
    ways = scene.incident.diagnosis.other_ways
    assert len(ways) == len(wanted)
    assert all(part in way for part, way in zip(wanted, ways, strict=True))


def test_a_hostile_name_stays_in_its_place_in_the_call() -> None:
    key = ConnectorKey("main", "x'; rm -rf / #")
    found = Diagnosis(cause(C.DDL_PARSE))
    setting, _ = other_ways(key, found, "source", remedy_of(found.cause, "source"))
    assert setting.endswith('"$CONNECT_URL"/connectors/x%27%3B%20rm%20-rf%20%2F%20%23/config')


def test_the_page_on_remedies_has_every_row_and_every_probe() -> None:
    page = (Path(__file__).parents[2] / "docs" / "remedies.md").read_text()
    assert [row.cause for row in REMEDIES if f"| {row.cause} |" not in page] == []
    assert [kind.value for kind in ProbeKind if f"| `{kind.value}` |" not in page] == []
