"""Sinks that are not let in, or that find nobody there."""

from stack.ports import any_free
from stack.settings import HOST

from failures.case import (
    AUTH,
    CONFIG,
    FIX_FIRST,
    FIX_OR_ONCE,
    NOT_TRUSTED,
    SINK,
    UNREACHABLE,
    WRONG_ADDRESS,
    Registry,
    Truth,
)
from failures.place import Place

CASES = Registry(SINK)
case = CASES.case


@case(AUTH, "the sink's config has another password than the target")
def sink_password_wrong(place: Place) -> None:
    _start(place, {"connection.password": "wrong"})


@case(AUTH, "ALTER USER … ACCOUNT LOCK for the sink's user")
def sink_account_locked(place: Place) -> None:
    place.own_user(place.target, "ALL")
    place.target.execute(f"ALTER USER '{place.user}'@'%' ACCOUNT LOCK")
    _start(place, place.as_sink_user)


@case(AUTH, "ALTER USER … PASSWORD EXPIRE for the sink's user")
def sink_password_expired(place: Place) -> None:
    place.own_user(place.target, "ALL")
    place.target.execute(f"ALTER USER '{place.user}'@'%' PASSWORD EXPIRE")
    _start(place, place.as_sink_user)


@case(Truth("AUTH", FIX_FIRST, "orders"), "the sink's user may SELECT in its database, and not INSERT")
def sink_may_not_insert(place: Place) -> None:
    place.own_user(place.target, "SELECT", f"`{place.spec.target_database}`.*")
    _start(place, place.as_sink_user)


@case(Truth("AUTH", FIX_FIRST, "orders"), "schema.evolution=basic, a new field, and a user who may not ALTER")
def sink_may_not_alter(place: Place) -> None:
    place.own_user(place.target, "SELECT, INSERT, UPDATE, DELETE", f"`{place.spec.target_database}`.*")
    _start(place, {**place.as_sink_user, "schema.evolution": "basic"}, columns="id BIGINT PRIMARY KEY")


@case(AUTH, "the sink's user has no right whatever on the database in its URL")
def sink_may_not_enter_the_database(place: Place) -> None:
    place.own_user(place.target, "")
    _start(place, place.as_sink_user)


@case(AUTH, "REQUIRE SSL for the sink's user, sslMode=DISABLED in its URL")
def sink_user_requires_tls(place: Place) -> None:
    place.own_user(place.target, "ALL")
    place.target.execute(f"ALTER USER '{place.user}'@'%' REQUIRE SSL")
    _start(
        place,
        {**place.as_sink_user, "connection.url": place.jdbc_url("?sslMode=DISABLED&allowPublicKeyRetrieval=true")},
    )


@case(CONFIG, "the database in connection.url does not exist")
def sink_database_unknown(place: Place) -> None:
    # Who may enter every database: others are told that they may not enter this one.
    place.own_user(place.target, "ALL")
    _start(place, {**place.as_sink_user, "connection.url": place.jdbc_url(database="nowhere")})


@case(WRONG_ADDRESS, "nobody listens on the port in connection.url")
def sink_port_wrong(place: Place) -> None:
    _start(place, {"connection.url": place.jdbc_url(port=any_free())})


@case(WRONG_ADDRESS, "the host in connection.url has no address")
def sink_host_unknown(place: Place) -> None:
    _start(place, {"connection.url": place.jdbc_url(host="warehouse.invalid")})


@case(CONFIG, "connection.url is of a driver that is not installed")
def sink_driver_missing(place: Place) -> None:
    _start(place, {"connection.url": f"jdbc:acme://{HOST}:{place.target.port}/dw"})


@case(CONFIG, "connection.url is PostgreSQL's, and a MySQL server listens there")
def sink_driver_of_another_database(place: Place) -> None:
    _start(
        place, {"connection.url": f"jdbc:postgresql://{HOST}:{place.target.port}/dw?connectTimeout=5&loginTimeout=5"}
    )


@case(CONFIG, "hibernate.dialect names a class that does not exist")
def sink_dialect_unknown(place: Place) -> None:
    _start(place, {"hibernate.dialect": "org.example.NoSuchDialect"})


@case(CONFIG, "connectionTimeZone in connection.url is no time zone")
def sink_time_zone_unknown(place: Place) -> None:
    _start(place, {"connection.url": place.jdbc_url("?connectionTimeZone=Atlantis/Center")})


@case(NOT_TRUSTED, "sslMode=VERIFY_CA in connection.url, and the worker does not trust the server's own certificate")
def sink_does_not_trust_the_certificate(place: Place) -> None:
    _start(place, {"connection.url": place.jdbc_url("?sslMode=VERIFY_CA")})


@case(CONFIG, "the trust store that connection.url names is no file")
def sink_trust_store_missing(place: Place) -> None:
    store = "trustCertificateKeyStoreUrl=file:/etc/no-such-store.jks&trustCertificateKeyStorePassword=changeit"
    _start(place, {"connection.url": place.jdbc_url(f"?sslMode=VERIFY_CA&{store}")})


@case(UNREACHABLE, "socketTimeout=1500 in connection.url, and the table is locked for longer", patience=120)
def sink_waits_for_a_locked_table(place: Place) -> None:
    place.writer({"connection.url": place.jdbc_url("?socketTimeout=1500"), "flush.max.retries": "1"})
    with place.session(place.target) as connection, connection.cursor() as cursor:
        cursor.execute(f"LOCK TABLES `{place.spec.target_database}`.orders WRITE")
        place.produce_row()
        place.connect.wait_failed(place.sink_name, 110)


@case(
    Truth("CONFIG", FIX_OR_ONCE),
    "the target is super_read_only, as a replica is after a failover",
    disturbs=True,
)
def target_is_read_only(place: Place) -> None:
    place.writer()
    place.target.execute("SET GLOBAL super_read_only = ON")
    try:
        place.produce_row()
        place.connect.wait_failed(place.sink_name, 60)
    finally:
        place.target.execute("SET GLOBAL super_read_only = OFF")
        place.target.execute("SET GLOBAL read_only = OFF")


@case(UNREACHABLE, "the target server is killed under the running sink", disturbs=True, patience=120)
def target_killed(place: Place) -> None:
    place.writer({"flush.max.retries": "1"})
    place.produce_row(1)
    place.wait_for_rows(1)
    place.stack.stop("target-db", kill=True)
    place.produce_row(2)
    place.connect.wait_failed(place.sink_name, 110)


def _start(place: Place, config: dict[str, str], columns: str = "id BIGINT PRIMARY KEY, note VARCHAR(64)") -> None:
    """With a record to write: a sink that has none may not look at its database."""
    made = place.writer_not_started(config, columns)
    place.produce_row()
    place.connect.put(place.sink_name, made.sink_config())
