"""What Prometheus reads, asked of the text that it gets."""

from dataclasses import replace
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as openmetrics
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families

from tests.report.reports import (
    DRIFT,
    FAILED_SINK,
    HOSTILE_NAMES,
    NOW,
    SINK,
    SOURCE,
    ago,
    attempt,
    cause,
    cluster,
    connector,
    counters,
    incident,
    report,
    resolved,
    source,
    task,
)
from watchdog.buckets import DETECTION_SECONDS, RECOVERY_SECONDS, bucket, labels
from watchdog.model import (
    Category,
    Circuit,
    Clock,
    Code,
    ConnectorKey,
    Incident,
    Phase,
    Progress,
    Report,
    Severity,
    State,
    TableId,
    Verdict,
)
from watchdog.report.metrics import registry

REFUSED = replace(DRIFT, cause=cause(Category.REGISTRY_INCOMPATIBLE))
LABELS_OF_DRIFT = {
    "connect_cluster": "main",
    "connector": "dw-sink",
    "database": "oltp",
    "table": "orders",
    "severity": "breaking",
}


def _registry(latest: Report | None, started_at: float = 0.0) -> CollectorRegistry:
    times = iter([ago(started_at)])
    return registry(lambda: latest, lambda: next(times, NOW), "1.2.3")


class Scrape:
    """A page as a scraper reads it: `value(name, **labels)` of one sample, None where it is not there."""

    def __init__(self, latest: Report | None, started_at: float = 0.0) -> None:
        self.page = generate_latest(_registry(latest, started_at)).decode()
        self.families = {family.name: family for family in text_string_to_metric_families(self.page)}
        self.samples = [sample for family in self.families.values() for sample in family.samples]

    def value(self, name: str, **wanted: str) -> float | None:
        found = [s.value for s in self.samples if s.name == name and wanted.items() <= s.labels.items()]
        assert len(found) <= 1, found
        return found[0] if found else None

    def labels(self, name: str) -> list[dict[str, str]]:
        return [sample.labels for sample in self.samples if sample.name == name]


@pytest.mark.parametrize(
    ("incidents", "expected"),
    [
        pytest.param((incident(),), 1.0, id="open"),
        pytest.param((incident(diagnosis=REFUSED),), 1.0, id="registry"),
        pytest.param((resolved(899),), 0.0, id="resolved a moment ago"),
        pytest.param((resolved(901),), None, id="resolved long ago"),
        pytest.param((incident(), resolved(60, id="old")), 1.0, id="open and resolved with the same labels"),
        pytest.param((resolved(60, id="old"), incident()), 1.0, id="resolved first, open second"),
        pytest.param((incident(merged_into="other"),), None, id="merged into another"),
        pytest.param((incident(diagnosis=replace(DRIFT, cause=cause(Category.AUTH))),), None, id="no drift"),
        pytest.param((), None, id="none"),
    ],
)  # fmt: skip
def test_schema_drift_is_1_while_open_then_0_then_gone(incidents: tuple[Any, ...], expected: float | None) -> None:
    assert Scrape(report(SINK, incidents=incidents)).value("schema_drift_detected", **LABELS_OF_DRIFT) == expected


def test_a_drift_whose_source_table_is_not_known_is_told_with_the_target_table() -> None:
    scrape = Scrape(report(FAILED_SINK, incidents=(incident(diagnosis=replace(DRIFT, table=None)),)))
    assert scrape.value("schema_drift_detected", database="dw", table="orders") == 1.0


def test_a_drift_of_no_known_table_is_told_all_the_same() -> None:
    nameless = incident(diagnosis=replace(DRIFT, table=None, target=None))
    assert (
        Scrape(report(FAILED_SINK, incidents=(nameless,))).value("schema_drift_detected", database="", table="") == 1.0
    )


def test_every_state_has_a_series_so_that_alerts_see_the_end_of_one() -> None:
    scrape = Scrape(report(connector("a", task(0, State.FAILED), task(1))))
    states = {each["state"]: scrape.value("kafka_connect_connector_state", state=each["state"])
              for each in scrape.labels("kafka_connect_connector_state")}  # fmt: skip
    assert states == {
        "UNASSIGNED": 0, "RUNNING": 1, "PAUSED": 0, "STOPPED": 0, "FAILED": 0, "RESTARTING": 0,
    }  # fmt: skip
    assert scrape.value("kafka_connect_task_state", connector="a", task="0", state="FAILED") == 1
    assert scrape.value("kafka_connect_task_state", connector="a", task="0", state="RUNNING") == 0
    assert scrape.value("kafka_connect_task_state", connector="a", task="1", state="RUNNING") == 1
    assert scrape.value("kafka_connect_connector_failed_task_count", connect_cluster="main", connector="a") == 1


