"""Which columns of the source's table reach which columns of the target's."""

from __future__ import annotations

import pytest

from tests.core.topologies import KAFKA, UNWRAP, confluent, notes, sink, source, the_route, transforms
from watchdog.topology import derive

COLUMNS = ("id", "customer", "Amount", "secret")
UNWRAPPED = (UNWRAP, {})
REPLACE, EXTRACT, FLATTEN, HOIST, INSERT = (
    KAFKA + f"{kind}$Value" for kind in ("ReplaceField", "ExtractField", "Flatten", "HoistField", "InsertField")
)
SHARDS = (
    "io.debezium.transforms.ByLogicalTableRouter",
    {"topic.regex": r"(.*)orders_\d", "topic.replacement": "$1orders"},
)


def reached(source_options: dict[str, str], sink_options: dict[str, str], by_confluent: bool = False) -> str:
    """`id→id customer→name …`, a column that does not arrive as `secret→-`; then what is added after a `+`."""
    to = confluent(sink_options) if by_confluent else sink(sink_options)
    columns = the_route(source({"table.include.list": "oltp.orders", **source_options}), to).columns
    found = [f"{name}→{columns.target(name, in_key=name == 'id') or '-'}" for name in COLUMNS]
    return " ".join(found) + (" +" + ",".join(columns.added) if columns.added else "")


ALL = "id→id customer→customer Amount→Amount secret→secret"


@pytest.mark.parametrize(
    ("at_source", "at_sink", "wanted"),
    [
        pytest.param({}, {}, ALL, id="Debezium's sink reads the envelope"),
        pytest.param({}, {"quote.identifiers": "false"}, ALL.replace("→Amount", "→amount"), id="unquoted: lower case"),
        pytest.param(transforms(UNWRAPPED), {}, ALL, id="unwrapped at the source"),
        pytest.param({}, transforms(UNWRAPPED), ALL, id="unwrapped at the sink"),
        pytest.param(transforms(UNWRAPPED), transforms(UNWRAPPED), ALL, id="unwrapped twice"),
        pytest.param(transforms((EXTRACT, {"field": "after"})), {}, ALL, id="unwrapped by ExtractField"),
        pytest.param(
            {"column.exclude.list": r"oltp\.orders\.secret"}, {}, ALL.replace("→secret", "→-"), id="column.exclude.list"
        ),
        pytest.param(
            {"column.exclude.list": r".*\.secret,oltp\.orders\.id"},
            {},
            ALL.replace("→secret", "→-"),
            id="excluded, but a part of the key",
        ),
        pytest.param(
            {"column.exclude.list": r"oltp\.orders\.id"},
            {"primary.key.mode": "record_value", "primary.key.fields": "customer"},
            ALL.replace("→id", "→-"),
            id="excluded, and the key is not written",
        ),
        pytest.param(
            {"column.include.list": r"oltp\.orders\.(id|AMOUNT)"},
            {},
            "id→id customer→- Amount→Amount secret→-",
            id="column.include.list",
        ),
        pytest.param(
            transforms(UNWRAPPED, (REPLACE, {"exclude": "secret", "renames": "customer:client"})),
            {},
            "id→id customer→client Amount→Amount secret→-",
            id="ReplaceField at the source",
        ),
        pytest.param(
            transforms(UNWRAPPED),
            transforms((REPLACE, {"blacklist": "secret", "renames": "customer:client"})),
            "id→id customer→client Amount→Amount secret→-",
            id="ReplaceField at the sink, as it was called before",
        ),
        pytest.param(
            transforms(UNWRAPPED, (REPLACE, {"whitelist": "id,Amount"})),
            {},
            "id→id customer→- Amount→Amount secret→-",
            id="ReplaceField with the old whitelist",
        ),
        pytest.param(
            transforms((REPLACE, {"exclude": "secret"}), UNWRAPPED), {}, ALL, id="ReplaceField before the unwrapping"
        ),
        pytest.param(
            transforms(UNWRAPPED, (REPLACE, {"renames": "amount:total"})), {}, ALL, id="ReplaceField: case counts"
        ),
        pytest.param(
            transforms(
                UNWRAPPED, (REPLACE, {"renames": "customer:a"}), (REPLACE, {"renames": "a:b", "exclude": "customer"})
            ),
            {},
            "id→id customer→b Amount→Amount secret→secret",
            id="two, in their order",
        ),
        pytest.param(
            transforms(
                (UNWRAP, {"add.fields": "op,source.ts_ms:at, table", "delete.tombstone.handling.mode": "rewrite"})
            ),
            {},
            ALL + " +__op,__at,__table,__deleted",
            id="add.fields",
        ),
        pytest.param(
            transforms((UNWRAP, {"add.fields": "op", "add.fields.prefix": "m_"}), (REPLACE, {"renames": "m_op:op"})),
            {},
            ALL + " +op",
            id="add.fields, renamed",
        ),
        pytest.param(
            transforms((INSERT, {"static.field": "region", "static.value": "eu"}), UNWRAPPED),
            {},
            ALL,
            id="beside the row",
        ),
        pytest.param(
            transforms(UNWRAPPED, (INSERT, {"static.field": "region!", "static.value": "eu"})),
            {},
            ALL + " +region",
            id="InsertField",
        ),
        pytest.param(
            {"table.include.list": "oltp.orders_1", **transforms(SHARDS)},
            {"topics": "dataflow.oltp.orders"},
            ALL + " +__dbz__physicalTableIdentifier",
            id="ByLogicalTableRouter adds to the key",
        ),
        pytest.param(
            {
                "table.include.list": "oltp.orders_1",
                **transforms((SHARDS[0], {**SHARDS[1], "key.enforce.uniqueness": "false"})),
            },
            {"topics": "dataflow.oltp.orders"},
            ALL,
            id="ByLogicalTableRouter told not to",
        ),
        pytest.param(
            {"table.include.list": "oltp.orders_1", **transforms(SHARDS)},
            {"topics": "dataflow.oltp.orders", "primary.key.fields": "id"},
            ALL,
            id="what is added to the key, not among the sink's key fields",
        ),
        pytest.param(
            {}, {"field.exclude.list": "secret"}, ALL.replace("→secret", "→-"), id="field.exclude.list"
        ),
        pytest.param(
            {}, {"field.exclude.list": "dataflow.oltp.orders:secret,other:customer"}, ALL.replace("→secret", "→-"),
            id="field.exclude.list with topics",
        ),
        pytest.param(
            {}, {"field.include.list": "customer", "field.exclude.list": "secret"}, ALL.replace("→secret", "→-"),
            id="field.exclude.list silences field.include.list",
        ),
        pytest.param(
            {}, {"field.include.list": "customer"}, "id→- customer→customer Amount→- secret→-",
            id="field.include.list: the key is filtered too",
        ),
        pytest.param(
            {},
            {"field.include.list": "customer", "primary.key.fields": "id"},
            "id→id customer→customer Amount→- secret→-",
            id="field.include.list: but for the key fields",
        ),
        pytest.param(
            {},
            {"primary.key.mode": "kafka"},
            ALL + " +__connect_topic,__connect_partition,__connect_offset",
            id="kafka",
        ),
        pytest.param(
            transforms(UNWRAPPED, (HOIST, {"field": "row"})), {}, "id→id customer→- Amount→- secret→-", id="HoistField"
        ),
        pytest.param(
            transforms(UNWRAPPED, (HOIST, {"field": "r"}), (FLATTEN, {"delimiter": "_"})),
            {},
            "id→id customer→r_customer Amount→r_Amount secret→r_secret",
            id="HoistField and Flatten",
        ),
    ],
)  # fmt: skip
def test_columns_on_their_way_to_debeziums_sink(
    at_source: dict[str, str], at_sink: dict[str, str], wanted: str
) -> None:
    assert reached(at_source, at_sink) == wanted


