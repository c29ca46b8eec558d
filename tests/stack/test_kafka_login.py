"""Kafka behind SASL and TLS, by what `kafka:` hands on to the client: a broker of its own with two locked listeners."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path

import pytest
from stack import Settings, Stack, java
from stack.kafka import Kafka
from stack.ports import any_free

from tests.contract.kafka_worlds import Broker
from tests.fakes.debezium import task_status
from tests.hostile_server import answer, hostile_server
from tests.stack.watchdog_process import Watchdog, eventually
from tests.tls import Authority
from watchdog.adapters.kafka_brokers import KafkaBrokers
from watchdog.adapters.kafka_records import WaitingRecords
from watchdog.adapters.kafka_schema import SchemaTopics
from watchdog.adapters.kafka_status import StatusTopic
from watchdog.errors import PortUnauthorized, PortUnreachable
from watchdog.model import State
from watchdog.redact import Redactor

PASSWORD = "c4nary-s3cret-pw"
TOPIC = "locked-status"
REFUSED = "Failed authentication"
"""In the broker's log, for each login that it turns away."""


class LockedKafka(Kafka):
    """`LOCKED` asks for a password over plain TCP, `TLS` for one and a certificate; the tests' own way in is open."""

    def __init__(self, settings: Settings, authority: Authority, folder: Path) -> None:
        super().__init__(settings)
        self.locked, self.tls = (f"127.0.0.1:{any_free()}" for _ in range(2))
        self._trusted = authority.file
        pair = authority.signs("127.0.0.1")
        self._keys = folder / "broker.pem"
        self._keys.write_bytes(pair.key.read_bytes() + pair.certificate.read_bytes())

    def _format(self) -> None:
        scram = f"SCRAM-SHA-256=[name=watchdog,password={PASSWORD}]"
        format_it = ("format", "-t", "MkU3OEVBNTcwNTJENDM2Qg", "-c", self._config, "--add-scram", scram)
        java.run(self._java("kafka.tools.StorageTool", *format_it), "format the broker's folder")

    def _properties(self) -> dict[str, object]:
        plain = "org.apache.kafka.common.security.plain.PlainLoginModule required"
        properties = super()._properties()
        for key, more in {
            "listeners": f"LOCKED://{self.locked},TLS://{self.tls}",
            "advertised.listeners": f"LOCKED://{self.locked},TLS://{self.tls}",
            "listener.security.protocol.map": "LOCKED:SASL_PLAINTEXT,TLS:SASL_SSL",
        }.items():
            properties[key] = f"{properties[key]},{more}"
        return properties | {
            "listener.name.locked.sasl.enabled.mechanisms": "SCRAM-SHA-256",
            "listener.name.locked.scram-sha-256.sasl.jaas.config": (
                "org.apache.kafka.common.security.scram.ScramLoginModule required;"
            ),
            "listener.name.tls.sasl.enabled.mechanisms": "PLAIN",
            "listener.name.tls.plain.sasl.jaas.config": f'{plain} user_watchdog="{PASSWORD}";',
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": self._keys,
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": self._trusted,
            "listener.name.tls.ssl.client.auth": "required",
        }


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def kafka(
    tmp_path_factory: pytest.TempPathFactory, authority: Authority, ports_beside: dict[str, str]
) -> Iterator[LockedKafka]:
    folder = tmp_path_factory.mktemp("locked")
    stack = Stack(Settings.from_env({**os.environ, **ports_beside, "STACK_DIR": str(folder)}))
    stack.kafka = kafka = LockedKafka(stack.settings, authority, folder)
    stack._every_part["kafka"] = kafka
    stack.start("kafka")
    kafka.create_topic(TOPIC, config={"cleanup.policy": "compact"})
    yield kafka
    stack.stop("kafka", kill=True)


