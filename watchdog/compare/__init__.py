"""PURE: shapes of one table → their differences, classified; what each consumer makes of them; the five places that
must agree on a table side by side."""

from watchdog.compare.belief import belief_differences, changed_just_now, is_read_to, judged_by_debezium
from watchdog.compare.consumers import Effect, Judged, SinkRules, judged_by_sink
from watchdog.compare.drift import Look, captured_tables, drift_report, dropped_columns, table_drift
from watchdog.compare.places import DriftReport, Gap, Place, Standing, TableDrift, View, is_named, worst
from watchdog.compare.routes import Sent, sent, target_gaps
from watchdog.compare.tables import SHAPE, Difference, Kind, differences, shape_differences
from watchdog.compare.types import Relation, relation

__all__ = [
    "SHAPE",
    "Difference",
    "DriftReport",
    "Effect",
    "Gap",
    "Judged",
    "Kind",
    "Look",
    "Place",
    "Relation",
    "Sent",
    "SinkRules",
    "Standing",
    "TableDrift",
    "View",
    "belief_differences",
    "captured_tables",
    "changed_just_now",
    "differences",
    "drift_report",
    "dropped_columns",
    "is_named",
    "is_read_to",
    "judged_by_debezium",
    "judged_by_sink",
    "relation",
    "sent",
    "shape_differences",
    "table_drift",
    "target_gaps",
    "worst",
]
