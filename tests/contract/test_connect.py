"""The fake Connect keeps the port's contract, and so does everything else that can be shown without a stack."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from tests.contract.connect_contract import CANARY, ConnectContract
from tests.fakes.connect import NOW, FakeConnect
from tests.fakes.old_worker import old_worker
from tests.hostile_server import hostile_server
from watchdog.adapters.connect import ConnectRest
from watchdog.errors import PortError, PortUnreachable
from watchdog.model import Action, CallResult, ConnectorKey, Offsets
from watchdog.ports import Connect
from watchdog.redact import Redactor

TRACE = (
    "org.apache.kafka.connect.errors.ConnectException: Exiting WorkerSinkTask due to unrecoverable exception.\n"
    "\tat org.apache.kafka.connect.runtime.WorkerSinkTask.deliverMessages(WorkerSinkTask.java:658)\n"
    "Caused by: java.sql.SQLException: Cannot alter table orders because schema evolution is disabled\n"
)


@dataclass
class FakeWorld:
    connect: FakeConnect = field(default_factory=FakeConnect)
    source: str = "t-source"
    sink: str = "t-sink"
    other: str = "t-file"

    def __post_init__(self) -> None:
        fake = self.connect
        fake.add(self.source, "source", {"database.password": CANARY})
        fake.add(self.sink, "sink", {"connection.password": CANARY, "topics": "t.t.orders"})
        fake.add(self.other, "source")
        fake.offsets_by_name[self.sink] = Offsets(committed={"t.t.orders-0": 5}, known=True)
        fake.offsets_by_name[self.source] = Offsets(source='[{"partition":{"server":"t"}}]', known=True)
        fake.topics_by_name |= dict.fromkeys((self.source, self.sink), frozenset({"t.t.orders"}))
        fake.reachability = {self.source: (True, ""), self.sink: (True, "")}

    def break_sink(self) -> None:
        self.connect.fail(self.sink, TRACE)

    def mend_sink(self) -> None:
        self.connect.mend(self.sink)

    def lock_out(self) -> None:
        refused = (False, "Access denied for user 'dw' (using password: YES)")
        self.connect.reachability = {self.source: refused, self.sink: refused}


class TestFakeConnect(ConnectContract):
    @pytest.fixture
    def world(self) -> FakeWorld:
        return FakeWorld()


class OldWorld(FakeWorld):
    """The adapter in front of a worker from before 3.0."""

    def __init__(self, url: str, fake: FakeConnect) -> None:
        super().__init__(fake)
        self.fake = fake
        self.connect = ConnectRest("main", url, Redactor(), lambda: NOW)  # type: ignore[assignment]

    def break_sink(self) -> None:
        self.fake.fail(self.sink, TRACE)

    def mend_sink(self) -> None:
        self.fake.mend(self.sink)


class TestAWorkerBefore30(ConnectContract):
    @pytest.fixture
    def world(self) -> Iterator[OldWorld]:
        fake = FakeConnect()
        with old_worker(fake) as server:
            world = OldWorld(server.url, fake)
            world.connect.poll()
            yield world

    # It has no /health and no offsets; whether a connector could connect is asked of the database, not of it.
    test_a_poll_tells_every_connector_with_its_tasks = None  # type: ignore[assignment]
    test_a_sinks_offsets_are_by_topic_partition_and_a_sources_are_json = None  # type: ignore[assignment]
    test_connectors_whose_login_works_can_connect = None  # type: ignore[assignment]
    test_connectors_that_are_locked_out_cannot_connect_and_the_message_holds_no_secret = None  # type: ignore[assignment]

    def test_it_tells_its_version_and_no_health(self, world: OldWorld) -> None:
        poll = world.connect.poll()
        assert (poll.version, poll.healthy, poll.complete) == ("2.8.2", None, True)
        assert poll.connectors[world.sink].all_running

    def test_what_a_connector_has_read_is_not_known(self, world: OldWorld) -> None:
        assert not world.connect.offsets(world.sink).known


@pytest.fixture(params=["fake", "rest"])
def unreachable(request: pytest.FixtureRequest) -> Connect:
    if request.param == "fake":
        return FakeConnect(unreachable=PortUnreachable("http://127.0.0.1:1", "no connection"))
    with hostile_server(b"") as closed:
        url = closed.url
    return ConnectRest("main", url, Redactor(), lambda: NOW)


@pytest.mark.parametrize("read", ["poll", "configs", "offsets", "topics", "can_connect"])
def test_every_read_of_an_unreachable_cluster_raises_a_port_error(unreachable: Connect, read: str) -> None:
    arguments = [] if read in ("poll", "configs") else ["t-sink"]
    with pytest.raises(PortError):
        getattr(unreachable, read)(*arguments)


def test_answers_set_on_the_fake_are_used_up_and_change_nothing_unless_accepted() -> None:
    fake = FakeWorld().connect
    fake.fail("t-sink", TRACE, again=False)
    fake.answers = [CallResult.CONFLICT, CallResult.UNKNOWN]
    action = Action("restart", ConnectorKey("main", "t-sink"))
    results = [(fake.act(action).result, fake.poll().connectors["t-sink"].failed) for _ in range(3)]
    assert results == [(CallResult.CONFLICT, True), (CallResult.UNKNOWN, True), (CallResult.ACCEPTED, False)]
    assert fake.calls == [action] * 3
