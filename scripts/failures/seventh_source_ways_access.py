"""The seventh set, sources: how it is done who lets them in, and what is on the way."""

from stack.settings import HOST

from failures.place import DEBEZIUM_GRANTS, Place
from failures.seventh_draw import Settings
from failures.seventh_source_flow import at_the_user, insert_until_failed, prepared, put, reading, table_of
from failures.strangers import dropping, http, listening

_NOWHERE = "192.0.2.1"
"""Kept for documentation: nobody comes from this address."""

# ── who lets them in ──


def password_rotated(place: Place, settings: Settings) -> None:
    at_the_user(place, settings, "ALTER USER {user} IDENTIFIED BY 'other-4711-secret'")


def user_must_use_tls(place: Place, settings: Settings) -> None:
    plain = {"database.ssl.mode": "disabled", "driver.allowPublicKeyRetrieval": "true"}
    at_the_user(place, settings, "ALTER USER {user} REQUIRE SSL", plain)


def user_bound_to_a_host(place: Place, settings: Settings) -> None:
    elsewhere = f"'{place.user}'@'{_NOWHERE}'"
    at_the_user(place, settings, "RENAME USER {user} TO " + elsewhere)
    try:
        place.connect.wait_failed(place.source_name, 40)
    finally:
        place.source.execute(f"RENAME USER {elsewhere} TO '{place.user}'@'%'")


def grant_reload(place: Place, settings: Settings) -> None:
    place.own_user(place.source, "SELECT, SHOW DATABASES, REPLICATION SLAVE, REPLICATION CLIENT")
    put(place, prepared(place, settings, place.as_source_user).source_config())


def grant_select(place: Place, settings: Settings) -> None:
    place.own_user(place.source, DEBEZIUM_GRANTS.replace("SELECT, ", ""))
    made = prepared(place, settings, place.as_source_user)
    place.source.execute(f"GRANT SELECT (id) ON {table_of(place)} TO '{place.user}'@'%'")
    put(place, made.source_config())


def acl_create(place: Place, settings: Settings) -> None:
    clients = {**place.kafka.clients("producer.override."), **place.kafka.clients("admin.override.")}
    made = prepared(place, settings, clients)
    place.kafka.create_topic(made.spec.prefix)
    place.kafka.allow_topic(made.spec.prefix, "WRITE", "DESCRIBE")
    put(place, made.source_config())
    insert_until_failed(place, made)


# ── the way there ──


def server_down(place: Place, settings: Settings) -> None:
    reading(place, settings)
    place.stack.stop("source-db")
    place.restart(place.source_name)
    place.connect.wait_failed(place.source_name, 120)


def firewall_drops(place: Place, settings: Settings) -> None:
    with dropping() as port:
        made = prepared(place, settings, {"database.port": str(port), "connect.timeout.ms": "5000"})
        place.put_unchecked(place.source_name, made.source_config())
        place.connect.wait_failed(place.source_name, 40)


def too_many_connections(place: Place, settings: Settings) -> None:
    reading(place, settings)
    # The one who waits outside could not come in again to set it right.
    with place.session(place.source) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT @@GLOBAL.max_connections")
        (before,) = cursor.fetchone() or ()
        cursor.execute("SET GLOBAL max_connections = 1")
        try:
            place.restart(place.source_name)
            place.connect.wait_failed(place.source_name, 60)
        finally:
            cursor.execute(f"SET GLOBAL max_connections = {before}")


def registry_overloaded(place: Place, settings: Settings) -> None:
    with listening(http("503 Service Unavailable", "upstream connect error"), waits_for_request=True) as port:
        url = f"http://{HOST}:{port}/apis/registry/v2"
        urls = {f"{kind}.converter.apicurio.registry.url": url for kind in ("key", "value")}
        made = prepared(place, settings, urls)
        put(place, made.source_config())
        insert_until_failed(place, made)


def registry_down(place: Place, settings: Settings) -> None:
    made = reading(place, settings)
    place.stack.stop("registry")
    made.alter("ADD COLUMN since_then INT")
    made.insert()
    place.connect.wait_failed(place.source_name, 60)
