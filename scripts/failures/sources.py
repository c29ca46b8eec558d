"""Sources: who lets them in, what their settings say, what their server is set to."""

from stack.ports import any_free
from stack.settings import HOST

from failures.case import AUTH, CONFIG, FIX_OR_ONCE, NOT_TRUSTED, SOURCE, UNREACHABLE, WRONG_ADDRESS, Registry, Truth
from failures.place import DEBEZIUM_GRANTS, Place

CASES = Registry(SOURCE)
case = CASES.case


@case(AUTH, "the password was changed at the server, and the source restarted")
def source_password_wrong(place: Place) -> None:
    _with_own_user(place)
    place.source.execute(f"ALTER USER '{place.user}'@'%' IDENTIFIED BY 'another-4711-secret'")
    place.source.kill_connections(place.user)
    place.restart(place.source_name)


@case(AUTH, "ACCOUNT LOCK for the source's user, and the source restarted")
def source_account_locked(place: Place) -> None:
    _with_own_user(place)
    place.source.execute(f"ALTER USER '{place.user}'@'%' ACCOUNT LOCK")
    place.source.kill_connections(place.user)
    place.restart(place.source_name)


@case(AUTH, "PASSWORD EXPIRE for the source's user, and the source restarted")
def source_password_expired(place: Place) -> None:
    _with_own_user(place)
    place.source.execute(f"ALTER USER '{place.user}'@'%' PASSWORD EXPIRE")
    place.source.kill_connections(place.user)
    place.restart(place.source_name)


@case(AUTH, "DROP USER of the source's user, and the source restarted")
def source_user_dropped(place: Place) -> None:
    _with_own_user(place)
    place.source.execute(f"DROP USER '{place.user}'@'%'")
    place.source.kill_connections(place.user)
    place.restart(place.source_name)


@case(AUTH, "REPLICATION SLAVE revoked, and the source restarted")
def source_may_not_read_the_binlog(place: Place) -> None:
    _revoke(place, "REPLICATION SLAVE")


@case(AUTH, "REPLICATION CLIENT revoked, and the source restarted")
def source_may_not_ask_for_positions(place: Place) -> None:
    _revoke(place, "REPLICATION CLIENT")


@case(AUTH, "no RELOAD and no LOCK TABLES for the first copy")
def source_may_not_lock(place: Place) -> None:
    place.own_user(place.source, "SELECT, SHOW DATABASES, REPLICATION SLAVE, REPLICATION CLIENT")
    _put(place, place.as_source_user)


@case(
    Truth("AUTH", ("no", "after-fix"), "orders"),
    "no SELECT on the table at the first copy: the user sees one column only",
)
def source_may_not_select(place: Place) -> None:
    place.own_user(place.source, DEBEZIUM_GRANTS.replace("SELECT, ", ""))
    made = place.reader_not_started(place.as_source_user)
    place.source.execute(f"GRANT SELECT (id) ON `{made.spec.database}`.orders TO '{place.user}'@'%'")
    place.connect.put(place.source_name, made.source_config())


@case(Truth("RESOURCE", FIX_OR_ONCE), "MAX_USER_CONNECTIONS 1 for the source's user")
def source_user_has_too_few_connections(place: Place) -> None:
    place.own_user(place.source, DEBEZIUM_GRANTS)
    place.source.execute(f"ALTER USER '{place.user}'@'%' WITH MAX_USER_CONNECTIONS 1")
    _put(place, place.as_source_user)


@case(Truth("AUTH", ("no", "after-fix")), "heartbeat.action.query writes a table that the user may only read")
def heartbeat_query_refused(place: Place) -> None:
    database = place.spec.database
    _put(
        place,
        {
            "heartbeat.interval.ms": "1000",
            "heartbeat.action.query": f"INSERT INTO `{database}`.orders (customer, amount) VALUES ('beat', 1)",
        },
    )


@case(CONFIG, "table.include.list is no regular expression", patience=40)
def include_list_is_no_regex(place: Place) -> None:
    _put_unchecked(place, {"table.include.list": f"{place.spec.database}.(orders"})


@case(CONFIG, "snapshot.mode is schema_only_recovery, which this version does not have any more", patience=40)
def snapshot_mode_gone(place: Place) -> None:
    _put_unchecked(place, {"snapshot.mode": "schema_only_recovery"})


