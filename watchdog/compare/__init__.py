"""PURE: shapes of one table → their differences, classified; and what each consumer makes of them."""

from watchdog.compare.consumers import Effect, Judged, SinkRules, judged_alone, judged_by_sink
from watchdog.compare.tables import SHAPE, Difference, Kind, differences, shape_differences
from watchdog.compare.types import Relation, relation

__all__ = [
    "SHAPE",
    "Difference",
    "Effect",
    "Judged",
    "Kind",
    "Relation",
    "SinkRules",
    "differences",
    "judged_alone",
    "judged_by_sink",
    "relation",
    "shape_differences",
]
