"""What the probes of a cause's remedy say: each a function of what is seen, with when that was read.

None of them touches the connector. What was read before the failure, or cannot be read, proves nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from watchdog import clocks
from watchdog.compare import belief_differences
from watchdog.contracts import ruling
from watchdog.correlate.surroundings import Surroundings
from watchdog.model import ConnectorKey, Diagnosis, ProbeKind, Proof, SourceOffset
from watchdog.remedies.table import Remedy

NEWS_ONLY = (ProbeKind.BINLOG_THERE, ProbeKind.HISTORY_COMPLETE, ProbeKind.REGISTRY_ACCEPTS)
"""Read from beside the connector, which failed although they may have seemed to hold: that they hold counts only once
they were seen not to, since the failure."""
AGE_STEP_SECONDS = 10.0
"""The same answer again is told anew after that long: each is a write into the journal."""


def with_proofs(key: ConnectorKey, found: Diagnosis, remedy: Remedy, around: Surroundings) -> Diagnosis:
    """`found`, with what the row's probes say, and whether the remedy holds by all of them."""
    proofs = tuple(_kept(proof, around) for kind in remedy.told_by if (proof := _asked(kind, key, found, around)))
    changed = _target_changed(found, around)
    remedied = _all_hold(proofs, bool(changed) or not around.useless_restarts)
    renewed = changed if remedied is None and _is_out_of_sight(around) else ""
    return replace(found, proofs=proofs, remedied=remedied, renewed=renewed)


def _asked(kind: ProbeKind, key: ConnectorKey, found: Diagnosis, around: Surroundings) -> Proof | None:
    ask = _PROBES.get(kind)
    return ask(key, found, around) if ask else None


def _all_hold(proofs: Iterable[Proof], is_news: bool) -> bool | None:
    """`is_news`: the target changed since the failure, or no restart was useless yet. What fitted at every look and was
    refused all the same has something wrong with it that cannot be seen from here."""
    answers = [_counts(proof, is_news) if proof.holds else proof.holds for proof in proofs]
    if False in answers:
        return False
    return True if answers and None not in answers else None


def _counts(proof: Proof, is_news: bool) -> bool | None:
    """Whether a yes is taken for one."""
    if proof.was_missing or proof.kind is ProbeKind.CAN_CONNECT:
        return True
    return (is_news and proof.kind not in NEWS_ONLY) or None


def _target_changed(found: Diagnosis, around: Surroundings) -> str:
    """How, and when; empty where it was not seen to, since the failure."""
    seen = around.targets.tables.get((found.target_address, found.target)) if found.target else None
    changes = [change for change in (seen.changes if seen else ()) if change.seen_at > around.since and change.after]
    return changes[-1].told if changes else ""


def _is_out_of_sight(around: Surroundings) -> bool:
    """The records that wait were asked for, and cannot be read, or not all of them ever."""
    probe = around.probe
    return probe is not None and probe.at > around.since and (probe.shapes is None or probe.scan_ended)


def _kept(proof: Proof, around: Surroundings) -> Proof:
    """With what is remembered of the probe since the failure."""
    before = next((each for each in around.proofs if each.kind is proof.kind), None)
    if before is None or before.at is None or before.at < around.since:
        return replace(proof, was_missing=proof.holds is False)
    missing = before.was_missing or proof.holds is False
    same = (before.holds, before.said, before.was_missing) == (proof.holds, proof.said, missing)
    if same and proof.at and (proof.at - before.at).total_seconds() < AGE_STEP_SECONDS:
        return before
    return replace(proof, was_missing=missing)


# ── the probes ──


def _target_fits(_: ConnectorKey, found: Diagnosis, around: Surroundings) -> Proof | None:
    """As the records were held against the target already."""
    return next((proof for proof in found.proofs if proof.kind is ProbeKind.TARGET_FITS), None)


