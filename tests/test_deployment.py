"""The compose stack and the image: pinned, gated by health, and made as the runbooks describe them."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]

Yaml = dict[str, Any]

COMPOSE: Yaml = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES: Mapping[str, Yaml] = COMPOSE["services"]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")

ONE_SHOT = {"connect-init"}
PORTS = {
    "mysql": ["127.0.0.1:3306:3306"],
    "mysql-dw": ["127.0.0.1:3307:3306"],
    "kafka": ["127.0.0.1:9092:9092"],
    "connect": ["127.0.0.1:8083:8083"],
    "connect-init": [],
    "watchdog": ["127.0.0.1:9845:9845"],
    "prometheus": ["127.0.0.1:9090:9090"],
    "alertmanager": ["127.0.0.1:9093:9093"],
    "grafana": ["127.0.0.1:3000:3000"],
}


# --- docker-compose.yml ---------------------------------------------------------------------------


def test_the_services_and_their_ports_are_those_of_the_runbooks() -> None:
    assert {name: service.get("ports", []) for name, service in SERVICES.items()} == PORTS


@pytest.mark.parametrize("name", [name for name in SERVICES if "build" not in SERVICES[name]])
def test_every_image_has_its_registry_and_an_exact_version(name: str) -> None:
    assert re.fullmatch(r"(docker|quay)\.io/[\w/-]+:v?\d+\.\d+\.\d+(\.Final)?", SERVICES[name]["image"])


@pytest.mark.parametrize("base", re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE))
def test_every_base_image_has_its_registry_and_an_exact_version(base: str) -> None:
    assert re.fullmatch(r"docker\.io/library/python:3\.\d+\.\d+-slim-\w+", base)


@pytest.mark.parametrize("name", [name for name in SERVICES if name not in ONE_SHOT])
def test_every_service_that_stays_up_has_a_health_check(name: str) -> None:
    service = SERVICES[name]
    assert "healthcheck" in service or ("build" in service and "HEALTHCHECK" in DOCKERFILE)


def _dependencies() -> list[Any]:
    return [
        pytest.param(needed, terms, id=f"{name} needs {needed}")
        for name, service in SERVICES.items()
        for needed, terms in service.get("depends_on", {}).items()
    ]


@pytest.mark.parametrize(("needed", "terms"), _dependencies())
def test_a_service_waits_for_a_health_check_that_exists(needed: str, terms: Yaml) -> None:
    assert terms == {"condition": "service_healthy"}
    assert "healthcheck" in SERVICES[needed]


def _volumes() -> list[Any]:
    return [
        pytest.param(volume, id=f"{name} {volume}")
        for name, service in SERVICES.items()
        for volume in service.get("volumes", [])
    ]


@pytest.mark.parametrize("volume", _volumes())
def test_every_mounted_file_exists_read_only_and_every_named_volume_is_declared(volume: str) -> None:
    source, _, *mode = volume.split(":")
    if source.startswith("."):
        assert mode == ["ro"]
        assert (ROOT / source).exists()
    else:
        assert source in COMPOSE["volumes"]


def test_source_and_target_are_two_servers() -> None:
    assert SERVICES["mysql"]["image"] == SERVICES["mysql-dw"]["image"]
    assert "--server-id=1" in SERVICES["mysql"]["command"]
    assert "--server-id=2" in SERVICES["mysql-dw"]["command"]


@pytest.mark.parametrize(
    "option",
    ["--binlog-format=ROW", "--binlog-row-image=FULL", "--gtid-mode=ON", "--enforce-gtid-consistency=ON"],
)
def test_the_source_writes_the_binlog_that_debezium_needs(option: str) -> None:
    assert option in SERVICES["mysql"]["command"]


@pytest.mark.parametrize(
    ("service", "script", "table"),
    [("mysql", "docker/mysql/oltp.sql", "oltp.orders"), ("mysql-dw", "docker/mysql-dw/dw.sql", "dw.orders")],
)
def test_each_server_is_seeded_before_it_is_healthy(service: str, script: str, table: str) -> None:
    mounts = [volume for volume in SERVICES[service]["volumes"] if volume.startswith(f"./{script}:")]
    assert mounts == [f"./{script}:/docker-entrypoint-initdb.d/{Path(script).name}:ro"]
    assert f"CREATE TABLE {table} (" in (ROOT / script).read_text(encoding="utf-8")
    assert table in SERVICES[service]["healthcheck"]["test"][-1]


def test_source_and_target_table_have_the_same_shape() -> None:
    tables = [
        re.search(r"CREATE TABLE \S+ \((.*?)\n\);", (ROOT / script).read_text(encoding="utf-8"), re.DOTALL)
        for script in ("docker/mysql/oltp.sql", "docker/mysql-dw/dw.sql")
    ]
    assert tables[0]
    assert tables[1]
    assert tables[0].group(1) == tables[1].group(1)


def test_the_watchdog_is_pointed_at_the_other_services() -> None:
    assert SERVICES["watchdog"]["environment"] == {
        "CONNECT_URL": "http://connect:8083",
        "KAFKA_BOOTSTRAP_SERVERS": "kafka:19092",
        "DATABASE_URL": "mysql+pymysql://watchdog:watchdog@mysql:3306/,"
        "mysql+pymysql://watchdog:watchdog@mysql-dw:3306/",
        "WATCHDOG_HTTP_HOST": "0.0.0.0",
        "WATCHDOG_JOURNAL": "/var/lib/watchdog/journal.sqlite",
    }


# --- the connectors of the compose stack ----------------------------------------------------------


def _connector(name: str) -> dict[str, str]:
    config: dict[str, str] = json.loads((ROOT / f"docker/connect/{name}.json").read_text(encoding="utf-8"))
    return config


SOURCE = _connector("oltp-source")
SINK = _connector("dw-sink")


def test_exactly_the_two_connectors_of_the_runbooks_are_created() -> None:
    assert {path.stem for path in (ROOT / "docker/connect").glob("*.json")} == {"oltp-source", "dw-sink"}


def test_the_source_connector_captures_oltp_under_the_dataflow_prefix() -> None:
    assert SOURCE["connector.class"] == "io.debezium.connector.mysql.MySqlConnector"
    assert (SOURCE["database.hostname"], SOURCE["database.port"]) == ("mysql", "3306")
    assert (SOURCE["topic.prefix"], SOURCE["database.include.list"]) == ("dataflow", "oltp")
    assert SOURCE["schema.history.internal.kafka.bootstrap.servers"] == "kafka:19092"


def test_the_sink_connector_never_changes_the_target_table_by_itself() -> None:
    assert SINK["connector.class"] == "io.debezium.connector.jdbc.JdbcSinkConnector"
    assert (SINK["topics"], SINK["collection.name.format"]) == ("dataflow.oltp.orders", "orders")
    assert SINK["connection.url"] == "jdbc:mysql://mysql-dw:3306/dw"
    assert (SINK["schema.evolution"], SINK["insert.mode"]) == ("none", "upsert")
    assert SINK["primary.key.mode"] == "record_key"


@pytest.mark.parametrize("config", [SOURCE, SINK], ids=["oltp-source", "dw-sink"])
@pytest.mark.parametrize("side", ["key", "value"])
def test_records_are_json_that_carries_its_schema(config: dict[str, str], side: str) -> None:
    assert config[f"{side}.converter"] == "org.apache.kafka.connect.json.JsonConverter"
    assert config[f"{side}.converter.schemas.enable"] == "true"


@pytest.mark.parametrize(
    ("script", "user", "password"),
    [
        ("mysql/oltp.sql", SOURCE["database.user"], SOURCE["database.password"]),
        ("mysql-dw/dw.sql", SINK["connection.username"], SINK["connection.password"]),
        ("mysql/oltp.sql", "watchdog", "watchdog"),
        ("mysql-dw/dw.sql", "watchdog", "watchdog"),
    ],
)
def test_every_login_in_use_is_created(script: str, user: str, password: str) -> None:
    sql = (ROOT / "docker" / script).read_text(encoding="utf-8")
    assert f"CREATE USER '{user}'@'%' IDENTIFIED BY '{password}';" in sql


# --- Dockerfile -----------------------------------------------------------------------------------


def _last_stage() -> str:
    return DOCKERFILE.rsplit("\nFROM ", 1)[1]


@pytest.mark.parametrize(
    "line",
    [
        "USER watchdog",
        "VOLUME /var/lib/watchdog",
        "EXPOSE 9845",
        'ENTRYPOINT ["watchdog"]',
        'CMD ["run"]',
    ],
)
def test_the_image_runs_the_watchdog_as_a_user_without_rights(line: str) -> None:
    assert line in _last_stage().splitlines()


def test_the_image_is_installed_from_the_lock_with_hashes() -> None:
    assert re.search(r"^RUN pip install --require-hashes .*-r requirements\.lock$", DOCKERFILE, re.MULTILINE)
    assert "RUN pip install --no-deps ." in DOCKERFILE.splitlines()


def test_everything_that_the_image_copies_exists_and_is_not_ignored() -> None:
    kept = {
        line.removeprefix("!")
        for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
        if line.startswith("!")
    }
    copied = {
        source
        for sources in re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE)
        for source in sources.split()
    }
    assert copied == kept
    assert [source for source in copied if not (ROOT / source).exists()] == []
