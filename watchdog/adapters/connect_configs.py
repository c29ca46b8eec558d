"""Connectors' configurations: read with their secrets, learnt, and handed on without them."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from watchdog.adapters import connect_documents as documents
from watchdog.adapters.connect_paths import Get, addressable, is_too_large, parsed, path_of
from watchdog.errors import PortNonsense, PortRefused
from watchdog.model import ConnectorConfig
from watchdog.redact import Redactor

_BULK = "/connectors?expand=info"


@dataclass
class ConfigReader:
    cluster: str
    get: Get
    redactor: Redactor
    sweep_seconds: float
    _known: dict[str, ConnectorConfig] = field(default_factory=dict)

    def all(self) -> Mapping[str, ConnectorConfig]:
        """By one request; one by one where that answer is too large, and as last known for those that there is no
        time for. Raises `PortError`."""
        try:
            raw = parsed(_BULK, self.get(_BULK, None), documents.raw_configs)
        except PortNonsense as error:
            if not is_too_large(error):
                raise
            listed = parsed("/connectors", self.get("/connectors", None), documents.names)
            self._known = {name: self._known[name] for name in listed if name in self._known} | self.of(listed)
        else:
            self._known = {name: self._shown(name, values) for name, values in raw.items()}
        return self._known

    def of(self, names: Iterable[str]) -> dict[str, ConnectorConfig]:
        """Those of these that are there and can be addressed, until the time is over. Raises `PortError`."""
        found: dict[str, ConnectorConfig] = {}
        until = time.monotonic() + self.sweep_seconds
        for name in filter(addressable, names):
            if time.monotonic() > until:
                break
            try:
                found[name] = self._shown(name, self.raw(name))
            except PortRefused as error:
                if error.status != 404:
                    raise
        return found

    def of_few_or_all(self, names: tuple[str, ...]) -> Mapping[str, ConnectorConfig]:
        """Several are read by one request for all."""
        if len(names) == 1 and addressable(names[0]):
            return self.of(names)
        everything = self.all()
        return {name: everything[name] for name in names if name in everything}

    def raw(self, name: str) -> dict[str, str]:
        """With its secrets in clear, which are learnt: not to leave the adapter."""
        raw = documents.raw_config(self.get(path_of(name, "config"), None))
        self._shown(name, raw)
        return raw

    def _shown(self, name: str, raw: Mapping[str, str]) -> ConnectorConfig:
        known = self._known.get(name)
        if known and known.fingerprint == documents.fingerprint(raw):
            return known
        return documents.config(self.cluster, name, raw, self.redactor)
