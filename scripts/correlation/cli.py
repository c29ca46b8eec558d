"""Command line: the report on stdout, commentary on stderr; exit code 3 when an aim was missed."""

import argparse
import json
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from bench.proc import machine
from stack import Settings, Stack, StackError
from stack.console import say

from correlation.histories import histories
from correlation.rounds import Looking, Round, Said

PRECISION_MIN, RECALL_MIN = 0.99, 0.95


def main(argv: Sequence[str] | None = None) -> int:
    arguments = _parser().parse_args(argv)
    stack = Stack(Settings.from_env())
    stack.up()
    said = play(stack, range(arguments.first, arguments.first + arguments.rounds), arguments.tables)
    if arguments.json:
        Path(arguments.json).write_text(json.dumps([asdict(each) for each in said], indent=1))
    print(report(said, arguments.tables), end="")
    precision, recall = measures(said)
    return 0 if precision >= PRECISION_MIN and recall >= RECALL_MIN else 3


def play(stack: Stack, numbers: Iterable[int], tables: int) -> list[Said]:
    """A round for each number, which is its seed as well; one that the stack could not play is told and left out."""
    said: list[Said] = []
    with tempfile.TemporaryDirectory() as name, Looking(Path(name), stack) as watchdog:
        for number in numbers:
            try:
                found = Round(stack, number, histories(number, tables)).run(number, watchdog)
            except StackError as error:
                say("round", f"{number} could not be played: {error}")
                continue
            say("round", f"{number}: {_sentence(found)}")
            for each in found:
                if not each.failed:
                    say("unbroken", f"{each.kind}: {each.truth}")
                elif not each.right:
                    say("wrong", json.dumps(asdict(each)))
            said += found
    return said


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="scripts/correlation", description="Precision and recall of the blame.")
    parser.add_argument("--rounds", type=int, default=11, help="to play (11)")
    parser.add_argument("--first", type=int, default=0, help="number, and seed, of the first (0)")
    parser.add_argument("--tables", type=int, default=20, help="of each round, with a sink each (20)")
    parser.add_argument("--json", help="a file for what was said of each")
    return parser


def measures(said: Sequence[Said]) -> tuple[float, float]:
    """Precision: right among those that a statement was blamed for. Recall: right among those that had one."""
    failed = [each for each in said if each.failed]
    blamed, guilty = [e for e in failed if e.ddl], [e for e in failed if e.truth]
    right = sum(each.right for each in blamed)
    return right / len(blamed) if blamed else 0.0, right / len(guilty) if guilty else 0.0


def _sentence(said: Sequence[Said]) -> str:
    precision, recall = measures(said)
    failed = sum(each.failed for each in said)
    return f"{failed} of {len(said)} sinks failed, precision {precision:.1%}, recall {recall:.1%}"


def report(said: Sequence[Said], tables: int) -> str:
    """Markdown, for docs/correlation.md."""
    failed = [each for each in said if each.failed]
    blamed, guilty = [e for e in failed if e.ddl], [e for e in failed if e.truth]
    precision, recall = measures(said)
    nobody = [each for each in failed if not each.truth]
    kinds: dict[str, list[Said]] = defaultdict(list)
    for each in failed:
        kinds[each.kind].append(each)
    lines = [
        f"`scripts/correlation` on {datetime.now(UTC):%Y-%m-%d, %H:%M} UTC, on a machine with {machine()}. "
        f"{len(said)} histories in rounds of {tables} tables, a sink each; {len(failed)} sinks failed.",
        "",
        f"- precision {precision:.1%}: {sum(e.right for e in blamed)} of {len(blamed)} blamed statements were guilty",
        f"- recall {recall:.1%}: of {len(guilty)} guilty statements {sum(e.right for e in guilty)} were blamed",
        f"- nobody was blamed in {sum(e.right for e in nobody)} of the {len(nobody)} failures that no statement made",
        f"- the failing columns were named in {sum(e.right_columns for e in failed)} of {len(failed)}",
        "",
        "| what was done | failures | right |",
        "|---|---:|---:|",
        *(f"| {kind} | {len(each)} | {sum(e.right for e in each)} |" for kind, each in sorted(kinds.items())),
    ]
    return "\n".join(lines) + "\n"
