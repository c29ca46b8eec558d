"""How a verb sets up the process before anything runs."""

import subprocess
import sys

from watchdog.settings import load

CODE = """
import structlog, os, threading
from watchdog.cli.session import Session
settings = Session().settings()
structlog.get_logger("watchdog").info("before", url="settings-canary")
settings.redactor.learn("learnt-later-canary")
structlog.get_logger("watchdog").info("after", url="learnt-later-canary")
thread = threading.Thread(target=lambda: {}["learnt-later-canary"])
thread.start()
thread.join()
raise RuntimeError("settings-canary")
"""


def test_logs_and_crashes_hide_what_the_settings_hold_and_what_adapters_learn_later() -> None:
    environ = {"CONNECT_URL": "http://u:settings-canary@127.0.0.1:8083"}
    done = subprocess.run(
        [sys.executable, "-c", CODE], env=environ, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert (done.stdout, done.stderr.count("***")) == ("", 4)
    assert "canary" not in done.stderr
    # Whole lines, as text: the crashes too.
    lines = done.stderr.splitlines()
    assert [line.split()[1] for line in lines] == ["info", "info", "critical", "critical"]


def test_the_redactor_of_the_settings_is_the_same_one_each_time() -> None:
    settings = load(None, {"CONNECT_URL": "http://u:settings-canary@127.0.0.1:8083"})
    assert settings.redactor is settings.redactor
    assert settings.redactor.clean("settings-canary") == "***"
