"""What the property test plays with: a Connect cluster that remembers the truth, processes that can be killed at any
point, and journals that outlive them. The clock is the stage's; nothing waits."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from tests.core.scene import (
    CONFIGS,
    DENIED_TRACE,
    DOWN_TRACE,
    DRIFT_TRACE,
    NEW_COLUMN,
    ODD_TRACE,
    OLD_COLUMNS,
    PARTITION,
    TARGET,
    TARGET_ADDRESS,
    shape,
    table,
)
from tests.fakes.connect import FakeConnect
from tests.fakes.journal import Disk, FakeJournal
from watchdog.act import Hands
from watchdog.adapters.sqlite import SqliteJournal, open_journal
from watchdog.codec import from_document, to_document
from watchdog.errors import JournalError
from watchdog.keeper import Keeper
from watchdog.loop import Loop
from watchdog.model import (
    Action,
    CallResult,
    ConnectorKey,
    ConnectorStatus,
    Counters,
    DatabaseColumns,
    Offsets,
    Outcome,
    Poll,
    Probe,
    Report,
    Request,
    State,
    TimelineEntry,
)
from watchdog.observe import ClusterEyes, ClusterPorts, Observatory
from watchdog.observe.workers import Inbox
from watchdog.policy import Policy
from watchdog.pulse import Pulse
from watchdog.world import Configs

CANARY = "c4n4ry-p4ss"
"""In every configuration, and in every trace as the worker writes it."""
TRACES = {
    name: trace.replace("\n", f" (password {CANARY})\n", 1)
    for name, trace in {"odd": ODD_TRACE, "down": DOWN_TRACE, "denied": DENIED_TRACE, "drift": DRIFT_TRACE}.items()
}
KINDS = {"dw-sink": "sink", "oltp-source": "source", "odd-sink": "sink", "wide-sink": "sink"}
TASKS = {"wide-sink": 3}
RUNS_SECONDS = 1.0
"""A task that is restarted in vain is RUNNING for so long."""


class Crash(BaseException):
    """`kill -9`: whatever is under way ends here, and nothing is said."""


# ── Connect ──


class Cluster:
    """Connectors, and which of them a restart would help."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.clock = clock
        self.fake = FakeConnect(clock=clock)
        self.failing: dict[str, str] = {}
        """Name → why its tasks fail as soon as they run; no entry: nothing is wrong."""
        self.misjudged: set[str] = set()
        """What the probes see holds, and the tasks fail all the same."""
        self.will_fail_at: dict[str, datetime] = {}
        self.read = 0
        self._shown: dict[ConnectorStatus, ConnectorStatus] = {}
        self._configs: Configs | None = None
        for name in KINDS:
            self.create(name)

    def create(self, name: str) -> None:
        known = CONFIGS[name].values if name in CONFIGS else {}
        secrets = {"connection.password": CANARY, "database.password": CANARY}
        self.fake.add(name, KINDS[name], {**known, **secrets}, TASKS.get(name, 1))
        self._configs = None

    def delete(self, name: str) -> None:
        self.fake.remove(name)
        self._configs = None
        self.failing.pop(name, None)
        self.will_fail_at.pop(name, None)

    def state(self, name: str) -> State | None:
        """FAILED when any task is; None when there is no such connector."""
        status = self.fake.connectors.get(name)
        return None if status is None else State.FAILED if status.failed else status.state

    def fail(self, name: str, why: str) -> None:
        self.failing[name] = why
        for task in self.fake.connectors[name].tasks:
            self.fake.fail(name, TRACES[why], task.id, again=False)

    def heal(self, name: str) -> None:
        self.failing.pop(name, None)
        self.misjudged.discard(name)

    def resume(self, name: str) -> None:
        """A STOPPED one has no tasks until then, also when it was PAUSED meanwhile."""
        if not self.fake.connectors[name].tasks:
            self.fake.add(name, KINDS[name], self.fake.raw_configs[name], TASKS.get(name, 1))
        self.run(name)

    def run(self, name: str) -> None:
        self.fake.set_state(name, State.RUNNING)
        if name in self.failing:
            self.will_fail_at[name] = self.clock() + timedelta(seconds=RUNS_SECONDS)

    def go_on(self) -> None:
        """What happens by itself as time passes."""
        self.read += 1
        for name, at in list(self.will_fail_at.items()):
            if self.state(name) is not State.RUNNING or name not in self.failing:
                del self.will_fail_at[name]
            elif self.clock() >= at:
                del self.will_fail_at[name]
                self.fail(name, self.failing[name])

    def carry_out(self, action: Action) -> None:
        name = action.key.connector
        if action.verb == "pause":
            self.fake.set_state(name, State.PAUSED)
        elif action.verb == "resume":
            self.resume(name)
        elif self.state(name) is State.FAILED:
            self.run(name)

    def seen(self) -> list[Any]:
        """What the workers bring in one tick."""
        now = self.clock()
        if self.fake.unreachable:
            return [Poll("main", now, error=str(self.fake.unreachable))]
        if self._configs is None:
            self._configs = Configs("main", self.fake.configs(), whole=True)
        poll = Poll("main", now, {n: self._cleaned(each) for n, each in self.fake.connectors.items()}, healthy=True)
        probes = [self._probe(name) for name in self.fake.connectors]
        return [poll, self._configs, self._columns(), *probes]

    def _cleaned(self, status: ConnectorStatus) -> ConnectorStatus:
        """As the fake tells it, once for each status: most of them come again and again."""
        if status not in self._shown:
            self._shown[status] = self.fake.poll().connectors[status.name]
        return self._shown[status]

    def _columns(self) -> DatabaseColumns:
        lacks = self.failing.get("dw-sink") == "drift" and "dw-sink" not in self.misjudged
        columns = OLD_COLUMNS if lacks else (*OLD_COLUMNS, NEW_COLUMN)
        return DatabaseColumns(TARGET_ADDRESS, self.clock(), {TARGET: table(TARGET, *columns)})

    def _probe(self, name: str) -> Probe:
        now, stuck = self.clock(), self.state(name) is not State.RUNNING
        key = ConnectorKey("main", name)
        healthy = name not in self.failing or name in self.misjudged
        said = "" if healthy else f"Access denied (using {CANARY})"
        reach: dict[str, Any] = {"reachable": healthy, "reachable_at": now}
        reach["reachable_message"] = self.fake.redactor.clean(said)
        if KINDS[name] == "source":
            offset = "stuck" if stuck else f"read {self.read}"
            return Probe(key, now, Offsets(source=offset, known=True), **reach)
        offsets = Offsets({PARTITION: 21 if stuck else 25}, {PARTITION: 25}, known=True)
        shapes = (shape("id", "customer", "unexpected_field"),) if stuck else ()
        return Probe(key, now, offsets, shapes=shapes, waits=stuck, **reach)