def test_a_connector_that_is_gone_is_gone_from_the_metrics() -> None:
    reports = iter([report(SOURCE, SINK), report(SOURCE)])
    own = registry(lambda: next(reports), lambda: NOW, "1")
    assert 'connector="dw-sink"' in generate_latest(own).decode()
    assert 'connector="dw-sink"' not in generate_latest(own).decode()


def test_counts_are_told_with_their_labels() -> None:
    scrape = Scrape(
        report(
            SINK,
            counters=counters(
                (("schema_drift_total", "main", "oltp.orders", "live"), 3),
                (("schema_drift_last_detected_timestamp", "main", "oltp.orders", "live"), 1795449237),
                (("restarts_total", "main", "dw-sink", "accepted"), 2),
                (("schema_changes_total", "main", "new"), 5),
            ),
        )
    )
    assert scrape.value("schema_drift_total", connect_cluster="main", schema="oltp.orders", track="live") == 3
    assert scrape.value("schema_drift_last_detected_timestamp", schema="oltp.orders") == 1795449237
    assert scrape.value("watchdog_restarts_total", connector="dw-sink", outcome="accepted") == 2
    assert scrape.value("watchdog_schema_changes_total", connect_cluster="main", kind="new") == 5
    assert scrape.value("watchdog_schema_changes_total", connect_cluster="main", kind="foreign") == 0


def test_buckets_that_are_kept_apart_are_told_added_up() -> None:
    scrape = Scrape(
        report(
            SINK,
            counters=counters(
                (("detection_seconds_bucket", "main", "0.05"), 2),
                (("detection_seconds_bucket", "main", "2.5"), 1),
                (("detection_seconds_bucket", "main", "+Inf"), 1),
                (("detection_seconds_sum", "main"), 402.6),
                (("detection_seconds_count", "main"), 4),
            ),
        )
    )
    told = {each["le"]: scrape.value("watchdog_detection_seconds_bucket", **each)
            for each in scrape.labels("watchdog_detection_seconds_bucket")}  # fmt: skip
    assert told == {"0.05": 2, "0.1": 2, "0.25": 2, "0.5": 2, "1.0": 2, "2.5": 3, "5.0": 3, "10.0": 3, "30.0": 3,
                    "60.0": 3, "300.0": 3, "+Inf": 4}  # fmt: skip
    assert scrape.value("watchdog_detection_seconds_count", connect_cluster="main") == 4
    assert scrape.value("watchdog_detection_seconds_sum", connect_cluster="main") == 402.6
    assert scrape.value("watchdog_recovery_seconds_count", connect_cluster="main") == 0


@pytest.mark.parametrize(
    ("seconds", "le"),
    [
        pytest.param(0.0, "0.05", id="nothing"),
        pytest.param(0.05, "0.05", id="on a bound"),
        pytest.param(0.0501, "0.1", id="above it"),
        pytest.param(300.0, "300.0", id="on the last bound"),
        pytest.param(300.1, "+Inf", id="above the last"),
    ],
)
def test_a_duration_falls_into_the_first_bucket_that_holds_it(seconds: float, le: str) -> None:
    assert bucket(DETECTION_SECONDS, seconds) == le


def test_recovery_has_a_bucket_for_what_waits_for_a_person() -> None:
    assert labels(RECOVERY_SECONDS)[-2:] == ("21600.0", "+Inf")


def test_incidents_are_counted_by_category_and_the_others_are_0() -> None:
    scrape = Scrape(report(SINK, incidents=(incident(), incident("m", merged_into="3fa9c1d2"), resolved(10, id="r"))))
    assert scrape.value("watchdog_incidents", category="SCHEMA_DRIFT", state="firing") == 1
    assert scrape.value("watchdog_incidents", category="SCHEMA_DRIFT", state="resolved") == 1
    assert scrape.value("watchdog_incidents", category="AUTH", state="firing") == 0


