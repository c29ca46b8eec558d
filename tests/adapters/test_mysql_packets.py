"""Which events of a binlog tell of nothing new, by their bytes."""

from __future__ import annotations

import struct

import pytest

from watchdog.adapters.mysql_packets import Known, next_offset

CHECKSUM = b"\xde\xad\xbe\xef"


def packet(kind: int, body: bytes, checksum: bytes = CHECKSUM, ends_at: int = 4711) -> bytes:
    size = 19 + len(body) + len(checksum)
    return b"\x00" + struct.pack("<IBIIIH", 1, kind, 1, size, ends_at, 0) + body + checksum


def query(text: bytes, database: bytes = b"oltp", variables: bytes = b"\x00\x01\x02\x03\x04") -> bytes:
    post_header = struct.pack("<IIBHH", 7, 0, len(database), 0, len(variables))
    return post_header + variables + database + b"\x00" + text


def table_map(table_id: int, columns: bytes) -> bytes:
    return struct.pack("<Q", table_id)[:6] + b"\x01\x00\x04oltp\x00\x06orders\x00" + bytes([len(columns)]) + columns


@pytest.mark.parametrize("kind", [16, 23, 24, 25, 30, 31, 32, 33, 34, 39, 160, 162])
def test_rows_and_the_ends_of_transactions_are_no_news(kind: int) -> None:
    assert Known(4).is_no_news(packet(kind, b"anything"))


@pytest.mark.parametrize("kind", [4, 15, 26, 40, 165, 166, 99])
def test_files_and_what_is_not_known_are_looked_at(kind: int) -> None:
    assert not Known(4).is_no_news(packet(kind, b"anything"))


@pytest.mark.parametrize(("checksum", "count"), [(CHECKSUM, 4), (b"", 0)])
@pytest.mark.parametrize(
    ("text", "no_news"),
    [
        (b"BEGIN", True),
        (b"COMMIT", True),
        (b"ALTER TABLE orders ADD c INT", False),
        (b"ALTER TABLE orders ADD c INT -- \x00BEGIN", False),
        (b"BEGINNING", False),
        (b"", False),
    ],
)
def test_a_statement_is_no_news_only_where_it_is_all_of_begin_or_commit(
    text: bytes, no_news: bool, checksum: bytes, count: int
) -> None:
    assert Known(count).is_no_news(packet(2, query(text), checksum)) is no_news


def test_a_table_s_shape_is_news_once_whatever_number_the_table_has() -> None:
    known = Known(4)
    assert not known.is_no_news(packet(19, table_map(18, b"\x08\x0f")))
    assert known.is_no_news(packet(19, table_map(19, b"\x08\x0f"), checksum=b"\x01\x02\x03\x04"))
    assert not known.is_no_news(packet(19, table_map(19, b"\x08\x0f\x03")))


def test_without_checksums_the_last_bytes_are_a_part_of_the_shape() -> None:
    known = Known(0)
    assert not known.is_no_news(packet(19, table_map(18, b"\x08\x0f\x03\x03\x03"), checksum=b""))
    assert not known.is_no_news(packet(19, table_map(18, b"\x08\x03\x03\x03\x03"), checksum=b""))


@pytest.mark.parametrize("content", [b"", b"\x00", b"\xfe\x00\x00\x02\x00", b"\xff" + b"x" * 40, packet(2, b"short")])
def test_what_is_no_event_is_left_to_the_client(content: bytes) -> None:
    assert not Known(4).is_no_news(content)


def test_where_the_next_event_begins_is_told() -> None:
    assert next_offset(packet(16, b"", ends_at=3_000_000_000)) == 3_000_000_000
