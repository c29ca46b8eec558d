"""What is refused before anything is written or asked."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.fakes.journal import Disk, FakeJournal
from watchdog import app
from watchdog.app.asking import _begun
from watchdog.codec import to_document
from watchdog.errors import SettingsError
from watchdog.model import ConnectorKey, Request, Workflow
from watchdog.settings import load


def test_a_cluster_that_is_not_in_the_settings_is_refused_at_once_and_leaves_no_request(tmp_path: Path) -> None:
    journal = tmp_path / "journal.sqlite"
    settings = load(None, {"CONNECT_URL": "http://127.0.0.1:1", "WATCHDOG_JOURNAL": str(journal)})
    with pytest.raises(SettingsError, match="no such Connect cluster; known are default"):
        app.ask(settings, "restart", "dw-sink", "nowhere")
    assert not journal.exists()


NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
KEY = ConnectorKey("main", "dw-sink")
BEGUN = Workflow("w1", "quarantine", KEY, NOW, step="move", request_id="r1")


@pytest.mark.parametrize(
    ("there", "verb", "goes_on"),
    [
        pytest.param(BEGUN, "quarantine", True, id="the-same"),
        pytest.param(BEGUN, "replay", False, id="another-verb"),
        pytest.param(BEGUN, "restart", False, id="no-workflow"),
        pytest.param(replace(BEGUN, key=ConnectorKey("main", "other")), "quarantine", False, id="another-connector"),
        pytest.param(replace(BEGUN, ended_at=NOW), "quarantine", False, id="ended"),
    ],
)
def test_what_a_crash_left_half_done_is_gone_on_with(there: Workflow, verb: str, goes_on: bool) -> None:
    journal = FakeJournal(Disk())
    journal.state.put({"workflow/w1": to_document(there)})
    begun = _begun(journal, Request("r2", verb, KEY, NOW))
    assert (begun.request_id if begun else None) == ("r1" if goes_on else None)
