"""What records hold in a field, against the column: values that no schema tells of."""

from __future__ import annotations

import base64
from decimal import Decimal

import orjson
import pytest

from tests.core.scene import PARTITION, TARGET, table
from watchdog.adapters.debezium_rows import RowReader, ShapeCount
from watchdog.adapters.row_values import kind_of
from watchdog.detect import MisfitKind, misfits
from watchdog.model import Column, RecordShape, ValueKind

DECIMAL = "org.apache.kafka.connect.data.Decimal"
DAY = 86_400


def entry(kind: str, name: str = "", **parameters: str) -> dict[str, object]:
    told: dict[str, object] = {"field": "v", "type": kind, "optional": True}
    return told | ({"name": name} if name else {}) | ({"parameters": parameters} if parameters else {})


def unscaled(value: int) -> str:
    return base64.b64encode(value.to_bytes(20, "big", signed=True)).decode()


def read(field: dict[str, object], *values: object) -> RecordShape:
    """The shape of rows as Debezium's JSON has them, offsets from 0 on."""
    schema = {"type": "struct", "fields": [field]}
    reader, count = RowReader(), None
    for offset, value in enumerate(values):
        row = reader.read(orjson.dumps({"schema": schema, "payload": {"v": value}}))
        assert row is not None
        count = count or ShapeCount.begun(PARTITION, offset, row)
        count.add(offset, row)
    assert count is not None
    return count.shape()


INT, TEXT, BYTES = entry("int64"), entry("string"), entry("bytes")
MONEY = entry("bytes", DECIMAL, scale="2")
DATETIME, DATE = entry("int64", "io.debezium.time.Timestamp"), entry("int32", "io.debezium.time.Date")
ZONED, TIME = entry("string", "io.debezium.time.ZonedTimestamp"), entry("int64", "io.debezium.time.MicroTime")
ENUM, SET = entry("string", "io.debezium.data.Enum"), entry("string", "io.debezium.data.EnumSet")
RANGE, LONG, CHOICE, CHARSET = (
    MisfitKind.OUT_OF_RANGE,
    MisfitKind.TOO_LONG,
    MisfitKind.NO_CHOICE,
    MisfitKind.CHARSET,
)


@pytest.mark.parametrize(
    ("field", "fits", "too_much", "kind", "column"),
    [
        pytest.param(INT, -(2**31), -(2**31) - 1, RANGE, "int", id="lowest"),
        pytest.param(INT, 2**31 - 1, 2**31, RANGE, "int", id="highest"),
        pytest.param(INT, 0, -1, RANGE, "int unsigned", id="negative"),
        pytest.param(INT, 999, 1000, RANGE, "decimal(5,2)", id="whole-into-decimal"),
        pytest.param(MONEY, unscaled(99_999), unscaled(100_000), RANGE, "decimal(5,2)", id="decimal"),
        pytest.param(MONEY, unscaled(-99_999), unscaled(-100_000), RANGE, "decimal(5,2)", id="negative-decimal"),
        pytest.param(MONEY, unscaled(99_994), unscaled(99_995), RANGE, "decimal(4,1)", id="decimal-that-rounds-up"),
        pytest.param(MONEY, unscaled(12_745), unscaled(12_750), RANGE, "tinyint", id="decimal-into-whole"),
        pytest.param(TEXT, "ä" * 32_767, "ä" * 32_768, LONG, "text", id="bytes-of-a-text"),
        pytest.param(TEXT, "ä" * 64, "ä" * 65, LONG, "varchar(64)", id="characters-of-a-varchar"),
        pytest.param(BYTES, base64.b64encode(b"1234").decode(), base64.b64encode(b"12345").decode(), LONG,
                     "varbinary(4)", id="bytes"),
        pytest.param(ENUM, "New", "lost", CHOICE, "enum('new','paid')", id="enum"),
        pytest.param(SET, "a,b", "a,c", CHOICE, "set('a','b')", id="set"),
        pytest.param(SET, "", "c", CHOICE, "set('a','b')", id="empty-set"),
        pytest.param(DATETIME, 1000, 2**32 * 1000, RANGE, "timestamp", id="datetime-after-2038"),
        pytest.param(DATETIME, 1000, -10 * DAY * 1000, RANGE, "timestamp", id="datetime-before-1970"),
        pytest.param(DATE, 0, 30_000, RANGE, "timestamp", id="date-after-2038"),
        pytest.param(ZONED, "2026-01-01T00:00:00Z", "2050-01-01T00:00:00Z", RANGE, "timestamp", id="zoned"),
        pytest.param(TIME, 838 * 3600 * 10**6, 900 * 3600 * 10**6, RANGE, "time", id="time"),
    ],
)  # fmt: skip
def test_a_value_at_the_border_fits_and_the_next_one_does_not(
    field: dict[str, object], fits: object, too_much: object, kind: MisfitKind, column: str
) -> None:
    target = table(TARGET, Column("v", column))
    assert list(misfits(read(field, fits, None, fits), target)) == []
    (found,) = misfits(read(field, fits, None, too_much), target)
    assert (found.kind, found.column, found.place.offset) == (kind, "v", 2)


