"""Bare traces and pieces of a worker's log → the failures in them.

A trace begins where an exception's class stands at the beginning of a line and the frames of the one before are over; a
line of the log ends it. Everything is found by patterns that take time in proportion to the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from watchdog.explain.failure import FAILURES_MAX, Failure, Read

_STAMP = r"\[?(?P<at>\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?)"
_CLASS = r"[A-Za-z_$][\w$]*+(?:\.[\w$]++)++"
_HEADER = rf'(?:Exception in thread "[^"\n]*+" )?(?:{_CLASS}|[A-Z]\w*+(?:(?<=Exception)|(?<=Error)))(?=:|$)'
_BOUNDARY = re.compile(rf"^(?:{_STAMP}|(?P<cause>(?:Caused|Wrapped) by: )|(?P<header>{_HEADER}))", re.MULTILINE)
_NAMED_IN_LINE = re.compile(rf"(?:^|\s)({_CLASS}(?=: |$).*)$")
_FRAME = re.compile(r"^[ \t]+(?:at \S|\.\.\. \d+ (?:more|common))", re.MULTILINE)
_CAUSE = re.compile(r"^(?:Caused|Wrapped) by: ", re.MULTILINE)
_COMPOSE_PREFIX = re.compile(r"^[\w.-]{1,64} +\| ?", re.MULTILINE)
# `[dw-sink|task-0]`, as Connect's own log layout writes it, and `WorkerSinkTask{id=dw-sink-0}`.
_CONTEXT = re.compile(r"\[(?P<name>[^\]|\n]{1,200})\|(?:task-(?P<task>\d{1,9})|worker)")
_WORKER_TASK = re.compile(r"Worker(?P<side>Sink|Source)Task\{id=(?P<id>[^}\n]{1,200})-(?P<number>\d{1,9})\}")
_SIDE = re.compile(r"\bWorker(Sink|Source)Task\b|AbstractWorker(Source)Task|\bruntime\.(?:\w*)(Sink|Source)\w*")
_NAMES_ONE = re.compile(r"(?:Exception|Error|Throwable)\b")
_LINE_MAX = 20_000
_SIDE_SEEN_MAX = 200_000
_UNWRITTEN = re.compile(r"\\r?\\n(?=\\t|\s*(?:at |Caused by: |\.\.\. ))|\\n")


def read_text(text: str) -> Read:
    """Every trace of the text; the whole text as one where nothing in it looks like one."""
    text = _as_printed(text)
    read = Read()
    for failure in _traces(text):
        if len(read.failures) == FAILURES_MAX:
            read.notes.append(f"holds more than {FAILURES_MAX:,} traces: the first {FAILURES_MAX:,} are explained")
            break
        read.failures.append(failure)
    if read.failures:
        return read
    if re.match(_STAMP, text.lstrip()):
        read.notes.append("is a log without any trace in it")
    elif text.strip():
        if not _NAMES_ONE.search(text):
            read.notes.append("names no exception: it is taken for the message of one; is it the connector's trace?")
        read.failures.append(Failure(text.strip(), side=_side(text)))
    return read


def _as_printed(text: str) -> str:
    """Without what a paste adds: Windows' line ends, indentation, Compose's names, a trace that is still one JSON
    string."""
    text = text.replace("\r\n", "\n").strip("\n")
    first_line = text[:200].partition("\n")[0]
    if _COMPOSE_PREFIX.match(first_line):
        text = _COMPOSE_PREFIX.sub("", text)
    elif first_line[:1] in " \t" and "\n" in text:
        indentation = first_line[: len(first_line) - len(first_line.lstrip())]
        text = re.sub(f"^{indentation}", "", text, flags=re.MULTILINE)
    if "\\n" in text and ("\\tat " in text or "\\nCaused by: " in text):
        text = _UNWRITTEN.sub("\n", text).replace("\\t", "\t")
    return text


def _traces(text: str) -> Iterator[Failure]:
    """Cut at the lines of the log, and where a new trace begins."""
    begin = 0
    line: re.Match[str] | None = None
    # Where the exception that is being read begins; None when a line of the log was the last that began.
    exception: int | None = 0
    for boundary in _BOUNDARY.finditer(text):
        if boundary["at"] is not None:
            exception = None
        else:
            before, exception = exception, boundary.start()
            # What no frame came before is one more line of a message, or the trace that the log's line is about.
            if boundary["cause"] or before is None or not _FRAME.search(text, before, exception):
                continue
        yield from _failure(text, begin, boundary.start(), line)
        begin = boundary.start()
        if boundary["at"] is not None:
            line = boundary
    yield from _failure(text, begin, len(text), line)


def _failure(text: str, begin: int, end: int, line: re.Match[str] | None) -> Iterator[Failure]:
    """What stands from `begin` to `end`, if it is a trace; `line` is the log's line that came last."""
    context = ""
    if line is not None:
        line_end = text.find("\n", line.end(), end)
        # Most lines of a log are alone.
        if line.start() == begin and (line_end < 0 or line_end >= end - 1):
            return
        whole_line = text.find("\n", line.end())
        context = text[line.end() : min(whole_line, line.end() + _LINE_MAX)]
        begin = whole_line + 1 if line.start() == begin else begin
    trace = text[begin:end]
    # `… ERROR failed java.lang.X: y`, with the frames below it.
    if trace[:1] in ("\t", " ") and (named := _NAMED_IN_LINE.search(context)):
        trace = f"{named[1]}\n{trace}"
    if not (_FRAME.search(trace) or _CAUSE.search(trace) or _BOUNDARY.match(trace)):
        return
    connector, task, side = _whose(context)
    since = line["at"] if line is not None else None
    yield Failure(trace.strip(), connector, task, None, side if side != "unknown" else _side(trace), since)


def _whose(context: str) -> tuple[str | None, int | None, str]:
    if worker := _WORKER_TASK.search(context):
        return worker["id"], int(worker["number"]), worker["side"].lower()
    if named := _CONTEXT.search(context):
        return named["name"], int(named["task"]) if named["task"] else None, "unknown"
    return None, None, "unknown"


def _side(trace: str) -> str:
    """By the frames of the worker that ran the task."""
    match = _SIDE.search(trace, 0, _SIDE_SEEN_MAX)
    return next(word for word in match.groups() if word).lower() if match else "unknown"
