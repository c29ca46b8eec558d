"""The catalogue: the real signatures one by one, and what a file of the user's own may do and may not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from watchdog.diagnose import Knowledge
from watchdog.diagnose.catalogue import Catalogue, built_in, combined, own_entries
from watchdog.diagnose.entries import groups_of, read
from watchdog.diagnose.subjects import columns_of, table_of
from watchdog.errors import SettingsError

SIGNATURES = [
    json.loads(line) for line in Path(__file__).parent.parent.joinpath("data/signatures.jsonl").open(encoding="utf-8")
]
PACKAGED = Knowledge(combined(()))
OWN = """\
- id: MY-1
  side: sink
  pattern: 'quota of tenant (?P<tenant>\\w+) is used up'
  category: RESOURCE
  restart: no
  cause: The tenant's quota is used up.
  fix: Ask for more.
"""


@pytest.mark.parametrize("known", [pytest.param(known, id=known["id"]) for known in SIGNATURES])
def test_a_known_signature_is_named(known: dict[str, object]) -> None:
    for side in (known["side"], "unknown"):
        cause = PACKAGED.diagnose(known["sample"], side)
        assert cause.signature == known["id"]
        assert cause.category == known["category"]
        assert cause.restart == known["restart"]
        assert cause.schema_drift == known["schema_drift"]
        assert cause.groups == known["named_groups"]


def test_there_are_65_known_signatures() -> None:
    assert len({known["id"] for known in SIGNATURES}) == 65


@pytest.mark.parametrize("known", [pytest.param(known, id=known["id"]) for known in SIGNATURES])
def test_a_known_signature_is_named_inside_wrappers_and_with_windows_line_ends(known: dict[str, object]) -> None:
    sample = str(known["sample"]).removeprefix("Caused by: ")
    trace = (
        "org.apache.kafka.connect.errors.ConnectException: Tolerance exceeded in error handler\n\tat a.B.c(B.java:1)\n"
        f"Caused by: {sample}\n\tat x.Y.z(Y.java:2)\n\t... 3 more\n"
    )
    assert PACKAGED.diagnose(trace.replace("\n", "\r\n"), "any").signature == known["id"]


@pytest.mark.parametrize(
    ("groups", "table", "columns"),
    [
        pytest.param({"table": '"purchase_item"', "kind": "Table"}, "purchase_item", (), id="in quotes"),
        pytest.param({"table": "`dw`.`orders`", "col": "qty"}, "dw.orders", ("qty",), id="in backticks"),
        pytest.param({"table2": "dw.orders"}, "dw.orders", (), id="of another alternative"),
        pytest.param({"col": "shop.orders.qty"}, "shop.orders", ("qty",), id="a column that names its table"),
        pytest.param({"column": "`dw`.`orders`.`qty`"}, "dw.orders", ("qty",), id="MariaDB's way of it"),
        pytest.param({"col": "doc JSON DEFAULT VALUE NULL"}, None, ("doc",), id="a whole column"),
        pytest.param({"subject": "dataflow.oltp.orders-value"}, "oltp.orders", (), id="a registry's subject"),
        pytest.param(
            {"fields": "[SinkRecordField{schema=Schema{STRING}, name='a', isPrimaryKey=false}, X{name='b'}]"},
            None, ("a", "b"), id="Confluent's list",
        ),
        pytest.param({"fields": "[a, b]"}, None, ("a", "b"), id="a plain list"),
        pytest.param({"details": "description:'The field 'qty' has no default', additionalInfo:'qty'"}, None, ("qty",),
                     id="what a registry refuses"),
        pytest.param({"ddl": "ALTER TABLE `oltp`.`orders` FROB"}, "oltp.orders", (), id="a statement"),
        pytest.param({"ddl": "create unique index i on orders (id)"}, "orders", (), id="an index"),
        pytest.param({"ddl": "ALTER USER 'root'@'%' IDENTIFIED BY 'x'"}, None, (), id="a statement of no table"),
        pytest.param({"key": "file", "mode": "x"}, None, (), id="neither"),
    ],
)  # fmt: skip
def test_table_and_columns_are_read_from_the_groups(
    groups: dict[str, str], table: str | None, columns: tuple[str, ...]
) -> None:
    assert (table_of(groups), columns_of(groups)) == (table, columns)


# ── a file of one's own ──


def own(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "own.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_an_entry_of_ones_own_needs_no_code(tmp_path: Path) -> None:
    knowledge = Knowledge(combined(own_entries(own(tmp_path, OWN))))
    cause = knowledge.diagnose("com.acme.QuotaException: quota of tenant blue is used up", "sink")
    assert (cause.signature, cause.category, cause.restart) == ("MY-1", "RESOURCE", "no")
    assert cause.groups == {"tenant": "blue"}


def test_an_entry_of_ones_own_comes_first_and_replaces_by_id(tmp_path: Path) -> None:
    text = OWN.replace("MY-1", "JDB-06").replace("quota of tenant (?P<tenant>\\w+) is used up", "schema evolution")
    catalogue = combined(own_entries(own(tmp_path, text)))
    assert len(catalogue.entries) == len(built_in())
    cause = Knowledge(catalogue).diagnose(
        "java.sql.SQLException: Cannot alter table dw.orders because schema evolution is disabled", "sink"
    )
    assert (cause.signature, cause.category) == ("JDB-06", "RESOURCE")


def test_an_entry_may_ask_where_its_words_were_thrown(tmp_path: Path) -> None:
    text = OWN.replace("  category", "  thrown_in: 'at com\\.acme\\.'\n  category", 1)
    knows = Knowledge(combined(own_entries(own(tmp_path, text)))).diagnose
    words = "java.lang.RuntimeException: quota of tenant blue is used up\n\tat {}.Client.ask(Client.java:5)\n"
    assert knows(words.format("com.acme")).signature == "MY-1"
    assert knows(words.format("com.other")).signature != "MY-1"


def test_every_error_of_a_file_is_told_at_once_with_line_and_entry(tmp_path: Path) -> None:
    text = OWN + (
        "- id: MY-1\n  side: sink\n  pattern: 'x(?=y)'\n  category: DATA\n  restart: perhaps\n  cause: C.\n"
        "- just words\n"
        "- id: MY-3\n  side: sink\n  patern: x\n  category: DRIFT\n  restart: no\n  cause: C.\n  fix: F.\n"
        "- id: MY-4\n  side: any\n  pattern: 'a*'\n  category: DATA\n  restart: no\n  cause: C.\n  fix: [F]\n"
        + OWN
    )  # fmt: skip
    path = own(tmp_path, text)
    with pytest.raises(SettingsError) as raised:
        own_entries(path)
    assert all(problem.startswith(f"{path}: line ") for problem in raised.value.problems)
    told = [problem.removeprefix(f"{path}: ") for problem in raised.value.problems]
    assert told == [
        "line 10: entry MY-1: pattern: is no RE2 pattern: invalid perl operator: (?=; lookaround and backreferences "
        "are not there",
        "line 12: entry MY-1: restart: must be 'no', 'after-fix', 'once' or 'yes'",
        "line 8: entry MY-1: fix: is missing",
        "line 14: entry 3: must be keys with values, such as `id: MY-1`",
        "line 15: entry MY-3: pattern: is missing",
        told[5],
        "line 17: entry MY-3: patern: is no key of an entry: did you mean pattern?",
        "line 28: entry MY-4: fix: must be one text",
        "line 24: entry MY-4: pattern: matches every text: write down words that only this failure has",
        "line 29: entry MY-1: id: is given twice, first in line 1: keep one of them",
    ]
    assert told[5].startswith("line 18: entry MY-3: category: must be 'SCHEMA_DRIFT', 'DDL_PARSE'")


@pytest.mark.parametrize(
    ("content", "what"),
    [
        pytest.param(b"a: b", "line 1: must be a list of entries: each begins with `- id: …`", id="no list"),
        pytest.param(b"- 'x", "line 1: is no valid YAML", id="no YAML"),
        pytest.param(b"- id: \xff", "is not UTF-8: save the catalogue in that encoding", id="not UTF-8"),
        pytest.param(b"[" * 100_000, "is no valid YAML", id="nested without end"),
        pytest.param(b"#" * 5_000_000, "is larger than", id="too large"),
        pytest.param(None, "cannot be read: No such file or directory", id="not there"),
    ],
)
def test_what_is_no_catalogue_is_said_with_its_name(tmp_path: Path, content: bytes | None, what: str) -> None:
    path = tmp_path / "own.yaml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SettingsError) as raised:
        own_entries(path)
    assert len(raised.value.problems) == 1
    assert raised.value.problems[0].startswith(f"{path}: ")
    assert what in raised.value.problems[0]


def test_an_empty_file_adds_nothing(tmp_path: Path) -> None:
    assert combined(own_entries(own(tmp_path, ""))).entries == built_in()


def test_words_that_leave_the_cause_open_give_way_to_what_is_inside() -> None:
    trace = (
        "org.apache.kafka.connect.errors.ConnectException: Snapshotting of table shop.orders failed\n\tat a.B.c(D)\n"
        "Caused by: java.net.SocketException: Connection reset\n"
    )
    assert PACKAGED.diagnose(trace, "source").signature == "family.connection"


def test_the_first_entry_that_matches_wins() -> None:
    one, other = read(OWN + OWN.replace("MY-1", "MY-2")).entries
    cause = Knowledge(Catalogue((other, one))).diagnose("quota of tenant blue is used up", "sink")
    assert cause.signature == "MY-2"


def test_every_group_that_an_entry_takes_has_a_name_that_is_read_or_told() -> None:
    for entry in built_in():
        assert all(name.isidentifier() for name in groups_of(entry)), entry.id
