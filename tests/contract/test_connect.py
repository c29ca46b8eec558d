"""The fake Connect keeps the port's contract, and so does everything else that can be shown without a stack."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from tests.contract.connect_contract import CANARY, ConnectContract
from tests.fakes.connect import NOW, FakeConnect
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
