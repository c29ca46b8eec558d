"""The registry's adapter against a server that answers as Apicurio 2.6 was measured to and as Confluent documents, and
worse."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.hostile_server import Behaviour, HostileServer, answer, hostile_server
from watchdog.adapters.http import Access
from watchdog.adapters.registry import RegistryRest
from watchdog.errors import PortError, PortNonsense, PortRefused, PortTimeout, PortUnauthorized
from watchdog.model import IdKind, SchemaKind, SchemaRef
from watchdog.redact import Redactor

SCHEMA = '{"type":"record","name":"R","fields":[]}'
CCOMPAT = "/apis/ccompat/v7"
OWN = "/apis/registry/v2"
CANARY = "c4nary-s3cret"
NOT_THERE = answer({"error_code": 40401, "message": "No artifact with ID 'x' in group 'null' was found."}, 404)
NO_SCHEMA = answer({"error_code": 40403, "message": "No content with id/hash 'contentId-9' was found."}, 404)


def rest(server: HostileServer, path: str = "", access: Access | None = None) -> RegistryRest:
    return RegistryRest("r", server.url + path, Redactor(), access or Access(), timeout_seconds=1)


@pytest.mark.parametrize(
    ("ref", "line", "body"),
    [
        (SchemaRef(IdKind.CONFLUENT, 4), f"GET {CCOMPAT}/schemas/ids/4", {"schema": SCHEMA}),
        (SchemaRef(IdKind.GLOBAL, 4), f"GET {OWN}/ids/globalIds/4", json.loads(SCHEMA)),
        (SchemaRef(IdKind.CONTENT, 4), f"GET {OWN}/ids/contentIds/4", json.loads(SCHEMA)),
        (SchemaRef(IdKind.GLOBAL, 4), "GET /apis/registry/v3/ids/globalIds/4", json.loads(SCHEMA)),
    ],
    ids=["Confluent's id", "Apicurio's global id", "Apicurio's content id", "where there is only the newer API"],
)
def test_a_schema_is_asked_for_where_its_id_counts(ref: SchemaRef, line: str, body: Any) -> None:
    with hostile_server({line: answer(body)}) as server:
        assert json.loads(rest(server, CCOMPAT).schema(ref)) == json.loads(SCHEMA)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        pytest.param({"schema": "syntax = 'proto3';", "schemaType": "PROTOBUF"}, "is PROTOBUF, no Avro", id="Protobuf"),
        pytest.param({"schema": "{}", "schemaType": "THRIFT"}, "unknown kind", id="a kind of tomorrow"),
        pytest.param({"schema": SCHEMA, "references": [{"name": "a"}]}, "refers to other schemas", id="references"),
        pytest.param({"id": 4}, "no `schema`", id="no schema"),
        pytest.param([SCHEMA], "is a list", id="a list"),
        pytest.param("text", "", id="text"),
    ],
)
def test_what_is_no_avro_schema_is_nonsense_for_ever(body: Any, why: str) -> None:
    with hostile_server({"GET /schemas/ids/4": answer(body)}) as server:
        with pytest.raises(PortNonsense) as nonsense:
            rest(server).schema(SchemaRef(IdKind.CONFLUENT, 4))
        assert why in str(nonsense.value)


def test_an_id_that_is_not_there_is_a_404_in_every_api() -> None:
    with hostile_server({"GET /schemas/ids/9": NO_SCHEMA}) as server:
        for path, kind in (("", IdKind.CONFLUENT), (CCOMPAT, IdKind.GLOBAL)):
            with pytest.raises(PortRefused) as refused:
                rest(server, path).schema(SchemaRef(kind, 9))
            assert refused.value.status == 404


def test_apicurios_id_cannot_be_asked_of_another_registry() -> None:
    with hostile_server(b"") as server, pytest.raises(PortNonsense, match="ends in /apis/ccompat/v7"):
        rest(server).schema(SchemaRef(IdKind.GLOBAL, 4))


LATEST = {"subject": "s", "id": 4, "version": 3, "schema": SCHEMA}


@pytest.mark.parametrize(
    ("own", "common", "rules", "level"),
    [
        pytest.param({"compatibilityLevel": "FULL"}, {"compatibilityLevel": "NONE"}, None, "FULL", id="its own"),
        pytest.param(None, {"compatibilityLevel": "BACKWARD"}, None, "BACKWARD", id="the common one (Confluent)"),
        pytest.param(
            {"compatibilityLevel": "NONE"}, {"compatibilityLevel": "BACKWARD"}, [], "BACKWARD", id="common (Apicurio)"
        ),
        pytest.param(
            {"compatibilityLevel": "NONE"},
            {"compatibilityLevel": "BACKWARD"},
            ["COMPATIBILITY"],
            "NONE",
            id="none by a rule of its own (Apicurio)",
        ),
        pytest.param(
            {"compatibilityLevel": "NONE"}, {"compatibilityLevel": "BACKWARD"}, None, "NONE", id="none of its own"
        ),
        pytest.param({"compatibility": "FORWARD"}, {}, None, "FORWARD", id="spelled as it is set"),
        pytest.param({"compatibilityLevel": "SIDEWAYS"}, {"x": 1}, None, "", id="a level of tomorrow is unknown"),
        pytest.param(None, None, None, "", id="not told"),
    ],
)
def test_the_level_in_force_is_told_or_unknown_and_never_guessed(own: Any, common: Any, rules: Any, level: str) -> None:
    answers: dict[str, Behaviour] = {f"GET {CCOMPAT}/subjects/s/versions/latest": answer(LATEST)}
    for path, body in ((f"{CCOMPAT}/config/s", own), (f"{CCOMPAT}/config", common)):
        if body is not None:
            answers[f"GET {path}"] = answer(body)
    if rules is not None:
        answers[f"GET {OWN}/groups/default/artifacts/s/rules"] = answer(rules)
    with hostile_server(answers) as server:
        subject = rest(server, CCOMPAT).latest("s")
    assert subject is not None
    assert subject.compatibility == level
    assert subject.level_is_own is (level in ("FULL", "NONE", "FORWARD"))
    assert (subject.id, subject.version, subject.kind, subject.schema) == (4, 3, SchemaKind.AVRO, SCHEMA)


def test_a_subject_that_is_not_there_is_none_and_its_name_stays_one_part_of_the_path() -> None:
    with hostile_server(NOT_THERE) as server:
        assert rest(server).latest("a/../b?x#y%2F") is None
        assert server.lines == ["GET /subjects/a%2F..%2Fb%3Fx%23y%252F/versions/latest"]


@pytest.mark.parametrize(
    ("body", "verdict"),
    [
        ({"is_compatible": True}, (True, ())),
        ({"is_compatible": False, "reason": "no default\x1b[31m"}, (False, ("no default",))),
        ({"is_compatible": False, "messages": ["a", 7, "b"]}, (False, ("a", "b"))),
        ({"is_compatible": "yes"}, (None, ())),
        ({}, (None, ())),
    ],
    ids=["yes", "no, as Apicurio says", "no, as Confluent says", "a word", "nothing"],
)
def test_the_registry_is_asked_whether_it_would_take_a_schema(body: Any, verdict: Any) -> None:
    line = "POST /compatibility/subjects/s/versions/latest?verbose=true"
    with hostile_server({line: answer(body)}) as server:
        assert rest(server).accepts("s", SCHEMA) == verdict
        assert json.loads(server.received[0].body) == {"schema": SCHEMA}


def test_of_a_subject_that_is_not_there_nothing_is_said() -> None:
    with hostile_server(NOT_THERE) as server:
        assert rest(server).accepts("s", SCHEMA) == (None, ("there is no subject s",))


@pytest.mark.parametrize(
    ("access", "sent"),
    [
        (Access(token=CANARY), f"Bearer {CANARY}"),
        (Access("key", CANARY), "Basic a2V5OmM0bmFyeS1zM2NyZXQ="),
    ],
    ids=["token", "login"],
)
def test_the_way_in_is_sent_and_never_told(access: Access, sent: str) -> None:
    refusal = answer({"error_code": 401, "message": f"bad {CANARY}"}, 401)
    with hostile_server(refusal) as server:
        with pytest.raises(PortUnauthorized) as refused:
            rest(server, access=access).subjects()
        assert server.received[0].headers["authorization"] == sent
    assert CANARY not in str(refused.value) + repr(access)


def test_a_login_that_is_refused_is_not_taken_for_a_subject_that_is_missing() -> None:
    with hostile_server(answer({"message": "no"}, 403)) as server, pytest.raises(PortUnauthorized):
        rest(server).latest("s")


@pytest.mark.parametrize(
    ("behave", "error"),
    [
        pytest.param(answer({"error_code": 50001, "message": "store"}, 500), PortRefused, id="500"),
        pytest.param(answer("<html>login</html>"), PortNonsense, id="a page"),
        pytest.param(answer(["a", 7]), PortNonsense, id="names that are none"),
        pytest.param(answer("", 302, Location="http://elsewhere/"), PortRefused, id="a redirect"),
        pytest.param(answer(b"x" * 17_000_000), PortNonsense, id="17 MB"),
        pytest.param(lambda talk: talk.hang(), PortTimeout, id="no answer"),
    ],
)
def test_what_is_no_answer_is_a_port_error_in_time(behave: Behaviour, error: type[PortError]) -> None:
    with hostile_server(behave) as server, pytest.raises(error):
        rest(server).subjects()
