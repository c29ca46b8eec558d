"""One collected failure as a file: what was done, what is true, and what Connect said of it, without secrets."""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from stack.connect import Document
from stack.settings import REPOSITORY, Settings

from failures import broker, place
from failures.case import Case

FOLDER = REPOSITORY / "tests" / "data" / "traces"
SECOND_FOLDER = FOLDER / "second"
THIRD_FOLDER = FOLDER / "third"
FOURTH_FOLDER = FOLDER / "fourth"
FIFTH_FOLDER = FOLDER / "fifth"
SIXTH_FOLDER = FOLDER / "sixth"
SEVENTH_FOLDER = FOLDER / "seventh"
EIGHTH_FOLDER = FOLDER / "eighth"

_SECRETS = (place.PASSWORD, broker.PASSWORD, "another-4711-secret", "other-4711-secret")
# The drill's own passwords are ordinary words: they are secrets only where they stand as a password.
_AS_PASSWORD = re.compile(r"(?i)(password[\"']?\s*[=:]\s*[\"']?)(?:dw|dbz|root|watchdog|wrong|changeit)\b")


def document(case: Case, status: Document, versions: Mapping[str, str], collected_at: str) -> dict[str, Any]:
    return {
        "case": case.name,
        "made_by": case.made_by,
        "side": case.side,
        "truth": truth(case),
        "versions": dict(versions),
        "collected_at": collected_at,
        "status": status,
    }


def truth(case: Case) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(case.truth).items()}


def without_secrets(status: Document, settings: Settings) -> Document:
    """Passwords replaced, and the folder of the stack, which is nobody's business."""
    text = json.dumps(status, ensure_ascii=False)
    for secret in _SECRETS:
        text = text.replace(secret, "***")
    text = _AS_PASSWORD.sub(r"\1***", text).replace(str(settings.directory), "/stack")
    cleaned: Document = json.loads(text.replace(str(settings.cache), "/cache"))
    return cleaned


def write(content: Mapping[str, Any], folder: Path = FOLDER) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{content['case']}.json"
    file.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n")
    return file


def read_all(folder: Path = FOLDER) -> list[dict[str, Any]]:
    """By name."""
    return [json.loads(file.read_text()) for file in sorted(folder.glob("*.json"))]


def failed_parts(status: Document) -> list[dict[str, Any]]:
    """The connector, if it failed, else its failed tasks."""
    parts = [status["connector"], *status["tasks"]]
    return [part for part in parts if part["state"] == "FAILED"]
