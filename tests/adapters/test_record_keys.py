"""What a person is shown of a record's key."""

from __future__ import annotations

import pytest

from watchdog.adapters.avro import AvroReader
from watchdog.adapters.kafka_events import no_headers
from watchdog.adapters.quarantine_records import quarantine_topic
from watchdog.adapters.record_keys import KEY_CHARACTERS_MAX, key_of


@pytest.mark.parametrize(
    ("key", "shown", "fields"),
    [
        pytest.param(None, "", (), id="none"),
        pytest.param(b"", "", (), id="empty"),
        pytest.param(b'{"id":7}', '{"id":7}', ("id",), id="json"),
        pytest.param(b'{"schema":{"type":"struct"},"payload":{"id":7}}', '{"id":7}', ("id",), id="json-with-schema"),
        pytest.param(b"7", "7", (), id="a-number"),
        pytest.param(b"An", "An", (), id="text"),
        pytest.param("Bình".encode(), "Bình", (), id="text-beyond-ascii"),
        pytest.param(b"\xff\x00\x01", "0xff0001", (), id="bytes"),
        pytest.param(b"\0\0\0\0\7\2\14An", "0x0000000007020c416e", (), id="avro-unread"),
        pytest.param(b"x" * 500, "x" * (KEY_CHARACTERS_MAX - 1) + "…", (), id="cut"),
    ],
)
def test_a_key_is_shown_as_a_person_would_write_it(key: bytes | None, shown: str, fields: tuple[str, ...]) -> None:
    assert key_of(key, no_headers, AvroReader()) == (shown, fields)


def test_an_avro_key_is_read_by_its_own_schema_and_not_by_the_values() -> None:
    class Schemas:
        def fetch(self, ref: object) -> str:
            assert ref.id == 5  # type: ignore[attr-defined]
            return '{"type":"record","name":"Key","fields":[{"name":"id","type":"long"}]}'

    headers = [("apicurio.value.globalId", (9).to_bytes(8, "big")), ("apicurio.key.globalId", (5).to_bytes(8, "big"))]
    assert key_of(b"\x0e", lambda: headers, AvroReader(Schemas())) == ('{"id":7}', ("id",))


def test_a_connectors_quarantine_has_a_name_that_kafka_takes() -> None:
    assert quarantine_topic("dw-sink") == "watchdog.quarantine.dw-sink"
    odd = quarantine_topic("we ird/ü")
    assert odd.startswith("watchdog.quarantine.we_ird__-")
    assert odd != quarantine_topic("we ird_ü")
    assert len(quarantine_topic("x" * 500)) == 249
    assert quarantine_topic("x" * 500) != quarantine_topic("x" * 501)
