"""The fifth set: the ways to targets and registries, who may do what there, and what sinks are told to do."""

import shutil
import subprocess
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager

from stack import wait_for

from failures.case import (
    AUTH,
    CONFIG,
    FIX_FIRST,
    FIX_OR_ONCE,
    SINK,
    TRANSIENT,
    UNREACHABLE,
    Break,
    Registry,
    Truth,
)
from failures.place import KEY, Place, Schema, struct
from failures.strangers import listening

CASES = Registry(SINK)

_KEY_1 = struct(KEY, {"id": 1})


def case(truth: Truth, made_by: str, *, disturbs: bool = False) -> Callable[[Break], Break]:
    return CASES.case(truth, made_by, disturbs=disturbs, patience=40)


@case(UNREACHABLE, "wait_timeout of the sink's sessions is 2 s, and no row comes for longer")
def fifth_idle_connection_cut(place: Place) -> None:
    place.own_user(place.target, "ALL")
    url = place.jdbc_url("?sessionVariables=wait_timeout=2")
    place.writer({**place.as_sink_user, "connection.url": url, "flush.max.retries": "1"})
    place.produce_row(1)
    place.wait_for_rows(1)
    open_ones = "SELECT 1 FROM information_schema.processlist WHERE user = %s"
    wait_for(lambda: not place.target.query(open_ones, [place.user]), 30, "the sink's connections to be cut")
    place.produce_row(2)


@case(Truth("CONNECTIVITY", TRANSIENT), "the target is put into offline_mode under the running sink", disturbs=True)
def fifth_target_in_offline_mode(place: Place) -> None:
    place.own_user(place.target, "ALL", f"`{place.spec.target_database}`.*")
    place.writer({**place.as_sink_user, "flush.max.retries": "1"})
    place.produce_row(1)
    place.wait_for_rows(1)
    place.target.execute("SET GLOBAL offline_mode = ON")
    try:
        place.produce_row(2)
        place.connect.wait_failed(place.sink_name, 40)
    finally:
        place.target.execute("SET GLOBAL offline_mode = OFF")


@case(CONFIG, "sslMode=VERIFY_IDENTITY, and the target's certificate, which is trusted, is for another name")
def fifth_certificate_for_another_name(place: Place) -> None:
    store = place.stack.settings.directory / "target-ca.p12"
    authority = place.stack.settings.directory / place.target.name / "ca.pem"
    store.unlink(missing_ok=True)
    trusted = ["-noprompt", "-alias", "ca", "-file", str(authority), "-keystore", str(store), "-storepass", "changeit"]
    subprocess.run(["keytool", "-importcert", *trusted], check=True, capture_output=True)
    options = f"trustCertificateKeyStoreUrl=file:{store}&trustCertificateKeyStorePassword=changeit"
    _start(place, {"connection.url": place.jdbc_url(f"?sslMode=VERIFY_IDENTITY&{options}")})


@case(AUTH, "the sink writes through a view whose definer may no longer INSERT")
def fifth_view_of_a_definer_without_rights(place: Place) -> None:
    definer = _definer(place, "SELECT, INSERT, UPDATE")
    database = f"`{place.spec.target_database}`"
    made = place.writer_not_started({"collection.name.format": "facade"})
    place.target.execute(f"CREATE DEFINER = {definer} VIEW {database}.facade AS SELECT id, note FROM {_table(place)}")
    place.produce_row(1)
    place.connect.put(place.sink_name, made.sink_config())
    place.wait_for_rows(1)
    place.target.execute(f"REVOKE INSERT, UPDATE ON {database}.* FROM {definer}")
    place.produce_row(2)


@case(AUTH, "the definer of a trigger at the target may not write the audit table that it fills")
def fifth_trigger_may_not_write_its_audit(place: Place) -> None:
    definer = _definer(place, "SELECT, TRIGGER")
    database = f"`{place.spec.target_database}`"
    place.writer()
    place.target.execute(f"CREATE TABLE {database}.audit (id BIGINT)")
    fill = f"AFTER INSERT ON {_table(place)} FOR EACH ROW INSERT INTO audit VALUES (NEW.id)"
    place.target.execute(f"CREATE DEFINER = {definer} TRIGGER {database}.audited {fill}")
    place.produce_row()


@case(Truth("AUTH", FIX_FIRST, "orders"), "REVOKE INSERT on the table, under the running sink")
def fifth_grant_revoked_under_the_sink(place: Place) -> None:
    made = place.writer_not_started(place.as_sink_user)
    place.own_user(place.target, "SELECT, INSERT, UPDATE, DELETE", _table(place))
    place.connect.put(place.sink_name, made.sink_config())
    place.produce_row(1)
    place.wait_for_rows(1)
    place.target.execute(f"REVOKE INSERT ON {_table(place)} FROM '{place.user}'@'%'")
    place.produce_row(2)


