"""The second set: sinks that are not let in, or find nobody there, in the words of MariaDB and its driver."""

from stack.ports import any_free

from failures.case import (
    AUTH,
    CONFIG,
    FIX_FIRST,
    FIX_OR_ONCE,
    SINK,
    UNREACHABLE,
    WRONG_ADDRESS,
    Registry,
    Truth,
)
from failures.place import Place

CASES = Registry(SINK)
case = CASES.case


@case(AUTH, "ACCOUNT LOCK for the sink's user in MariaDB")
def second_sink_account_locked(place: Place) -> None:
    place.own_user(place.target, "ALL")
    place.target.execute(f"ALTER USER '{place.user}'@'%' ACCOUNT LOCK")
    _start(place, place.as_sink_user)


@case(AUTH, "another password than MariaDB's in the sink's config")
def second_sink_password_wrong(place: Place) -> None:
    _start(place, {"connection.password": "wrong"})


@case(Truth("CONFIG", FIX_FIRST, also=("CONNECTIVITY",)), "sslMode=verify-full, and the server knows no TLS")
def second_server_without_tls(place: Place) -> None:
    _start(place, {"connection.url": place.jdbc_url("?sslMode=verify-full")})


@case(WRONG_ADDRESS, "the host in connection.url has no address, in the words of Connector/MariaDB")
def second_sink_host_unknown(place: Place) -> None:
    _start(place, {"connection.url": place.jdbc_url(host="warehouse.invalid")})


@case(WRONG_ADDRESS, "nobody listens on the port in connection.url, in the words of Connector/MariaDB")
def second_sink_port_wrong(place: Place) -> None:
    _start(place, {"connection.url": place.jdbc_url(port=any_free())})


@case(CONFIG, "the database in connection.url does not exist in MariaDB")
def second_sink_database_unknown(place: Place) -> None:
    place.own_user(place.target, "ALL")
    _start(place, {**place.as_sink_user, "connection.url": place.jdbc_url(database="nowhere")})


@case(CONFIG, "sslMode in connection.url has a value that does not exist")
def second_ssl_mode_unknown(place: Place) -> None:
    _start(place, {"connection.url": place.jdbc_url("?sslMode=a-little")})


@case(CONFIG, "the port in connection.url is no number")
def second_port_is_no_number(place: Place) -> None:
    url = place.jdbc_url().replace(f":{place.target.port}/", ":mariadb/")
    _start(place, {"connection.url": url})


@case(CONFIG, "sessionVariables in connection.url sets a variable that MariaDB does not have")
def second_session_variable_unknown(place: Place) -> None:
    _start(place, {"connection.url": place.jdbc_url("?sessionVariables=no_such_thing=1")})


@case(CONFIG, "connection.provider names a class that is nowhere")
def second_connection_provider_unknown(place: Place) -> None:
    _start(place, {"connection.provider": "org.example.NoSuchProvider"})


@case(Truth("CONFIG", FIX_OR_ONCE), "SET GLOBAL read_only in MariaDB, as on a replica", disturbs=True)
def second_target_is_read_only(place: Place) -> None:
    place.writer()
    place.target.execute("SET GLOBAL read_only = ON")
    try:
        place.produce_row()
        place.connect.wait_failed(place.sink_name, 60)
    finally:
        place.target.execute("SET GLOBAL read_only = OFF")


@case(UNREACHABLE, "MariaDB is shut down under the running sink", disturbs=True, patience=120)
def second_target_shut_down(place: Place) -> None:
    place.writer({"flush.max.retries": "1"})
    place.produce_row(1)
    place.wait_for_rows(1)
    place.stack.stop("target-db")
    place.produce_row(2)
    place.connect.wait_failed(place.sink_name, 110)


def _start(place: Place, config: dict[str, str]) -> None:
    """With a record to write: a sink that has none may not look at its database."""
    made = place.writer_not_started(config)
    place.produce_row()
    place.connect.put(place.sink_name, made.sink_config())
