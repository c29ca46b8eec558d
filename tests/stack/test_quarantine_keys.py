"""Records in Avro, with a key of two columns, and without a key: what is copied has the same bytes and headers, so that
whoever reads it finds its schema; the rest arrives."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from confluent_kafka import Message
from stack import Stack
from stack.registry import Registry

from tests.stack.quarantined import TOO_LONG, Broken, spec
from tests.stack.test_quarantine import config_of, done, watchdog_of
from tests.stack.watchdog_process import Watchdog

pytestmark = pytest.mark.long

BAD = {0, 7, 8, 40, 59}
TWO_COLUMNS = "id BIGINT NOT NULL, name VARCHAR(64), number INT NOT NULL, PRIMARY KEY (number, id)"
NO_KEY = "id BIGINT NOT NULL, name VARCHAR(64), number INT"
OURS = 5
"""Headers that a copy has behind the record's own."""


@pytest.fixture(scope="module")
def registry(_running_stack: Stack) -> Iterator[Registry]:
    _running_stack.up()
    registry = _running_stack.start_registry()
    registry.forget("qavro")
    yield registry
    registry.forget("qavro")
    _running_stack.stop("registry")


@pytest.fixture(params=[False, True], ids=["ids-in-headers", "confluents-wire-format"])
def in_avro(stack: Stack, registry: Registry, request: pytest.FixtureRequest) -> Iterator[Broken]:
    converters = registry.converters(confluent=request.param)
    source = {**converters, "schema.name.adjustment.mode": "avro"}
    prefix = f"qavro{int(request.param)}"
    own = replace(spec(prefix), columns=TWO_COLUMNS, source_config=source, sink_config=converters)
    broken = Broken(stack, own, rows=60, bad=set(BAD), late=0)
    broken.start()
    yield broken
    broken.clear()


@pytest.fixture
def without_key(stack: Stack) -> Iterator[Broken]:
    inserts = {"insert.mode": "insert", "primary.key.mode": "none", "delete.enabled": "false"}
    own = replace(spec("qnokey"), columns=NO_KEY, sink_config=inserts)
    broken = Broken(stack, own, rows=60, bad=set(BAD), late=0)
    broken.start()
    yield broken
    broken.clear()


def place(message: Message) -> tuple[str, int, int]:
    return message.topic() or "", message.partition() or 0, message.offset() or 0


def content(message: Message, own_headers: int | None = None) -> tuple[object, ...]:
    return message.key(), message.value(), (message.headers() or [])[:own_headers], message.timestamp()


def bad_ones(broken: Broken) -> dict[tuple[str, int, int], Message]:
    """Text is in the clear in JSON as well as in Avro."""
    messages = broken.messages(broken.spec.topic)
    return {place(message): message for message in messages if TOO_LONG.encode() in (message.value() or b"")}


def copies_are_the_same_bytes(broken: Broken) -> None:
    wanted = bad_ones(broken)
    copies = broken.messages(broken.quarantine)
    assert len(wanted) == len(copies) == len(BAD)
    assert broken.kept().keys() == wanted.keys()
    for copy in copies:
        origin = next(where for where in wanted if where == origin_of(copy))
        assert content(copy, -OURS) == content(wanted[origin], None)


def origin_of(copy: Message) -> tuple[str, int, int]:
    topic, partition, offset = (value.decode() for _, value in (copy.headers() or [])[-OURS:][:3])  # type: ignore[union-attr]
    return topic, int(partition), int(offset)


def test_avro_rows_with_a_key_of_two_columns_are_kept_byte_for_byte_and_go_back(
    stack: Stack, registry: Registry, in_avro: Broken, tmp_path: Path
) -> None:
    broken, sink, config = in_avro, in_avro.spec.sink, config_of(in_avro)
    urls = (stack.source_url, stack.target_url)
    url = registry.confluent_url
    watchdog = Watchdog(tmp_path, stack.connect_url, stack.bootstrap_servers, urls, SCHEMA_REGISTRY_URL=url)
    found = done(watchdog, sink)
    keys = [json.loads(record["key"]) for record in found["records"]]
    assert sorted((key["number"], key["id"]) for key in keys) == sorted((key, key) for key in BAD)
    broken.in_step(without=broken.bad)
    copies_are_the_same_bytes(broken)
    assert config_of(broken) == config
    stack.connect.wait_running(sink)

    before = bad_ones(broken)
    broken.pipeline.alter_target("MODIFY name VARCHAR(64)")
    back = done(watchdog, sink, "--replay")
    print(back["detail"])
    assert [record["why_not"] for record in back["records"]] == [None] * len(BAD)
    broken.in_step(without=set())
    again = {where: message for where, message in bad_ones(broken).items() if where not in before}
    assert sorted(content(message, -1)[:3] for message in again.values()) == sorted(
        content(message)[:3] for message in before.values()
    )
    assert [(message.headers() or [])[-1][0] for message in again.values()] == ["watchdog.replayed"] * len(BAD)


def test_rows_without_a_key_are_kept_and_stay_there(stack: Stack, without_key: Broken, tmp_path: Path) -> None:
    broken, sink, config = without_key, without_key.spec.sink, config_of(without_key)
    watchdog = watchdog_of(stack, tmp_path)
    found = done(watchdog, sink)
    assert len(found["records"]) == len(BAD)
    broken.in_step(without=broken.bad)
    copies_are_the_same_bytes(broken)
    assert {message.key() for message in broken.messages(broken.quarantine)} == {None}
    assert config_of(broken) == config
    rows = stack.target.query(f"SELECT id FROM {broken.pipeline._target_table}")
    assert len(rows) == 60 - len(BAD), "none is there twice"
    broken.pipeline.alter_target("MODIFY name VARCHAR(64)")
    back = watchdog.cli("quarantine", sink, "--replay", "--dry-run", "-o", "json")
    assert {record["why_not"] for record in json.loads(back.stdout)["records"]} == {
        "it has no key: nothing tells whether a later record replaces it"
    }
