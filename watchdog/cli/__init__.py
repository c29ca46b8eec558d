"""The command line: verbs → calls of the app → tables or JSON on stdout, commentary on stderr, exit codes. No logic."""

from __future__ import annotations

from watchdog.cli.program import main

__all__ = ["main"]
