"""`quarantine`: show what a sink cannot take, ask, copy it aside and let the sink step over it; `--replay`: back."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from watchdog.cli import codes
from watchdog.cli.act import ClusterOption, ConnectorArgument
from watchdog.cli.output import Format, FormatOption, comment, show, show_json, show_lines
from watchdog.cli.session import Session, session_of
from watchdog.errors import SettingsError
from watchdog.model import RecordsPlan, Request
from watchdog.report import quarantine as told

_RESULTS = {"accepted": "done", "refused": "refused"}


def quarantine(
    context: typer.Context,
    connector: ConnectorArgument,
    cluster: ClusterOption = None,
    replay: Annotated[bool, typer.Option("--replay", help="Write back what is the newest of its key still.")] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, help="Refuse when there are more records than that.")] = 1000,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", "--check", help="Only show what would be done.")] = False,
    output: FormatOption = Format.TABLE,
) -> None:
    """Copy the records that a sink cannot take to watchdog.quarantine.CONNECTOR, and let the sink step over them.

    It shows them first, and asks. Each is copied whole (key, value, headers, time; its place in headers of our own) in
    one transaction and read back, before the sink is stopped, its offset moved past the record and the sink resumed.
    While it steps the sink takes one record in each poll; in the end its configuration and state are what they were.
    Needs Connect 3.6 or later.

    With --replay: those whose key has no later record in the topic, and that the target takes by now, are written back
    to the topic that they came from; the rest is listed with the reason.

    Examples:

    \b
      watchdog quarantine dw-sink --dry-run
      watchdog quarantine dw-sink
      watchdog quarantine dw-sink --replay --yes -o json
    """
    session = session_of(context)
    plan = session.app().records_plan(session.settings(), connector, cluster, replay=replay)
    if plan.under_way:
        comment(f"{plan.under_way}: going on with it")
    elif not _agreed(plan, yes, dry_run, output):
        return
    request = _ask(session, plan, "replay" if replay else "quarantine", limit)
    _tell_end(plan, request, output)


def _agreed(plan: RecordsPlan, yes: bool, dry_run: bool, output: Format) -> bool:
    """Whether to go on; what there is to be told is told otherwise."""
    if output is Format.TABLE and (plan.selection.unfit or plan.replay):
        show(told.table(plan))
    if plan.refusal:
        _tell(plan, "refused", f"{plan.refusal}; nothing was changed", output)
        raise typer.Exit(codes.ERROR)
    for line in told.summary(plan):
        comment(line)
    if dry_run or plan.nothing_to_do:
        _tell(plan, "nothing" if plan.nothing_to_do else "dry-run", "", output)
        return False
    if yes or _confirmed(plan):
        return True
    _tell(plan, "declined", "nothing was changed", output)
    return False


def _confirmed(plan: RecordsPlan) -> bool:
    if not sys.stdin.isatty():
        raise SettingsError(["nobody is there to be asked: say --yes, or --dry-run"])
    if plan.replay:
        question = f"Write {len(plan.replay.chosen)} back?"
    else:
        question = f"Copy {len(plan.selection.unfit)} to {plan.topic}, stop {plan.key.connector} and step over them?"
    return typer.confirm(question, err=True)


def _ask(session: Session, plan: RecordsPlan, verb: str, limit: int) -> Request:
    arguments = {"limit": limit} if verb == "quarantine" else {}
    app, settings = session.app(), session.settings(lambda warning: None)
    try:
        return app.ask(settings, verb, plan.key.connector, plan.key.cluster, arguments, comment)
    except KeyboardInterrupt:
        comment("it is in the journal: a running watchdog goes on with it, or else the same command again")
        raise


def _tell_end(plan: RecordsPlan, request: Request, output: Format) -> None:
    result = _RESULTS.get(request.state, "unknown")
    if result == "unknown":
        comment("it has not ended while this command waited; the same command again goes on with it")
    _tell(plan, result, request.detail, output)
    if result != "done":
        raise typer.Exit(codes.ERROR)


def _tell(plan: RecordsPlan, result: str, detail: str, output: Format) -> None:
    if output is Format.JSON:
        show_json(told.document(plan, result, detail))
    elif detail:
        line = f"{plan.key.connector}: {result}: {detail}"
        show_lines([line]) if result == "done" else comment(line)
