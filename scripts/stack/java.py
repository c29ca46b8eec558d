"""Java programs: which java, with which switches, and their property files."""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from stack.errors import StackError

_OLDEST = 17
_QUICK_START = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto")
_LOG = {
    "defaultLogLevel": "info",
    "showDateTime": "true",
    "dateTimeFormat": "yyyy-MM-dd HH:mm:ss.SSS",
    "showThreadName": "false",
    "showShortLogName": "true",
    # Hundreds of lines of configuration values at each start tell nothing.
    "log.org.apache.kafka.common.config": "warn",
    "log.org.apache.kafka.clients.admin.AdminClientConfig": "warn",
    "log.org.apache.kafka.clients.consumer.ConsumerConfig": "warn",
    "log.org.apache.kafka.clients.producer.ProducerConfig": "warn",
}
_INSTALL = "run scripts/setup.sh, or as root: apt-get install -y --no-install-recommends default-jdk-headless maven"


def java() -> str:
    program = _program()
    version = subprocess.run([program, "-version"], capture_output=True, text=True).stderr
    found = re.search(r'version "(\d+)', version)
    if not found or int(found[1]) < _OLDEST:
        first = (version.splitlines() or ["no answer"])[0]
        raise StackError(f"{program} is too old ({first}), Kafka needs Java {_OLDEST}: {_INSTALL}")
    return program


def command(libraries: Path, heap_megabytes: int, main: str, *arguments: str | Path) -> list[str | Path]:
    switches = [f"-D{_logger_key(key)}={value}" for key, value in _LOG.items()]
    heap = f"-Xmx{heap_megabytes}m"
    return [java(), heap, *_QUICK_START, *switches, "-cp", f"{libraries}/*", main, *arguments]


def jar_command(jar: Path, heap_megabytes: int, properties: Mapping[str, object]) -> list[str | Path]:
    """A program that is one jar, which finds its libraries by itself."""
    switches = [f"-D{key}={value}" for key, value in properties.items()]
    return [java(), f"-Xmx{heap_megabytes}m", *_QUICK_START, *switches, "-jar", jar]


def run(command_line: Sequence[str | Path], what: str) -> None:
    done = subprocess.run([str(word) for word in command_line], capture_output=True, text=True)
    if done.returncode:
        output = (done.stderr + done.stdout).strip().splitlines() or ["no output"]
        raise StackError(f"cannot {what}: {output[-1]}")


def write_properties(file: Path, properties: Mapping[str, object]) -> None:
    lines = [f"{key}={str(value).replace(chr(92), chr(92) * 2)}" for key, value in properties.items()]
    file.write_text("\n".join(lines) + "\n")


def _logger_key(key: str) -> str:
    return f"org.slf4j.simpleLogger.{key}"


def _program() -> str:
    home = os.environ.get("JAVA_HOME")
    program = shutil.which("java", path=f"{home}/bin") if home else shutil.which("java")
    if not program:
        raise StackError(f"java is missing{f' in JAVA_HOME={home}' if home else ''}: {_INSTALL}")
    return program
