"""What a JDBC sink does with a difference between the source's table and its own: it fails, writes something else
without a word, or is fine; with the reason in words.

How Debezium's and Confluent's sinks behave was measured on the running stack: a column that the target lacks is
refused unless the sink may add it, and always when it is required and has no default; a column that the records lack is
left out of the INSERT, so the server's rules decide.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from watchdog.compare.tables import Difference, Kind
from watchdog.compare.types import Family, fits, numbers_fit, parsed
from watchdog.model import Column, Severity
from watchdog.topology import SinkSettings

_KEEPS_ALL = frozenset({"utf8mb4", "utf16", "utf32", "utf16le"})
_NARROWER = {"utf8mb3": frozenset({"ascii", "latin1"})}


class Effect(StrEnum):
    """The values are part of what `watchdog drift -o json` prints."""

    FAILS = "fails"
    MAY_FAIL = "may-fail"
    """On the first value that does not fit."""
    NULLS = "writes-null"
    """NULL, or the target's default, without a word."""
    LOSES = "may-lose-data"
    ADAPTS = "adapts"
    """It changes its target by itself."""
    FINE = "fine"
    REFUSES = "refuses"
    CORRUPTS = "reads-wrong-values"
    UNKNOWN = "unknown"


_SEVERITY = {
    Effect.FAILS: Severity.BREAKING,
    Effect.REFUSES: Severity.BREAKING,
    Effect.CORRUPTS: Severity.BREAKING,
    Effect.MAY_FAIL: Severity.RISKY,
    Effect.NULLS: Severity.RISKY,
    Effect.LOSES: Severity.RISKY,
    Effect.UNKNOWN: Severity.RISKY,
    Effect.ADAPTS: Severity.SAFE,
    Effect.FINE: Severity.SAFE,
}


@dataclass(frozen=True, slots=True)
class Judged:
    """What one consumer makes of one difference."""

    effect: Effect
    reason: str
    consumer: str = ""
    """Such as `sink dw-sink`."""

    @property
    def severity(self) -> Severity:
        return _SEVERITY[self.effect]


@dataclass(frozen=True, slots=True)
class SinkRules:
    """What a JDBC sink was told to do."""

    evolves: bool = False
    """It may add columns to its target (`schema.evolution=basic`, `auto.evolve=true`)."""
    evolution: str = "schema.evolution=none"
    """That setting, as it is spelled in this connector."""
    mode: str = "insert"
    """insert, upsert or update"""
    key_mode: str = "none"

    @classmethod
    def of(cls, settings: SinkSettings) -> SinkRules:
        words = {"confluent-jdbc": f"auto.evolve={str(settings.adds_columns).lower()}"}
        evolution = words.get(settings.connector, f"schema.evolution={settings.schema_evolution}")
        return cls(settings.adds_columns, evolution, settings.insert_mode, settings.key_mode)


def judged_by_sink(difference: Difference, rules: SinkRules, sent_before: Collection[str] = ()) -> Judged:
    """`difference`: from the target as it is to the columns that the records have. `sent_before`: columns, in lower
    case, that the source is known to have had: what the target alone ever had is nobody's loss."""
    before, after = difference.before, difference.after
    match difference.kind:
        case Kind.ADDED_OPTIONAL | Kind.ADDED_REQUIRED if after:
            return _added(after, rules)
        case Kind.REMOVED if before:
            return _removed(before, rules, before.name.lower() in sent_before)
        case Kind.RENAMED if before and after:
            return _renamed(before, after, rules)
        case Kind.NOW_NULLABLE if before:
            return _nullable(before)
        case Kind.CHARSET if before and after:
            return _charset(before, after)
        case Kind.PRIMARY_KEY:
            return _key(difference, rules)
    if before and after and before.type != after.type:
        return _type(before, after)
    return Judged(Effect.FINE, "the sink writes by column name, and each value as the record holds it")


def _added(column: Column, rules: SinkRules) -> Judged:
    name = column.name
    # Debezium makes a field required by NOT NULL alone, also where the server fills the column.
    if not column.nullable and column.default is None:
        reason = f"records have {name}, which the target lacks; it is required and has no default, so the sink refuses"
        return Judged(Effect.FAILS, f"{reason} to add it, whatever schema evolution says")
    if rules.evolves:
        return Judged(Effect.ADAPTS, f"the sink adds {name} to the target by itself ({rules.evolution})")
    return Judged(Effect.FAILS, f"records have {name}, which the target lacks, and {rules.evolution}")


