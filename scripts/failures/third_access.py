"""The third set: sinks that are not let in, or get no answer, or are held up."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress

import pymysql
from stack import StackError, wait_for
from stack.settings import HOST

from failures.case import AUTH, FIX_FIRST, FIX_OR_ONCE, SINK, TRANSIENT, Break, Registry, Truth
from failures.place import KEY, NOTES, Place, struct
from failures.strangers import listening

CASES = Registry(SINK)

_DRIFT = Truth("SCHEMA_DRIFT", FIX_FIRST, "orders", ("note",), also=("DATA", "CONFIG"))
_HELD_UP = Truth("RESOURCE", TRANSIENT, also=("CONNECTIVITY",))


def case(truth: Truth, made_by: str, *, disturbs: bool = False) -> Callable[[Break], Break]:
    return CASES.case(truth, made_by, disturbs=disturbs, patience=40)


@case(AUTH, "the sink's user may INSERT and UPDATE, and a tombstone wants a DELETE")
def third_may_not_delete(place: Place) -> None:
    _as_own_user(place, "SELECT, INSERT, UPDATE")
    place.target.execute(f"INSERT INTO {_table(place)} VALUES (1, 'n')")
    place.produce(None, struct(KEY, {"id": 1}))


@case(AUTH, "the sink's user may INSERT into one column only")
def third_may_write_one_column(place: Place) -> None:
    _as_own_user(place, "SELECT, INSERT (id), UPDATE (id)")
    place.produce_row()


@case(Truth("CONFIG", FIX_FIRST, also=("AUTH", "CONNECTIVITY")), "a new user and sslMode=DISABLED: no public key")
def third_public_key_is_not_asked_for(place: Place) -> None:
    place.own_user(place.target, "ALL")
    _start(place, {**place.as_sink_user, "connection.url": place.jdbc_url("?sslMode=DISABLED")})


@case(Truth("CONFIG", FIX_FIRST, also=("CONNECTIVITY",)), "tlsVersions in connection.url are those of long ago")
def third_tls_of_long_ago(place: Place) -> None:
    _start(place, {"connection.url": place.jdbc_url("?sslMode=REQUIRED&tlsVersions=TLSv1,TLSv1.1")})


@case(Truth("CONFIG", FIX_OR_ONCE, also=("CONNECTIVITY",)), "an SSH server listens on the port in connection.url")
def third_ssh_answers(place: Place) -> None:
    with listening(b"SSH-2.0-OpenSSH_9.6p1 Ubuntu-3ubuntu13\r\n", stays=True) as port:
        _start(place, {"connection.url": place.jdbc_url("?connectTimeout=2000&socketTimeout=2000", port=port)})
        place.connect.wait_failed(place.sink_name, 40)


@case(_HELD_UP, "KILL QUERY at the sink's statement, which waits for a row")
def third_statement_was_killed(place: Place) -> None:
    _kill(place, "KILL QUERY")


@case(Truth("CONNECTIVITY", TRANSIENT, also=("RESOURCE",)), "KILL at the sink's connection, which waits for a row")
def third_connection_was_killed(place: Place) -> None:
    _kill(place, "KILL")


@case(_HELD_UP, "the target has no connection left: max_connections", disturbs=True)
def third_no_connection_left(place: Place) -> None:
    (before,) = place.target.query("SELECT @@GLOBAL.max_connections AS number")
    place.target.execute("SET GLOBAL max_connections = 15")
    try:
        with ExitStack() as guests:
            with suppress(pymysql.OperationalError):
                for _ in range(20):
                    guests.enter_context(_guest(place))
            _start(place, {})
            place.connect.wait_failed(place.sink_name, 40)
    finally:
        place.target.execute(f"SET GLOBAL max_connections = {before['number']}")


def _guest(place: Place) -> "pymysql.connections.Connection[pymysql.cursors.Cursor]":
    return pymysql.connect(host=HOST, port=place.target.port, user="watchdog", password="watchdog")


def _kill(place: Place, how: str) -> None:
    """As often as the sink tries again."""
    place.own_user(place.target, "ALL")
    place.writer({**place.as_sink_user, "flush.max.retries": "1"})
    place.target.execute(f"INSERT INTO {_table(place)} VALUES (1, 'held')")
    running = "SELECT id FROM information_schema.processlist WHERE user = %s AND command = 'Query'"

    def is_over() -> bool:
        for thread in place.target.query(running, [place.user]):
            with suppress(StackError):  # gone by itself
                place.target.execute(f"{how} {int(thread['id'])}")
        return "FAILED" in place.connect.states(place.sink_name)

    with place.session(place.target) as connection, connection.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute(f"SELECT * FROM {_table(place)} WHERE id = 1 FOR UPDATE")
        place.produce_row(1)
        wait_for(is_over, 40, f"{place.sink_name} to fail")


def _as_own_user(place: Place, grants: str) -> None:
    made = place.writer_not_started()
    place.own_user(place.target, grants, _table(place))
    place.connect.put(place.sink_name, {**made.sink_config(), **place.as_sink_user})


def _start(place: Place, config: Mapping[str, str]) -> None:
    """With a record to write: a sink that has none may not look at its database."""
    made = place.writer_not_started(config, NOTES)
    place.produce_row()
    place.connect.put(place.sink_name, made.sink_config())


def _table(place: Place) -> str:
    return f"`{place.spec.target_database}`.orders"