def _can_connect(_: ConnectorKey, found: Diagnosis, around: Surroundings) -> Proof:
    probe = around.probe
    if probe is None or probe.reachable_at is None or probe.reachable_at < around.since:
        return _untold(ProbeKind.CAN_CONNECT, "the connector's own settings were not tried yet")
    said = {
        True: "the connector's own settings connect to its database",
        False: f"the connector's own settings do not connect to its database: {probe.reachable_message}",
        None: f"nothing tells whether it could connect: {probe.reachable_message or 'no answer'}",
    }[probe.reachable]
    return Proof(ProbeKind.CAN_CONNECT, probe.reachable, said, probe.reachable_at)


def _history_complete(key: ConnectorKey, found: Diagnosis, around: Surroundings) -> Proof:
    source, probe = around.topology.sources.get(key), around.probe
    told = probe.history if probe else None
    if source is None or probe is None or told is None or probe.at < around.since:
        why = probe.history_error if probe else ""
        return _untold(ProbeKind.HISTORY_COMPLETE, why or "the history topic was not read yet")
    if told.partitions == 0:
        return Proof(ProbeKind.HISTORY_COMPLETE, False, f"{told.topic} is not there", probe.at)
    if told.first_offset > 0:
        return Proof(
            ProbeKind.HISTORY_COMPLETE, False, f"{told.topic} begins at {told.first_offset}, not at 0", probe.at
        )
    database = around.databases.get(source.address)
    live = database.tables if database and not database.error else {}
    known = {table for prefix, table in around.history.tables if prefix == source.prefix}
    captured = {table for table in (live or known) if source.captures(table)}
    lacking = sorted(str(table) for table in captured - told.tables)
    if lacking:
        # The rest of it may have them.
        holds = False if told.whole else None
        what = f"{told.topic} ({told.records} records) has no {', '.join(lacking[:5])}"
        return Proof(ProbeKind.HISTORY_COMPLETE, holds, what, probe.at)
    what = f"{told.topic} begins at 0 and has all {len(captured)} captured tables"
    return Proof(ProbeKind.HISTORY_COMPLETE, True if told.whole and captured else None, what, probe.at)


def _binlog_there(key: ConnectorKey, found: Diagnosis, around: Surroundings) -> Proof:
    progress, source = around.progress, around.topology.sources.get(key)
    database = around.databases.get(source.address) if source else None
    if progress is None or not progress.known or progress.source is None:
        return _untold(ProbeKind.BINLOG_THERE, "the source's stored offset is not known")
    if database is None or database.error or database.binlog is None:
        why = (database.error or database.binlog_error) if database else "it is not visible from here (DATABASE_URL)"
        return _untold(ProbeKind.BINLOG_THERE, f"the server's binlog cannot be seen: {why}")
    at = min(progress.at, database.at)
    if at < around.since:
        return _untold(ProbeKind.BINLOG_THERE, "the server's binlog was not read since the failure")
    offset, binlog = progress.source, clocks.wanted_of(database.binlog, around.config)
    stands = f"the source stands at {_place(offset)}"
    if why := clocks.purged(offset, binlog) or _beyond(offset, binlog.position.file, binlog.position.pos):
        return Proof(ProbeKind.BINLOG_THERE, False, f"{stands}, and {why}", at)
    first = binlog.files[0] if binlog.files else "unknown"
    purged = f", purged gtids {clocks.short(binlog.purged_gtids)}" if binlog.purged_gtids else ""
    told = bool(offset.position.gtid or (offset.position.file and binlog.files))
    return Proof(ProbeKind.BINLOG_THERE, told or None, f"{stands}; the server's oldest file is {first}{purged}", at)


def _beyond(offset: SourceOffset, file: str | None, pos: int | None) -> str:
    """Of file positions only: the server was replaced, or lost the end of its log."""
    position = offset.position
    if position.gtid or not file or position.file != file or pos is None or position.pos is None:
        return ""
    return f"the server's own {file} ends at {pos}, before it" if position.pos > pos else ""