# ── journals ──


class Shelf(Protocol):
    """Where a journal is: what outlives the processes."""

    broken: bool

    def open(self) -> Any: ...
    def documents(self, prefix: str) -> dict[str, dict[str, Any]]: ...
    def lines(self) -> Iterator[TimelineEntry]: ...
    def is_owner(self, journal: Any) -> bool: ...
    def kill(self, journal: Any) -> None: ...
    def ask(self, request: Request) -> None: ...
    def close(self) -> None: ...


class FakeShelf:
    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.disk = Disk()
        self._reader = FakeJournal(self.disk)

    @property
    def broken(self) -> bool:
        return self.disk.broken

    @broken.setter
    def broken(self, value: bool) -> None:
        self.disk.broken = value

    def open(self) -> FakeJournal:
        return FakeJournal(self.disk)

    def documents(self, prefix: str) -> dict[str, dict[str, Any]]:
        return self._reader.state.load(prefix)

    def lines(self) -> Iterator[TimelineEntry]:
        return iter(self.disk.entries)

    def is_owner(self, journal: FakeJournal) -> bool:
        return self.disk.owner is journal

    def kill(self, journal: FakeJournal) -> None:
        journal.close()

    def ask(self, request: Request) -> None:
        self._reader.state.put({f"request/{request.id}": to_document(request)})

    def close(self) -> None:
        pass


