"""`restart`, `resume`, `pause`: one action, through the same journal and guards as the watchdog's own."""

from __future__ import annotations

from typing import Annotated

import typer

from watchdog.cli import codes
from watchdog.cli.output import comment, show_lines
from watchdog.cli.session import session_of

ConnectorArgument = Annotated[str, typer.Argument(help="Its name in Kafka Connect.")]
ClusterOption = Annotated[
    str | None, typer.Option("--cluster", help="Its Connect cluster, where it is not the first of the settings.")
]

NEXT = {
    "refused": "nothing was changed",
    "unknown": "it may or may not have been carried out: look at `watchdog status` before you try again",
    "waiting": "the running watchdog has not taken it up yet; it will, look at `watchdog incidents` in a moment",
}


def restart(context: typer.Context, connector: ConnectorArgument, cluster: ClusterOption = None) -> None:
    """Restart a connector's failed tasks, and the connector itself when that failed.

    It is sent whatever the watchdog thinks of it, and recorded like one of its own.

    Examples:

    \b
      watchdog restart dw-sink
      watchdog restart dw-sink --cluster prod
    """
    _ask(context, "restart", connector, cluster)


def resume(context: typer.Context, connector: ConnectorArgument, cluster: ClusterOption = None) -> None:
    """Resume a connector that is PAUSED or STOPPED.

    Examples:

    \b
      watchdog resume dw-sink
    """
    _ask(context, "resume", connector, cluster)


def pause(context: typer.Context, connector: ConnectorArgument, cluster: ClusterOption = None) -> None:
    """Pause a connector. The watchdog leaves it alone until it is resumed.

    Examples:

    \b
      watchdog pause dw-sink
    """
    _ask(context, "pause", connector, cluster)


def _ask(context: typer.Context, verb: str, connector: str, cluster: str | None) -> None:
    session = session_of(context)
    request = session.app().ask(session.settings(), verb, connector, cluster)
    answer = f"{request.key.connector}: {verb} {request.state}{f': {request.detail}' if request.detail else ''}"
    if request.state == "accepted":
        show_lines([answer])
        return
    comment(f"{answer}; {NEXT[request.state]}" if request.state in NEXT else answer)
    raise typer.Exit(codes.ERROR)
