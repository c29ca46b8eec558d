"""`drift`: each captured table as the source, Debezium, the topic and the targets have it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Annotated

import typer

from watchdog.cli import codes
from watchdog.cli.output import ExitCodeOption, Format, FormatOption, comment, show, show_json
from watchdog.cli.session import session_of
from watchdog.compare import DriftReport, is_named
from watchdog.errors import WatchdogError
from watchdog.report import drift as drift_report
from watchdog.report.rows import did_you_mean

QUIET_SECONDS = 1.0
"""What takes longer says what it is doing."""


def drift(
    context: typer.Context,
    tables: Annotated[
        list[str] | None, typer.Argument(metavar="[TABLE]...", help="`db.table` or a glob; all captured ones if none.")
    ] = None,
    output: FormatOption = Format.TABLE,
    exit_code: ExitCodeOption = False,
) -> None:
    """Where the places that must agree on a table's shape do not, and what comes of it.

    Five places: the source table as it is, what Debezium believes (its history topic), the newest row in the topic,
    what a registry promised, and each sink's table as it is. One look; nothing is changed, no watchdog has to run.

    \b
      breaking   a consumer fails, or reads wrong values
      risky      data may be lost without a word, or a value may not fit
      pending    a logged change may be on its way to Debezium: look again
      unlogged   Debezium has read on, and no statement told it (such as with
                 sql_log_bin=0): the next row fails, or is read wrongly

    A table that cannot be seen is "not visible", never "dropped": without a grant both look alike. It needs
    DATABASE_URL for the tables and KAFKA_BOOTSTRAP_SERVERS for what Debezium believes; what is missing is told.

    Examples:

    \b
      watchdog drift
      watchdog drift oltp.orders
      watchdog drift 'oltp.*' --exit-code || page-somebody
      watchdog drift -o json | jq '.[] | select(.severity == "breaking") | .table'
    """
    session = session_of(context)
    wanted = tables or []
    with _telling() as say:
        report = session.app().drift(session.settings(), wanted, say)
    for problem in report.problems:
        comment(problem, "yellow")
    _must_match(report, wanted)
    if output is Format.JSON:
        show_json(drift_report.documents(report))
    elif report.tables:
        show(*drift_report.blocks(report, whole=bool(wanted)))
    else:
        comment("no captured table yet: no Debezium source is there, or it has read nothing so far")
    if exit_code and report.drifted:
        raise typer.Exit(codes.UNHEALTHY)


def _must_match(report: DriftReport, wanted: Sequence[str]) -> None:
    for pattern in wanted:
        if not any(is_named(table, [pattern]) for table in report.known):
            likely = did_you_mean(pattern, map(str, report.known))
            advice = f"did you mean {' or '.join(likely)}?" if likely else "`watchdog drift` shows those that there are"
            raise WatchdogError(f"no captured table {pattern!r}; {advice}")


class _telling:  # noqa: N801 - read as a verb
    """What is being done, on stderr, once it takes long; a question that hangs is named, too."""

    def __init__(self) -> None:
        self._doing, self._told = "", ""
        self._started = time.monotonic()
        self._lock = threading.Lock()
        self._timer = threading.Timer(QUIET_SECONDS, self._tell)
        self._timer.daemon = True

    def __enter__(self) -> Callable[[str], None]:
        self._timer.start()
        return self._say

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()

    def _say(self, what: str) -> None:
        self._doing = what
        if time.monotonic() - self._started > QUIET_SECONDS:
            self._tell()

    def _tell(self) -> None:
        with self._lock:
            if self._doing != self._told:
                self._told = self._doing
                comment(f"{self._doing} …", "dim")
