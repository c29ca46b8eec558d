"""PURE: policy + a connector + a cause → what would happen, in words, before anything does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from watchdog.model import Advice, Cause, ConnectorKey, ProbeKind
from watchdog.policy import Mode, Policy, Terms
from watchdog.policy.backoff import Backoff, Pace
from watchdog.remedies.table import Remedy, Untold, remedy_of

_TOLD_BY = {
    ProbeKind.TARGET_FITS: "the records that wait, against the target's live columns",
    ProbeKind.CAN_CONNECT: "the connector's own settings, tried",
    ProbeKind.HISTORY_COMPLETE: "the schema history topic",
    ProbeKind.BINLOG_THERE: "the server's binlogs, against the source's offset",
    ProbeKind.TABLE_AS_BELIEVED: "the live table, against what Debezium believes",
    ProbeKind.REGISTRY_ACCEPTS: "the registry's compatibility check",
    ProbeKind.REGISTRY_ANSWERS: "the registry",
    ProbeKind.NEW_SETTINGS: "new settings of the connector, which are worth one try",
}


@dataclass(frozen=True, slots=True)
class Foretold:
    """`outcome` in one sentence; then each thing that leads to it, with the place of the policy that says it."""

    outcome: str
    lines: tuple[tuple[str, str], ...]
    """Label and text."""


def foretell(policy: Policy, key: ConnectorKey, cause: Cause, side: str) -> Foretold:
    """What would be done if the connector failed of that cause now, outside of maintenance."""
    terms, remedy = policy.terms(key), remedy_of(cause, side)
    return Foretold(_outcome(terms, remedy, cause), tuple(_lines(policy, key, cause, remedy)))


def _outcome(terms: Terms, remedy: Remedy, cause: Cause) -> str:
    if terms.never:
        return "nothing is done, whoever approves: it is detected and shown"
    if not terms.acts_on(cause):
        return f"nothing is done: the policy acts on {', '.join(terms.causes)} only; it is detected and shown"
    if terms.mode is Mode.OBSERVE:
        return "nothing is done: the mode is observe; it is detected and shown"
    does = (
        "a restart of its failed tasks is proposed" if terms.mode is Mode.PROPOSE else "its failed tasks are restarted"
    )
    return f"{does} {_when(remedy, cause)}"


def _when(remedy: Remedy, cause: Cause) -> str:
    seen = f"once it is observed that {remedy.waits_for}" if remedy.waits_for else ""
    tried = "as a failure of this kind may pass by itself" if remedy.may_be_tried(cause.restart) else ""
    if seen and tried:
        return f"{seen}; where that cannot be told, {tried}, {_tries(remedy, cause)}"
    if seen or tried:
        return seen or f"{tried}: {_tries(remedy, cause)}"
    return "once its settings change, or a person approves"


def _tries(remedy: Remedy, cause: Cause) -> str:
    on = remedy.untold is Untold.TRY_ON or cause.restart is Advice.YES
    return "again and again at growing pauses" if on else "one try"


def _lines(policy: Policy, key: ConnectorKey, cause: Cause, remedy: Remedy) -> Iterator[tuple[str, str]]:
    terms, said = policy.terms(key), policy.said(key)

    def by(name: str) -> str:
        place = said[name][1] if name in said else ""
        return f" ({place})" if place else " (default)"

    yield "mode", f"{terms.mode.value}{by('mode')}"
    if terms.never:
        yield "never", f"yes{by('never')}"
    if terms.causes:
        yield "causes", f"{', '.join(terms.causes)}{by('causes')}"
    yield "cause", f"{cause.category.value}{f' ({cause.signature})' if cause.signature else ''}: {remedy.cause}"
    yield "waits for", remedy.waits_for or "nothing that can be observed"
    yield "told by", "; ".join(_TOLD_BY[kind] for kind in remedy.told_by) or "nothing: it is tried"
    if remedy.otherwise:
        yield "otherwise", remedy.otherwise.format(connector=key.connector)
    yield "attempts", f"{terms.attempts_max} at most{by('attempts_max')}; {gives_up(terms)}"
    yield "back-off", f"{terms.backoff}{by('backoff')}: {pauses(terms.backoff, terms.attempts_max)}"
    window = f"{terms.stability_window_seconds:g} s{by('stability_window_seconds')}"
    yield "recovered", f"RUNNING for {window}, and past what it was stuck on"
    yield "budget", f"{policy.budget(key.cluster)} restarts a minute in Connect cluster {key.cluster}"
    yield (
        "circuit",
        (
            f"with {policy.circuit_tasks_min} tasks and {policy.circuit_share_min:.0%} of all failing together, each "
            f"cause is tried at one connector first"
        ),
    )
    if terms.maintenance:
        yield "maintenance", f"nothing is done in {'; '.join(w.text for w in terms.maintenance)}{by('maintenance')}"
    if terms.silences:
        yield "silences", f"nobody is called in {'; '.join(w.text for w in terms.silences)}{by('silences')}"
    yield (
        "if paused",
        (
            f"resumed once it is remedied{by('resume')}"
            if terms.resume
            else "PAUSED or STOPPED by a person, it is left alone"
        ),
    )


def pauses(backoff: Backoff, attempts_max: int) -> str:
    """`2 min, 6 min, 12 min`: between the attempts that there may be."""
    each = [backoff.pause_seconds(useless) for useless in range(1, min(attempts_max, 9))]
    told = ", ".join(_span(seconds) for seconds in each) or "none"
    more = ", …" if attempts_max > 9 else ""
    about = "about " if backoff.pace is Pace.EXPONENTIAL and backoff.jitter else ""
    return f"{about}{told}{more}"


def gives_up(terms: Terms) -> str:
    total = sum(terms.backoff.pause_seconds(useless) for useless in range(1, terms.attempts_max))
    return f"given up after {_span(total)} at the earliest, one alert; `watchdog approve ID` begins again"


def _span(seconds: float) -> str:
    if seconds < 60 or (seconds % 60 and seconds < 600):
        return f"{seconds:g} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