class SqliteShelf:
    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="journal-"))
        self._path, self._clock = self._folder / "journal.sqlite", clock
        self.broken = False
        self._verb = open_journal(self._path, clock=clock)

    def open(self) -> SqliteJournal:
        return open_journal(self._path, clock=self._clock)

    def documents(self, prefix: str) -> dict[str, dict[str, Any]]:
        return self._verb.state.load(prefix)

    def lines(self) -> Iterator[TimelineEntry]:
        return self._verb.audit.told()

    def is_owner(self, journal: SqliteJournal) -> bool:
        return journal._lock._descriptor is not None and journal._lock.stands()

    def kill(self, journal: SqliteJournal) -> None:
        journal.close()

    def ask(self, request: Request) -> None:
        self._verb.state.put({f"request/{request.id}": to_document(request)})

    def close(self) -> None:
        self._verb.close()
        shutil.rmtree(self._folder)


class Breakable:
    """`ports.Journal` that is full when its shelf is, and in which a process can be killed before or after a commit."""

    def __init__(self, inner: Any, shelf: Shelf) -> None:
        self._inner, self._shelf = inner, shelf
        self.state, self.audit = inner.state, inner.audit
        self.acquire, self.holder, self.close = inner.acquire, inner.holder, inner.close
        self.kill_at = ""

    @contextmanager
    def transaction(self) -> Iterator[None]:
        with self._inner.transaction():
            yield
            if self._shelf.broken:
                raise JournalError("the disk is full")
            if self.kill_at == "before-commit":
                raise Crash
        if self.kill_at == "after-commit":
            raise Crash


# ── processes ──


@dataclass
class Call:
    action: Action
    at: datetime
    process: Process
    answered: CallResult | None = None
    answered_at: datetime | None = None
    was_running: bool = False


class ToldHands(Hands):
    """Tells of each call before it is made: there the stage looks whether it may be, or kills the process."""

    def __init__(self, process: Process) -> None:
        self._process = process

    def do(self, action: Action) -> None:
        self._process.handed_out(action)


@dataclass
class Process:
    """One `watchdog run`, until it is killed."""

    cluster: Cluster
    shelf: Shelf
    policy: Policy
    clock: Callable[[], datetime]
    allow: Callable[[Process, Action], None]
    """Asserts that the call may be made."""
    calls: list[Call] = field(default_factory=list)
    """Not answered yet."""
    answers: list[Outcome] = field(default_factory=list)
    kill_before_call: bool = False
    last_tick: datetime | None = None
    tilted_until: datetime | None = None
    report: Report | None = None

    def __post_init__(self) -> None:
        self.inner = self.shelf.open()
        self.journal = Breakable(self.inner, self.shelf)
        inbox: Inbox = Inbox()
        eyes = ClusterEyes(ClusterPorts(self.cluster.fake), {}, inbox, self.clock)
        observatory = Observatory({"main": eyes}, {}, inbox)
        hands = {"main": ToldHands(self)}
        self.loop = Loop(observatory, hands, Keeper(self.journal), self.policy, Pulse(self.clock, 30.0))

    def tick(self) -> None:
        now = self.clock()
        gap = (now - self.last_tick).total_seconds() if self.last_tick else 0.0
        if gap < 0 or gap > 30:
            self.tilted_until = now + timedelta(seconds=30)
        answers, self.answers = self.answers, []
        self.report = self.loop.tick([*self.cluster.seen(), *answers])
        self.last_tick = now

    def handed_out(self, action: Action) -> None:
        self.allow(self, action)
        if self.kill_before_call:
            raise Crash
        self.calls.append(Call(action, self.clock(), self))

    def end(self) -> None:
        self.shelf.kill(self.inner)


def counters_of(shelf: Shelf) -> dict[tuple[str, tuple[str, ...]], float]:
    found = shelf.documents("counters")
    return dict(from_document(Counters, found["counters"]).values) if found else {}
