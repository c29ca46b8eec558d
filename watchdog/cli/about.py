"""`approve` and `silence`: a person's word about an incident, through the same journal as everything else."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer

from watchdog.cli import codes
from watchdog.cli.act import NEXT
from watchdog.cli.incidents import incident_named
from watchdog.cli.output import Format, FormatOption, comment, show_json, show_lines
from watchdog.cli.session import session_of
from watchdog.model import Incident, Request

IdArgument = Annotated[str, typer.Argument(metavar="ID", help="Its id, or a beginning that only one has.")]

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_SPAN = re.compile(r"(?:\d+[smhdw])+")


def approve(context: typer.Context, id_: IdArgument, output: FormatOption = Format.TABLE) -> None:
    """Let the restart go that an incident proposes: exactly that one, once.

    \b
      mode propose    what `watchdog incident ID` says it would do is done now;
                      with all that have the same cause, in their turn
      given up        its attempts begin again at zero
      cannot be told  a target that cannot be seen gets one try

    While the cause is seen to be there still, it is refused with the reason; so is what a policy forbids. `watchdog
    restart CONNECTOR` sends a restart whatever the watchdog thinks of it.

    Examples:

    \b
      watchdog incidents
      watchdog approve 3fa9c1d2
      watchdog approve 3fa -o json | jq -r .state
    """
    _say(context, "approve", id_, {}, output)


def silence(
    context: typer.Context,
    id_: IdArgument,
    for_: Annotated[str | None, typer.Option("--for", metavar="SPAN", help="How long: 30m, 4h, 1h30m, 2d.")] = None,
    until: Annotated[
        str | None, typer.Option("--until", metavar="TIME", help="Until when: 2026-12-01T08:00, UTC without a zone.")
    ] = None,
    end: Annotated[bool, typer.Option("--end", help="Let it be told again.")] = False,
    no_action: Annotated[bool, typer.Option("--no-action", help="Nothing is done meanwhile either.")] = False,
    output: FormatOption = Format.TABLE,
) -> None:
    """Keep an incident, and all that are part of it, from calling somebody; it ends by itself.

    The incident stays open and shown, and detection goes on. So do actions: it is restarted as soon as that helps,
    unless you say --no-action. A connector that fails of something else later is told as ever.

    Examples:

    \b
      watchdog silence 3fa9c1d2 --for 4h
      watchdog silence 3fa --until 2026-12-01T08:00+01:00 --no-action
      watchdog silence 3fa --end
    """
    session = session_of(context)
    ends = _ends(session.clock(), for_, until, end)
    told = {"until": ends.isoformat(), "no_action": no_action} if ends else {}
    _say(context, "silence", id_, told, output)


def _ends(now: datetime, for_: str | None, until: str | None, end: bool) -> datetime | None:
    if sum((for_ is not None, until is not None, end)) != 1:
        raise typer.BadParameter("give one of --for 4h, --until TIME and --end")
    if for_ is not None:
        return now + _span(for_)
    return _moment(until, now) if until is not None else None


def _span(text: str) -> timedelta:
    if not _SPAN.fullmatch(text):
        raise typer.BadParameter(f"--for {text!r}: write it such as 30m, 4h, 1h30m or 2d")
    seconds = sum(int(number) * _UNITS[unit] for number, unit in re.findall(r"(\d+)([smhdw])", text))
    if not 0 < seconds <= 366 * 86_400:
        raise typer.BadParameter(f"--for {text!r}: must be more than nothing, and a year at most")
    return timedelta(seconds=seconds)


def _moment(text: str, now: datetime) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"--until {text!r}: write it such as 2026-12-01T08:00 or …+01:00") from None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    if not now < at <= now + timedelta(days=366):
        raise typer.BadParameter(f"--until {text!r}: must be later than now, and a year at most")
    return at.astimezone(UTC)


def _say(context: typer.Context, verb: str, id_: str, told: Mapping[str, Any], output: Format) -> None:
    session = session_of(context)
    one, _ = incident_named(session, id_)
    arguments = {"incident": one.id, **told}
    request = session.app().ask(session.settings(), verb, one.key.connector, one.key.cluster, arguments)
    if output is Format.JSON:
        show_json(_document(verb, one, request))
    else:
        _tell(verb, one, request)
    if request.state != "accepted":
        raise typer.Exit(codes.ERROR)


def _tell(verb: str, one: Incident, request: Request) -> None:
    detail = f": {request.detail}" if request.detail else ""
    answer = f"{one.id} ({one.key.connector}): {verb} {request.state}{detail}"
    if request.state == "accepted":
        show_lines([answer])
    else:
        comment(f"{answer}; {NEXT[request.state]}" if request.state in NEXT else answer)


def _document(verb: str, one: Incident, request: Request) -> dict[str, Any]:
    return {
        "incident": one.id,
        "connect_cluster": one.key.cluster,
        "connector": one.key.connector,
        "verb": verb,
        "state": request.state,
        "detail": request.detail or None,
        "request": request.id,
    }
