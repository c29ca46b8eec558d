"""Who ran a statement: asked about as soon as it is learnt, kept with the change and the incidents that blame it."""

from __future__ import annotations

import queue
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.core.scene import ADDED, CREATED, ORDERS, Scene
from tests.fakes.database import FakeDatabase
from watchdog.authors import ASKED_WITHIN, Question
from watchdog.errors import PortUnreachable
from watchdog.model import Author, Authorship, Origin, SchemaChange, SchemaRecord
from watchdog.observe.inquiries import Inquiries

BY_THREAD = replace(ADDED, thread=42)
AS_HISTORY = replace(ADDED, origin=Origin.HISTORY)
ALICE = Author("alice", "10.0.0.7", "DBeaver", ADDED.at, "its session was still open", is_certain=True)
COUNTED = Author("alice", "10.0.0.7", at=ADDED.at, how="by the server's counters")
SEVERAL = Author(how="by the server's counters", candidates=("alice@%", "bob@%"))
NOBODY = Author(how="not known: its session has ended")


def questions(scene: Scene, *records: SchemaRecord) -> list[Question]:
    scene.learn(*records)
    assert scene.last is not None
    return list(scene.last.questions)


def change(scene: Scene) -> SchemaChange:
    return scene.memory.history.of("dataflow", ORDERS)[-1]


def named(scene: Scene, author: Author) -> Authorship:
    return Authorship("dataflow", ORDERS, change(scene).id, author)


def test_the_source_database_is_asked_about_a_new_statement_at_once() -> None:
    scene = Scene()
    (question,) = questions(scene, CREATED, BY_THREAD)
    assert question == Question("127.0.0.1:3306", change(scene))
    assert question.change.thread == 42


@pytest.mark.parametrize(
    "record",
    [
        pytest.param(CREATED, id="a snapshot"),
        pytest.param(replace(ADDED, table=None), id="of no table"),
        pytest.param(replace(ADDED, prefix="another"), id="of a source without a connector"),
        pytest.param(replace(ADDED, at=ADDED.at - ASKED_WITHIN), id="of long ago"),
    ],
)
def test_nothing_is_asked_about_what_nobody_can_answer(record: SchemaRecord) -> None:
    assert questions(Scene(), record) == []


def test_what_comes_again_is_not_asked_about_again() -> None:
    scene = Scene()
    questions(scene, CREATED, BY_THREAD)
    assert questions(scene, CREATED, BY_THREAD) == []


def test_it_is_asked_again_when_the_other_topic_tells_the_connection() -> None:
    scene = Scene()
    (first,) = questions(scene, CREATED, AS_HISTORY)
    (second,) = questions(scene, BY_THREAD)
    assert (first.change.thread, second.change.thread) == (None, 42)
    assert first.change.id == second.change.id


@pytest.mark.parametrize(
    ("answers", "kept"),
    [
        ([NOBODY], NOBODY),
        ([NOBODY, SEVERAL], SEVERAL),
        ([SEVERAL, COUNTED], COUNTED),
        ([COUNTED, ALICE], ALICE),
        ([ALICE, COUNTED], ALICE),
        ([COUNTED, NOBODY], COUNTED),
        ([SEVERAL, NOBODY], SEVERAL),
    ],
)
def test_a_better_answer_replaces_a_worse_one(answers: list[Author], kept: Author) -> None:
    scene = Scene()
    scene.learn(CREATED, BY_THREAD)
    for author in answers:
        scene.tick(authorship=named(scene, author))
    assert change(scene).author == kept


def test_the_author_is_kept_with_the_incident_that_blames_the_statement() -> None:
    scene = Scene()
    scene.drift()
    scene.tick(authorship=named(scene, ALICE))
    blamed = scene.incident.diagnosis.change
    assert blamed is not None
    assert blamed.author == ALICE
    assert [e.text for e in scene.timeline if "alice" in e.text] == [
        "who ran the statement: alice@10.0.0.7 with DBeaver (its session was still open)"
    ]


def test_the_author_is_kept_when_the_incident_comes_after_the_answer_and_when_it_ended() -> None:
    before = Scene()
    before.learn(CREATED, BY_THREAD)
    before.tick(authorship=named(before, ALICE))
    before.drift()
    after = Scene()
    after.drift()
    after.run()
    after.committed = after.end
    after.pass_seconds(10)
    assert not after.incident.open
    after.tick(authorship=named(after, ALICE))
    for scene in (before, after):
        assert scene.incident.diagnosis.change is not None
        assert scene.incident.diagnosis.change.author == ALICE


def test_an_answer_about_an_unknown_statement_changes_nothing() -> None:
    scene = Scene()
    scene.drift()
    before = scene.memory.history
    scene.tick(authorship=Authorship("dataflow", ORDERS, "another", ALICE))
    assert scene.memory.history is before


# ── the worker ──────────────────────────────────────────────────────────────────────────────────────────────────


def asked(database: FakeDatabase, answers: int) -> list[Authorship]:
    scene, inbox = Scene(), queue.Queue()  # type: ignore[var-annotated]
    scene.learn(CREATED, BY_THREAD)
    inquiries = Inquiries(database, inbox)
    inquiries.ask(Question(database.address, change(scene)))
    inquiries.start()
    try:
        return [told for _ in range(answers) for told in inbox.get(timeout=30)]
    finally:
        inquiries.stop()


def test_a_question_is_answered_once_when_the_author_is_known() -> None:
    database = FakeDatabase()
    database.authors[ADDED.ddl] = ALICE
    (told,) = asked(database, 1)
    assert (told.table, told.author) == (ORDERS, ALICE)


def test_what_is_not_known_is_asked_once_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("watchdog.observe.inquiries.AGAIN_SECONDS", 0.01)
    first, second = asked(FakeDatabase(), 2)
    assert first == second
    assert first.author.how.startswith("not known")


def test_a_database_that_cannot_be_asked_is_an_answer_too(monkeypatch: pytest.MonkeyPatch) -> None:
    database = FakeDatabase()
    database.down = PortUnreachable(database.address, "connection refused", "is it up?")
    (told,) = asked(database, 1)
    assert "could not be asked" in told.author.how
    assert "connection refused" in told.author.how


def test_a_clock_that_is_ahead_makes_no_statement_too_old() -> None:
    assert questions(Scene(), CREATED, replace(ADDED, at=ADDED.at + timedelta(minutes=5)))
