"""Which table goes through which topic to which table: as the connectors do it, and what cannot be told is said."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.topologies import (
    KAFKA,
    SINK,
    SOURCE,
    UNWRAP,
    confluent,
    notes,
    regex_router,
    sink,
    source,
    the_route,
    transforms,
)
from watchdog.model import ConnectorConfig, ConnectorKey, TableId
from watchdog.topology import Topology, derive

ORDERS = TableId("oltp", "orders")


# ── source: table → topic ────────────────────────────────────────────────────────────────────────────────────────

ROUTED = regex_router(r"dataflow\.oltp\.(.*)", "dw_$1")
LAST_PART = regex_router(r"([^.]+)\.([^.]+)\.([^.]+)", "$3")
SHARDS = (
    "io.debezium.transforms.ByLogicalTableRouter",
    {"topic.regex": r"(.*)orders_shard_(.*)", "topic.replacement": "$1orders"},
)


@pytest.mark.parametrize(
    ("changed", "topic"),
    [
        pytest.param({}, "dataflow.oltp.orders", id="usual"),
        pytest.param({"topic.prefix": "", "database.server.name": "old"}, "old.oltp.orders", id="before Debezium 2"),
        pytest.param({"topic.delimiter": "_"}, "dataflow_oltp_orders", id="delimiter"),
        pytest.param({"connector.class": "MySqlConnector"}, "dataflow.oltp.orders", id="short class name"),
        pytest.param(
            {"connector.class": "io.debezium.connector.mariadb.MariaDbConnector"}, "dataflow.oltp.orders", id="MariaDB"
        ),
        pytest.param(transforms(ROUTED), "dw_orders", id="RegexRouter"),
        pytest.param(transforms(LAST_PART), "orders", id="RegexRouter to the table's name"),
        pytest.param(transforms(ROUTED, regex_router("dw_(.*)", "eu.$1")), "eu.orders", id="two, in their order"),
        pytest.param(transforms(regex_router("dw_(.*)", "eu.$1"), ROUTED), "dw_orders", id="two, the other way round"),
        pytest.param(
            transforms(regex_router(r"other\.(.*)", "$1")), "dataflow.oltp.orders", id="one that does not fit"
        ),
        pytest.param(
            {
                "topic.naming.strategy": "io.debezium.schema.DefaultRegexTopicNamingStrategy",
                "topic.regex": r"dataflow\.(.*)",
                "topic.replacement": "x.$1",
            },
            "x.oltp.orders",
            id="naming strategy by regular expression",
        ),
    ],
)
@pytest.mark.parametrize("known", ["listed", "in the history", "by its name"])
def test_a_table_is_found_behind_its_topic(changed: dict[str, str], topic: str, known: str) -> None:
    listed = {"table.include.list": r"oltp\.orders"} if known == "listed" else {}
    config = source({**changed, **listed})
    prefix = config.get("topic.prefix") or config.get("database.server.name")
    tables = {prefix: [ORDERS]} if known == "in the history" else {}
    (route,) = derive([config, sink({"topics": topic})], {}, tables_of=tables).routes
    assert (route.topic, route.source, route.prefix, route.table) == (topic, SOURCE, prefix, ORDERS)
    renamed = "transforms" in changed or "topic.naming.strategy" in changed
    assert route.certain is (known != "by its name" or not renamed)


def test_of_shards_in_one_topic_every_table_is_told_once_they_are_known() -> None:
    configs = [source(transforms(SHARDS)), sink()]
    tables = [TableId("oltp", "orders_shard_1"), TableId("oltp", "orders_shard_2"), TableId("oltp", "items")]
    routes = derive(configs, {}, tables_of={"dataflow": tables}).routes
    assert [(route.topic, route.table) for route in routes] == [("dataflow.oltp.orders", t) for t in tables[:2]]
    assert all(route.certain for route in routes)


def test_of_shards_in_one_topic_no_table_is_guessed() -> None:
    topology = derive([source(transforms(SHARDS)), sink()], {})
    (route,) = topology.routes
    assert (route.source, route.table) == (SOURCE, None)
    assert "which table dataflow.oltp.orders is of cannot be told from its name" in notes(topology)


def test_the_database_itself_tells_the_tables_of_a_source_that_renames() -> None:
    configs = [source({**transforms(SHARDS), "table.include.list": r"oltp\.orders_shard_\d"}), sink()]
    tables = {"db1:3306": [TableId("oltp", "orders_shard_1"), TableId("oltp", "orders_shard_x"), ORDERS]}
    assert [route.table for route in derive(configs, {}, tables_at=tables).routes] == [
        TableId("oltp", "orders_shard_1")
    ]


def test_one_of_two_databases_is_not_guessed() -> None:
    config = source({**transforms(LAST_PART), "database.include.list": "oltp,crm"})
    assert the_route(config, sink({"topics": "orders"})).table is None


def test_two_sources_that_could_both_have_written_it_are_not_guessed() -> None:
    other = source({**transforms(LAST_PART), "topic.prefix": "other"}, "other")
    route = the_route(source(transforms(LAST_PART)), other, sink({"topics": "orders"}))
    assert (route.source, route.table) == (None, None)
    route = the_route(
        source(transforms(LAST_PART)), other, sink({"topics": "orders"}), used={SOURCE: frozenset({"orders"})}
    )
    assert (route.source, route.table) == (SOURCE, ORDERS)


@pytest.mark.parametrize(
    ("predicate", "options", "topics"),
    [
        pytest.param({"pattern": r".*\.orders"}, {}, ["dataflow.oltp.items", "dw_orders"], id="fits one"),
        pytest.param(
            {"pattern": r".*\.orders"}, {"negate": "true"}, ["dataflow.oltp.orders", "dw_items"], id="negated"
        ),
        pytest.param(
            {"type": "io.example.Odd"},
            {},
            ["dataflow.oltp.items", "dataflow.oltp.orders", "dw_items", "dw_orders"],
            id="unknown: both",
        ),
        pytest.param(
            {"type": KAFKA + "predicates.RecordIsTombstone"},
            {},
            ["dataflow.oltp.items", "dataflow.oltp.orders", "dw_items", "dw_orders"],
            id="by the record: both",
        ),
        pytest.param(
            {"pattern": "(a)\\1"},
            {},
            ["dataflow.oltp.items", "dataflow.oltp.orders", "dw_items", "dw_orders"],
            id="unreadable: both",
        ),
    ],
)
def test_predicates(predicate: dict[str, str], options: dict[str, str], topics: list[str]) -> None:
    changed = transforms((ROUTED[0], {**ROUTED[1], "predicate": "p", **options})) | {
        "predicates": "p",
        "predicates.p.type": KAFKA + "predicates.TopicNameMatches",
        **{f"predicates.p.{key}": value for key, value in predicate.items()},
        "table.include.list": "oltp.orders,oltp.items",
    }
    outlets = derive([source(changed)], {}).outlets
    assert sorted(outlet.topic for outlet in outlets) == topics
    assert all(outlet.certain is (len(topics) == 2) for outlet in outlets)


OUTBOX = ("io.debezium.transforms.outbox.EventRouter", {"route.topic.replacement": "events.${routedByValue}"})


@pytest.mark.parametrize(
    ("router", "said"),
    [
        pytest.param(OUTBOX, "routes by column aggregatetype to events.${routedByValue}", id="outbox"),
        pytest.param((KAFKA + "TimestampRouter", {}), "names topics after the time", id="TimestampRouter"),
        pytest.param((UNWRAP, {"route.by.field": "region"}), "routes by column region", id="unwrap by a column"),
        pytest.param(("io.debezium.transforms.ContentBasedRouter", {}), "by an expression", id="ContentBasedRouter"),
        pytest.param(regex_router("(a)\\1|.*", "x"), "invalid escape sequence", id="unreadable"),
        pytest.param(regex_router("(.*)", "$2"), "names a group that is not there", id="no such group"),
    ],
)
def test_topics_that_only_records_tell_come_from_connects_own_records(
    router: tuple[str, dict[str, str]], said: str
) -> None:
    config = source({**transforms(router), "table.include.list": "oltp.outbox"})
    used = {SOURCE: frozenset({"events.order", "dataflow", "__debezium-heartbeat.dataflow"})}
    topology = derive([config, sink({"topics": "events.order"})], used)
    assert [(route.topic, route.source, route.table) for route in topology.routes] == [("events.order", SOURCE, None)]
    assert said in notes(topology)


def test_a_transform_that_is_not_known_is_said() -> None:
    topology = derive([source(transforms(("com.example.Magic", {}))), sink()], {SOURCE: frozenset()})
    assert "transform t0 (com.example.Magic) is not known here" in notes(topology)


def test_a_class_of_the_same_name_in_another_package_is_not_taken_for_kafkas() -> None:
    config = source({**transforms(("com.example.RegexRouter", ROUTED[1])), "table.include.list": "oltp.orders"})
    assert [outlet.topic for outlet in derive([config], {}).outlets] == ["dataflow.oltp.orders"]


@pytest.mark.parametrize(
    ("changed", "topics"),
    [
        pytest.param({}, {"dataflow": False, "schema-history.dataflow": True}, id="usual"),
        pytest.param({"include.schema.changes": "false"}, {"schema-history.dataflow": True}, id="none"),
        pytest.param(
            transforms(regex_router("(.*)", "eu.$1")),
            {"eu.dataflow": False, "schema-history.dataflow": True},
            id="renamed",
        ),
        pytest.param(
            {"schema.history.internal.kafka.topic": "", "database.history.kafka.topic": "h"},
            {"dataflow": False, "h": True},
            id="before Debezium 2",
        ),
        pytest.param(
            {"schema.history.internal": "io.debezium.storage.file.history.FileSchemaHistory"},
            {"dataflow": False},
            id="in a file",
        ),
    ],
)
def test_where_schema_changes_and_history_are(changed: dict[str, str], topics: dict[str, bool]) -> None:
    found = derive([source(changed)], {}).schema_topics("main")
    assert found == {topic: ("dataflow", internal) for topic, internal in topics.items()}


def test_what_is_no_table_is_no_outlet() -> None:
    used = {SOURCE: frozenset({"dataflow", "dataflow.transaction", "__debezium-heartbeat.dataflow", "dataflow.oltp.a"})}
    assert [outlet.topic for outlet in derive([source()], used).outlets] == ["dataflow.oltp.a"]


def test_names_that_no_topic_may_hold_come_out_as_debezium_writes_them() -> None:
    tables = {"dataflow": [TableId("oltp", "größe$1")]}
    assert [outlet.topic for outlet in derive([source()], {}, tables_of=tables).outlets] == ["dataflow.oltp.gr__e_1"]


def test_the_key_is_message_key_columns_else_the_primary_key() -> None:
    config = source({"message.key.columns": r"oltp\.orders:Customer,id;(.*)\.items:sku"})
    link = derive([config], {}).sources[SOURCE]
    columns = ("id", "customer", "sku")
    assert link.key_of(ORDERS, columns, ("id",)) == ("customer", "id")
    assert link.key_of(TableId("oltp", "items"), columns, ("id",)) == ("sku",)
    assert link.key_of(TableId("oltp", "other"), columns, ("id",)) == ("id",)


def test_what_a_history_is_told_to_keep() -> None:
    link = derive([source({"schema.history.internal.store.only.captured.tables.ddl": "true"})], {}).sources[SOURCE]
    assert link.history_of_captured_tables_only
    assert not link.history_of_captured_databases_only


# ── sink: topic → table ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("changed", "target", "said"),
    [
        pytest.param({}, "dw.dataflow_oltp_orders", "", id="topic"),
        pytest.param({"collection.name.format": "stg_${topic}"}, "dw.stg_dataflow_oltp_orders", "", id="prefix"),
        pytest.param({"table.name.format": "o"}, "dw.o", "", id="before Debezium 2.7"),
        pytest.param({"collection.name.format": "${source.db}_${source.table}"}, "dw.oltp_orders", "", id="source"),
        pytest.param({"collection.name.format": "${source.name}"}, "dw.dataflow", "", id="source's prefix"),
        pytest.param({"collection.name.format": "${source.lsn}"}, None, "${source.lsn}", id="source field not known"),
        pytest.param(
            {"collection.name.format": "${source.table}", **transforms((UNWRAP, {}))},
            None,
            "the sink leaves them out",
            id="source, but unwrapped",
        ),
        pytest.param(
            {
                "collection.naming.strategy": "io.debezium.sink.naming.PassthroughCollectionNamingStrategy",
                "topics": "orders",
            },
            "dw.orders",
            "",
            id="passthrough",
        ),
        pytest.param({"collection.naming.strategy": "com.example.Own"}, None, "not known here", id="own strategy"),
        pytest.param(transforms(LAST_PART), "dw.orders", "", id="the sink's own router"),
        pytest.param(transforms((KAFKA + "TimestampRouter", {})), None, "open", id="the sink's own TimestampRouter"),
        pytest.param({"connection.url": "jdbc:mysql://dw1:3307"}, None, "names no database", id="no database"),
    ],
)
def test_debeziums_sink_names_its_table(changed: dict[str, str], target: str | None, said: str) -> None:
    topology = derive([source(), sink(changed)], {})
    (route,) = topology.routes
    assert (str(route.target) if route.target else None) == target
    assert said in notes(topology)


@pytest.mark.parametrize(
    ("changed", "target", "said"),
    [
        pytest.param({}, "dw.orders", "", id="fixed"),
        pytest.param({"table.name.format": "other.orders"}, "other.orders", "", id="another database"),
        pytest.param({"table.name.format": "`a.b`"}, "dw.a.b", "", id="quoted"),
        pytest.param({"table.name.format": "", "topics": "orders"}, "dw.orders", "", id="topic"),
        pytest.param({"table.name.format": "", "topics": "oltp.orders"}, "oltp.orders", "", id="dots stay"),
        pytest.param({"table.name.format": ""}, None, "has 3 parts", id="three parts"),
        pytest.param({"table.name.format": "", **transforms(LAST_PART)}, "dw.orders", "", id="the sink's own router"),
        pytest.param({"connector.class": "JdbcSinkConnector", "pk.mode": "record_key"}, "dw.orders", "", id="short"),
        pytest.param({"connector.class": "io.aiven.connect.jdbc.JdbcSinkConnector"}, "dw.orders", "", id="Aiven's"),
    ],
)
def test_confluents_sink_names_its_table(changed: dict[str, str], target: str | None, said: str) -> None:
    topology = derive([source(), confluent(changed)], {})
    (route,) = topology.routes
    assert (str(route.target) if route.target else None) == target
    assert said in notes(topology)


@pytest.mark.parametrize(
    ("url", "address", "database"),
    [
        ("jdbc:mysql://localhost/dw", "127.0.0.1:3306", "dw"),
        ("jdbc:mysql://DB1:3310/dw?useSSL=false&x=/y", "db1:3310", "dw"),
        ("jdbc:mariadb://db1/dw", "db1:3306", "dw"),
        ("jdbc:mysql://user:p%40ss@db1:3307/dw", "db1:3307", "dw"),
        ("jdbc:mysql://***@db1:3307/dw", "db1:3307", "dw"),
        ("jdbc:mysql://[2001:db8::1]:3307/dw", "2001:db8::1:3307", "dw"),
        ("jdbc:mysql://[::1]/dw", "127.0.0.1:3306", "dw"),
        ("jdbc:mysql://db1:3307,db2:3308/dw", "db1:3307", "dw"),
        ("jdbc:mysql:loadbalance://db1,db2/dw", "db1:3306", "dw"),
        ("jdbc:mariadb:sequential:failover", "", ""),
        ("jdbc:mysql://address=(host=db1)(port=3310)(user=x)/dw", "db1:3310", "dw"),
        ("jdbc:mysql://(host=db1,port=3310)/dw", "db1:3310", "dw"),
        ("jdbc:mysql://db1:3307", "db1:3307", ""),
        ("jdbc:mysql:///dw", "", ""),
        ("jdbc:mysql://db1:99999999/dw", "", ""),
        ("jdbc:postgresql://pg:5432/dw?user=u&password=p", "", ""),
        ("***", "", ""),
        ("", "", ""),
        ("jdbc:mysql://" + "a" * 100_000, "", ""),
    ],
)
def test_jdbc_urls(url: str, address: str, database: str) -> None:
    link = derive([sink({"connection.url": url})], {}).sinks[SINK]
    assert (link.address, link.database) == (address, database)
    assert bool(link.notes) is (not address or "db2" in url)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("jdbc:postgresql://u:secret@pg:5432/dw?password=secret", "postgresql://pg:5432/dw"),
        ("jdbc:oracle:thin:scott/secret@ora:1521:xe", "oracle:thin:@ora:1521:xe"),
        ("jdbc:oracle:thin:@//ora:1521/xe", "oracle:thin:@//ora:1521/xe"),
        ("jdbc:sqlserver://ms:1433;databaseName=dw;password=secret", "sqlserver://ms:1433"),
        ("nonsense secret", "a JDBC URL that is hidden"),
    ],
)
def test_a_target_that_is_not_visible_is_named_without_its_secrets(url: str, words: str) -> None:
    topology = derive([source(), sink({"connection.url": url})], {})
    assert topology.sinks[SINK].target == words
    assert topology.routes[0].target is None
    assert f"its target is not visible from here: {words}" in notes(topology)
    assert "secret" not in repr(topology)


def test_a_sink_of_any_other_kind_has_routes_without_a_table() -> None:
    s3 = {"connector.class": "io.confluent.connect.s3.S3SinkConnector", "connection.url": ""}
    topology = derive([source(), sink(s3)], {})
    (route,) = topology.routes
    assert (route.table, route.target, route.target_address) == (ORDERS, None, "")
    assert topology.sinks[SINK].target == "io.confluent.connect.s3.S3SinkConnector"
    assert notes(topology) == ""


def test_a_sinks_regular_expression_is_matched_as_a_whole_against_what_sources_write() -> None:
    by_regex = sink({"topics": "", "topics.regex": r"dataflow\.oltp\.(?!items)\w+"})
    used = {SOURCE: frozenset({"dataflow.oltp.orders", "dataflow.oltp.items", "x.dataflow.oltp.orders"})}
    assert the_route(source(), by_regex, used=used).topic == "dataflow.oltp.orders"


def test_a_sinks_regular_expression_that_cannot_be_read_is_settled_by_what_connect_saw() -> None:
    by_regex = sink({"topics": "", "topics.regex": r"(d)ataflow\.oltp\.\1?orders"})
    topology = derive([source(), by_regex], {SINK: frozenset({"dataflow.oltp.orders"})})
    assert [route.table for route in topology.routes] == [ORDERS]
    assert "its topics.regex cannot be read here" in notes(topology)


def test_connectors_of_two_clusters_on_one_kafka_hang_together() -> None:
    far = sink(cluster="far")
    (route,) = derive([source(), far], {}).routes
    assert (route.sink, route.source, route.table) == (ConnectorKey("far", "sink"), SOURCE, ORDERS)


def test_connectors_of_two_clusters_on_two_kafkas_do_not() -> None:
    (route,) = derive([source(), sink(cluster="far")], {}, kafka_of={"main": "k1", "far": "k2"}).routes
    assert (route.source, route.table) == (None, None)


def test_a_connector_that_is_neither_is_there_with_its_topics() -> None:
    other = ConnectorConfig("main", "pg", {"connector.class": "io.debezium.connector.postgresql.PostgresConnector"})
    key = ConnectorKey("main", "pg")
    topology = derive([other], {key: frozenset({"pg.public.t"})})
    assert topology.others[key].topics == {"pg.public.t"}
    assert topology.routes == ()


@pytest.mark.parametrize(
    ("config", "wanted"),
    [
        pytest.param(
            sink({"insert.mode": "UPSERT", "schema.evolution": "basic", "delete.enabled": "true"}),
            ("debezium-jdbc", "upsert", True, True, "record_key", (), True, True),
            id="Debezium's",
        ),
        pytest.param(
            sink({"primary.key.mode": "", "quote.identifiers": ""}),
            ("debezium-jdbc", "insert", False, False, "none", (), False, False),
            id="Debezium's defaults",
        ),
        pytest.param(
            confluent(
                {"auto.create": "true", "pk.mode": "record_value", "pk.fields": "id, x", "insert.mode": "update"}
            ),
            ("confluent-jdbc", "update", True, False, "record_value", ("id", "x"), False, True),
            id="Confluent's",
        ),
        pytest.param(
            confluent({"auto.evolve": "true", "quote.sql.identifiers": "never"}),
            ("confluent-jdbc", "insert", False, True, "none", (), False, False),
            id="Confluent's, evolving, unquoted",
        ),
    ],
)
def test_what_a_sink_does_with_what_does_not_fit(config: ConnectorConfig, wanted: tuple[object, ...]) -> None:
    found = derive([config], {}).sinks[SINK].settings
    assert wanted == (
        found.connector,
        found.insert_mode,
        found.creates_tables,
        found.adds_columns,
        found.key_mode,
        found.key_fields,
        found.delete_enabled,
        found.quote_identifiers,
    )


# ── anything at all ──────────────────────────────────────────────────────────────────────────────────────────────

_HOSTILE = st.text(max_size=30) | st.sampled_from(
    ["(", "$1", "${x}", "a.b.c", ",,,", "\\", "*", "<img>", "\ud800", "😀"]
)
_KEYS = st.sampled_from(
    [
        *(*source(transforms(ROUTED)).values, *sink().values),
        *(
            "table.include.list",
            "column.exclude.list",
            "topics.regex",
            "predicates.p.pattern",
            "transforms.t0.predicate",
        ),
        *("message.key.columns", "topic.delimiter", "collection.name.format", "field.include.list", "pk.fields"),
    ]
)


@given(st.dictionaries(_KEYS, _HOSTILE, max_size=8), st.dictionaries(_KEYS, _HOSTILE, max_size=8), _HOSTILE)
@settings(max_examples=300, deadline=None)
def test_no_configuration_whatever_makes_it_fail(first: dict[str, str], second: dict[str, str], topic: str) -> None:
    configs = [source({**transforms(ROUTED), **first}, topic), sink(second, topic + "x")]
    topology = derive(configs, {ConnectorKey("main", topic): frozenset({topic, "dataflow.oltp.orders", "dw_orders"})})
    assert isinstance(topology, Topology)


def test_three_thousand_connectors_do_not_hold_up_the_loop() -> None:
    sources = [
        source(
            {"topic.prefix": f"p{n}", **(transforms(regex_router(rf"p{n}\.(.*)", f"r{n}.$1")) if n % 5 == 0 else {})},
            f"s{n}",
        )
        for n in range(1500)
    ]
    start = ["r" if n % 5 == 0 else "p" for n in range(1500)]
    sinks = [
        sink(
            {"topics": "", "topics.regex": rf"{start[n]}{n}\.oltp\.t\d"}
            if n % 2
            else {"topics": f"{start[n]}{n}.oltp.t1"},
            f"k{n}",
        )
        for n in range(1500)
    ]
    used = {
        ConnectorKey("main", f"s{n}"): frozenset({f"{start[n]}{n}.oltp.t{i}" for i in range(10)}) for n in range(1500)
    }
    started = time.process_time()
    topology = derive([*sources, *sinks], used)
    taken = time.process_time() - started
    assert len(topology.routes) == 750 * 10 + 750
    assert all(route.source for route in topology.routes)
    # A hang is what is looked for, on whatever machine: half a second of processor time where it was written.
    assert taken < 60
