"""What is refused before anything is written or asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from watchdog import app
from watchdog.errors import SettingsError
from watchdog.settings import load


def test_a_cluster_that_is_not_in_the_settings_is_refused_at_once_and_leaves_no_request(tmp_path: Path) -> None:
    journal = tmp_path / "journal.sqlite"
    settings = load(None, {"CONNECT_URL": "http://127.0.0.1:1", "WATCHDOG_JOURNAL": str(journal)})
    with pytest.raises(SettingsError, match="no such Connect cluster; known are default"):
        app.ask(settings, "restart", "dw-sink", "nowhere")
    assert not journal.exists()