@case(AUTH, "errors.tolerance=all, and the connector may not create its dead letter topic")
def fifth_dead_letters_not_allowed(place: Place) -> None:
    dead = "errors.deadletterqueue.topic"
    letters = {f"{dead}.name": f"{place.slug}.dead", f"{dead}.replication.factor": "1"}
    _start(place, {"errors.tolerance": "all", **letters, **place.kafka.clients("admin.override.")})


@case(CONFIG, "topics.regex of the sink also takes the source's heartbeats")
def fifth_heartbeats_into_the_sink(place: Place) -> None:
    pattern = {"topics.regex": f"{place.slug}\\..*", "collection.name.format": "${topic}"}
    made = place.writer_not_started(pattern)
    beats = f"{place.slug}.heartbeat"
    place.kafka.create_topic(beats)
    key: Schema = [{"field": "serverName", "type": "string", "optional": False}]
    value: Schema = [{"field": "ts_ms", "type": "int64", "optional": False}]
    place.produce(struct(value, {"ts_ms": 1}), struct(key, {"serverName": "x"}), beats)
    config = {name: value for name, value in made.sink_config().items() if name != "topics"}
    place.connect.put(place.sink_name, config)


@case(CONFIG, "a TimestampRouter whose timestamp.format is no pattern of a date")
def fifth_router_of_no_date(place: Place) -> None:
    router = {"type": "org.apache.kafka.connect.transforms.TimestampRouter", "timestamp.format": "year-month"}
    _unchecked(place, {"transforms": "own", **{f"transforms.own.{name}": value for name, value in router.items()}})


@case(CONFIG, "decimal.format of the sink's JsonConverter is a word that it does not know")
def fifth_decimal_format_unknown(place: Place) -> None:
    json = "org.apache.kafka.connect.json.JsonConverter"
    _unchecked(place, {"value.converter": json, "value.converter.decimal.format": "FLOAT"})


@case(CONFIG, "the sink's Avro converter is not told where its registry is")
def fifth_registry_not_named(place: Place) -> None:
    avro = place.stack.registry.converters(confluent=True, kinds=["value"])
    made = place.writer_not_started({name: value for name, value in avro.items() if not name.endswith(".url")})
    place.produce(b"\x00" + (1).to_bytes(4) + b"\x02\x02n", _KEY_1)
    place.put_unchecked(place.sink_name, made.sink_config())


@case(Truth("REGISTRY", ("yes", *FIX_OR_ONCE)), "what listens at the registry's address hangs up at once")
def fifth_registry_hangs_up(place: Place) -> None:
    _meet_for_registry(place, listening())


@case(Truth("REGISTRY", FIX_OR_ONCE), "the registry has lost what was in it, and a sink begins to read", disturbs=True)
def fifth_registry_started_empty(place: Place) -> None:
    avro = place.stack.registry.converters(confluent=True)
    made = place.reader({**avro, "schema.name.adjustment.mode": "avro", "field.name.adjustment.mode": "avro"})
    place.stack.stop("registry")
    shutil.rmtree(place.stack.settings.directory / "registry")
    place.stack.up()
    place.connect.put(place.sink_name, {**made.sink_config(), **avro})
    place.connect.wait_failed(place.sink_name, 60)


def _definer(place: Place, grants: str) -> str:
    """A user of the target beside the sink's own, who owns views and triggers there."""
    definer = f"'{place.user}_owner'@'%'"
    place.target.execute(f"CREATE USER IF NOT EXISTS {definer}")
    place.target.execute(f"GRANT {grants} ON `{place.spec.target_database}`.* TO {definer}")
    return definer


def _meet_for_registry(place: Place, stranger: AbstractContextManager[int]) -> None:
    with stranger as port:
        avro = place.stack.registry.converters(confluent=True, kinds=["value"])
        url = {"value.converter.apicurio.registry.url": f"http://127.0.0.1:{port}/apis/registry/v2"}
        made = place.writer_not_started({**avro, **url})
        place.produce(b"\x00" + (1).to_bytes(4) + b"\x02\x02n", _KEY_1)
        place.connect.put(place.sink_name, made.sink_config())
        place.connect.wait_failed(place.sink_name, 40)


def _start(place: Place, config: Mapping[str, str]) -> None:
    """With a record to write: a sink that has none may not look at its database."""
    made = place.writer_not_started(config)
    place.produce_row()
    place.connect.put(place.sink_name, made.sink_config())


def _unchecked(place: Place, config: Mapping[str, str]) -> None:
    made = place.writer_not_started(config)
    place.produce_row()
    place.put_unchecked(place.sink_name, made.sink_config())


def _table(place: Place) -> str:
    return f"`{place.spec.target_database}`.orders"
