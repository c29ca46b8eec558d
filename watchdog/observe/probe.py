"""Shell: finds out about one connector what the judges asked for, without touching the connector."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from watchdog.errors import PortError
from watchdog.model import ConnectorKey, HistoryTopic, Offsets, Probe, ProbeRequest, RecordShape, TopicPartition
from watchdog.observe.shapes import together
from watchdog.ports import Connect, Records

REACHABILITY_SECONDS_MIN = 5.0
"""The pauses grow from this on, up to what the request allows."""
SCAN_LOOKS_MAX = 100
"""A look reads as many records as the settings say, the next goes on from there; after so many it is given up."""
HISTORY_SECONDS = 5.0
HISTORY_RECORDS_MAX = 50_000


@dataclass(slots=True)
class _Reachability:
    at: datetime
    answer: bool | None
    message: str
    pause_seconds: float
    fingerprint: str


@dataclass(slots=True)
class _Scan:
    """`read_to`: None where only the ends were asked for. `scanned`: records, deletes too."""

    committed: Mapping[TopicPartition, int]
    end: Mapping[TopicPartition, int]
    waits: bool
    shapes: tuple[RecordShape, ...] = ()
    read_to: Mapping[TopicPartition, int] | None = None
    scanned: int = 0

    @property
    def capped(self) -> bool:
        return self.read_to is not None and any(to < self.end.get(p, 0) for p, to in self.read_to.items())


@dataclass(slots=True)
class _History:
    topic: str
    at: datetime
    told: HistoryTopic | None
    error: str


class Prober:
    """Remembers what it asked, so that nothing is asked more often than it can have changed."""

    def __init__(
        self, connect: Connect, records: Records | None, scan_records_max: int, clock: Callable[[], datetime]
    ) -> None:
        self._connect = connect
        self._records = records
        self._scan_records_max = scan_records_max
        self._clock = clock
        self._reachability: dict[ConnectorKey, _Reachability] = {}
        self._scans: dict[ConnectorKey, _Scan] = {}
        self._histories: dict[ConnectorKey, _History] = {}

    def probe(self, request: ProbeRequest) -> Probe:
        at = self._clock()
        offsets = self._offsets(request)
        scan, scan_error = self._scan(request, offsets)
        reached = self._reached(request, at) if request.reachability else None
        history = self._history(request, at) if request.history else None
        capped = bool(scan and scan.capped)
        return Probe(
            key=request.key,
            at=at,
            offsets=Offsets(offsets.committed, scan.end if scan else {}, offsets.source, offsets.known),
            shapes=scan.shapes if scan and request.scan else None,
            capped=capped,
            waits=scan.waits if scan else None,
            scan_error=scan_error,
            scanned=scan.scanned if scan else 0,
            scan_ended=capped and scan is not None and scan.scanned >= self._scan_records_max * SCAN_LOOKS_MAX,
            reachable=reached.answer if reached else None,
            reachable_message=reached.message if reached else "",
            reachable_at=reached.at if reached else None,
            history=history.told if history else None,
            history_error=history.error if history else "",
        )

    def _offsets(self, request: ProbeRequest) -> Offsets:
        try:
            return self._connect.offsets(request.key.connector)
        except PortError:
            return Offsets()

    def _scan(self, request: ProbeRequest, offsets: Offsets) -> tuple[_Scan | None, str]:
        if not request.topics:
            return None, ""
        if self._records is None:
            return None, "no Kafka bootstrap servers are configured"
        if not offsets.known:
            return None, "Connect does not tell how far the sink is (workers before 3.5, or no answer)"
        try:
            return self._scan_records(self._records, request, offsets.committed), ""
        except PortError as error:
            return None, str(error)

    def _scan_records(self, records: Records, request: ProbeRequest, committed: Mapping[TopicPartition, int]) -> _Scan:
        _, end, waits = records.waiting(committed, request.topics, 0)
        before = self._scans.get(request.key)
        if not request.scan:
            return _Scan(committed, end, waits)
        # A topic that was made anew ends before what was read of it.
        read_to = (before.read_to if before else None) or {}
        anew = any(to > end.get(partition, 0) for partition, to in read_to.items())
        if before is None or before.committed != committed or anew:
            before = _Scan(committed, {}, waits, read_to={p: committed.get(p, 0) for p in end})
        # What was read does not change: only what was written since is read, and what the cap left.
        scan = self._further(records, replace(before, end=end, waits=waits))
        self._scans[request.key] = scan
        return scan

    def _further(self, records: Records, scan: _Scan) -> _Scan:
        known = scan.read_to or {}
        read_to = {partition: known.get(partition, 0) for partition in scan.end}
        left = {p: to for p, to in read_to.items() if to < scan.end[p]}
        if not left or scan.scanned >= self._scan_records_max * SCAN_LOOKS_MAX:
            return replace(scan, read_to=read_to)
        shapes, now = records.further(left, scan.end, self._scan_records_max)
        return replace(
            scan,
            shapes=together(scan.shapes, shapes),
            read_to={**read_to, **now},
            scanned=scan.scanned + sum(max(0, to - left[p]) for p, to in now.items() if p in left),
        )

    def _history(self, request: ProbeRequest, now: datetime) -> _History:
        """Read anew at most each few seconds: it may be long."""
        before = self._histories.get(request.key)
        fresh = before is not None and before.topic == request.history
        if before and fresh and (now - before.at).total_seconds() < HISTORY_SECONDS:
            return before
        told, error = None, "no Kafka bootstrap servers are configured"
        if self._records is not None:
            try:
                told, error = self._records.history(request.history, HISTORY_RECORDS_MAX), ""
            except PortError as refused:
                error = str(refused)
        self._histories[request.key] = _History(request.history, now, told, error)
        return self._histories[request.key]

    def _reached(self, request: ProbeRequest, now: datetime) -> _Reachability:
        before = self._reachability.get(request.key)
        changed = before is None or before.fingerprint != request.config_fingerprint
        if before and not changed and not self._due(before, request, now):
            return before
        try:
            answer, message = self._connect.can_connect(request.key.connector, request.targets)
        except PortError as error:
            answer, message = None, str(error)
        pause = REACHABILITY_SECONDS_MIN
        if before and not changed and answer is False:
            pause = min(before.pause_seconds * 1.5, request.reachability_pause_seconds_max)
        reached = _Reachability(now, answer, message, pause, request.config_fingerprint)
        self._reachability[request.key] = reached
        return reached

    @staticmethod
    def _due(before: _Reachability, request: ProbeRequest, now: datetime) -> bool:
        if request.since is not None and before.at < request.since:
            return True
        return (now - before.at).total_seconds() >= before.pause_seconds
