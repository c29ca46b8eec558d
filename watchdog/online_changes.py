"""PURE: the names of tables that online schema change tools work on → the real table that each is made for.

Such a tool makes a copy of the table, alters the copy, fills it, and swaps the two with a RENAME. Nothing but the swap
is a change of the real table. A table is a helper by its name only where the table that it would be made for is known:
one that merely looks like a helper is a table like any other.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from watchdog.model import SchemaChange, TableId

_NAMES = (
    # gh-ost; with --timestamp-old-table also `_t_20261125103147_del`.
    re.compile(r"^_(?P<real>.+?)_(?:gho|ghc)$"),
    re.compile(r"^_(?P<real>.+?)(?:_\d{14})?_del$"),
    # pt-online-schema-change (more underscores where a name is taken), spirit.
    re.compile(r"^_{1,10}(?P<real>[^_].*?)_(?:new|old|chkpnt)$"),
    # OnlineSchemaChange, as made at Facebook.
    re.compile(r"^__osc_(?:new|chg|old|del)_(?P<real>.+)$"),
)
_MADE = ("_{}_gho", "_{}_ghc", "_{}_del", "_{}_chkpnt", "__osc_new_{}", "__osc_chg_{}", "__osc_old_{}", "__osc_del_{}")
_MADE_BY_PERCONA = tuple(f"{'_' * count}{{}}_{end}" for count in range(1, 4) for end in ("new", "old"))


def real_table(table: TableId, is_known: Callable[[TableId], bool]) -> TableId | None:
    """The table that this one is a helper of; None when it is one of its own. `is_known`: whether a table is."""
    for name in _real_names(table.table):
        real = TableId(table.database, name)
        if is_known(real):
            return real
    return None


def _real_names(name: str) -> Iterator[str]:
    for pattern in _NAMES:
        if match := pattern.match(name):
            yield match["real"]


def helper_names(table: TableId) -> tuple[TableId, ...]:
    """Those that a tool would give to its helpers of this table, but for those with a time in them."""
    return tuple(TableId(table.database, form.format(table.table)) for form in (*_MADE, *_MADE_BY_PERCONA))


def swapped_in(ddl: str, helpers: Sequence[TableId]) -> TableId | None:
    """Which of the helpers this RENAME made the real table; None when it is no such statement."""
    if not re.search(r"\brename\b", ddl, re.IGNORECASE):
        return None
    # `RENAME TABLE t TO _t_old, _t_new TO t`: the one that something is made of, not the one that is made.
    return next((helper for helper in helpers if re.search(_renamed(helper.table), ddl, re.IGNORECASE)), None)


def _renamed(name: str) -> str:
    """The name in front of its new one: `_t_gho` TO, or `ALTER TABLE _t_gho RENAME`."""
    return rf"(?<![\w$]){re.escape(name)}`?\s+(?:to|rename)\b"


def statements_of(changes: Sequence[SchemaChange]) -> tuple[str, ...]:
    """What was run on a helper since it was made: its ALTERs; where it was made in its new shape, how it was made."""
    made = max((number for number, change in enumerate(changes) if change.kind == "CREATE"), default=0)
    current = changes[made:]
    alters = tuple(change.ddl for change in current if change.kind == "ALTER")
    return alters or tuple(change.ddl for change in current if change.kind == "CREATE")
