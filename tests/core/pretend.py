"""A pretended pipeline: a source, Debezium's two topics, a sink and its target, which obey the statements that
`scripts/correlation` runs on the real stack. No server, no clock: a history takes a millisecond.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from correlation.histories import History, Step

from tests.core.scene import CONFIGS, DRIFT_TRACE, SINK, START, TARGET_ADDRESS, UUID
from watchdog.correlate import Surroundings, correlate
from watchdog.detect import MisfitKind, misfits
from watchdog.diagnose import diagnose
from watchdog.history import SchemaHistory, absorb
from watchdog.model import (
    Column,
    DatabaseColumns,
    Diagnosis,
    Origin,
    Place,
    Position,
    Probe,
    RecordShape,
    SchemaRecord,
    TableId,
    TableSchema,
)
from watchdog.target_history import TargetHistory, looked
from watchdog.topology import derive

SOURCE, TARGET = TableId("oltp", "orders"), TableId("dw", "orders")
PARTITION = "dataflow.oltp.orders-0"
TRACES = {
    MisfitKind.MISSING: DRIFT_TRACE,
    MisfitKind.REQUIRED: "java.sql.SQLException: Field '{}' doesn't have a default value\n\tat x.Y.z(Y.java:1)\n",
    MisfitKind.NULL: "java.sql.SQLException: Column '{}' cannot be null\n\tat x.Y.z(Y.java:1)\n",
    MisfitKind.TOO_LONG: "java.sql.SQLException: Data truncation: Data too long for column '{}' at row 1\n\tat x.Y\n",
    MisfitKind.OUT_OF_RANGE: "java.sql.SQLException: Out of range value for column '{}' at row 1\n\tat x.Y\n",
}
_CLAUSE = re.compile(r",\s*(?=(?:ADD|DROP|MODIFY|RENAME|ALTER|COMMENT)\b)")


@dataclass
class Row:
    values: dict[str, object]
    place: Place


@dataclass
class Pretend:
    """`run` plays a history; `diagnosis` is what is made of it then, None when no record was refused."""

    chance: random.Random
    gtids: bool = True
    topics: tuple[Origin, ...] = (Origin.TOPIC, Origin.HISTORY)
    skew_seconds: float = 0.0
    """How much our clock is ahead of the database's."""
    targets_seen: bool = True
    gap_seconds_max: float = 3600.0
    tables: dict[str, TableSchema] = field(default_factory=dict)
    target: TableSchema = TableSchema(TARGET, ())
    rows: list[Row] = field(default_factory=list)
    told: list[SchemaRecord] = field(default_factory=list)
    looks: TargetHistory = TargetHistory()
    history: SchemaHistory = SchemaHistory()
    now: datetime = START
    number: int = 0
    failed_at: datetime | None = None

    def run(self, history: History) -> None:
        self.target = TableSchema(TARGET, _columns(history.target_columns), ("id",))
        self._create("orders", history.source_columns, f"CREATE TABLE orders ({history.source_columns})")
        if not history.late:
            self.told = [replace(self.told[-1], snapshot=True, ddl="CREATE TABLE `orders`")]
        self._play(Step("look"))
        for step in history.steps:
            self._play(step)
        self.failed_at = self.now
        for step in history.after:
            self._play(step)
        self._hear()

    def diagnosis(self) -> Diagnosis | None:
        assert self.failed_at is not None
        bad = next((n for n, row in enumerate(self.rows) if self._refused(row)), None)
        if bad is None:
            return None
        misfit = self._refused(self.rows[bad])
        assert misfit is not None
        cause = diagnose(TRACES[misfit[0]].format(misfit[1]), "sink")
        committed = max(0, bad - self.chance.randint(0, 3))
        since, later = self._ours(self.failed_at), self._ours(self.now) + timedelta(seconds=1)
        shapes = _shapes(self.rows[committed:])
        columns = DatabaseColumns(TARGET_ADDRESS, later, {TARGET: self.target})
        return correlate(
            SINK,
            cause,
            Surroundings(
                topology=derive(CONFIGS.values(), {}),
                history=self.history,
                databases={TARGET_ADDRESS: columns} if self.targets_seen else {},
                probe=Probe(SINK, later, shapes=shapes),
                since=since,
                targets=self.looks if self.targets_seen else TargetHistory(),
            ),
        )

    # ── what is done ──

    def _play(self, step: Step) -> None:
        self.now += timedelta(seconds=self.chance.uniform(1, self.gap_seconds_max))
        sql = step.sql.replace("{t}", "orders")
        if step.side == "look":
            self._hear()
            known = self.history.of("dataflow", SOURCE)
            seen = DatabaseColumns(TARGET_ADDRESS, self._ours(self.now), {TARGET: self.target})
            self.looks = looked(self.looks, seen, [(TARGET, known[-1].id if known else "")])
        elif step.side == "target":
            self.target = _altered(self.target, sql)
            self._play(Step("look"))
        elif sql.startswith("INSERT INTO orders"):
            self._insert(sql)
        elif step.side == "source" and not sql.startswith("INSERT"):
            self._run(sql)

    def _run(self, sql: str) -> None:
        if match := re.fullmatch(r"CREATE TABLE (\S+) LIKE (\S+)", sql):
            self._becomes(match[1], replace(self.tables[match[2]], id=TableId("oltp", match[1])), "CREATE", sql)
        elif match := re.match(r"CREATE TABLE (\S+) \((.*)\)$", sql, re.DOTALL):
            self._create(match[1], match[2], sql)
        elif match := re.fullmatch(r"DROP TABLE (\S+)", sql):
            self._becomes(match[1], None, "DROP", sql)
        elif sql.startswith("RENAME TABLE"):
            self.number += 1
            for old, new in re.findall(r"(\S+) TO (\w+)", sql):
                moved = replace(self.tables.pop(old), id=TableId("oltp", new))
                self._becomes(new, moved, "ALTER", f"RENAME TABLE `{old}` TO `{new}`", same=True)
        elif match := re.match(r"ALTER TABLE (\S+) ", sql):
            self._becomes(match[1], _altered(self.tables[match[1]], sql), "ALTER", sql)
        else:
            raise AssertionError(f"a statement that the pretended source does not know: {sql}")

    def _create(self, name: str, columns: str, sql: str) -> None:
        self._becomes(name, TableSchema(TableId("oltp", name), _columns(columns), ("id",)), "CREATE", sql)

    def _becomes(self, name: str, after: TableSchema | None, kind: str, sql: str, *, same: bool = False) -> None:
        if not same:
            self.number += 1
        if after:
            self.tables[name] = after
        position = self._position()
        self.told.append(
            SchemaRecord("dataflow", Origin.TOPIC, position, self.now, sql, TableId("oltp", name), kind, after)
        )

    def _insert(self, sql: str) -> None:
        match = re.fullmatch(r"INSERT INTO orders \((.*?)\) VALUES \((.*)\)", sql)
        assert match, sql
        given = dict(zip(match[1].split(", "), re.findall(r"'[^']*'|[^, ]+", match[2]), strict=True))
        values: dict[str, object] = {}
        for column in self.tables["orders"].columns:
            text = given.get(column.name, column.default if column.default is not None else "NULL")
            values[column.name] = None if text == "NULL" else text.strip("'") if "'" in text else _number(text)
        values["id"] = len(self.rows) + 1
        self.number += 1
        self.rows.append(Row(values, Place(len(self.rows), self._position(), self.now)))

    def _position(self) -> Position:
        gtid = f"{UUID}:{self.number}" if self.gtids else None
        return Position(gtid, f"binlog.{self.number // 7:06}", 100 + self.number * 10)

    def _ours(self, at: datetime) -> datetime:
        return at + timedelta(seconds=self.skew_seconds)

    # ── what is heard ──

    def _hear(self) -> None:
        """Both topics from their beginnings, in any order between them: what was heard is heard again."""
        waiting = {origin: [_as(origin, record) for record in self.told] for origin in self.topics}
        while waiting:
            origin = self.chance.choice(list(waiting))
            self.history, _ = absorb(self.history, waiting[origin].pop(0), lambda _, table: table == SOURCE)
            if not waiting[origin]:
                del waiting[origin]

    def _refused(self, row: Row) -> tuple[MisfitKind, str] | None:
        (shape,) = _shapes([row])
        return next(((misfit.kind, misfit.column) for misfit in misfits(shape, self.target)), None)


