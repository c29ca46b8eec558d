"""Makes cases on a running stack and keeps what Connect says of the connector that they broke."""

import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from stack import StackError, wait_for
from stack.connect import Document
from stack.console import say

from failures.broker import GuardedStack
from failures.case import Case
from failures.place import Place
from failures.trace_file import document, failed_parts, without_secrets, write

_AT_ONCE = 3


@dataclass(frozen=True)
class Result:
    """`status` is None for a case that never reached FAILED; `seen` says what happened instead."""

    case: Case
    status: Document | None
    seen: str
    seconds: float


def collect(stack: GuardedStack, cases: Iterable[Case], folder: Path) -> Iterator[Result]:
    """Results as they come; files are written for those that failed as they should."""
    chosen = list(cases)
    versions = _versions(stack)
    for result in _run(stack, chosen):
        if result.status is not None:
            now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            status = without_secrets(result.status, stack.settings)
            write(document(result.case, status, versions, now), folder)
        yield result


def _run(stack: GuardedStack, cases: list[Case]) -> Iterator[Result]:
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        jobs = [pool.submit(_one, stack, case) for case in cases if not case.disturbs]
        for job in as_completed(jobs):
            yield job.result()
    for case in cases:
        if case.disturbs:
            yield _one(stack, case)
            stack.up()


def _one(stack: GuardedStack, case: Case) -> Result:
    began = time.monotonic()
    place = Place(stack, case.name, case.side)
    try:
        status, seen = _break(place, case)
    finally:
        if case.disturbs:
            stack.up()
        with suppress(StackError):
            place.clean()
    result = Result(case, status, seen, time.monotonic() - began)
    say("FAILED" if status else "not failed", f"{case.name} {seen[:300]} ({result.seconds:.0f} s)")
    return result


def _break(place: Place, case: Case) -> tuple[Document | None, str]:
    try:
        case.make(place)
        return wait_for(lambda: _failed(place), case.patience, f"{place.broken} to be FAILED"), ""
    except StackError as error:
        # One whose making waits for the failure says so by itself.
        return None, f"{_states(place)}: {error}"


def _failed(place: Place) -> Document | None:
    """Whole: with its trace, which may come a moment after the state."""
    try:
        status = place.connect.status(place.broken)
    except StackError:  # not known yet
        return None
    failed = failed_parts(status)
    return status if failed and all(part.get("trace") for part in failed) else None


def _states(place: Place) -> str:
    with suppress(StackError):
        return ",".join(sorted(place.connect.states(place.broken))) or "unknown to Connect"
    return "Connect does not answer"


def _versions(stack: GuardedStack) -> dict[str, str]:
    plugins = stack.connect.call("GET", "/connector-plugins")
    debezium = {plugin["version"] for plugin in plugins if plugin["class"].startswith("io.debezium.connector")}
    (server,) = stack.source.query("SELECT VERSION() AS version")
    return {
        "kafka_connect": stack.connect.call("GET", "/")["version"],
        "debezium": ", ".join(sorted(debezium)),
        stack.source.kind: server["version"],
    }
