"""A source that copies everything anew although it had streamed: its offset was lost, or somebody made it."""

from __future__ import annotations

from collections.abc import Iterator

from watchdog.history import SchemaHistory
from watchdog.model import Advice, Category, Cause, Code, Finding, Observation, Progress, Severity, Unseen
from watchdog.topology import SourceLink, Topology

_ON_DEMAND = "BLOCKING"
"""A copy that a person asked for by a signal."""


def new_snapshots(seen: Observation, topology: Topology, history: SchemaHistory) -> Iterator[Finding | Unseen]:
    for key, source in topology.sources.items():
        progress = seen.progress.get(key)
        if progress is None or not progress.known:
            yield Unseen(Code.NEW_SNAPSHOT, key, progress.error if progress else "its offset was not read yet")
        elif why := _streamed_before(progress, source, history):
            if progress.source is None:
                yield _finding(progress, "its stored offset is gone", why)
            elif _copies(progress):
                yield _finding(progress, f"its stored offset says snapshot={progress.source.snapshot}", why)


def _copies(progress: Progress) -> bool:
    offset = progress.source
    return bool(offset and offset.snapshot and not offset.snapshot_completed and offset.snapshot.upper() != _ON_DEMAND)


def _streamed_before(progress: Progress, source: SourceLink, history: SchemaHistory) -> str:
    """What tells that it did, in words; empty when nothing does."""
    if progress.streamed_at is not None:
        return f"its offset was one of streaming at {progress.streamed_at:%Y-%m-%d %H:%M:%S} UTC"
    # Only a source that streams tells of statements; one that was made after the copy began is no evidence.
    began = progress.source.at if progress.source else None
    told = [change for (prefix, _), each in history.changes.items() if prefix == source.prefix for change in each]
    before = [change.at for change in told if began is not None and change.at < began]
    return f"it told of a statement of {max(before):%Y-%m-%d %H:%M:%S} UTC as it streamed" if before else ""


def _finding(progress: Progress, what: str, why: str) -> Finding:
    cause = Cause(
        category=Category.HISTORY_LOST,
        restart=Advice.NO,
        message=f"{what}, although it had streamed before",
        summary="The source copies its tables anew: every row comes again as a read, and deletes made meanwhile never "
        "come.",
        fix="If nobody wanted that: see whether Connect's offset topic lost its records (its cleanup.policy must be "
        "compact) or the connector was created under another name; then compare source and target for deleted rows",
        confidence=0.9,
    )
    return Finding(Code.NEW_SNAPSHOT, progress.key, "", cause, Severity.RISKY, evidence=(why, what))