def _as(origin: Origin, record: SchemaRecord) -> SchemaRecord:
    if origin is Origin.TOPIC:
        return record
    position = replace(record.position, gtid=None, pos=(record.position.pos or 0) + 5)
    return replace(record, origin=origin, position=position, at=record.at.replace(microsecond=0))


def _number(text: str) -> object:
    return int(text) if text.lstrip("-").isdigit() else text


def _shapes(rows: list[Row]) -> tuple[RecordShape, ...]:
    groups: dict[frozenset[str], list[Row]] = {}
    for row in rows:
        groups.setdefault(frozenset(row.values), []).append(row)
    return tuple(map(_shape, groups.values()))


def _shape(rows: list[Row]) -> RecordShape:
    first = rows[0].place
    lengths: dict[str, tuple[tuple[int, Place], ...]] = {}
    bits: dict[str, tuple[tuple[int, Place], ...]] = {}
    nulls: dict[str, Place] = {}
    for row in rows:
        for name, value in row.values.items():
            if value is None:
                nulls.setdefault(name, row.place)
            elif isinstance(value, str):
                _grow(lengths, name, len(value), row.place)
            elif isinstance(value, int):
                _grow(bits, name, value.bit_length(), row.place)
    return RecordShape(
        PARTITION,
        tuple(rows[0].values),
        first.offset,
        rows[-1].place.offset,
        len(rows),
        lengths,
        frozenset(nulls),
        first.position,
        first.at,
        nulls,
        bits,
    )