def test_a_source_ages_by_the_clock_of_the_scrape_and_one_never_seen_since_the_start() -> None:
    never = replace(source("kafka:main"), last_success=None)
    scrape = Scrape(report(SINK, now=ago(500), sources=(source(last=ago(7)), never)), started_at=40)
    assert scrape.value("watchdog_observation_age_seconds", connect_cluster="main", source="connect") == 7
    assert scrape.value("watchdog_observation_age_seconds", source="kafka:main") == 40


@pytest.mark.parametrize(
    ("latest", "ready", "acting"),
    [
        pytest.param(None, 0, 0, id="before the first tick"),
        pytest.param(report(SINK), 1, 1, id="well"),
        pytest.param(report(SINK, ready=False, acting=False), 0, 0, id="not well"),
    ],
)
def test_readiness_and_version_are_told_always(latest: Report | None, ready: int, acting: int) -> None:
    scrape = Scrape(latest)
    assert (scrape.value("watchdog_ready"), scrape.value("watchdog_acting")) == (ready, acting)
    assert scrape.value("watchdog_build_info", version="1.2.3") == 1
    assert scrape.value("process_start_time_seconds")


@pytest.mark.parametrize("name", [pytest.param(name, id=key) for key, name in HOSTILE_NAMES.items()])
def test_a_hostile_name_is_a_label_like_any_other(name: str) -> None:
    table = replace(DRIFT, table=TableId(name, name))
    hostile = report(
        connector(name, task(0, State.FAILED, name)),
        incidents=(incident(name=name, diagnosis=table),),
        counters=counters((("restarts_total", "main", name, name), 1)),
        sources=(source(name, error=name),),
    )
    page = generate_latest(_registry(hostile)).decode()
    assert not {c for c in page if c != "\n" and not c.isprintable() and c != "�"}
    found = [s.labels for family in text_string_to_metric_families(page) for s in family.samples]
    assert len({each["connector"] for each in found if "connector" in each}) == 1
    strict = openmetrics(_registry(hostile)).decode()
    assert any("connector" in s.labels for family in parse_openmetrics(strict) for s in family.samples)


def test_names_that_differ_in_what_is_stripped_make_one_series() -> None:
    scrape = Scrape(report(connector("a\x00", task(0, State.FAILED)), connector("a")))
    assert scrape.value("kafka_connect_connector_failed_task_count", connector="a") == 1


def test_an_html_name_stays_readable() -> None:
    scrape = Scrape(report(connector(HOSTILE_NAMES["html"])))
    assert scrape.value("kafka_connect_connector_failed_task_count", connector=HOSTILE_NAMES["html"]) == 0


def test_every_one_of_ten_thousand_series_is_told() -> None:
    latest = report(clusters={"main": cluster(*(connector(f"connector-{n}") for n in range(800)))})
    own = _registry(latest)
    page = generate_latest(own)
    assert page.count(b"\nkafka_connect_") > 10_000


def test_restarts_in_an_incident_are_not_counted_twice() -> None:
    tried = incident(attempts=(attempt(),))
    assert Scrape(report(SINK, incidents=(tried,))).labels("watchdog_restarts_total") == []


# --- what is silent -------------------------------------------------------------------------------


def test_what_is_found_with_nothing_failed_is_told_by_kind_until_it_is_over() -> None:
    unsafe = incident(code=Code.HISTORY_TOPIC_UNSAFE, severity=Severity.RISKY)
    scrape = Scrape(report(SINK, incidents=(unsafe, incident("f2"), replace(unsafe, id="f3", merged_into="f2"))))
    assert scrape.labels("watchdog_findings") == [
        {"connect_cluster": "main", "connector": "dw-sink", "kind": "history-topic-unsafe", "severity": "risky"}
    ]
    over = Scrape(report(SINK, incidents=(replace(unsafe, phase=Phase.RESOLVED),)))
    assert over.labels("watchdog_findings") == []


def test_a_stalled_connector_is_1_and_every_other_0() -> None:
    stalled = incident(code=Code.STALLED, severity=Severity.BREAKING)
    scrape = Scrape(report(SOURCE, SINK, incidents=(stalled,)))
    assert scrape.value("watchdog_connector_stalled", connect_cluster="main", connector="dw-sink") == 1
    assert scrape.value("watchdog_connector_stalled", connect_cluster="main", connector="oltp-source") == 0
    over = Scrape(report(SINK, incidents=(resolved(9, code=Code.STALLED),)))
    assert over.value("watchdog_connector_stalled", connect_cluster="main", connector="dw-sink") == 0


