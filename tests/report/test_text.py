"""Text that a terminal shows and does not obey."""

from datetime import datetime

import pytest

from tests.report.reports import HOSTILE_NAMES, NOW, ago
from watchdog.report.text import age, cell, count, moment, plain, stamp
from watchdog.report.text import ago as in_words


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("dw-sink", "dw-sink", id="nothing to do"),
        pytest.param("đơn hàng 注文", "đơn hàng 注文", id="letters of every script"),
        pytest.param("a\x1b[31mb\x1b[0m", "ab", id="colours"),
        pytest.param("a\nb\tc", "a b c", id="line breaks and tabs"),
        pytest.param("a\r\nb", "a b", id="windows line break"),
        pytest.param("abc\u202egpj", "abcgpj", id="writing direction"),
        pytest.param("[bold]x[/foo]", "[bold]x[/foo]", id="rich markup is data"),
        pytest.param("lone\ud800half", "lone\ufffdhalf", id="lone surrogate"),
    ],
)
def test_text_is_one_line_without_what_a_terminal_obeys(text: str, shown: str) -> None:
    assert plain(text) == shown


@pytest.mark.parametrize("name", [pytest.param(name, id=key) for key, name in HOSTILE_NAMES.items()])
def test_no_hostile_name_gets_an_escape_through(name: str) -> None:
    assert plain(name).isprintable()
    plain(name).encode()
    assert cell(name).plain == plain(name)
    assert not cell(name).spans


def test_long_text_is_cut_with_a_mark() -> None:
    assert plain("abcdef", limit=4) == "abc…"
    assert plain("abcd", limit=4) == "abcd"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        pytest.param(None, "never", id="never"),
        pytest.param(-5.0, "0 s", id="a clock that went back"),
        pytest.param(59.9, "59 s", id="just under a minute"),
        pytest.param(60.0, "1 min", id="a minute"),
        pytest.param(7199.0, "1 h", id="just under two hours"),
        pytest.param(200_000.0, "2 d", id="days"),
    ],
)
def test_ages_are_whole_units_rounded_down(seconds: float | None, words: str) -> None:
    assert age(seconds) == words


@pytest.mark.parametrize(
    ("at", "words"), [pytest.param(None, "never", id="never"), pytest.param(ago(130), "2 min ago", id="minutes")]
)
def test_a_time_is_told_by_its_age(at: datetime | None, words: str) -> None:
    assert in_words(at, NOW) == words


def test_times_are_utc_and_say_so() -> None:
    assert moment(NOW) == "2026-11-23 16:30:00Z"
    assert stamp(NOW.replace(microsecond=123456)) == "2026-11-23T16:30:00.123Z"
    assert (moment(None), stamp(None)) == ("", None)


def test_one_is_singular() -> None:
    assert [count(number, "connector") for number in (0, 1, 2)] == ["0 connectors", "1 connector", "2 connectors"]
