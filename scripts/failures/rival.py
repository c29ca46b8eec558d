"""Another writer at the target, whose locks are taken in the other order."""

from contextlib import suppress

import pymysql
from stack import StackError, wait_for
from stack.pipeline import Pipeline

from failures.place import Place

_COUNTED = "WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 500) SELECT n FROM s"


def deadlock(place: Place, made: Pipeline) -> None:
    """With a sink that is to write the rows 1 and 2 in one transaction, both of which the target has. It is put up
    here; the deadlock comes again until its task has failed."""
    table, ballast = (f"`{place.spec.target_database}`.`{name}`" for name in (place.spec.table, "ballast"))
    place.target.execute(f"CREATE TABLE {ballast} (n INT)")
    place.target.execute(f"INSERT INTO {ballast} {_COUNTED}")
    with place.session(place.target) as connection, connection.cursor() as cursor:

        def is_over() -> bool:
            """The one that has changed less gives way: the sink."""
            with suppress(pymysql.OperationalError):
                cursor.execute(f"UPDATE {ballast} SET n = n + 1")
                cursor.execute(f"SELECT * FROM {table} WHERE id = 2 FOR UPDATE")
                if place.sink_name not in place.connect.names():
                    place.connect.put(place.sink_name, made.sink_config())
                wait_for(lambda: _is_waited_for(place) or _has_failed(place), 20, "the sink to wait for a row")
                cursor.execute(f"SELECT * FROM {table} WHERE id = 1 FOR UPDATE")
            connection.rollback()
            return _has_failed(place)

        connection.autocommit(False)
        wait_for(is_over, 60, f"{place.sink_name} to fail")


def _is_waited_for(place: Place) -> bool:
    waits = "SELECT 1 FROM performance_schema.data_locks WHERE object_schema = %s AND lock_status = 'WAITING'"
    return bool(place.target.query(waits, [place.spec.target_database]))


def _has_failed(place: Place) -> bool:
    with suppress(StackError):  # not known yet
        return "FAILED" in place.connect.states(place.sink_name)
    return False
