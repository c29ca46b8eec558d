"""The seams: what the core asks of the world. Adapters implement these; fakes pass the same contract tests.

Every method may raise `PortError` (and nothing else) when the other side cannot be reached, refuses or answers
nonsense; each has a deadline of its own and returns within it.
"""

from watchdog.ports.connect import Connect, Control
from watchdog.ports.databases import BinlogReader, Database
from watchdog.ports.journal import Audit, Journal, Store
from watchdog.ports.quarantine import Quarantine, Unfits
from watchdog.ports.registry import Registry
from watchdog.ports.topics import Brokers, Records, SchemaFeed, StatusFeed

__all__ = [
    "Audit",
    "BinlogReader",
    "Brokers",
    "Connect",
    "Control",
    "Database",
    "Journal",
    "Quarantine",
    "Records",
    "Registry",
    "SchemaFeed",
    "StatusFeed",
    "Store",
    "Unfits",
]
