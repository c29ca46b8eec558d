"""`explain`: saved status documents and traces, offline → what happened, and what to do."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer

from watchdog.cli import codes
from watchdog.cli.output import ExitCodeOption, Format, FormatOption, comment, show, show_json
from watchdog.cli.session import session_of
from watchdog.diagnose import Knowledge, knowledge
from watchdog.explain import Explained
from watchdog.explain import explain as explained
from watchdog.model import Explanation
from watchdog.report.explained import blocks, document

BYTES_MAX = 256 * 1024 * 1024
_STDIN = "-"
_NOTHING_GIVEN = """\
nothing to explain: name files with what Kafka Connect says, or pipe it in:
  curl -s 'http://connect:8083/connectors?expand=status&expand=info' | watchdog explain
  watchdog explain status.json trace.txt connect.log"""


def explain(
    context: typer.Context,
    files: Annotated[
        list[str] | None, typer.Argument(metavar="[FILE]...", help="Saved documents, traces or logs; - is stdin.")
    ] = None,
    catalogue: Annotated[
        Path | None, typer.Option("--catalogue", metavar="PATH", help="Failure signatures of your own, asked first.")
    ] = None,
    output: FormatOption = Format.TABLE,
    exit_code: ExitCodeOption = False,
) -> None:
    """Explain what FAILED, offline: what happened, to which table, does a restart help, what to do.

    It reads GET /connectors?expand=status documents (with expand=info it also knows the tables), single /status
    documents, Java stack traces and workers' logs, and needs neither settings nor network.

    Examples:

    \b
      curl -s 'localhost:8083/connectors?expand=status' | watchdog explain
      watchdog explain status.json connect.log
      watchdog explain -o json trace.txt | jq -r '.[].fix'
    """
    if not files and sys.stdin.isatty():
        for line in _NOTHING_GIVEN.splitlines():
            comment(line)
        raise typer.Exit(codes.USAGE)
    known = knowledge(catalogue or session_of(context).own_catalogue())
    found: list[Explanation] = []
    usable = True
    for origin, result in _read(files or [_STDIN], known):
        found += result.found
        usable = usable and not result.problems
        for problem in result.problems:
            comment(f"watchdog: {origin}: {problem}", "red")
        for note in result.notes:
            comment(f"{origin}: {note}")
    _tell(found, output, several_files=len(files or ()) > 1)
    if not found and usable and output is Format.TABLE:
        comment("nothing in it is FAILED")
    if not usable:
        raise typer.Exit(codes.USAGE)
    if exit_code and found:
        raise typer.Exit(codes.UNHEALTHY)


def _tell(found: Sequence[Explanation], output: Format, several_files: bool) -> None:
    if output is Format.JSON:
        show_json([document(one) for one in found])
    else:
        show(*blocks(found, several_files))


def _read(files: Sequence[str], known: Knowledge) -> Iterator[tuple[str, Explained]]:
    """Each file once, in the order given: what is in it, or why it cannot be read."""
    for name in dict.fromkeys(files):
        origin = "stdin" if name == _STDIN else name
        try:
            content = sys.stdin.buffer.read(BYTES_MAX + 1) if name == _STDIN else _content(Path(name))
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            yield origin, Explained(problems=(f"cannot be read: {why}",))
            continue
        if len(content) > BYTES_MAX:
            what = f"is larger than {BYTES_MAX // 1024**2} MiB: cut out the part with the failure"
            yield origin, Explained(problems=(what,))
        else:
            yield origin, explained(origin, content, known)


def _content(path: Path) -> bytes:
    if path.is_dir():
        raise ValueError("it is a directory: name the files in it")
    with path.open("rb") as file:
        return file.read(BYTES_MAX + 1)