@case(CONFIG, "snapshot.select.statement.overrides selects a column that the table does not have")
def snapshot_query_wrong(place: Place) -> None:
    table = f"{place.spec.database}.orders"
    _put(
        place,
        {
            "snapshot.select.statement.overrides": table,
            f"snapshot.select.statement.overrides.{table}": f"SELECT id, colour FROM `{place.spec.database}`.orders",
        },
    )


@case(CONFIG, "a converter of the source whose class is nowhere", patience=40)
def custom_converter_missing(place: Place) -> None:
    _put(place, {"converters": "own", "own.type": "org.example.NoSuchConverter"})


@case(CONFIG, "topic.prefix is missing from the config", patience=40)
def topic_prefix_missing(place: Place) -> None:
    made = place.reader_not_started()
    config = {name: value for name, value in made.source_config().items() if name != "topic.prefix"}
    place.put_unchecked(place.source_name, config)


@case(CONFIG, "the outbox EventRouter on a table that is no outbox")
def outbox_router_on_another_table(place: Place) -> None:
    _put(place, {"transforms": "outbox", "transforms.outbox.type": "io.debezium.transforms.outbox.EventRouter"})


@case(WRONG_ADDRESS, "nobody listens at the bootstrap servers of the schema history", patience=150)
def history_servers_wrong(place: Place) -> None:
    servers = f"{HOST}:{any_free()}"
    _put(
        place,
        {
            "schema.history.internal.kafka.bootstrap.servers": servers,
            "schema.history.internal.kafka.create.timeout.ms": "5000",
            "schema.history.internal.kafka.query.timeout.ms": "3000",
            "schema.history.internal.producer.max.block.ms": "5000",
        },
    )


@case(WRONG_ADDRESS, "the host of the source's database has no address", patience=60)
def source_host_unknown(place: Place) -> None:
    _put_unchecked(place, {"database.hostname": "oltp.invalid"})


@case(WRONG_ADDRESS, "nobody listens on the port of the source's database", patience=60)
def source_port_wrong(place: Place) -> None:
    _put_unchecked(place, {"database.port": str(any_free())})


@case(NOT_TRUSTED, "database.ssl.mode=verify_ca, and the worker does not trust the server")
def source_does_not_trust_the_certificate(place: Place) -> None:
    _put_unchecked(place, {"database.ssl.mode": "verify_ca"})


@case(Truth("CONFIG", FIX_OR_ONCE), "a second source with the same database.server.id", patience=150)
def server_id_used_twice(place: Place) -> None:
    place.reader({"database.server.id": "777777", "errors.max.retries": "0"})
    place.second_reader({"database.server.id": "777777", "errors.max.retries": "0"})


@case(CONFIG, "binlog_format=STATEMENT at the server, and the source restarted", disturbs=True)
def binlog_format_statement(place: Place) -> None:
    _with_global(place, "binlog_format", "STATEMENT", "ROW")


@case(CONFIG, "binlog_row_image=MINIMAL at the server, and the source restarted", disturbs=True)
def binlog_row_image_minimal(place: Place) -> None:
    _with_global(place, "binlog_row_image", "MINIMAL", "FULL")


@case(UNREACHABLE, "the source server is killed, and the source restarted", disturbs=True, patience=150)
def source_killed(place: Place) -> None:
    place.reader()
    place.stack.stop("source-db", kill=True)
    place.restart(place.source_name)
    place.connect.wait_failed(place.source_name, 140)


def _with_own_user(place: Place) -> None:
    place.own_user(place.source, DEBEZIUM_GRANTS)
    place.reader(place.as_source_user)


def _revoke(place: Place, grant: str) -> None:
    _with_own_user(place)
    place.source.execute(f"REVOKE {grant} ON *.* FROM '{place.user}'@'%'")
    place.source.kill_connections(place.user)
    place.restart(place.source_name)


def _with_global(place: Place, variable: str, wrong: str, right: str) -> None:
    place.reader()
    place.source.execute(f"SET GLOBAL {variable} = '{wrong}'")
    try:
        place.restart(place.source_name)
        place.connect.wait_failed(place.source_name, 60)
    finally:
        place.source.execute(f"SET GLOBAL {variable} = '{right}'")


def _put(place: Place, config: dict[str, str]) -> None:
    place.connect.put(place.source_name, place.reader_not_started(config).source_config())


def _put_unchecked(place: Place, config: dict[str, str]) -> None:
    place.put_unchecked(place.source_name, place.reader_not_started(config).source_config())
