"""Whether a statement can have made a column not fit: each kind of misfit comes from another kind of change."""

from __future__ import annotations

import re

from watchdog.compare.types import Relation, relation
from watchdog.detect import MisfitKind
from watchdog.detect.targets import holds
from watchdog.model import Column, SchemaChange


def explains(change: SchemaChange, kind: MisfitKind | None, column: str, needed: int = 0) -> bool:
    """`kind` None: whatever it did to the column. `needed`: the length or the bits of the value that does not fit."""
    if change.changed_nothing:
        return False
    if change.before is None and change.kind != "CREATE":
        # What the table was before is not known: the statement's own text has to do.
        return _mentions(change, column)
    before = change.before.column(column) if change.before else None
    after = change.after.column(column) if change.after else None
    match kind:
        case MisfitKind.MISSING:
            return before is None and after is not None
        case MisfitKind.REQUIRED:
            # Created without it, or dropped, or renamed; a dropped table sends no more records.
            return after is None and change.after is not None and (before is not None or change.before is None)
        case MisfitKind.NULL:
            return after is not None and after.nullable and (before is None or not before.nullable)
        case MisfitKind.TOO_LONG | MisfitKind.OUT_OF_RANGE:
            return after is not None and (before is None or _made_room(before, after, kind, needed))
    return before != after


def _made_room(before: Column, after: Column, kind: MisfitKind, needed: int) -> bool:
    if relation(before.type, after.type) in (Relation.SAME, Relation.NARROWED):
        return False
    # It had room for this value already: what made it wider still is not to blame for it.
    return not needed or not holds(before, kind, needed)


def _mentions(change: SchemaChange, column: str) -> bool:
    return re.search(rf"(?<![\w$]){re.escape(column)}(?![\w$])", change.told, re.IGNORECASE) is not None
