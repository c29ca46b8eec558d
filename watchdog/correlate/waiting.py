"""Whether every record that waits for a sink fits its targets, where none was found that does not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from watchdog.correlate.surroundings import Surroundings
from watchdog.model import Probe, ProbeKind, Proof
from watchdog.topology import Route


def all_fit(routes: Sequence[Route], around: Surroundings) -> Proof:
    """It holds only when the waiting records and the targets were both read, whole, since the failure."""
    probe = around.probe
    if probe is None or (why := unseen(routes, around)):
        return Proof(ProbeKind.TARGET_FITS, None, "; ".join(why) if probe else "the waiting records were not read yet")
    holds, said = _as_far_as_read(probe)
    return Proof(ProbeKind.TARGET_FITS, holds, said, read_at(routes, around))


def no_misfit(routes: Sequence[Route], around: Surroundings) -> Proof:
    """For a failure of which it is not known whether the target has a part in it: that all fit is no remedy."""
    proof = all_fit(routes, around)
    return replace(proof, holds=None, said=f"{proof.said}: so it is something else") if proof.holds else proof


def read_at(routes: Sequence[Route], around: Surroundings) -> datetime | None:
    """As old as the oldest of what it was read from."""
    read = [around.databases[r.target_address].at for r in routes if r.target_address in around.databases]
    return min((*read, around.probe.at)) if around.probe else None


def _as_far_as_read(probe: Probe) -> tuple[bool | None, str]:
    """A part of the records is no proof."""
    read = sum(shape.count for shape in probe.shapes or ())
    if not probe.capped:
        return True, f"every record that waits fits ({read:,} rows)"
    committed, end = probe.offsets.committed, probe.offsets.end
    waiting = sum(max(0, last - committed.get(partition, 0)) for partition, last in end.items())
    ends = "the cap ends it" if probe.scan_ended else "reading goes on"
    return None, f"the first {probe.scanned or read:,} of {waiting:,} records fit; {ends}"


def unseen(routes: Sequence[Route], around: Surroundings) -> list[str]:
    """What keeps us from telling whether the records fit; empty when nothing does."""
    found = []
    for route in {route.target_address: route for route in routes}.values():
        database = around.databases.get(route.target_address)
        if database is None:
            found.append(
                f"the target database {route.target_address or '(unknown)'} is not visible from here (DATABASE_URL)"
            )
        elif database.error:
            found.append(f"the target database cannot be read: {database.error}")
        elif database.at < around.since:
            found.append("the target's columns have not been read since the failure")
    found += [
        f"target table {route.target} is not visible: dropped, never made, or without a grant"
        for route in routes
        if (database := around.databases.get(route.target_address)) and route.target not in database.tables
    ]
    probe = around.probe
    if probe is None or probe.at < around.since:
        found.append("the waiting records have not been read since the failure")
    elif probe.shapes is None:
        found.append(f"the waiting records cannot be read: {probe.scan_error or 'no access to Kafka'}")
    return found
