"""Nouns survive the way into the journal and back, also from a document of another age."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any, get_args

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from watchdog.codec import from_document, to_document
from watchdog.errors import JournalError
from watchdog.model import (
    Advice,
    Category,
    Cause,
    Column,
    ConnectorKey,
    Counters,
    Diagnosis,
    Incident,
    Outcome,
    Position,
    Request,
    SchemaChange,
    TableId,
    TableSchema,
    TimelineEntry,
    Workflow,
)

NOW = datetime(2026, 11, 23, 16, 0, 0, 123456, tzinfo=UTC)
ORDERS = TableSchema(TableId("oltp", "orders"), (Column("id", "bigint", nullable=False),), ("id",))
INCIDENT = Incident(
    id="i1",
    key=ConnectorKey("default", "dw-sink"),
    opened_at=NOW,
    failed_at=NOW,
    diagnosis=Diagnosis(Cause(Category.SCHEMA_DRIFT, Advice.AFTER_FIX, "Unknown column 'x'"), stuck={"t-0": (20, 21)}),
)

# What JSON can hold: finite floats and 64-bit integers; times of ours are aware, mappings are plain. Kept small: a noun
# has dozens of fields.
st.register_type_strategy(datetime, st.datetimes(timezones=st.just(UTC)))
st.register_type_strategy(float, st.floats(allow_nan=False, allow_infinity=False))
st.register_type_strategy(int, st.integers(-(2**63), 2**63 - 1))
st.register_type_strategy(str, st.text(max_size=5))


_SCALARS = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(max_size=5)
_JSON = st.recursive(_SCALARS, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner))
"""What a mapping to `Any` may hold."""


def _small_dict(kind: Any) -> st.SearchStrategy[dict[Any, Any]]:
    key, value = get_args(kind) or (str, int)
    values = _JSON if value is Any else st.from_type(value)
    return st.dictionaries(st.from_type(key), values, max_size=2)


st.register_type_strategy(Mapping, _small_dict)


def there_and_back(obj: Any) -> Any:
    return from_document(type(obj), orjson.loads(orjson.dumps(to_document(obj))))


@pytest.mark.parametrize("cls", [Incident, SchemaChange, TableSchema, Request, Workflow, Outcome])
@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_every_noun_comes_back_from_json_as_it_went(cls: type[Any], data: st.DataObject) -> None:
    obj = data.draw(st.from_type(cls))
    assert there_and_back(obj) == obj


@given(st.dictionaries(st.tuples(st.text(), st.lists(st.text()).map(tuple)), st.floats(allow_nan=False, min_value=0)))
def test_counters_come_back_with_their_labels(values: Mapping[tuple[str, tuple[str, ...]], float]) -> None:
    finite = {key: value for key, value in values.items() if value != float("inf")}
    assert there_and_back(Counters(finite)) == Counters(finite)


def test_a_timeline_entry_keeps_its_data_and_its_time() -> None:
    entry = TimelineEntry(NOW, "i1", "intent", "restart dw-sink", {"offsets": {"t-0": 20}, "tasks": [0, 1]})
    assert there_and_back(entry) == entry


def test_keys_come_back_as_keys_so_that_they_find_what_they_name() -> None:
    assert isinstance(there_and_back(INCIDENT).key, ConnectorKey)


def test_a_document_from_a_newer_version_is_read_without_what_is_unknown() -> None:
    document = to_document(INCIDENT)
    document["weather"] = "sunny"
    document["diagnosis"]["cause"]["links"] = ["https://example.org"]
    assert from_document(Incident, document, "incident/i1") == INCIDENT


def test_a_document_from_an_older_version_takes_the_defaults_for_what_it_lacks() -> None:
    document = to_document(INCIDENT)
    required = {"id", "key", "opened_at", "failed_at", "diagnosis"}
    for field in fields(Incident):
        if field.name not in required:
            del document[field.name]
    assert from_document(Incident, document, "incident/i1") == INCIDENT


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"phase": "levitating"}, id="a word that this version does not know"),
        pytest.param({"opened_at": "yesterday"}, id="no time"),
        pytest.param({"diagnosis": None}, id="a part that must be there is null"),
        pytest.param({"key": ["only-one"]}, id="half a key"),
    ],
)
def test_a_document_that_cannot_be_read_names_its_key_and_field(change: dict[str, Any]) -> None:
    with pytest.raises(JournalError) as caught:
        from_document(Incident, to_document(INCIDENT) | change, "incident/i1")
    assert "incident/i1 is no Incident" in str(caught.value)
    assert next(iter(change)) in str(caught.value)


def test_the_message_of_an_unreadable_document_shows_none_of_its_values() -> None:
    document = to_document(INCIDENT) | {"opened_at": "password=hunter2hunter2"}
    with pytest.raises(JournalError) as caught:
        from_document(Incident, document, "incident/i1")
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("document", [{"counters": [["restarts"]]}, {"counters": {"a": 1}}])
def test_counters_that_cannot_be_read_name_their_key(document: dict[str, Any]) -> None:
    with pytest.raises(JournalError, match="counters is no Counters"):
        from_document(Counters, document, "counters")


def test_a_schema_change_keeps_both_tables_and_their_difference() -> None:
    after = TableSchema(ORDERS.id, (*ORDERS.columns, Column("note", "varchar(64)", default="''")), ("id",))
    change = SchemaChange(
        "c1", "dataflow", ORDERS.id, Position("g:1", "b.1", 4), NOW, "ALTER …", "ALTER", ORDERS, after
    )
    assert there_and_back(change).added == ("note",)
