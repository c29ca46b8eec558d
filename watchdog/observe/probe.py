"""Shell: finds out about one connector what the judges asked for, without touching the connector."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from watchdog.errors import PortError
from watchdog.model import ConnectorKey, Offsets, Probe, ProbeRequest, RecordShape, TopicPartition
from watchdog.ports import Connect, Records

REACHABILITY_SECONDS_MIN = 5.0
"""The pauses grow from this on, up to what the request allows."""


@dataclass(slots=True)
class _Reachability:
    at: datetime
    answer: bool | None
    message: str
    pause_seconds: float
    fingerprint: str


@dataclass(slots=True)
class _Scan:
    committed: Mapping[TopicPartition, int]
    end: Mapping[TopicPartition, int]
    shapes: tuple[RecordShape, ...]
    capped: bool
    waits: bool


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

    def probe(self, request: ProbeRequest) -> Probe:
        at = self._clock()
        offsets = self._offsets(request)
        scan, scan_error = self._scan(request, offsets)
        reached = self._reached(request, at) if request.reachability else None
        return Probe(
            key=request.key,
            at=at,
            offsets=Offsets(offsets.committed, scan.end if scan else {}, offsets.source, offsets.known),
            shapes=scan.shapes if scan and request.scan else None,
            capped=bool(scan and scan.capped),
            waits=scan.waits if scan else None,
            scan_error=scan_error,
            reachable=reached.answer if reached else None,
            reachable_message=reached.message if reached else "",
            reachable_at=reached.at if reached else None,
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
        # Nothing was written and nothing was taken: what waits is what waited.
        if before and before.committed == committed and before.end == end:
            return before
        if not request.scan:
            return _Scan(committed, end, (), False, waits)
        shapes, end, capped = records.waiting(committed, request.topics, self._scan_records_max)
        scan = _Scan(committed, end, shapes, capped, waits)
        self._scans[request.key] = scan
        return scan

    def _reached(self, request: ProbeRequest, now: datetime) -> _Reachability:
        before = self._reachability.get(request.key)
        changed = before is None or before.fingerprint != request.config_fingerprint
        if before and not changed and not self._due(before, request, now):
            return before
        try:
            answer, message = self._connect.can_connect(request.key.connector)
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
