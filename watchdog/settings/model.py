"""All settings, and what is asked of them. Names are a public contract."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import Field, PrivateAttr

from watchdog.policy import Rule
from watchdog.policy.backoff import Backoff
from watchdog.redact import MASK, Redactor
from watchdog.settings.clusters import ClusterSettings
from watchdog.settings.entries import (
    DatabaseSettings,
    Frozen,
    HttpSettings,
    LogSettings,
    RegistrySettings,
    seconds,
)
from watchdog.settings.policies import BackoffEntry, Mode, PolicySettings
from watchdog.settings.urls import is_secret, masked, secrets_of

_OF_CLUSTERS = ("password", "token", "key_password")


class Settings(Frozen):
    clusters: tuple[ClusterSettings, ...] = ()
    databases: tuple[DatabaseSettings, ...] = ()
    registries: tuple[RegistrySettings, ...] = ()
    mode: Mode = Field(default="auto", description="For connectors that no policy names.")
    policies: tuple[PolicySettings, ...] = ()
    stability_window_seconds: float = seconds(30, 1, 86_400, "RUNNING that long counts as recovered.")
    transient_delay_seconds: float = seconds(10, 0, 3600, "Before the one try after a transient failure.")
    attempts_max: int = Field(default=8, ge=1, le=1000, description="Restarts of one incident before giving up.")
    backoff: BackoffEntry = Field(
        default=Backoff(),
        validate_default=True,
        description="Pauses after useless restarts: n2+n, exponential, a list of seconds.",
    )
    restarts_per_minute: int = Field(
        default=30, ge=1, le=100_000, description="Of all connectors of a Connect cluster together."
    )
    circuit_tasks_min: int = Field(
        default=10, ge=2, le=1_000_000, description="With so many tasks failing in a Connect cluster, and …"
    )
    circuit_share_min: float = Field(
        default=0.1,
        ge=0,
        le=1,
        allow_inf_nan=False,
        description="… that share of all its tasks, each cause is tried at one connector first.",
    )
    tilt_seconds: float = seconds(30, 1, 3600, "After a longer gap between ticks: observe, do not act.")
    probe_interval_seconds: float = seconds(1, 0.1, 3600, "Between two probes of a failed connector.")
    scan_records_max: int = Field(
        default=10_000,
        ge=1,
        le=10_000_000,
        description="Waiting records that a probe reads in one look; the next goes on from there.",
    )
    progress_interval_seconds: float = seconds(
        15, 0.5, 3600, "Between two looks at how far every connector is; longer where there are many."
    )
    stall_seconds: float = seconds(
        300,
        1,
        86_400,
        "RUNNING and not moving for that long, while there is something to read, is a stall; never less than three "
        "of the worker's flush intervals.",
    )
    resolved_gauge_seconds: float = seconds(900, 0, 86_400, "A resolved incident's gauge stays at 0 that long.")
    http: HttpSettings = HttpSettings()
    journal: Path = Field(default=Path(".watchdog/journal.sqlite"), description="The file that remembers.")
    timeline_retention_days: float = Field(
        default=90, ge=1, le=3650, description="Older timeline entries are forgotten."
    )
    log: LogSettings = LogSettings()
    catalogue: Path | None = Field(default=None, description="Failure signatures of your own, asked before ours.")
    _warnings: tuple[str, ...] = PrivateAttr(())
    _policy_places: tuple[str, ...] = PrivateAttr(())

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is odd but no error: place, what, and what would be right."""
        return self._warnings

    @cached_property
    def redactor(self) -> Redactor:
        """The one of the process: knows these settings' secrets, and learns those that adapters come across."""
        redactor = Redactor()
        for secret in self.secrets():
            redactor.learn(secret)
        return redactor

    def rules(self) -> tuple[Rule, ...]:
        """The policies for the pure core, each with the place where it was written."""
        places = self._policy_places or tuple(f"policies[{index}]" for index in range(len(self.policies)))
        return tuple(policy.rule(place) for policy, place in zip(self.policies, places, strict=True))

    def shown(self) -> dict[str, Any]:
        """All that is in force, in the shape of the file, every secret as `***`."""
        shown = self.model_dump(mode="json", exclude_none=True)
        for cluster, entry in zip(self.clusters, shown["clusters"], strict=True):
            urls = [masked(url) for url in cluster.urls]
            entry["connect_url"] = urls if len(urls) > 1 else urls[0]
            entry["kafka"] = {key: MASK if is_secret(key) else value for key, value in cluster.kafka_config().items()}
            entry |= {key: MASK for key in _OF_CLUSTERS if getattr(cluster, key) is not None}
        for database, entry in zip(self.databases, shown["databases"], strict=True):
            entry["url"] = masked(database.url.get_secret_value())
            if database.apply_url is not None:
                entry["apply_url"] = masked(database.apply_url.get_secret_value())
        for registry, entry in zip(self.registries, shown["registries"], strict=True):
            entry["url"] = masked(registry.url.get_secret_value())
            entry |= {key: MASK for key in ("password", "token") if getattr(registry, key) is not None}
        return shown

    def secrets(self) -> list[str]:
        """Every secret in clear, for the redactor. A password that is also the user's name hides nothing, and masking
        it would mask that name everywhere: it is left out."""
        urls = [each.get_secret_value() for d in self.databases for each in (d.url, d.apply_url) if each is not None]
        urls += [r.url.get_secret_value() for r in self.registries]
        urls += [url for cluster in self.clusters for url in cluster.urls]
        found = [secret for url in urls for secret in secrets_of(url)]
        logins = [(each.username, each.password) for each in self.clusters]
        logins += [(each.username, each.password) for each in self.registries]
        passwords = [(user, password.get_secret_value()) for user, password in logins if password is not None]
        found += [password for user, password in passwords if password != user]
        found += [registry.token.get_secret_value() for registry in self.registries if registry.token is not None]
        for cluster in self.clusters:
            found += [each.get_secret_value() for each in (cluster.token, cluster.key_password) if each is not None]
            found += [value for key, value in cluster.kafka_config().items() if is_secret(key)]
        return [secret for secret in dict.fromkeys(found) if secret]
