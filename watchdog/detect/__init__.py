"""PURE: Observation → what is wrong with it. No rule here knows why, or what is done about it."""

from watchdog.detect.connectors import symptoms
from watchdog.detect.targets import Misfit, MisfitKind, misfits

__all__ = ["Misfit", "MisfitKind", "misfits", "symptoms"]