@pytest.mark.parametrize(
    ("charset", "fits", "refused"),
    [
        pytest.param("utf8mb3", "ä€", "😀", id="utf8mb3"),
        pytest.param("latin1", "ä€", "ł", id="latin1"),
        pytest.param("ascii", "a", "ä", id="ascii"),
    ],
)
def test_a_character_that_the_column_does_not_have(charset: str, fits: str, refused: str) -> None:
    target = table(TARGET, Column("v", "varchar(64)", charset=charset))
    assert list(misfits(read(TEXT, fits), target)) == []
    assert [misfit.kind for misfit in misfits(read(TEXT, fits, refused), target)] == [CHARSET]
    assert list(misfits(read(TEXT, refused), table(TARGET, Column("v", "varchar(64)", charset="utf8mb4")))) == []


@pytest.mark.parametrize(
    ("field", "value", "column"),
    [
        pytest.param(INT, 10**15, "varchar(64)", id="a-number-into-text"),
        pytest.param(INT, 10**15, "double", id="a-number-into-a-double"),
        pytest.param(DATETIME, 2**50, "varchar(64)", id="a-time-into-text"),
        pytest.param(ENUM, "x", "varchar(64)", id="a-choice-into-text"),
        pytest.param(ZONED, "no time", "timestamp", id="what-is-no-time"),
        pytest.param(MONEY, "?", "decimal(5,2)", id="what-is-no-decimal"),
        pytest.param(TEXT, "ä" * 70_000, "longtext", id="a-longtext"),
    ],
)
def test_what_is_not_certain_is_taken_for_fit(field: dict[str, object], value: object, column: str) -> None:
    assert list(misfits(read(field, value), table(TARGET, Column("v", column)))) == []


def test_a_decimal_whose_scale_grows_is_compared_by_its_value() -> None:
    reader, count = RowReader(), None
    for offset, (scale, value) in enumerate((("2", 99_999), ("4", 1_000_000))):
        schema = {"type": "struct", "fields": [entry("bytes", DECIMAL, scale=scale)]}
        row = reader.read(orjson.dumps({"schema": schema, "payload": {"v": unscaled(value)}}))
        assert row is not None
        count = count or ShapeCount.begun(PARTITION, offset, row)
        count.add(offset, row)
    assert count is not None
    values = count.shape().values["v"]
    assert (values.scale, values.high[-1][0], values.low[-1][0]) == (4, 9_999_900, 1_000_000)


def test_avro_holds_decimals_and_bytes_as_they_are() -> None:
    money = kind_of("bytes", DECIMAL, 2)
    assert money is not None
    assert [money.read(value) for value in (Decimal("12.34"), b"\x04\xd2", Decimal("NaN"))] == [1234, 1234, None]
    raw = kind_of("bytes", "", None)
    assert raw is not None
    assert (raw.kind, raw.read(b"123")) == (ValueKind.BYTES, 3)