def scram(kafka: LockedKafka, authority: Authority) -> tuple[str, dict[str, str]]:
    return kafka.locked, {"security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "SCRAM-SHA-256"}


def plain_over_tls(kafka: LockedKafka, authority: Authority) -> tuple[str, dict[str, str]]:
    own = authority.signs("127.0.0.2")
    return kafka.tls, {
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "PLAIN",
        "ssl.ca.location": str(authority.file),
        "ssl.certificate.location": str(own.certificate),
        "ssl.key.location": str(own.key),
    }


Way = Callable[[LockedKafka, Authority], tuple[str, dict[str, str]]]
WAYS = pytest.mark.parametrize("way", [pytest.param(scram, id="SCRAM"), pytest.param(plain_over_tls, id="PLAIN-TLS")])


def login(password: str = PASSWORD) -> dict[str, str]:
    return {"sasl.username": "watchdog", "sasl.password": password}


@WAYS
def test_every_reader_is_let_in_with_what_the_settings_hand_on(
    kafka: LockedKafka, authority: Authority, way: Way
) -> None:
    servers, settings = way(kafka, authority)
    settings |= login()
    with (
        closing(StatusTopic("main", servers, TOPIC, settings, Redactor())) as statuses,
        closing(KafkaBrokers(servers, settings)) as brokers,
        closing(WaitingRecords("main", servers, settings)) as records,
    ):
        statuses.read(0)
        Broker(kafka.bootstrap_servers).write(TOPIC, task_status("FAILED"), b"status-task-a-0")
        (told,) = eventually(lambda: statuses.read(1), 60, "the change of state")
        assert (told.connector, told.state) == ("a", State.FAILED)
        assert brokers.topics([TOPIC])[TOPIC].cleanup_policy == "compact"
        assert records.waiting({}, [TOPIC], 0)[1][f"{TOPIC}-0"] > 0


@WAYS
def test_a_wrong_password_is_told_as_such_by_every_reader_and_not_shown(
    kafka: LockedKafka, authority: Authority, way: Way
) -> None:
    servers, settings = way(kafka, authority)
    settings |= login("wr0ng-s3cret")
    statuses = StatusTopic("main", servers, TOPIC, settings, Redactor())
    schemas = SchemaTopics("main", servers, settings)
    schemas.follow({TOPIC: ("p", False)}, {})
    brokers, records = KafkaBrokers(servers, settings), WaitingRecords("main", servers, settings)
    for ask in (
        lambda: statuses.read(0),
        lambda: schemas.read(0),
        lambda: brokers.topics([TOPIC]),
        lambda: records.waiting({}, [TOPIC], 0),
    ):
        with pytest.raises(PortUnauthorized, match="check the `kafka` settings: user, password, ACLs") as caught:
            ask()
        assert servers in str(caught.value)
        assert "s3cret" not in str(caught.value)
    for each in (statuses, schemas, brokers, records):
        each.close()  # type: ignore[attr-defined]


def test_a_broker_that_nobody_vouches_for_is_not_spoken_to(kafka: LockedKafka, authority: Authority) -> None:
    servers, settings = plain_over_tls(kafka, authority)
    del settings["ssl.ca.location"]
    before = refusals(kafka)
    told = pytest.raises((PortUnreachable, PortUnauthorized), match=r"(?i)certificate|ssl")
    with closing(KafkaBrokers(servers, settings | login())) as brokers, told:
        brokers.topics([TOPIC])
    assert refusals(kafka) - before < 20


def refusals(kafka: LockedKafka) -> int:
    return kafka.process.log.read_text(errors="replace").count(REFUSED)


def test_a_wrong_password_is_shown_by_run_and_is_no_storm_of_logins(
    kafka: LockedKafka, authority: Authority, tmp_path: Path
) -> None:
    servers, settings = scram(kafka, authority)
    behave: Mapping[str, bytes] = {
        "GET /connectors?expand=status": answer({}),
        "GET /connectors?expand=info": answer({}),
        "GET /health": answer({"status": "healthy"}),
        "GET /": answer({"version": "4.3.1"}),
    }
    with hostile_server(dict(behave)) as connect:
        cluster = {
            "connect_url": connect.url,
            "poll_interval_seconds": 1,
            "kafka_bootstrap_servers": servers,
            "kafka": settings | login("wr0ng-s3cret"),
        }
        before = refusals(kafka)
        with Watchdog(tmp_path, "", WATCHDOG_CLUSTERS=json.dumps([cluster])) as watchdog:
            eventually(lambda: "check the `kafka` settings" in watchdog.log(), 30, "it is told")
            polls = len(connect.received)
            eventually(lambda: len(connect.received) >= polls + 8, 60, "it goes on with everything else")
            tried = refusals(kafka) - before
            assert "wr0ng" not in watchdog.log()
            print(f"{tried} logins were refused meanwhile")
            assert tried < 30