def _place(offset: SourceOffset) -> str:
    position = offset.position
    file = f"{position.file}:{position.pos}" if position.file else ""
    gtids = f"gtids {clocks.short(position.gtid)}" if position.gtid else ""
    return " with ".join(filter(None, (file, gtids))) or "an unknown position"


def _table_as_believed(key: ConnectorKey, found: Diagnosis, around: Surroundings) -> Proof:
    """A difference says that the history is wrong still; none says nothing of the rows that were written meanwhile."""
    source, kind = around.topology.sources.get(key), ProbeKind.TABLE_AS_BELIEVED
    database = around.databases.get(source.address) if source else None
    if source is None or found.table is None or database is None or database.error:
        return _untold(kind, "the live table cannot be seen")
    if database.at < around.since:
        return _untold(kind, "the live table was not read since the failure")
    believed, live = around.history.table(source.prefix, found.table), database.tables.get(found.table)
    if believed is None or live is None:
        return _untold(kind, f"{found.table} is not known to both Debezium and the server")
    if differences := belief_differences(believed, live):
        words = "; ".join(map(str, differences))
        return Proof(kind, False, f"the live {found.table} is not as Debezium believes: {words}", database.at)
    told = f"the live {found.table} is as Debezium believes; the rows that wait in the binlog may be older"
    return Proof(kind, None, told, database.at)


def _registry_accepts(_: ConnectorKey, found: Diagnosis, around: Surroundings) -> Proof:
    kind, name = ProbeKind.REGISTRY_ACCEPTS, found.cause.groups.get("subject", "")
    subject = around.subjects.subjects.get(name) if around.subjects else None
    if subject is None or subject.at is None:
        return _untold(kind, f"the registry was not asked for {name or 'the subject'}")
    if subject.at < around.since:
        return _untold(kind, f"the registry was not asked for {name} since the failure")
    level = f"{name} is at version {subject.version}, level {subject.compatibility or 'not told'}"
    if subject.compatibility == "NONE":
        return Proof(kind, True, level, subject.at, was_missing=True)
    change = found.change
    if change is None or change.after is None:
        return Proof(kind, None, f"{level}; which shape was refused is not known", subject.at)
    ruled = ruling(subject, change.before, change.after)
    reasons = f": {'; '.join(ruled.reasons)}" if ruled.reasons else ""
    verb = {True: "which takes the new shape", False: "which refuses the new shape", None: "not known whether it takes"}
    return Proof(kind, ruled.accepts, f"{level}, {verb[ruled.accepts]}{reasons}", subject.at)


def _registry_answers(_: ConnectorKey, found: Diagnosis, around: Surroundings) -> Proof:
    view = around.subjects
    if view is None:
        return _untold(ProbeKind.REGISTRY_ANSWERS, "no registry is configured here")
    # The worker may reach it where we do not.
    if view.error:
        return _untold(ProbeKind.REGISTRY_ANSWERS, f"the registry does not answer us: {view.error}")
    if view.at is None or view.at < around.since:
        return _untold(ProbeKind.REGISTRY_ANSWERS, "the registry was not asked since the failure")
    return Proof(ProbeKind.REGISTRY_ANSWERS, True, "the registry answers", view.at)


def _untold(kind: ProbeKind, why: str) -> Proof:
    return Proof(kind, None, why)


_PROBES: dict[ProbeKind, Callable[[ConnectorKey, Diagnosis, Surroundings], Proof | None]] = {
    ProbeKind.TARGET_FITS: _target_fits,
    ProbeKind.CAN_CONNECT: _can_connect,
    ProbeKind.HISTORY_COMPLETE: _history_complete,
    ProbeKind.BINLOG_THERE: _binlog_there,
    ProbeKind.TABLE_AS_BELIEVED: _table_as_believed,
    ProbeKind.REGISTRY_ACCEPTS: _registry_accepts,
    ProbeKind.REGISTRY_ANSWERS: _registry_answers,
}