def muted(scrape: "Scrape", name: str) -> list[float]:
    labels = {"connect_cluster": "main", "connector": name}
    return [scrape.value("watchdog_muted", **labels, why=why) for why in ("silence", "group")]


def test_one_cause_is_told_at_one_connector_for_as_long_as_one_of_its_members_is_not_well() -> None:
    """Whatever fails is told there or at its leader, or else by nobody."""
    leader = incident("l1")
    members = [incident(f"m{n}", f"sink-{n}", merged_into="l1") for n in range(3)]
    world = (SINK, *(connector(f"sink-{n}") for n in range(3)))
    scrape = Scrape(report(*world, incidents=(replace(leader, recovered_at=NOW), *members)))
    assert scrape.value("watchdog_grouped_failures", connect_cluster="main", connector="dw-sink") == 3
    assert scrape.value("watchdog_grouped_failures", connect_cluster="main", connector="sink-0") == 0
    assert muted(scrape, "dw-sink") == [0, 0]
    assert muted(scrape, "sink-0") == [0, 1]
    # The leader is not there any more: nobody stands for them.
    scrape = Scrape(report(*world, incidents=members))
    assert muted(scrape, "sink-0") == [0, 0]


def test_a_silence_mutes_a_connector_only_when_it_covers_all_that_is_open_about_it() -> None:
    silenced = incident("s1", muted="silenced by a person")
    assert muted(Scrape(report(SINK, incidents=(silenced,))), "dw-sink") == [1, 0]
    other = incident("s2", code=Code.STALLED)
    assert muted(Scrape(report(SINK, incidents=(silenced, other))), "dw-sink") == [0, 0]
    assert muted(Scrape(report(SINK, incidents=(replace(silenced, phase=Phase.RESOLVED),))), "dw-sink") == [0, 0]


def test_giving_up_and_the_circuit_are_1_or_0() -> None:
    gone = incident("g1", verdict=Verdict.EXHAUSTED)
    opened = Circuit("main", NOW, 12, 40)
    scrape = Scrape(replace(report(SINK, SOURCE, incidents=(gone,)), circuits={"main": opened}))
    assert scrape.value("watchdog_recovery_gave_up", connect_cluster="main", connector="dw-sink") == 1
    assert scrape.value("watchdog_recovery_gave_up", connect_cluster="main", connector="oltp-source") == 0
    assert scrape.value("watchdog_circuit_open", connect_cluster="main") == 1
    assert Scrape(report(SINK)).value("watchdog_circuit_open", connect_cluster="main") == 0


def test_the_records_that_wait_are_told_where_they_are_known() -> None:
    key = ConnectorKey("main", "dw-sink")
    known = Progress(key, NOW, committed={"t-0": 5}, end={"t-0": 9, "t-1": 2})
    for progress, expected in ((known, 6), (replace(known, error="down"), None), (replace(known, end={}), None)):
        whole = report(SINK)
        told = replace(whole, observation=replace(whole.observation, progress={key: progress}))
        found = Scrape(told).value("watchdog_connector_lag_records", connect_cluster="main", connector="dw-sink")
        assert found == expected


def test_a_clock_is_told_by_the_incident_in_which_it_runs_out_first_and_not_once_that_is_over() -> None:
    def with_clock(left: float | None, **more: object) -> Incident:
        return incident(f"id-{left}", clocks=(Clock("topic", "t-0", left), Clock("binlog", "db", None)), **more)

    labels = {"connect_cluster": "main", "connector": "dw-sink"}
    scrape = Scrape(report(SINK, incidents=(with_clock(900.0), with_clock(600.0), with_clock(None))))
    assert scrape.value("watchdog_clock_left_seconds", **labels, clock="topic") == 600
    assert scrape.value("watchdog_clock_left_seconds", **labels, clock="binlog") is None
    over = Scrape(report(SINK, incidents=(resolved(9, clocks=(Clock("topic", "t-0", 1.0),)),)))
    assert over.value("watchdog_clock_left_seconds", **labels, clock="topic") is None