def _grow(sizes: dict[str, tuple[tuple[int, Place], ...]], name: str, size: int, place: Place) -> None:
    if name not in sizes or size > sizes[name][-1][0]:
        sizes[name] = (*sizes.get(name, ()), (size, place))


# ── MySQL, as much of it as is used ──


def _columns(text: str) -> tuple[Column, ...]:
    return tuple(_column(part.strip()) for part in re.split(r",\s*(?![^(]*\))", text))


def _column(text: str) -> Column:
    match = re.match(r"(?P<name>\w+) (?P<type>\w+(?:\(\d+\))?)(?P<rest>.*)", text, re.DOTALL)
    assert match, text
    default = re.search(r"DEFAULT (\S+)", match["rest"])
    return Column(
        name=match["name"],
        type=match["type"].lower(),
        nullable="NOT NULL" not in match["rest"],
        default=default[1] if default else None,
        generated="AUTO_INCREMENT" in match["rest"],
    )


def _altered(table: TableSchema, sql: str) -> TableSchema:
    for clause in _CLAUSE.split(re.sub(r"^ALTER TABLE \S+ ", "", sql)):
        table = replace(table, columns=_changed(table.columns, clause))
    return table


def _changed(columns: tuple[Column, ...], clause: str) -> tuple[Column, ...]:
    if match := re.match(r"ADD COLUMN (.*)", clause):
        return (*columns, _column(match[1]))
    if match := re.match(r"DROP COLUMN (\w+)", clause):
        return tuple(column for column in columns if column.name != match[1])
    if match := re.match(r"MODIFY (.*)", clause):
        new = _column(match[1])
        return tuple(new if column.name == new.name else column for column in columns)
    if match := re.match(r"RENAME COLUMN (\w+) TO (\w+)", clause):
        return tuple(replace(c, name=match[2]) if c.name == match[1] else c for c in columns)
    if match := re.match(r"ALTER COLUMN (\w+) SET DEFAULT (\S+)", clause):
        return tuple(replace(c, default=match[2]) if c.name == match[1] else c for c in columns)
    assert re.match(r"COMMENT |ADD INDEX ", clause), clause
    return columns
