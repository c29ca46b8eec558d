"""What is where: ports, folders and the kind of database, from the environment."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from stack.errors import StackError

REPOSITORY = Path(__file__).resolve().parents[2]
HOST = "127.0.0.1"
DATABASES = ("auto", "mysql", "mariadb")


@dataclass(frozen=True)
class Settings:
    """Defaults are those of a user's own stack; tests move the ports and the folder."""

    directory: Path = REPOSITORY / ".stack"
    cache: Path = Path("~/.cache/cdc-watchdog")
    kafka_port: int = 9092
    connect_port: int = 8083
    source_port: int = 3306
    target_port: int = 3307
    registry_port: int = 8081
    database: str = "auto"
    registry: bool = False
    """Whether `up` starts the schema registry with the rest."""

    def __post_init__(self) -> None:
        for name in ("directory", "cache"):
            object.__setattr__(self, name, _folder(getattr(self, name)))

    @classmethod
    def from_env(cls, env: Mapping[str, str] = os.environ) -> "Settings":
        """Unset and empty variables mean the default."""
        database = env.get("DATABASE") or cls.database
        if database not in DATABASES:
            raise StackError(f"DATABASE={database} is none of {', '.join(DATABASES)}: set one of them")
        return cls(
            directory=Path(env.get("STACK_DIR") or cls.directory),
            cache=Path(env.get("WATCHDOG_CACHE") or cls.cache),
            kafka_port=_port(env, "STACK_KAFKA_PORT", cls.kafka_port),
            connect_port=_port(env, "STACK_CONNECT_PORT", cls.connect_port),
            source_port=_port(env, "STACK_SOURCE_PORT", cls.source_port),
            target_port=_port(env, "STACK_TARGET_PORT", cls.target_port),
            registry_port=_port(env, "STACK_REGISTRY_PORT", cls.registry_port),
            database=database,
            registry=env.get("REGISTRY", "") not in ("", "0"),
        )

    @property
    def connect_url(self) -> str:
        return f"http://{HOST}:{self.connect_port}"

    @property
    def bootstrap_servers(self) -> str:
        return f"{HOST}:{self.kafka_port}"

    @property
    def logs(self) -> Path:
        return self.directory / "logs"


def _folder(value: Path) -> Path:
    return value.expanduser().absolute()


def _port(env: Mapping[str, str], name: str, default: int) -> int:
    text = env.get(name) or str(default)
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 65536):
        raise StackError(f"{name}={text} is no port: set a number from 1 to 65535")
    return int(text)
