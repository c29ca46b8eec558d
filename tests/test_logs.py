"""Whatever is logged comes out as one clean line, whoever logs it."""

from __future__ import annotations

import io
import json
import logging
import sys
import threading
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from watchdog.logs import configure, get_logger, log_crashes
from watchdog.redact import Redactor

CANARY = 'hunter2"canary\\é'


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level, hooks = list(root.handlers), root.level, (sys.excepthook, threading.excepthook)
    yield
    structlog.reset_defaults()
    logging.captureWarnings(False)
    root.handlers[:] = handlers
    root.setLevel(level)
    sys.excepthook, threading.excepthook = hooks


def logged(format_: str = "json", level: str = "info") -> io.StringIO:
    redactor = Redactor()
    redactor.learn(CANARY)
    redactor.learn("48151623")
    stream = io.StringIO()
    configure(format_, level, redactor, stream)
    return stream


def only(stream: io.StringIO) -> dict[str, Any]:
    (line,) = stream.getvalue().splitlines()
    event: dict[str, Any] = json.loads(line)
    return event


def test_a_json_line_has_time_level_message_and_values() -> None:
    stream = logged("json")
    get_logger("loop").warning("restart refused", connector="dw-sink", tasks=(0, 1), took=0.5, known=None)
    event = only(stream)
    assert event.pop("time").endswith("Z")
    assert list(event.items()) == [
        ("level", "warning"),
        ("event", "restart refused"),
        ("connector", "dw-sink"),
        ("tasks", [0, 1]),
        ("took", 0.5),
        ("known", None),
        ("logger", "loop"),
    ]


def test_a_text_line_has_them_in_one_row() -> None:
    stream = logged("text")
    get_logger("loop").info('say "hi"', connector="dw-sink", why="a b", empty="", tasks=[0], n=3, sure=True)
    time, rest = stream.getvalue().split(" ", 1)
    assert time.endswith("Z")
    assert rest == ('info    say "hi" connector=dw-sink why="a b" empty="" tasks=[0] n=3 sure=true logger=loop\n')


def test_what_is_below_the_level_is_not_logged() -> None:
    stream = logged("json", "warning")
    get_logger("x").info("quiet")
    get_logger("x").error("loud")
    assert only(stream)["event"] == "loud"


def test_a_logger_from_before_follows_a_later_configuration() -> None:
    log = get_logger("early")
    stream = logged()
    log.info("hello")
    assert only(stream)["logger"] == "early"


FORGED = "a\nlevel=error msg\r\x1b[31mred\x07\u2028x\u202ey\x9b1m\ud800\x7f"


@pytest.mark.parametrize("format_", ["text", "json"])
def test_a_name_can_forge_no_second_line_and_no_escape(format_: str) -> None:
    stream = logged(format_)
    get_logger(FORGED).warning(FORGED, connector=FORGED, **{FORGED: FORGED}, nested={FORGED: [FORGED]})
    written = stream.getvalue()
    assert written.count("\n") == 1
    assert not [c for c in written[:-1] if ord(c) < 32 or 127 <= ord(c) < 160 or c in "\u2028\u202e\ud800"]


@pytest.mark.parametrize("format_", ["text", "json"])
@given(text=st.text())
def test_any_text_is_one_line(format_: str, text: str) -> None:
    stream = logged(format_)
    get_logger("x").info(text, value=text)
    assert len(stream.getvalue().splitlines()) == 1
    if format_ == "json":
        only(stream)


def raise_canary() -> None:
    try:
        raise ValueError(f"inner {CANARY}")
    except ValueError as error:
        raise RuntimeError(f"outer {CANARY}") from error


def log_exception() -> None:
    try:
        raise_canary()
    except RuntimeError:
        get_logger("x").exception("failed")


@pytest.mark.parametrize("format_", ["text", "json"])
@pytest.mark.parametrize(
    "log",
    [
        pytest.param(lambda: get_logger("x").info(f"with {CANARY}"), id="message"),
        pytest.param(lambda: get_logger("x").info("m", url=f"http://u:{CANARY}@h"), id="value"),
        pytest.param(lambda: get_logger("x").info("m", config={"a": [{CANARY: (CANARY,)}]}), id="nested"),
        pytest.param(lambda: get_logger("x").info("m", error=ValueError(CANARY)), id="an exception as a value"),
        pytest.param(lambda: get_logger("x").info("m", password=CANARY[:9]), id="unknown, by its key"),
        pytest.param(lambda: get_logger("x").info(f"password={CANARY[:9]}"), id="unknown, by what is before it"),
        pytest.param(lambda: get_logger("x").info("m", pin=48151623), id="a number"),
        pytest.param(log_exception, id="exceptions with their causes"),
        pytest.param(lambda: logging.getLogger("urllib3").warning("to %s", CANARY), id="standard logging"),
        pytest.param(lambda: logging.getLogger("x").error("no %d", CANARY), id="arguments that do not fit"),
        pytest.param(lambda: warnings.warn(CANARY, stacklevel=1), id="warnings"),
    ],
)
def test_no_secret_is_logged(format_: str, log: Any) -> None:
    stream = logged(format_)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        log()
    assert stream.getvalue()
    assert "hunter2" not in stream.getvalue()
    assert "48151623" not in stream.getvalue()


def test_an_exception_is_told_with_its_cause_in_the_same_line() -> None:
    stream = logged()
    log_exception()
    event = only(stream)
    assert (event["level"], event["event"]) == ("error", "failed")
    assert "ValueError: inner ***" in event["exception"]
    assert "RuntimeError: outer ***" in event["exception"]


def test_libraries_are_heard_from_warnings_on_with_their_name_and_level() -> None:
    stream = logged("json", "debug")
    logging.getLogger("uvicorn.error").info("quiet")
    logging.getLogger("sqlalchemy.pool").error("broken %s", "pipe")
    event = only(stream)
    assert (event["logger"], event["level"], event["event"]) == ("sqlalchemy.pool", "error", "broken pipe")


@pytest.mark.parametrize(
    "value", [pytest.param("x" * 1_000_000, id="text"), pytest.param(10**100_000, id="a number that str() refuses")]
)
def test_a_value_without_end_is_shortened(value: object) -> None:
    stream = logged()
    get_logger("x").info("m", value=value)
    assert len(stream.getvalue()) < 20_000


@pytest.mark.parametrize("value", [pytest.param(2**64, id="large"), pytest.param(float("nan"), id="nan")])
def test_a_number_that_json_lacks_is_logged_all_the_same(value: float) -> None:
    stream = logged()
    get_logger("x").info("m", value=value)
    assert only(stream)["event"] == "m"


def test_a_stream_that_cannot_be_written_stops_nothing() -> None:
    stream = logged()
    stream.close()
    get_logger("x").info("unheard")


def test_the_crash_of_a_thread_is_logged_without_secrets() -> None:
    stream = logged()
    log_crashes()
    thread = threading.Thread(target=raise_canary, name="poller")
    thread.start()
    thread.join(10)
    event = only(stream)
    assert (event["level"], event["event"], event["thread"]) == ("critical", "crashed", "poller")
    assert "hunter2" not in stream.getvalue()


def test_lines_of_several_threads_do_not_mix() -> None:
    stream = logged()

    def log() -> None:
        for _ in range(50):
            get_logger("x").info("m", filler="y" * 200)

    threads = [threading.Thread(target=log) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert [json.loads(line)["event"] for line in stream.getvalue().splitlines()] == ["m"] * 200
