"""PURE: what the consumers of a topic were promised, against a table's new shape."""

from watchdog.contracts.compatibility import Ruling, refusable, ruling
from watchdog.contracts.subjects import row_record, subjects_of, topic_of

__all__ = ["Ruling", "refusable", "row_record", "ruling", "subjects_of", "topic_of"]
