"""PURE: a seed → what is done to a table and its target, and which statement is to blame if the sink fails of it."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field

COLUMNS = """
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  customer VARCHAR(64) NOT NULL,
  qty INT NOT NULL DEFAULT 0,
  note VARCHAR(20)
"""


@dataclass(frozen=True)
class Step:
    """`side`: `source`, `target`, `look` (until the watchdog has looked at the targets), or `flow` (until the target
    has the source's rows)."""

    side: str
    sql: str = ""


@dataclass(frozen=True)
class History:
    """`sql` holds `{t}` where the table's name goes. `truth`: the guilty statement, empty when there is none at the
    source. `after`: what is done once the sink has failed."""

    kind: str
    steps: tuple[Step, ...]
    truth: str
    columns: tuple[str, ...]
    after: tuple[Step, ...] = ()
    late: bool = False
    """The table is made while the source is running: its CREATE is a statement like any other."""
    source_columns: str = COLUMNS
    target_columns: str = COLUMNS


@dataclass
class Maker:
    """One table's history in the making."""

    random: random.Random
    steps: list[Step] = field(default_factory=list)
    names: int = 0

    def source(self, sql: str) -> str:
        self.steps.append(Step("source", sql))
        return sql

    def target(self, sql: str) -> None:
        self.steps.append(Step("target", sql))

    def look(self) -> None:
        self.steps.append(Step("look"))

    def flow(self) -> None:
        self.steps.append(Step("flow"))

    def name(self) -> str:
        self.names += 1
        return f"{self.random.choice(('extra', 'flag', 'region', 'source_ref'))}_{self.names}"

    def row(self, **values: str) -> None:
        given = {"customer": "'An'", "qty": "1", "note": "'short'", **values}
        given = {name: value for name, value in given.items() if value}
        self.source(f"INSERT INTO {{t}} ({', '.join(given)}) VALUES ({', '.join(given.values())})")

    def harmless(self, at_most: int = 3) -> None:
        """Statements on the same table that no sink minds."""
        for _ in range(self.random.randint(0, at_most)):
            self.random.choice(_HARMLESS)(self)

    def history(self, kind: str, truth: str, *columns: str, late: bool = False) -> History:
        return History(kind, tuple(self.steps), truth, columns, tuple(self._afterwards()), late)

    def _afterwards(self) -> list[Step]:
        """In half of the cases the table changes on after the failure; none of that can be to blame."""
        if self.random.random() < 0.5:
            return []
        changed = [Step("source", f"ALTER TABLE {{t}} ADD COLUMN {self.name()} VARCHAR(9)")]
        # The last row that was written can be written again.
        again = [step for step in self.steps if step.sql.startswith("INSERT INTO {t} (customer, qty")][-1:]
        return [*changed, *again, Step("source", "ALTER TABLE {t} MODIFY note VARCHAR(750)"), *again]


def _index(make: Maker) -> None:
    make.source(f"ALTER TABLE {{t}} ADD INDEX {make.name()} (qty)")


def _comment(make: Maker) -> None:
    make.source(f"ALTER TABLE {{t}} COMMENT '{make.name()}'")


def _default(make: Maker) -> None:
    make.source(f"ALTER TABLE {{t}} ALTER COLUMN qty SET DEFAULT {make.random.randint(0, 9)}")


def _both(make: Maker) -> None:
    name = make.name()
    make.target(f"ALTER TABLE {{t}} ADD COLUMN {name} INT")
    make.source(f"ALTER TABLE {{t}} ADD COLUMN {name} INT")


_HARMLESS: tuple[Callable[[Maker], None], ...] = (_index, _comment, _default, _both)


def added(make: Maker) -> History:
    make.harmless()
    name = make.name()
    ddl = make.source(f"ALTER TABLE {{t}} ADD COLUMN {name} VARCHAR(30)")
    make.harmless()
    make.row()
    return make.history("added", ddl, name)


def one_of_two_added(make: Maker) -> History:
    fine, bad = make.name(), make.name()
    make.target(f"ALTER TABLE {{t}} ADD COLUMN {fine} INT")
    statements = [f"ALTER TABLE {{t}} ADD COLUMN {fine} INT", f"ALTER TABLE {{t}} ADD COLUMN {bad} INT"]
    make.random.shuffle(statements)
    for statement in statements:
        make.source(statement)
    make.harmless()
    make.row()
    return make.history("one of two added", next(s for s in statements if bad in s), bad)


def added_dropped_added(make: Maker) -> History:
    name = make.name()
    make.source(f"ALTER TABLE {{t}} ADD COLUMN {name} INT")
    make.harmless(1)
    make.source(f"ALTER TABLE {{t}} DROP COLUMN {name}")
    make.row()
    ddl = make.source(f"ALTER TABLE {{t}} ADD COLUMN {name} VARCHAR(12)")
    make.row()
    return make.history("added, dropped, added again", ddl, name)


def added_row_dropped_added(make: Maker) -> History:
    name = make.name()
    ddl = make.source(f"ALTER TABLE {{t}} ADD COLUMN {name} INT")
    make.row()
    make.source(f"ALTER TABLE {{t}} DROP COLUMN {name}")
    make.source(f"ALTER TABLE {{t}} ADD COLUMN {name} VARCHAR(12)")
    make.row()
    return make.history("added with a row, dropped, added again", ddl, name)


def two_added_first_fails(make: Maker) -> History:
    one, other = make.name(), make.name()
    ddl = make.source(f"ALTER TABLE {{t}} ADD COLUMN {one} INT")
    make.row()
    make.source(f"ALTER TABLE {{t}} ADD COLUMN {other} INT")
    make.row()
    return make.history("two added, a row between", ddl, one)


def renamed(make: Maker) -> History:
    make.harmless()
    ddl = make.source("ALTER TABLE {t} RENAME COLUMN customer TO client")
    make.harmless(1)
    make.row(customer="", client="'An'")
    return make.history("renamed", ddl, "client")


def text_widened(make: Maker) -> History:
    make.row()
    make.source("ALTER TABLE {t} MODIFY note VARCHAR(20) NULL COMMENT 'n'")
    ddl = make.source(f"ALTER TABLE {{t}} MODIFY note VARCHAR({make.random.choice((60, 200))})")
    make.row()
    make.row(note=f"'{'x' * 50}'")
    make.source("ALTER TABLE {t} MODIFY note VARCHAR(700)")
    make.row(note=f"'{'y' * 500}'")
    return make.history("text widened", ddl, "note")


def number_widened(make: Maker) -> History:
    make.row()
    ddl = make.source("ALTER TABLE {t} MODIFY qty BIGINT NOT NULL DEFAULT 0")
    make.harmless()
    make.row()
    make.row(qty="5000000000")
    return make.history("number widened", ddl, "qty")


def null_allowed(make: Maker) -> History:
    make.row()
    ddl = make.source("ALTER TABLE {t} MODIFY customer VARCHAR(64) NULL")
    make.harmless()
    make.row()
    make.row(customer="NULL")
    return make.history("NULL allowed", ddl, "customer")


def required_dropped(make: Maker) -> History:
    make.harmless()
    ddl = make.source("ALTER TABLE {t} DROP COLUMN customer")
    make.harmless(1)
    make.row(customer="")
    return make.history("required column dropped", ddl, "customer")


def recreated(make: Maker) -> History:
    name = make.name()
    make.source("DROP TABLE {t}")
    ddl = make.source(f"CREATE TABLE {{t}} ({COLUMNS}, {name} INT)")
    make.row()
    return make.history("dropped and made anew", ddl, name)


def swapped(make: Maker) -> History:
    """As gh-ost and pt-online-schema-change do it."""
    name, ghost = make.name(), make.random.random() < 0.5
    new, old = ("_{t}_gho", "_{t}_del") if ghost else ("_{t}_new", "_{t}_old")
    make.source(f"CREATE TABLE {new} LIKE {{t}}")
    ddl = make.source(f"ALTER TABLE {new} ADD COLUMN {name} INT")
    make.source(f"INSERT INTO {new} (id, customer, qty, note) SELECT id, customer, qty, note FROM {{t}}")
    make.source(f"RENAME TABLE {{t}} TO {old}, {new} TO {{t}}")
    make.source(f"DROP TABLE {old}")
    make.row()
    return make.history("online schema change", ddl, name)


def several_clauses(make: Maker) -> History:
    name = make.name()
    make.harmless()
    ddl = make.source(f"ALTER TABLE {{t}} ADD INDEX i (note), ADD COLUMN {name} INT, MODIFY note VARCHAR(20) NOT NULL")
    make.row()
    return make.history("several clauses", ddl, name)


def created_late(make: Maker) -> History:
    make.harmless(1)
    make.row()
    made = make.history("made late, wider than its target", "CREATE TABLE {t}", "extra", late=True)
    return History(**{**made.__dict__, "source_columns": f"{COLUMNS}, extra INT"})


def dropped_at_target(make: Maker) -> History:
    make.harmless(2)
    make.row()
    make.flow()
    make.look()
    make.target("ALTER TABLE {t} DROP COLUMN note")
    make.harmless(1)
    make.row()
    return make.history("dropped at the target", "", "note", late=make.random.random() < 0.5)


def added_at_both_dropped_at_target(make: Maker) -> History:
    name = make.name()
    make.target(f"ALTER TABLE {{t}} ADD COLUMN {name} INT")
    make.source(f"ALTER TABLE {{t}} ADD COLUMN {name} INT")
    make.row()
    make.flow()
    make.look()
    make.target(f"ALTER TABLE {{t}} DROP COLUMN {name}")
    make.row()
    return make.history("added at both, dropped at the target", "", name)


def narrowed_at_target(make: Maker) -> History:
    make.harmless(2)
    make.flow()
    make.look()
    make.target("ALTER TABLE {t} MODIFY note VARCHAR(3)")
    make.row(note="'longer'")
    return make.history("narrowed at the target", "", "note")


def required_at_target(make: Maker) -> History:
    make.harmless()
    make.target("ALTER TABLE {t} ADD COLUMN must INT NOT NULL")
    make.harmless()
    make.row()
    return make.history("required at the target", "", "must")


GUILTY: tuple[Callable[[Maker], History], ...] = (
    added,
    one_of_two_added,
    added_dropped_added,
    added_row_dropped_added,
    two_added_first_fails,
    renamed,
    text_widened,
    number_widened,
    null_allowed,
    required_dropped,
    recreated,
    swapped,
    several_clauses,
    created_late,
)
NOBODY: tuple[Callable[[Maker], History], ...] = (
    dropped_at_target,
    added_at_both_dropped_at_target,
    narrowed_at_target,
    required_at_target,
)


def histories(seed: int, count: int) -> list[History]:
    """Every kind comes, in an order of chance; what is random in them is so by the seed."""
    chance = random.Random(seed)
    kinds = [*GUILTY, *NOBODY]
    drawn = [*chance.sample(kinds, len(kinds)), *chance.choices(kinds, k=max(0, count - len(kinds)))]
    return [kind(Maker(random.Random(chance.random()))) for kind in drawn[:count]]


def mixed(seed: int, lines: list[list[Step]]) -> list[tuple[int, Step]]:
    """All steps in one order that keeps each line's own: (line, step)."""
    chance = random.Random(seed)
    waiting = {number: list(line) for number, line in enumerate(lines) if line}
    order = []
    while waiting:
        number = chance.choice(list(waiting))
        order.append((number, waiting[number].pop(0)))
        if not waiting[number]:
            del waiting[number]
    return order
