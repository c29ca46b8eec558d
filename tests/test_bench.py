"""The bench's pure parts: what is read, counted and printed. Nothing here is timed."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from bench import proc, table, watchdogs
from bench.idle import Idle
from bench.latency import Latency
from bench.page import Run, page
from bench.peers import Command, PeerMissing, running
from bench.settings import stack_settings
from bench.spread import Spread, percentile

RUN = Run(datetime(2026, 11, 23, 17, 40, tzinfo=UTC), "2 cores, 24 GB", 0.25, "make bench")


# --- percentiles


@pytest.mark.parametrize(
    ("values", "percent", "expected"),
    [
        pytest.param([7.0], 95, 7.0, id="of one value it is that value"),
        pytest.param([3.0, 1.0, 2.0], 50, 2.0, id="of an odd number the middle, whatever the order"),
        pytest.param([1.0, 2.0, 3.0, 4.0], 50, 2.0, id="of an even number the lower middle, none in between"),
        pytest.param([float(n) for n in range(1, 21)], 95, 19.0, id="95 of 20 leaves one above"),
        pytest.param([float(n) for n in range(1, 22)], 95, 20.0, id="95 of 21 leaves one above, not two"),
        pytest.param([1.0, 2.0], 0, 1.0, id="0 is the least"),
        pytest.param([1.0, 2.0], 100, 2.0, id="100 is the greatest"),
    ],
)
def test_a_percentile_is_a_measured_value(values: list[float], percent: float, expected: float) -> None:
    assert percentile(values, percent) == expected


def test_there_is_no_percentile_of_nothing() -> None:
    with pytest.raises(ValueError, match="at least one"):
        percentile([], 50)


def test_a_spread_counts_what_it_is_of() -> None:
    assert Spread.of([0.4, 0.1, 0.3, 0.2]) == Spread(count=4, p50=0.2, p95=0.4, max=0.4)


# --- /proc


@pytest.mark.parametrize("name", ["python", "rdk:main", "tmux: server", "a) R 1 (b"])
def test_the_ticks_are_found_whatever_the_program_is_called(name: str) -> None:
    stat = f"4242 ({name}) S 1 4242 4242 0 -1 4194560 2045 0 3 0 117 28 9 9 20 0 17 0 5230 1 2 3"
    assert proc.cpu_ticks(stat) == 117 + 28


def test_a_line_of_proc_is_found_by_its_whole_name() -> None:
    assert proc.kilobytes("VmRSSX:\t1 kB\nVmHWM:\t91908 kB\nVmRSS:\t   82424 kB\n", "VmRSS") == 82424


def test_a_missing_line_of_proc_is_an_error() -> None:
    with pytest.raises(ValueError, match="VmRSS"):
        proc.kilobytes("Name:\tkthreadd\n", "VmRSS")


def test_a_process_has_used_time_and_memory() -> None:
    own = proc.usage(pid=int(Path("/proc/self").readlink().name))
    assert own.cpu_seconds > 0
    assert own.memory_bytes > 10 * 1024**2


# --- the watchdog's metrics

METRICS = """\
# HELP watchdog_incidents Incidents that are open, and those resolved lately.
watchdog_incidents{category="DATA",connect_cluster="default",state="firing"} 1.0
watchdog_incidents{category="DATA",connect_cluster="default",state="resolved"} 5.0
watchdog_incidents{category="SCHEMA_DRIFT",connect_cluster="default",state="firing"} 2.0
watchdog_detection_seconds_bucket{connect_cluster="default",le="+Inf"} 4.0
watchdog_detection_seconds_count{connect_cluster="default"} 4.0
watchdog_detection_seconds_sum{connect_cluster="default"} 0.1
"""


def test_open_incidents_of_all_categories_are_counted_and_resolved_ones_are_not() -> None:
    assert watchdogs.firing(METRICS) == 3


def test_the_watchdogs_own_mean_is_sum_by_count() -> None:
    assert watchdogs.mean_detection_seconds(METRICS) == 0.025


def test_before_the_first_failure_there_is_no_mean() -> None:
    zero = METRICS.replace('count{connect_cluster="default"} 4.0', 'count{connect_cluster="default"} 0.0')
    assert watchdogs.mean_detection_seconds(zero) is None


# --- the page


def test_a_table_is_aligned_as_text_and_keeps_its_columns() -> None:
    assert table.markdown(("", "p50"), [("a|b", "1 ms"), ("longer name", "1,000 ms")]) == (
        "|             |      p50 |\n"
        "|-------------|---------:|\n"
        "| a\\|b        |     1 ms |\n"
        "| longer name | 1,000 ms |"
    )


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        pytest.param(0.03, 0.01, "× 3.0", id="small with a decimal"),
        pytest.param(2.5, 0.01, "× 250", id="large without"),
        pytest.param(2.5, 0.0, "–", id="nothing to compare with"),
    ],
)
def test_a_ratio_is_as_exact_as_it_is_small(value: float, unit: float, expected: str) -> None:
    assert table.ratio(value, unit) == expected


def test_the_page_compares_with_the_bare_tail_and_names_the_machine() -> None:
    latency = Latency(
        Spread(20, 0.01, 0.02, 0.03), Spread(20, 0.04, 0.05, 0.06), Spread(20, 1.5, 2.9, 3.1), None, 0.003
    )
    text = page(RUN, latency, [], 0)
    assert "`make bench` on 2026-11-23, 17:40 UTC, on a machine with 2 cores, 24 GB (load 0.2" in text
    row = next(line for line in text.splitlines() if "with the status topic " in line and line.startswith("|"))
    assert [cell.strip() for cell in row.split("|")[2:-1]] == ["40 ms", "50 ms", "60 ms", "× 4.0", "× 2.5"]
    assert "While nothing happens" not in text


def test_the_page_compares_idle_cost_with_the_bare_clients_and_says_why_a_peer_is_missing() -> None:
    idle = [
        Idle("bare clients: one of each", 0.002, 50 * 1024**2),
        Idle("watchdog run", 0.008, 90 * 1024**2),
        Idle("peer 1.0", why="cannot be installed: no network"),
    ]
    text = page(RUN, None, idle, 60)
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("| ")]
    assert ["watchdog run", "0.80 %", "× 4.0", "90 MB"] in rows
    assert ["peer 1.0 (not measured: cannot be installed: no network)", "–", "–", "–"] in rows
    assert "From Connect's record" not in text


# --- where it runs


def test_the_stack_is_none_of_a_persons_own() -> None:
    own, others = stack_settings({}), {9092, 8083, 3306, 3307, 19092, 18083, 13306, 13307}
    assert not {own.kafka_port, own.connect_port, own.source_port, own.target_port} & others
    assert own.directory.name == ".stack-bench"


def test_only_the_benchs_own_variables_move_its_stack() -> None:
    moved = stack_settings({"BENCH_STACK_KAFKA_PORT": "24092", "STACK_CONNECT_PORT": "8083", "STACK_DIR": "/elsewhere"})
    assert (moved.kafka_port, moved.connect_port, moved.directory.name) == (24092, 26083, ".stack-bench")


def test_a_peer_that_ends_by_itself_is_missing_with_its_last_words(tmp_path: Path) -> None:
    command = Command(["sh", "-c", "echo starting; echo no such broker >&2; exit 1"])
    with pytest.raises(PeerMissing, match="no such broker"), running(command, tmp_path / "log"):
        pytest.fail("it does not run")
