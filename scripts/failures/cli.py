"""Command line: data on stdout, commentary on stderr."""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from stack import Settings, StackError

from failures.broker import GuardedStack
from failures.case import Case
from failures.cases import (
    cases,
    eighth_cases,
    fifth_cases,
    fourth_cases,
    second_cases,
    seventh_cases,
    sixth_cases,
    third_cases,
)
from failures.collect import collect
from failures.figures import figures
from failures.measure import Judged, judge, summary, table
from failures.reports import judge_reports
from failures.third_kafka_side import StackWithMirror
from failures.trace_file import (
    EIGHTH_FOLDER,
    FIFTH_FOLDER,
    FOLDER,
    FOURTH_FOLDER,
    SECOND_FOLDER,
    SEVENTH_FOLDER,
    SIXTH_FOLDER,
    THIRD_FOLDER,
    read_all,
)


@dataclass(frozen=True)
class _Set:
    """Which cases, where their traces are, and the stack that they need."""

    about: str
    cases: Callable[[], tuple[Case, ...]]
    folder: Path
    stack: Callable[[Settings], GuardedStack]


_FIRST = _Set("", cases, FOLDER, GuardedStack)
_LATER = {
    "second": _Set(
        "the second set, on MariaDB with a registry",
        second_cases,
        SECOND_FOLDER,
        lambda settings: GuardedStack(replace(settings, database="mariadb", registry=True)),
    ),
    "third": _Set(
        "the third set, on MySQL again, of other kinds",
        third_cases,
        THIRD_FOLDER,
        lambda settings: StackWithMirror(replace(settings, database="mysql")),
    ),
    "fourth": _Set(
        "the fourth set, on MySQL, as often as they are met",
        fourth_cases,
        FOURTH_FOLDER,
        lambda settings: GuardedStack(replace(settings, database="mysql")),
    ),
    "fifth": _Set(
        "the fifth set, on MySQL with a registry",
        fifth_cases,
        FIFTH_FOLDER,
        lambda settings: GuardedStack(replace(settings, database="mysql", registry=True)),
    ),
    "sixth": _Set(
        "the sixth set, on MySQL, sampled from what users report",
        sixth_cases,
        SIXTH_FOLDER,
        lambda settings: GuardedStack(replace(settings, database="mysql")),
    ),
    "seventh": _Set(
        "the seventh set, on MySQL with a registry, drawn by lot",
        seventh_cases,
        SEVENTH_FOLDER,
        lambda settings: GuardedStack(replace(settings, database="mysql", registry=True)),
    ),
    "eighth": _Set(
        "the eighth set, as the seventh: what its lots bring next",
        eighth_cases,
        EIGHTH_FOLDER,
        lambda settings: GuardedStack(replace(settings, database="mysql", registry=True)),
    ),
}


def main(argv: Sequence[str] | None = None) -> int:
    arguments = _parser().parse_args(argv)
    try:
        code: int = arguments.run(arguments)
    except StackError as error:
        print(f"failures: {error}", file=sys.stderr)
        return 1
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="scripts/failures", description="Break connectors, keep their traces.")
    for name, later in _LATER.items():
        parser.add_argument(f"--{name}", action="store_const", const=later, dest="set", help=later.about)
    parser.set_defaults(set=_FIRST)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    made = commands.add_parser("collect", help="make the cases on a stack of their own and keep the traces")
    made.add_argument("case", nargs="*", help="these only")
    made.add_argument("--keep", action="store_true", help="leave the stack running")
    made.set_defaults(run=_collect)
    listed = commands.add_parser("list", help="what can be broken")
    listed.set_defaults(run=_list)
    measured = commands.add_parser("measure", help="what the diagnosis says of each trace that was kept")
    measured.add_argument("--table", action="store_true", help="a Markdown row for each")
    measured.add_argument("--side", choices=("source", "sink"), help="of these only")
    measured.add_argument("--figures", action="store_true", help="with intervals, and without what is there twice")
    measured.set_defaults(run=_measure)
    reported = commands.add_parser("reports", help="the same, of the failures that were reported in public")
    reported.add_argument("--table", action="store_true", help="a Markdown row for each")
    reported.set_defaults(run=_reports)
    return parser


def _collect(arguments: argparse.Namespace) -> int:
    known = {case.name: case for case in arguments.set.cases()}
    if unknown := [name for name in arguments.case if name not in known]:
        raise StackError(f"no case of the name {', '.join(unknown)}: see `list`")
    chosen = [known[name] for name in arguments.case] or list(known.values())
    stack = arguments.set.stack(Settings.from_env())
    stack.up()
    try:
        silent = [result for result in collect(stack, chosen, arguments.set.folder) if result.status is None]
    finally:
        if not arguments.keep:
            stack.down(wipe=True)
    for result in silent:
        print(f"never FAILED: {result.case.name}: {result.seen}")
    print(f"{len(chosen) - len(silent)} of {len(chosen)} reached FAILED")
    return 1 if silent else 0


def _list(arguments: argparse.Namespace) -> int:
    for case in arguments.set.cases():
        print(f"{case.side:<7} {case.truth.category:<13} {case.name:<42} {case.made_by}")
    return 0


def _measure(arguments: argparse.Namespace) -> int:
    every = read_all(arguments.set.folder)
    documents = [document for document in every if arguments.side in (None, document["side"])]
    judged = judge(documents)
    if arguments.figures:
        print(figures(documents, judged, _earlier(arguments.set)))
    return _show(arguments, judged)


def _earlier(this: _Set) -> Iterator[dict[str, Any]]:
    """What was collected before this set."""
    for one in (_FIRST, *_LATER.values()):
        if one is this:
            return
        yield from read_all(one.folder)


def _reports(arguments: argparse.Namespace) -> int:
    return _show(arguments, judge_reports())


def _show(arguments: argparse.Namespace, judged: list[Judged]) -> int:
    if arguments.table:
        print(table(judged))
    print(summary(judged))
    return 3 if any(one.is_false_yes for one in judged) else 0