@pytest.mark.parametrize(
    ("at_source", "at_sink", "wanted"),
    [
        pytest.param(transforms(UNWRAPPED), {}, ALL, id="unwrapped"),
        pytest.param({}, {}, "id→- customer→- Amount→- secret→-", id="it cannot read the envelope"),
        pytest.param(
            transforms((FLATTEN, {"delimiter": "_"})),
            {},
            "id→after_id customer→after_customer Amount→after_Amount secret→after_secret",
            id="flattened instead",
        ),
        pytest.param(
            transforms(UNWRAPPED), {"fields.whitelist": "customer"}, "id→- customer→customer Amount→- secret→-",
            id="fields.whitelist",
        ),
        pytest.param(
            transforms(UNWRAPPED),
            {"fields.whitelist": "customer", "pk.mode": "record_key"},
            "id→id customer→customer Amount→- secret→-",
            id="fields.whitelist is not for the key",
        ),
        pytest.param(
            transforms(UNWRAPPED, (KAFKA + "ExtractField$Key", {"field": "id"})),
            {"pk.mode": "record_key", "pk.fields": "order_id", "fields.whitelist": "customer"},
            "id→order_id customer→customer Amount→- secret→-",
            id="a key that is one value is named by pk.fields",
        ),
        pytest.param(
            transforms(UNWRAPPED, (KAFKA + "ValueToKey", {"fields": "customer"})),
            {"pk.mode": "record_key", "fields.whitelist": "Amount"},
            "id→- customer→- Amount→Amount secret→-",
            id="ValueToKey: id is no part of the key any more",
        ),
        pytest.param(
            transforms(UNWRAPPED), {"pk.mode": "kafka", "pk.fields": "t,p,o"}, ALL + " +t,p,o", id="kafka"
        ),
    ],
)  # fmt: skip
def test_columns_on_their_way_to_confluents_sink(
    at_source: dict[str, str], at_sink: dict[str, str], wanted: str
) -> None:
    assert reached(at_source, at_sink, by_confluent=True) == wanted


def test_what_the_topic_holds_is_told_apart_from_what_the_target_gets() -> None:
    columns = the_route(
        source({"table.include.list": "oltp.orders", "column.exclude.list": ".*secret"}),
        sink(transforms(UNWRAPPED, (REPLACE, {"exclude": "customer"}))),
    ).columns
    assert columns.in_topic("customer") == ("after", "customer")
    assert columns.target("customer") is None
    assert not columns.reaches_topic("secret")


@pytest.mark.parametrize(
    ("at_sink", "said"),
    [
        pytest.param(transforms(("com.example.Magic", {})), "com.example.Magic) is not known here", id="own transform"),
        pytest.param({"column.naming.strategy": "com.example.Snake"}, "its columns are named by Snake", id="naming"),
        pytest.param({"primary.key.mode": "record_header"}, "from record headers", id="headers"),
        pytest.param(
            transforms((UNWRAP, {"predicate": "p"}))
            | {"predicates": "p", "predicates.p.type": KAFKA + "predicates.HasHeaderKey"},
            "leave open which fields",
            id="a predicate by header",
        ),
    ],
)
def test_doubts_about_columns_are_told(at_sink: dict[str, str], said: str) -> None:
    assert said in notes(derive([source(), sink(at_sink)], {}))


def test_a_sink_of_rows_that_gets_envelopes_is_told() -> None:
    assert "ExtractNewRecordState is missing" in notes(derive([source(), confluent()], {}))
