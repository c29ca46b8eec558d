"""Settings → the policy that the pure core judges by."""

from __future__ import annotations

from watchdog.policy import Mode, Policy
from watchdog.settings.model import Settings


def policy_of(settings: Settings, dry_run: bool) -> Policy:
    flush = {cluster.name: cluster.offset_flush_interval_seconds for cluster in settings.clusters}

    return Policy(
        mode=Mode(settings.mode),
        attempts_max=settings.attempts_max,
        backoff=settings.backoff,
        stability_window_seconds=settings.stability_window_seconds,
        rules=settings.rules(),
        dry_run=dry_run,
        transient_delay_seconds=settings.transient_delay_seconds,
        restarts_per_minute=settings.restarts_per_minute,
        budgets={c.name: c.restarts_per_minute for c in settings.clusters if c.restarts_per_minute is not None},
        circuit_tasks_min=settings.circuit_tasks_min,
        circuit_share_min=settings.circuit_share_min,
        flush_interval_seconds=lambda cluster: flush.get(cluster, 60.0),
    )
