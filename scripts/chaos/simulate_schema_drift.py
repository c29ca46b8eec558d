#!/usr/bin/env python3
"""The drill of the runbook: a column appears in a source table, or goes again, and one row carries it on.

    simulate_schema_drift.py --table oltp.orders --column unexpected_field [--revert]

One JSON document on stdout, commentary on stderr. Exit codes: 0 done, 1 not done, 2 bad usage, 4 login
refused, 5 database unreachable. Everything that can be checked is checked before the table is touched.
"""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

if not __package__:  # run as a file: its package is found one folder up
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from chaos import connectors, position
from chaos.errors import DrillError, UsageError
from chaos.names import TableName, column_name, column_type
from chaos.server import Row, Server
from chaos.table import Change, Table, documents

_DATABASE_URL = "mysql+pymysql://root:root@127.0.0.1:{port}"
_CONNECT_URL = "http://127.0.0.1:{port}"
_WAIT_SECONDS_MAX = 300


def main(argv: Sequence[str] | None = None) -> int:
    arguments = _parser().parse_args(argv)
    try:
        print(json.dumps(drill(arguments), indent=2, default=str))
    except DrillError as error:
        print(f"simulate_schema_drift: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("simulate_schema_drift: interrupted", file=sys.stderr)
        return 130
    return 0


def drill(arguments: argparse.Namespace) -> Row:
    """The document to print; a DrillError says that nothing was changed, or how to take it back."""
    change = _change(arguments)
    if not 0 <= arguments.wait <= _WAIT_SECONDS_MAX:
        raise UsageError(f"--wait {arguments.wait:g} is out of range: write 0 to {_WAIT_SECONDS_MAX} seconds")
    server = Server(arguments.database_url)
    table = Table(server, change.table)
    table.must_allow(change)
    states = _states(arguments.connect_url)
    document = {
        "table": str(change.table),
        "column": change.column,
        "action": "apply" if change.type else "revert",
        "ddl": change.ddl,
        **_carry_out(server, table, change),
        **_settled(arguments, states),
    }
    return document | {"mysql": server.version()}


def _change(arguments: argparse.Namespace) -> Change:
    table = TableName.parse(arguments.table)
    wanted_type = None if arguments.revert else column_type(arguments.type)
    return Change(table, column_name(arguments.column), wanted_type)


def _carry_out(server: Server, table: Table, change: Change) -> Row:
    before, gtids, undo = table.columns(), position.executed(server), table.undo(change)
    table.apply(change)
    try:
        _comment(f"{change.ddl} at {server.place}")
        place = position.since(server, gtids)
        after = table.columns()
        row = table.write_row(after, also=change.column)
    except (DrillError, KeyboardInterrupt) as error:
        raise DrillError(
            f"{change.ddl} was applied, but no row was written ({error or 'interrupted'}): "
            f"the change travels with the next row, or take it back with: {undo}"
        ) from error
    _comment(f"one row written: {row}")
    return {
        **place,
        "columns_before": documents(before),
        "columns_after": documents(after),
        "row_written": row,
    }


def _states(url: str) -> Row | DrillError:
    """Connect being away is no reason to give up the drill: it is told in the document."""
    try:
        return connectors.read(url)
    except DrillError as error:
        _comment(f"{error}: the drill goes on without it")
        return error


def _settled(arguments: argparse.Namespace, before: Row | DrillError) -> Row:
    if isinstance(before, DrillError):
        return {"connectors": None, "connectors_reason": str(before)}
    _comment(f"waiting up to {arguments.wait:g} s for the connectors")
    try:
        return {"connectors": connectors.wait_until_settled(arguments.connect_url, before, arguments.wait)}
    except DrillError as error:
        return {"connectors": None, "connectors_reason": str(error)}


def _comment(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="simulate_schema_drift", description="Add a column, or drop it again.")
    add = parser.add_argument
    add("--table", required=True, help="DATABASE.TABLE at the source")
    add("--column", required=True, help="the column to add or, with --revert, to drop")
    add("--type", default="VARCHAR(64)", help="type of the new column (%(default)s)")
    add("--revert", action="store_true", help="drop the column")
    add("--wait", type=float, default=5, help="seconds for the connectors to react (%(default)s)")
    add(
        "--database-url",
        default=_default("CHAOS_DATABASE_URL", _DATABASE_URL, "STACK_SOURCE_PORT", "3306"),
        help="the source, better in CHAOS_DATABASE_URL where ps does not show it (the native stack's)",
    )
    add(
        "--connect-url",
        default=_default("CONNECT_URL", _CONNECT_URL, "STACK_CONNECT_PORT", "8083"),
        help="Kafka Connect, else CONNECT_URL, else the native stack's",
    )
    return parser


def _default(variable: str, template: str, port_variable: str, port: str) -> str:
    return os.environ.get(variable) or template.format(port=os.environ.get(port_variable) or port)


if __name__ == "__main__":
    sys.exit(main())
