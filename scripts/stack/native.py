"""The whole stack: its parts in their order, and never half of it left behind."""

from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from typing import Protocol

from stack import folder, java, ports
from stack.connect import Connect
from stack.console import say
from stack.database import Database
from stack.downloads import jar_content, jars
from stack.errors import StackError
from stack.kafka import Kafka
from stack.pipeline import Pipeline, Spec
from stack.processes import Process
from stack.registry import Registry, converter_plugin
from stack.server import find_server, remember
from stack.settings import Settings
from stack.waiting import wait_for

_PLUGINS = ("debezium-mysql", "debezium-mariadb", "debezium-jdbc")


class Part(Protocol):
    """A process of the stack; how it is told to start and when it counts as ready is its own matter."""

    @property
    def name(self) -> str: ...
    @property
    def port(self) -> int: ...
    @property
    def process(self) -> Process: ...
    def start(self) -> None: ...
    def wait_ready(self) -> None: ...
    def is_ready(self) -> bool: ...


class Stack:
    """`Stack(Settings.from_env()).up()`; every method may be called again, or from another process."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.source = Database(settings, "source-db", settings.source_port, server_id=1)
        self.target = Database(settings, "target-db", settings.target_port, server_id=2)
        self.kafka = Kafka(settings)
        self.connect = Connect(settings)
        self.registry = Registry(settings)
        self.pipeline = self.pipeline_of(Spec())
        parts: tuple[Part, ...] = (self.kafka, self.source, self.target, self.connect, self.registry)
        self._every_part = {part.name: part for part in parts}

    @property
    def parts(self) -> dict[str, Part]:
        """The registry is one where it is asked for, or was started."""
        wanted = self.settings.registry or self.registry.process.pid_file.exists()
        return {name: part for name, part in self._every_part.items() if wanted or part is not self.registry}

    @property
    def connect_url(self) -> str:
        return self.settings.connect_url

    @property
    def bootstrap_servers(self) -> str:
        return self.settings.bootstrap_servers

    @property
    def source_url(self) -> str:
        return self.source.url("oltp")

    @property
    def target_url(self) -> str:
        return self.target.url("dw")

    def pipeline_of(self, spec: Spec) -> Pipeline:
        return Pipeline(spec, self.source, self.target, self.kafka, self.connect)

    def start_registry(self) -> Registry:
        """Beside what runs; nothing when it runs already."""
        self.start(self.registry.name)
        return self.registry

    def up(self) -> None:
        """Starts what does not run; returns when rows flow. A failure ends what this call had started."""
        with folder.alone(self.settings.directory):
            missing = [part for part in self.parts.values() if part.process.pid is None]
            self._start(missing)
            try:
                self.pipeline.create()
            except BaseException:
                _end(missing, [])
                raise
            say("pipeline", str(self.pipeline.spec))

    def down(self, *, wipe: bool = False) -> None:
        """Connect first: it says goodbye to the others."""
        if not self.settings.directory.exists():
            return
        with folder.alone(self.settings.directory):
            _stop_one(self.connect)
            # The server would wait 9 s for the reader of its binlog, which is gone.
            with suppress(StackError):
                self.source.kill_connections("debezium")
            with ThreadPoolExecutor() as pool:
                list(pool.map(_stop_one, self.parts.values()))
            if wipe:
                folder.wipe(self.settings.directory, self._every_part)

    def start(self, name: str) -> None:
        with folder.alone(self.settings.directory):
            part = self.part(name)
            if part.process.pid is None:
                self._start([part])

    def stop(self, name: str, *, kill: bool = False) -> None:
        with folder.alone(self.settings.directory):
            self.part(name).process.stop(kill=kill)

    def reset(self) -> None:
        """The drill pipeline as it was at first."""
        with folder.alone(self.settings.directory):
            self.pipeline.reset()

    def status(self) -> dict[str, dict[str, object]]:
        """For each part its pid or None, its port, and whether it answers."""
        return {name: _status(part) for name, part in self.parts.items()}

    def part(self, name: str) -> Part:
        if name not in self._every_part:
            raise StackError(f"there is no part {name!r}: it is one of {', '.join(self._every_part)}")
        return self._every_part[name]

    def _start(self, parts: list[Part]) -> None:
        if not parts:
            return
        for part in parts:
            _must_be_free(part)
        self._provide(parts)
        with ThreadPoolExecutor(max_workers=len(self.parts)) as pool:
            jobs = [pool.submit(_start_one, part) for part in parts]
            try:
                for job in wait(jobs, return_when=FIRST_EXCEPTION).done:
                    job.result()
            except BaseException:
                _end(parts, jobs)
                raise

    def _provide(self, parts: list[Part]) -> None:
        """Downloads, and the programs to run."""
        java.java()
        self.settings.logs.mkdir(parents=True, exist_ok=True)
        cache = self.settings.cache
        self.kafka.libraries = self.connect.libraries = jars(cache, "worker") / "worker"
        self.connect.plugins = [*(jars(cache, plugin) for plugin in _PLUGINS), converter_plugin(cache)]
        if self.registry in parts:
            self.registry.program = jar_content(cache, "apicurio-registry")
        server = find_server(self.settings)
        remember(self.settings, server)
        self.source.server = self.target.server = server


def _status(part: Part) -> dict[str, object]:
    pid = part.process.pid
    return {"pid": pid, "port": part.port, "ready": pid is not None and part.is_ready()}


def _must_be_free(part: Part) -> None:
    if not ports.is_free(part.port):
        variable = f"STACK_{part.name.removesuffix('-db').upper()}_PORT"
        other = part.port + 10_000 if part.port < 50_000 else part.port - 10_000
        owner = ports.owner(part.port)
        raise StackError(f"port {part.port} is taken by {owner}: stop it or set {variable}={other}")


def _start_one(part: Part) -> None:
    part.start()
    part.wait_ready()
    say(part.name, f"ready on port {part.port}, pid {part.process.pid}")


def _stop_one(part: Part) -> None:
    if part.process.stop():
        say(part.name, "stopped")


def _end(parts: list[Part], jobs: list[Future[None]]) -> None:
    """Until every job has noticed: one that was still preparing starts its process only now."""

    def is_over() -> bool:
        is_last_round = all(job.done() for job in jobs)
        for part in parts:
            part.process.stop(kill=True)
        return is_last_round

    wait_for(is_over, 60, "what was started to be stopped")
