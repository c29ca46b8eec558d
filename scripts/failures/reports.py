"""Failures as users reported them in public, each with what is true of it, and what the diagnosis says of them."""

import json
from typing import Any

from stack.settings import REPOSITORY

from failures.measure import Judged
from watchdog.diagnose import diagnose

FILE = REPOSITORY / "tests" / "data" / "reports" / "sampled.jsonl"


def read_reports() -> list[dict[str, Any]]:
    """In the order in which they were found."""
    return [json.loads(line) for line in FILE.read_text().splitlines()]


def judge_reports() -> list[Judged]:
    return [
        Judged(
            report["report"],
            report["source"],
            {**report["truth"], "also": []},
            diagnose(report["trace"], report["side"]),
        )
        for report in read_reports()
    ]
