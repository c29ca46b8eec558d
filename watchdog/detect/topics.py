"""Histories on topics that may lose them. A source reads its history only when it starts: until then nothing fails."""

from __future__ import annotations

import math
from collections.abc import Iterator

from watchdog.history import SchemaHistory
from watchdog.model import Advice, Category, Cause, Code, Finding, Observation, Severity, TopicFacts, Unseen
from watchdog.topology import SourceLink, Topology

_LOST_FIX = (
    "Do not restart the source. Rebuild the history while the offset is still good, by `watchdog recover` with its "
    "name, which proves first that this is right; by hand: stop it, give it a new "
    "schema.history.internal.kafka.topic, run it with snapshot.mode=recovery, then set the mode back. Not when a "
    "captured table changed after the stored offset"
)


def histories(seen: Observation, topology: Topology, history: SchemaHistory) -> Iterator[Finding | Unseen]:
    for source in topology.sources.values():
        if not source.history_topic:
            continue
        view = seen.topics.get(source.key.cluster)
        facts = view.topics.get(source.history_topic) if view else None
        # One that was never there may be on another Kafka cluster.
        if facts is None or (not facts.partitions and facts.gone_since is None):
            yield Unseen(Code.HISTORY_TOPIC_UNSAFE, source.key, f"{source.history_topic} is not among the topics seen")
            continue
        if lost := _lost(facts):
            yield _truncated(source, facts, lost)
        if facts.partitions and (problems := tuple(_problems(facts))):
            yield _unsafe(source, facts, problems)


def _lost(facts: TopicFacts) -> str:
    if facts.gone_since is not None:
        return f"the topic was deleted, noticed at {facts.gone_since:%Y-%m-%d %H:%M:%S} UTC"
    if not facts.truncated:
        return ""
    return "; ".join(f"{where} begins at offset {at}, not at 0" for where, at in facts.earliest.items() if at)


def _problems(facts: TopicFacts) -> Iterator[str]:
    """What keeps a history from being whole and in order."""
    if facts.partitions > 1:
        yield f"it has {facts.partitions} partitions: only within one are statements in order, and only one is read"
    if "compact" in (facts.cleanup_policy or ""):
        refused = "the broker removes statements, or refuses them, since they have no key"
        yield f"cleanup.policy={facts.cleanup_policy}: {refused}"
    if "delete" in (facts.cleanup_policy or "delete"):
        if facts.retention_seconds is not None and facts.retention_seconds < math.inf:
            yield f"retention.ms={facts.retention_seconds * 1000:.0f}: the broker removes what is older"
        if facts.retention_bytes is not None and facts.retention_bytes < math.inf:
            yield f"retention.bytes={facts.retention_bytes:.0f}: the broker removes what is beyond"


def _unsafe(source: SourceLink, facts: TopicFacts, problems: tuple[str, ...]) -> Finding:
    cause = Cause(
        category=Category.CONFIG,
        restart=Advice.NO,
        message=f"{facts.name}: {'; '.join(problem.partition(':')[0] for problem in problems)}",
        summary="The source's history is on a topic that may lose it.",
        fix=_fix(facts),
        confidence=1.0,
    )
    return Finding(Code.HISTORY_TOPIC_UNSAFE, source.key, facts.name, cause, Severity.RISKY, evidence=problems)


def _fix(facts: TopicFacts) -> str:
    settings = (
        f"kafka-configs.sh --alter --entity-type topics --entity-name {facts.name} --add-config "
        "cleanup.policy=delete,retention.ms=-1,retention.bytes=-1"
    )
    if facts.partitions == 1:
        return settings
    return (
        f"{settings}; a topic keeps its partitions: move the history to a new topic with one (snapshot.mode=recovery)"
    )


def _truncated(source: SourceLink, facts: TopicFacts, lost: str) -> Finding:
    cause = Cause(
        category=Category.HISTORY_LOST,
        restart=Advice.NO,
        message=f"{facts.name}: {lost}",
        summary="The beginning of the source's history is gone: it runs on what it has in memory, and its next restart "
        "will fail or misread rows.",
        fix=_LOST_FIX,
        confidence=1.0,
    )
    evidence = (lost, "it reads its history only when it starts, so nothing has failed yet")
    return Finding(
        Code.HISTORY_TOPIC_UNSAFE, source.key, f"{facts.name} (lost)", cause, Severity.BREAKING, evidence=evidence
    )
