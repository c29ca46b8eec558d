"""What a registry's eyes tell, with a fake in place of the registry."""

from __future__ import annotations

import queue
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from tests.fakes.registry import FakeRegistry, envelope
from watchdog.errors import PortUnreachable
from watchdog.model import Subject, SubjectsView
from watchdog.observe.registries import RegistryEyes
from watchdog.world import Heard, Subjects, World

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
TOPICS = {"shop": ("shop", False), "schema-history.shop": ("shop", True)}
ORDERS = "shop.shop.orders-value"


def told(registry: FakeRegistry, wanted: Callable[[SubjectsView], bool]) -> SubjectsView:
    """The first view that is wanted; fails after five seconds."""
    inbox: queue.Queue[Any] = queue.Queue()
    eyes = RegistryEyes(registry, ("main",), 0.02, inbox, lambda: NOW)
    eyes.follow("main", TOPICS)
    eyes.follow("other", {"foreign": ("foreign", False)})
    eyes.start()
    try:
        while True:
            for message in inbox.get(timeout=5):
                if isinstance(message, Subjects) and wanted(message.view):
                    return message.view
    finally:
        eyes.stop()


def test_the_values_of_the_watched_sources_topics_are_read_with_their_level() -> None:
    registry = FakeRegistry()
    for name in (ORDERS, "shop.shop.orders-key", "shop-value", "foreign.shop.orders-value", "shopping.a.b-value"):
        registry.register(name, envelope())
    registry.levels[ORDERS] = "FULL"
    view = told(registry, lambda view: bool(view.subjects))
    assert list(view.subjects) == [ORDERS]
    assert (view.subjects[ORDERS].compatibility, view.subjects[ORDERS].at) == ("FULL", NOW)


def test_a_subject_that_was_deleted_is_missing_and_no_longer_known() -> None:
    registry = FakeRegistry()
    registry.register(ORDERS, envelope())

    def deleted(view: SubjectsView) -> bool:
        if view.subjects:
            registry.empty()
        return not view.subjects and bool(view.missing)

    assert told(registry, deleted).missing == {ORDERS}


def test_while_the_registry_is_down_what_was_known_stays_with_the_reason() -> None:
    registry = FakeRegistry()
    registry.register(ORDERS, envelope())

    def down(view: SubjectsView) -> bool:
        if view.subjects and not view.error:
            registry.down = PortUnreachable("registry", "no connection")
        return bool(view.error)

    view = told(registry, down)
    assert list(view.subjects) == [ORDERS]
    assert "no connection" in view.error
    assert not view.missing, "unknown is not deleted"


def test_views_of_two_registries_of_one_cluster_are_laid_together() -> None:
    def view(name: str, missing: str) -> SubjectsView:
        registry = FakeRegistry()
        registry.register(name, envelope())
        subject = registry.latest(name)
        assert isinstance(subject, Subject)
        return SubjectsView(NOW, {name: subject}, frozenset({missing}))

    world = World()
    for registry, seen in (("a", view("x", "y")), ("b", view("y", "z"))):
        world = world.after(Subjects(registry, ("main",), seen))
    together = world.observation(NOW).subjects["main"]
    assert (set(together.subjects), together.missing) == ({"x", "y"}, frozenset())


def test_the_health_of_a_registry_is_told() -> None:
    registry = FakeRegistry()
    registry.down = PortUnreachable("registry", "no connection")
    inbox: queue.Queue[Any] = queue.Queue()
    eyes = RegistryEyes(registry, ("main",), 0.02, inbox, lambda: NOW)
    assert [(each.cluster, each.source) for each in eyes.expected()] == [("", "registry:default")]
    eyes.start()
    try:
        heard = next(message for message in inbox.get(timeout=5) if isinstance(message, Heard))
    finally:
        eyes.stop()
    assert (heard.source, "no connection" in heard.error) == ("registry:default", True)
