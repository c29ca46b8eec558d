"""Command line of the native stack: data on stdout, commentary on stderr, one line on failure."""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence

from stack.console import say
from stack.errors import StackError
from stack.native import Stack
from stack.settings import Settings


def main(argv: Sequence[str] | None = None) -> int:
    arguments = _parser().parse_args(argv)
    try:
        arguments.run(Stack(Settings.from_env()), arguments)
    except StackError as error:
        print(f"stack: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stack: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of our output had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="scripts/stack", description="The real pipeline, natively.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: object, text: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=text, description=text)
        added.set_defaults(run=run)
        return added

    command("up", _up, "start what does not run, and wait until rows flow")
    down = command("down", _down, "stop everything that `up` started")
    down.add_argument("--wipe", action="store_true", help="remove all data, too")
    status = command("status", _status, "each part with its pid and port")
    status.add_argument("-o", "--output", choices=("table", "json"), default="table")
    logs = command("logs", _logs, "the last lines of the logs")
    logs.add_argument("part", nargs="?", help="one part only")
    logs.add_argument("-n", "--lines", type=int, default=20)
    logs.add_argument("-f", "--follow", action="store_true")
    command("start", _start, "start one part").add_argument("part")
    stop = command("stop", _stop, "stop one part")
    stop.add_argument("part")
    stop.add_argument("--kill", action="store_true", help="without asking it first")
    sql = command("sql", _sql, "run the statements on stdin, each ending in ; as root")
    sql.add_argument("part", nargs="?", default="target-db", help="source-db or target-db (default)")
    command("reset", _reset, "the drill pipeline as it was at first")
    command("env", _env, "settings of the running stack, to be evaluated by a shell")
    return parser


def _up(stack: Stack, _: argparse.Namespace) -> None:
    stack.up()
    for name, value in _addresses(stack).items():
        say("", f"{name}={value}")


def _down(stack: Stack, arguments: argparse.Namespace) -> None:
    stack.down(wipe=arguments.wipe)


def _status(stack: Stack, arguments: argparse.Namespace) -> None:
    status = stack.status()
    if arguments.output == "json":
        print(json.dumps(status, indent=2))
        return
    for name, part in status.items():
        state = "ready" if part["ready"] else "not ready" if part["pid"] else "stopped"
        print(f"{name:<10} {state:<10} port {part['port']:<6} pid {part['pid'] or '-'}")


def _logs(stack: Stack, arguments: argparse.Namespace) -> None:
    names = [stack.part(arguments.part).name] if arguments.part else list(stack.parts)
    files = [file for name in names if (file := stack.part(name).process.log).exists()]
    if not files:
        raise StackError(f"there is no log in {stack.settings.logs}: has `up` been run?")
    follow = ["-F"] if arguments.follow else []
    subprocess.run(["tail", "-n", str(arguments.lines), *follow, *files], check=False)


def _start(stack: Stack, arguments: argparse.Namespace) -> None:
    stack.start(arguments.part)


def _stop(stack: Stack, arguments: argparse.Namespace) -> None:
    stack.stop(arguments.part, kill=arguments.kill)


def _sql(stack: Stack, arguments: argparse.Namespace) -> None:
    """Statements end with a `;` at the end of a line; what they find is printed as tab-separated rows."""
    database = {"source-db": stack.source, "target-db": stack.target}.get(arguments.part)
    if database is None:
        raise StackError(f"{arguments.part} is no database: source-db or target-db")
    if sys.stdin.isatty():
        say("", f"SQL for {arguments.part}, each statement ends in ; (Ctrl-D ends):")
    for statement in _statements(sys.stdin):
        for row in database.query(statement):
            print("\t".join(str(value) for value in row.values()))
        say("", f"done: {statement}")


def _statements(lines: Iterable[str]) -> Iterator[str]:
    statement = ""
    for line in lines:
        statement += line
        if statement.rstrip().endswith(";"):
            yield statement.strip().rstrip(";")
            statement = ""
    if statement.strip():
        yield statement.strip()


def _reset(stack: Stack, _: argparse.Namespace) -> None:
    stack.reset()


def _env(stack: Stack, _: argparse.Namespace) -> None:
    for name, value in _addresses(stack).items():
        print(f'export {name}="{value}"')


def _addresses(stack: Stack) -> dict[str, str]:
    registry = {"SCHEMA_REGISTRY_URL": stack.registry.confluent_url} if "registry" in stack.parts else {}
    return {
        "CONNECT_URL": stack.connect_url,
        "KAFKA_BOOTSTRAP_SERVERS": stack.bootstrap_servers,
        "DATABASE_URL": f"{stack.source_url},{stack.target_url}",
        **registry,
    }
