"""What the watchdog may do, as it is written: text → `Backoff`, `Window`, and the rules of the pure core."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, time, tzinfo
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    ValidationInfo,
    field_validator,
)

from watchdog.policy import Mode as CoreMode
from watchdog.policy import Rule
from watchdog.policy.backoff import Backoff, Pace
from watchdog.policy.windows import WEEKDAYS, Once, Weekly, Window

Mode = Literal["observe", "propose", "auto"]
Glob = Annotated[str, Field(min_length=1, max_length=1000)]

PAUSE_SECONDS_MAX = 6 * 3600.0
_STEPS_MAX = 100
_ITEMS_MAX = 1000
_BACKOFF_EXAMPLE = (
    "must be n2+n, exponential, a list of seconds such as [0, 60, 300], or "
    "{base_seconds: 30, cap_seconds: 3600, jitter: 0.2}"
)
_WINDOW_EXAMPLE = (
    "must be such as `Sat 02:00-04:00 UTC`, `Mon-Fri 22:00-05:00 Europe/Berlin`, `daily 03:00-03:30`, or "
    "`2026-12-24 18:00 until 2026-12-27 06:00 Europe/Berlin` (also as from, until, zone)"
)
_DAYS = re.compile(r"(?P<first>[A-Za-z]{3})(?:-(?P<last>[A-Za-z]{3}))?")
_WEEKLY = re.compile(
    r"(?P<days>[A-Za-z]{3,5}(?:-[A-Za-z]{3})?(?:,[A-Za-z]{3}(?:-[A-Za-z]{3})?)*)"
    r"\s+(?P<start>\d{1,2}:\d\d)\s*-\s*(?P<end>\d{1,2}:\d\d)(?:\s+(?P<zone>\S+))?"
)
_ONCE = re.compile(r"(?P<start>\d{4}\S+(?: \d\S*)?)\s+until\s+(?P<end>\d{4}\S+(?: \d\S*)?)(?:\s+(?P<zone>\S+))?")


# ── back-off ──


def backoff(value: object) -> Backoff:
    """Raises `ValueError` saying what would be right."""
    if isinstance(value, Backoff):
        return value
    if isinstance(value, str) and value.strip() in (Pace.SQUARES, Pace.EXPONENTIAL):
        return Backoff(Pace(value.strip()))
    if isinstance(value, str) and re.fullmatch(r"\[?[\d\s.,]+\]?", value):
        value = [part for part in re.split(r"[\s,\[\]]+", value) if part]
    if isinstance(value, list | tuple) and 0 < len(value) <= _STEPS_MAX:
        return Backoff(Pace.LIST, steps=tuple(_number(each, 0, PAUSE_SECONDS_MAX) for each in value))
    if isinstance(value, Mapping) and value.keys() <= {"base_seconds", "cap_seconds", "jitter"}:
        bounds = {"base_seconds": (0.1, 3600.0), "cap_seconds": (1.0, PAUSE_SECONDS_MAX), "jitter": (0.0, 1.0)}
        given: dict[str, Any] = {key: _number(each, *bounds[key]) for key, each in value.items()}
        return Backoff(Pace.EXPONENTIAL, **given)
    raise ValueError(_BACKOFF_EXAMPLE)


def _number(value: object, at_least: float, at_most: float) -> float:
    try:
        number = float(str(value))
    except ValueError:
        raise ValueError(_BACKOFF_EXAMPLE) from None
    if not at_least <= number <= at_most:
        raise ValueError(f"{_BACKOFF_EXAMPLE}; {number:g} is not between {at_least:g} and {at_most:g}")
    return number


def _written(chosen: Backoff) -> object:
    if chosen.pace is Pace.SQUARES:
        return chosen.pace.value
    if chosen.pace is Pace.LIST:
        return list(chosen.steps)
    return {"base_seconds": chosen.base_seconds, "cap_seconds": chosen.cap_seconds, "jitter": chosen.jitter}


# ── windows ──


def window(value: object) -> Window:
    """Raises `ValueError` saying what would be right."""
    if isinstance(value, Weekly | Once):
        return value
    if isinstance(value, Mapping) and {"from", "until"} <= value.keys() <= {"from", "until", "zone"}:
        value = f"{value['from']} until {value['until']} {value.get('zone', '')}".strip()
    text = " ".join(value.split()) if isinstance(value, str) else ""
    if found := _WEEKLY.fullmatch(text):
        zone = _zone(found["zone"])
        return Weekly(_days(found["days"]), _clock_time(found["start"]), _clock_time(found["end"]), zone, text)
    if found := _ONCE.fullmatch(text):
        zone = _zone(found["zone"])
        start, end = _moment(found["start"], zone), _moment(found["end"], zone)
        if end <= start:
            raise ValueError("ends before it begins: give a later `until`")
        return Once(start, end, text)
    raise ValueError(_WINDOW_EXAMPLE)


def _days(text: str) -> frozenset[int]:
    if text.lower() == "daily":
        return frozenset(range(7))
    found: set[int] = set()
    for part in text.split(","):
        days = _DAYS.fullmatch(part)
        if days is None:
            raise ValueError(_WINDOW_EXAMPLE)
        first = _day(days["first"])
        last = _day(days["last"] or days["first"])
        found |= {day % 7 for day in range(first, last + 1 + 7 * (last < first))}
    return frozenset(found)


def _day(name: str) -> int:
    if name.capitalize() not in WEEKDAYS:
        raise ValueError(f"has no day of the week {name!r}: they are {', '.join(WEEKDAYS)}, or daily")
    return WEEKDAYS.index(name.capitalize())


def _clock_time(text: str) -> time:
    hour, minute = map(int, text.split(":"))
    if (hour, minute) == (24, 0):
        return time(0)
    if hour > 23 or minute > 59:
        raise ValueError(f"has no such time of the day: {text}")
    return time(hour, minute)


def _moment(text: str, zone: tzinfo) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(_WINDOW_EXAMPLE) from None
    return at if at.tzinfo else at.replace(tzinfo=zone)


def _zone(name: str | None) -> tzinfo:
    if not name or name.upper() in ("UTC", "Z"):
        return UTC
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError):  # ZoneInfoNotFoundError is a KeyError.
        raise ValueError(f"has no time zone {name!r}: write it such as Europe/Berlin, or UTC") from None


BackoffEntry = Annotated[Backoff, PlainValidator(backoff), PlainSerializer(_written)]
WindowEntry = Annotated[Window, PlainValidator(window), PlainSerializer(lambda each: each.text, return_type=str)]
Windows = Annotated[tuple[WindowEntry, ...], Field(max_length=_ITEMS_MAX)]


class PolicySettings(BaseModel):
    """What the watchdog may do to some connectors. For each key by itself, the first policy that fits the connector
    and has that key counts; what none says is as it is for all."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    cluster: Glob = Field(default="*", description="Pattern of cluster names.")
    connector: Glob = Field(description="Pattern of connector names, case counts.", examples=["orders-*"])
    mode: Mode | None = Field(
        default=None,
        description="observe: never act. propose: wait for `watchdog approve`. auto: act when it helps.",
        examples=["observe"],
    )
    never: bool | None = Field(default=None, description="Never act, whoever approves.")
    causes: tuple[str, ...] | None = Field(
        default=None,
        max_length=_ITEMS_MAX,
        description="The only categories (CONNECTIVITY) and signatures (MY-1) that are acted upon.",
        examples=["[CONNECTIVITY, AUTH]"],
    )
    attempts_max: int | None = Field(default=None, ge=1, le=1000, description="Restarts before giving up.")
    backoff: BackoffEntry | None = Field(default=None, description="Pauses after useless restarts.")
    stability_window_seconds: float | None = Field(
        default=None, ge=1, le=86_400, allow_inf_nan=False, description="RUNNING that long counts as recovered."
    )
    resume: bool | None = Field(
        default=None,
        description="Resume it, though a person paused or stopped it, once what it failed of is remedied.",
    )
    maintenance: Windows | None = Field(default=None, description="Windows in which nothing is done.")
    silences: Windows | None = Field(default=None, description="Windows in which nobody is called.")

    @field_validator("resume")
    @classmethod
    def _by_name(cls, resume: bool | None, info: ValidationInfo) -> bool | None:
        if resume and any(sign in info.data.get("connector", "") for sign in "*?["):
            raise ValueError("ends what a person decided: name that one connector in full, not by a pattern")
        return resume

    def rule(self, place: str) -> Rule:
        said: dict[str, Any] = {name: getattr(self, name) for name in type(self).model_fields if name != "mode"}
        return Rule(**said, mode=CoreMode(self.mode) if self.mode else None, place=place)
