"""The schema registry, and the Avro converters that write through it. Optional: not every pipeline has one."""

import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import requests

from stack import java
from stack.downloads import jars
from stack.errors import StackError
from stack.processes import Process
from stack.settings import HOST, Settings
from stack.waiting import wait_for

CONVERTER = "io.apicurio.registry.utils.converter.AvroConverter"
_HEAP_MEGABYTES = 384
_CONFLUENT = {"headers.enabled": "false", "as-confluent": "true", "use-id": "contentId"}


class Registry:
    """Apicurio Registry: its own API, and Confluent's beside it. What is registered outlives its process."""

    name = "registry"

    def __init__(self, settings: Settings) -> None:
        self.port = settings.registry_port
        self.url = f"http://{HOST}:{self.port}"
        self.process = Process.of(settings, self.name)
        self.program: Path | None = None
        self._data = settings.directory / self.name

    @property
    def confluent_url(self) -> str:
        """Where Confluent's API is."""
        return f"{self.url}/apis/ccompat/v7"

    def start(self) -> None:
        assert self.program is not None
        jar = next(self.program.glob("*-runner.jar"))
        storage = {"REGISTRY_DATASOURCE_URL": f"jdbc:h2:file:{self._data}/registry"}
        settings = {"quarkus.http.host": HOST, "quarkus.http.port": self.port, "CONFIG_DYNAMIC": "false"}
        self.process.start(java.jar_command(jar, _HEAP_MEGABYTES, settings), storage)

    def wait_ready(self, seconds: float = 120) -> None:
        def answers() -> bool:
            self.process.must_live()
            return self.is_ready()

        wait_for(answers, seconds, f"the registry to answer on port {self.port}")

    def is_ready(self) -> bool:
        try:
            return requests.get(f"{self.confluent_url}/subjects", timeout=5).ok
        except requests.RequestException:
            return False

    def call(self, method: str, path: str, body: object = None) -> Any:
        """Confluent's API; StackError with the registry's own words when it refuses."""
        try:
            response = requests.request(method, self.confluent_url + path, json=body, timeout=30)
        except requests.RequestException as error:
            raise StackError(f"the registry at {self.url} does not answer: {error}") from error
        if not response.ok:
            raise StackError(f"the registry refused {method} {path}: {response.status_code} {response.text[:2000]}")
        return response.json() if response.content else None

    def subjects(self) -> list[str]:
        return sorted(self.call("GET", "/subjects"))

    def require(self, level: str, subject: str | None = None) -> None:
        """`BACKWARD`, `NONE` and so on, for one subject or all."""
        self.call("PUT", f"/config/{subject}" if subject else "/config", {"compatibility": level})

    def forget(self, prefix: str) -> None:
        """The subjects that begin with it, so that a pipeline of that name begins anew."""
        for subject in self.subjects():
            if subject.startswith(prefix):
                self.call("DELETE", f"/subjects/{subject}")
                self.call("DELETE", f"/subjects/{subject}?permanent=true")

    def converters(self, *, confluent: bool = False, kinds: Iterable[str] = ("key", "value")) -> dict[str, str]:
        """For a connector's config, source or sink: ids in record headers, or in Confluent's wire format."""
        common = {"url": f"{self.url}/apis/registry/v2", "auto-register": "true", "find-latest": "false"}
        settings = {**common, **(_CONFLUENT if confluent else {})}
        return {
            name: value
            for kind in kinds
            for name, value in {
                f"{kind}.converter": CONVERTER,
                **{f"{kind}.converter.apicurio.registry.{key}": value for key, value in settings.items()},
            }.items()
        }


def converter_plugin(cache: Path) -> Path:
    """The plugin folder. The converter's jar does not say what it holds, and a worker that does not scan every class
    would not find it: a jar beside it says so."""
    folder = jars(cache, "apicurio-converter")
    announcement = folder / "apicurio-converter" / "announcement.jar"
    if not announcement.exists():
        draft = announcement.with_suffix(".tmp")
        with zipfile.ZipFile(draft, "w") as archive:
            archive.writestr("META-INF/services/org.apache.kafka.connect.storage.Converter", CONVERTER + "\n")
        draft.replace(announcement)
    return folder