def _removed(column: Column, rules: SinkRules, sent_before: bool) -> Judged:
    name = column.name
    if rules.mode == "update":
        return Judged(Effect.FINE, f"records have no {name} any more: updates leave the target's values as they are")
    if column.must_be_given:
        reason = f"records have no {name}, and the target requires it and has no default for it (error 1364)"
        return Judged(Effect.FAILS, reason)
    if column.generated or not sent_before:
        return Judged(Effect.FINE, f"only the target has {name}; no record is known to have had it")
    written = "NULL" if column.default is None else f"its default {column.default}"
    return Judged(Effect.NULLS, f"records have no {name} any more: new rows get {written} there, without a word")


def _renamed(before: Column, after: Column, rules: SinkRules) -> Judged:
    added = _added(after, rules)
    if added.effect is Effect.FAILS:
        return Judged(added.effect, f"{added.reason} (it looks like {before.name} under a new name)")
    gone = _removed(before, rules, True)
    reason = f"{added.reason}; {gone.reason} (it looks like a rename)"
    return Judged(gone.effect if gone.severity is not Severity.SAFE else added.effect, reason)


def _nullable(target: Column) -> Judged:
    reason = f"a record with NULL in {target.name} is refused: the target does not allow it"
    return Judged(Effect.MAY_FAIL, reason)


def _charset(target: Column, source: Column) -> Judged:
    if target.charset in _KEEPS_ALL or source.charset in _NARROWER.get(target.charset or "", ()):
        return Judged(Effect.FINE, f"{target.charset} has every character of {source.charset}")
    reason = f"a character that {target.charset} does not have is refused or becomes ? in {target.name}"
    return Judged(Effect.MAY_FAIL, reason)


def _key(difference: Difference, rules: SinkRules) -> Judged:
    if rules.mode != "upsert":
        return Judged(Effect.FINE, f"insert.mode={rules.mode} asks for no key")
    reason = (
        f"the target's key is {difference.was}, the source's {difference.now}: an upsert replaces rows by the target's "
        "own key, so rows may overwrite each other or come twice, without a word"
    )
    return Judged(Effect.LOSES, reason)


def _type(target: Column, source: Column) -> Judged:
    inner, outer = parsed(source.type), parsed(target.type)
    name, change = target.name, f"the source's {source.type} to the target's {target.type}"
    if fits(inner, outer):
        return Judged(Effect.FINE, f"{target.type} keeps every value of {source.type}")
    match inner.family, outer.family:
        case (Family.NUMBER, Family.NUMBER) if numbers_fit(inner, outer, rounded=True):
            return Judged(Effect.LOSES, f"{name}: digits are rounded away, without a word, from {change}")
        case (Family.NUMBER | Family.FLOAT, Family.FLOAT):
            return Judged(Effect.LOSES, f"{name}: digits are rounded away, without a word, from {change}")
        case (Family.MOMENT, Family.MOMENT) if _same_kind_of_moment(source.type, target.type):
            return Judged(Effect.LOSES, f"{name}: fractions of a second are rounded away, from {change}")
        case (one, other) if one is other:
            return Judged(Effect.MAY_FAIL, f"{name}: a value that does not fit is refused, from {change}")
        case (Family.CHOICE | Family.CHOICES, _) | (_, Family.TEXT | Family.CHOICE | Family.CHOICES):
            return Judged(Effect.MAY_FAIL, f"{name}: a value that does not fit is refused, from {change}")
        case (Family.FLOAT | Family.BITS, Family.NUMBER | Family.BITS) | (Family.NUMBER, Family.BITS):
            return Judged(Effect.MAY_FAIL, f"{name}: a value that does not fit is refused or rounded, from {change}")
        case (Family.OTHER, _) | (_, Family.OTHER):
            return Judged(Effect.UNKNOWN, f"{name}: it is not known what becomes of values from {change}")
    return Judged(Effect.FAILS, f"{name}: {inner.family} is no {outer.family}, from {change}")


def _same_kind_of_moment(source: str, target: str) -> bool:
    one, other = parsed(source).base, parsed(target).base
    return fits(parsed(one), parsed(f"{other}(6)" if other != "date" else other))
