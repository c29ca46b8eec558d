"""The seventh set, sources: how each of the drawn events is done to a pipeline of the drawn settings."""

from failures.seventh_draw import Way

WAYS: dict[str, Way] = {}
