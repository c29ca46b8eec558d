"""What is told of a table without asking a server."""

from __future__ import annotations

from watchdog.adapters.mysql_tables import _unlike


def test_a_column_without_a_checksum_makes_its_table_count_as_changed_each_time() -> None:
    assert _unlike(20, 20) == _unlike(20, 20)
    assert _unlike(20, 19) != _unlike(20, 19)
