"""A stack of the tests' own: moved ports, own folder; a user's stack is never touched.

STACK_KEEP=1 leaves it running, so that the next run begins at once. TEST_STACK_DIR, TEST_STACK_KAFKA_PORT and so on
move it, so that two can run side by side; each worker of pytest-xdist has one of its own.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from stack import Pipeline, Settings, Stack
from stack.settings import REPOSITORY

from tests.stack.proxy import RecordingProxy
from tests.stack.watchdog_process import Watchdog

_LONGEST_FIRST = (
    "test_crashes",
    "test_databases",
    "test_native_stack",
    "test_remedies",
    "test_storm",
    "test_drift",
    "test_mariadb",
    "test_binlog_reader",
    "test_table_looks",
    "test_journal_troubles",
    "test_secrets",
    "test_hostile",
    "test_chaos_drill",
    "test_silent_failures",
    "test_feeds_on_kafka",
    "test_quarantine",
    "test_recover",
    "test_topology",
    "test_avro",
    "test_isolation",
    "test_kills",
    "test_table_drift",
    "test_others",
    "test_connect_contract",
    "test_correlation",
    "test_kafka_login",
    "test_compose",
    "test_redelivery",
    "test_quarantine_on_kafka",
    "test_columns_on_mysql",
    "test_prometheus",
    "test_brokers_on_kafka",
    "test_authors",
)
"""By their seconds, so that no worker is left with a long file at the end; what is not listed comes before them all."""
_DEFAULTS = {
    "STACK_DIR": str(REPOSITORY / ".stack-test"),
    # Below 32768: above, an outgoing connection of the machine may sit on a port for a moment.
    "STACK_KAFKA_PORT": "19092",
    "STACK_CONNECT_PORT": "18083",
    "STACK_SOURCE_PORT": "13306",
    "STACK_TARGET_PORT": "13307",
    "STACK_REGISTRY_PORT": "18081",
}
_PORTS_APART = 20
_MARIADB_PORTS_APART = 10
"""From those of the same worker's MySQL stack."""
_OTHER_PORTS_APART = 300


def _of_worker(number: int) -> dict[str, str]:
    """The first worker's stack is the one that a run without workers has."""
    given = {name: os.environ.get(f"TEST_{name}", value) for name, value in _DEFAULTS.items()}
    if number == 0:
        return given
    moved = {name: str(int(port) + number * _PORTS_APART) for name, port in given.items() if name.endswith("_PORT")}
    return {"STACK_DIR": f"{given['STACK_DIR']}-{number}", **moved}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """`--dist loadfile --no-loadscope-reorder` hands out whole files, in this order."""
    own = [item for item in items if item.path.parent == Path(__file__).parent]
    # One list after the other, each in its own order: fixtures of modules are set up once.
    items[:] = [item for item in items if item.path.parent != Path(__file__).parent] + sorted(own, key=_turn)


def _turn(item: pytest.Item) -> int:
    stem = item.path.stem
    return _LONGEST_FIRST.index(stem) if stem in _LONGEST_FIRST else -1


ENVIRONMENT = _of_worker(int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")))


@pytest.fixture(scope="session")
def stack_environment() -> dict[str, str]:
    """For commands that tests start: the environment with the test stack's settings."""
    return {**os.environ, **ENVIRONMENT}


@pytest.fixture(scope="session")
def ports_beside() -> dict[str, str]:
    """Of one more stack of this worker's: runs whose ports are apart by TEST_… do not meet in these either."""
    return {n: str(int(port) + _OTHER_PORTS_APART) for n, port in ENVIRONMENT.items() if n.endswith("_PORT")}


@pytest.fixture(scope="session")
def _running_stack(stack_environment: dict[str, str]) -> Iterator[Stack]:
    yield from _running(Stack(Settings.from_env(stack_environment)))


@pytest.fixture(scope="session")
def _running_mariadb() -> Iterator[Stack]:
    """A second stack, on MariaDB, with Debezium's connector for it; it ends with the tests that need it."""
    ports = {n: str(int(p) + _MARIADB_PORTS_APART) for n, p in ENVIRONMENT.items() if n.endswith("_PORT")}
    own = {"STACK_DIR": f"{ENVIRONMENT['STACK_DIR']}-mariadb", "DATABASE": "mariadb", **ports}
    yield from _running(Stack(Settings.from_env({**os.environ, **own})))


def _running(stack: Stack) -> Iterator[Stack]:
    is_new = not stack.settings.directory.exists()
    stack.up()
    if not is_new:
        stack.pipeline.reset()  # Whatever an earlier run left.
    yield stack
    if os.environ.get("STACK_KEEP") != "1":
        stack.down()


@pytest.fixture
def mariadb_stack(_running_mariadb: Stack) -> Stack:
    _running_mariadb.up()
    return _running_mariadb


@pytest.fixture(params=["mysql", "mariadb"])
def any_stack(request: pytest.FixtureRequest) -> Stack:
    """For what has to be so on both kinds of server."""
    found: Stack = request.getfixturevalue("stack" if request.param == "mysql" else "mariadb_stack")
    return found


@pytest.fixture
def stack(_running_stack: Stack) -> Stack:
    """Complete and running, also after a test that broke a part of it."""
    _running_stack.up()
    connect, spec = _running_stack.connect, _running_stack.pipeline.spec
    for connector in (spec.source, spec.sink):
        if "FAILED" in connect.states(connector):
            connect.restart(connector)
        connect.wait_running(connector)
    return _running_stack


@pytest.fixture
def fresh_stack(stack: Stack) -> Iterator[Stack]:
    """The stack with the drill pipeline as it was at first, before and after."""
    stack.pipeline.reset()
    yield stack
    stack.pipeline.reset()


@pytest.fixture
def needs_mysql(stack: Stack) -> None:
    """For what is MySQL's own; the stack falls back to MariaDB where no MySQL can be had."""
    if stack.source.kind != "mysql":
        pytest.skip(
            f"this is about MySQL itself, and the stack runs on {stack.source.kind}: no MySQL could be had here"
        )


# ── what most tests of a running watchdog need: a pipeline of their module's own, and the watchdog before it ──


@pytest.fixture
def pipeline(request: pytest.FixtureRequest, stack: Stack) -> Iterator[Pipeline]:
    """The module's own, as its `SPEC` has it; nothing is left of it afterwards."""
    own = stack.pipeline_of(request.module.SPEC)
    own.create()
    yield own
    own.delete()


@pytest.fixture
def proxy(stack: Stack) -> Iterator[RecordingProxy]:
    """The watchdog's way to Connect; people, and the tests, take another."""
    with RecordingProxy(stack.connect_url) as proxy:
        yield proxy


@pytest.fixture
def watchdog(
    request: pytest.FixtureRequest, stack: Stack, proxy: RecordingProxy, pipeline: Pipeline, tmp_path: Path
) -> Iterator[Watchdog]:
    """It runs, with the module's `SETTINGS` where there are any."""
    settings: dict[str, str] = getattr(request.module, "SETTINGS", {})
    urls = (stack.source_url, stack.target_url)
    with Watchdog(tmp_path, proxy.url, stack.bootstrap_servers, urls, **settings) as running:
        yield running
