"""No input whatever makes `explain` crash, hang or print what a terminal obeys."""

from __future__ import annotations

import json
import os
import random
import re
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from watchdog.diagnose import entries, knowledge
from watchdog.explain import explain
from watchdog.report.documents import dump
from watchdog.report.explained import blocks, document

KNOWLEDGE = knowledge()
MEGABYTE = 1_000_000
WORDS = re.findall(r"[a-z]{3,}", " ".join(entry.pattern for entry in entries()))
# A hang is looked for, not slowness: a machine with other work to do may be ten times slower than alone.
SECONDS_PER_MEGABYTE = float(os.environ.get("EXPLAIN_SECONDS_PER_MEGABYTE", "10"))

# What a terminal or a page would obey: C0 but the line's end, DEL, C1, surrogates, and what turns the writing.
_OBEYED = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
_PIECES = st.sampled_from(
    [
        "Caused by: ", "java.sql.SQLException: ", "org.apache.kafka.connect.errors.ConnectException", "\n", "\r\n",
        "\tat a.B.c(D.java:1)\n", "\t... 3 more\n",
        "Suppressed: ", "[CIRCULAR REFERENCE: x]", "Wrapped by: ", "\x1b[31m",
        "[2026-11-25 22:01:03,456] ERROR [a|task-0] ", "WorkerSinkTask{id=", "{", "}",
        '"status"', "\\n", "\\u001b", "'",
        "Cannot alter table ", " because schema evolution is disabled", "DDL statement couldn't be parsed", "password=",
        "://u:p@h", "\u202e", "\ud800", "\x00", "\x9b", "error code: 409", "[/foo]", "ALTER TABLE `", "SQLState: 42S22",
    ]
)  # fmt: skip
_TEXTS = st.lists(_PIECES | st.text(max_size=8), max_size=40).map("".join)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | _TEXTS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["status", "info", "config", "connector", "tasks", "state", "trace", "id", "name", "type"])
            | st.text(max_size=4),
            inner | st.just("FAILED"),
            max_size=5,
        )
    ),
    max_leaves=25,
)


def printed(content: bytes) -> str:
    result = explain("saved", content, KNOWLEDGE)
    shown = [line.plain for line in blocks(result.found, several_files=True)]
    documents = dump([document(one) for one in result.found])
    assert json.loads(documents) is not None
    return "\n".join([*shown, documents])


def assert_harmless(content: bytes) -> None:
    assert not _OBEYED.search(printed(content))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    _TEXTS.map(lambda text: text.encode(errors="surrogatepass"))
    | st.binary(max_size=300)
    | _JSON.map(lambda value: json.dumps(value).encode())
)
def test_no_input_crashes_it_or_prints_a_control_character(content: bytes) -> None:
    assert_harmless(content)


def hostile(size: int) -> dict[str, bytes]:
    """Texts of `size` bytes that are made to hurt."""

    def filled(piece: bytes, head: bytes = b"", tail: bytes = b"") -> bytes:
        return head + piece * (size // len(piece)) + tail

    failed = b'{"a":{"status":{"connector":{"state":"FAILED","trace":"'
    return {
        "a letter": filled(b"a"),
        "line ends": filled(b"\n", tail=b"x"),
        "blanks": filled(b" ", tail=b"x"),
        "causes": filled(b"Caused by: x\n"),
        "deep causes": filled(b"\tat a.B.c(D.java:1)\nCaused by: a.b.CException: deep\n", head=b"a.b.CException: y\n"),
        "headers": filled(b"java.lang.XException: y\n"),
        "traces": b"".join(b"a.b.X%dException: y\n\tat a.b.C(D.java:1)\n" % number for number in range(size // 45)),
        "log lines": filled(b"2026-11-25 22:01:02\n"),
        "brackets": filled(b"["),
        "objects": filled(b'{"a":'),
        "documents": filled(b"{}"),
        "connectors": b"{%s}"
        % b",".join(b'"c%d":{"status":{"connector":{"state":"FAILED"},"tasks":[]}}' % n for n in range(size // 60)),
        "a document with one trace": filled(b"a.b.CException: \\u001b[31m\\n", head=failed, tail=b'"},"tasks":[]}}}'),
        "a trace unwritten": filled(b"x\\n\\tat "),
        "half a signature": filled(b"DDL statement couldn't be parsed. Please open a Jira issue with the statement '"),
        "groups": filled(b"Data too long for column 'Table x is missing fields ([Incorrect a value: '"),
        "backtracking": filled(b"a.a$", head=b"Table "),
        "passwords": filled(b'password="'),
        "escapes": filled(b"\x1b]"),
        "URLs": filled(b"://a:"),
        # each word may begin what a pattern looks for
        "words of all patterns": b"a.b.XException: " + " ".join(random.Random(1).choices(WORDS, k=size // 8)).encode(),
        "noise": os.urandom(size).replace(b"\x00", b"a"),
        "binary": os.urandom(size),
    }


@pytest.mark.parametrize("name", hostile(100))
@pytest.mark.timeout(300)
def test_a_hostile_text_takes_time_in_proportion(name: str) -> None:
    content = hostile(2 * MEGABYTE)[name]
    begun = time.monotonic()
    assert_harmless(content)
    assert time.monotonic() - begun < SECONDS_PER_MEGABYTE * len(content) / MEGABYTE


@pytest.mark.timeout(600)
def test_fifty_megabytes_are_explained() -> None:
    cause = b"Caused by: java.sql.SQLException: Cannot alter table dw.orders because schema evolution is disabled\n"
    content = b"a.b.CException: begin\n" + b"\tat a.B.c(D.java:1)\n" * (50 * MEGABYTE // 20) + cause
    begun = time.monotonic()
    (one,) = explain("saved", content, KNOWLEDGE).found
    assert time.monotonic() - begun < SECONDS_PER_MEGABYTE * 50
    assert (one.cause.signature, one.table) == ("JDB-06", "dw.orders")
