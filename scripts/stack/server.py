"""Which database program to run: the machine's own MySQL, else Debian's, else MariaDB."""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from stack.console import say
from stack.downloads import debian_packages, jar_content
from stack.errors import StackError
from stack.settings import Settings

_MYSQL = ("mysql-server-core", "mysql-client-core")
_MARIADB = ("mariadb-server-core",)
_LOADER = "lib/*-linux-gnu/ld-linux-*.so.*"
_MYSQL_OLDEST = (8, 4)
_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"


@dataclass(frozen=True)
class Server:
    """How to call a database program: `argv` begins every command line of it; `share` holds its SQL scripts."""

    kind: str
    argv: tuple[str, ...]
    share: Path


def find_server(settings: Settings) -> Server:
    """Keeps to the kind that the data directories were made with."""
    kind = _kind_in_use(settings)
    if kind == "mysql":
        return _mysql(settings.cache)
    if kind == "mariadb":
        return _mariadb(settings.cache)
    try:
        return _mysql(settings.cache)
    except StackError as error:
        say("database", f"no MySQL ({error}): MariaDB and Debezium's MariaDB connector take its place")
        return _mariadb(settings.cache)


def remember(settings: Settings, server: Server) -> None:
    _memory(settings).write_text(server.kind)


def kind_of_data(settings: Settings) -> str:
    """What the data directories were made with; the wish of the settings before there are any."""
    memory = _memory(settings)
    return memory.read_text() if memory.exists() else settings.database


def _memory(settings: Settings) -> Path:
    return settings.directory / "database"


def _kind_in_use(settings: Settings) -> str:
    made_with = kind_of_data(settings)
    if settings.database not in ("auto", made_with):
        raise StackError(
            f"{settings.directory} holds data of {made_with}, DATABASE={settings.database} cannot read it: "
            "unset DATABASE, or begin anew with `down --wipe`"
        )
    return made_with


def _mysql(cache: Path) -> Server:
    own = shutil.which("mysqld", path=_PATH)
    if own and _is_recent_mysql(own):
        return Server("mysql", (own, *_common()), Path())
    root = debian_packages(cache, "sid", _MYSQL)
    return _unpacked("mysql", root, "usr/sbin/mysqld")


def _is_recent_mysql(program: str) -> bool:
    version = subprocess.run([program, "--version"], capture_output=True, text=True).stdout
    found = re.search(r"Ver (\d+)\.(\d+)", version)
    return bool(found and "MariaDB" not in version and (int(found[1]), int(found[2])) >= _MYSQL_OLDEST)


def _mariadb(cache: Path) -> Server:
    own = shutil.which("mariadbd", path=_PATH)
    shares = [Path(own).parents[1] / "share" / name for name in ("mysql", "mariadb")] if own else []
    share = next((share for share in shares if (share / "mysql_system_tables.sql").exists()), None)
    if own and share:
        return Server("mariadb", (own, *_common()), share)
    try:
        return _unpacked("mariadb", debian_packages(cache, "bookworm", _MARIADB), "usr/sbin/mariadbd")
    except StackError as error:
        say("database", f"no MariaDB package ({error}): taking the binaries in a jar")
        return _mariadb_of_jar(jar_content(cache, "mariadb-server"))


def _mariadb_of_jar(root: Path) -> Server:
    program = next(root.glob("**/bin/mariadbd"))
    program.chmod(0o755)
    share = program.parents[1] / "share"
    return Server("mariadb", (str(program), *_common(share)), share)


def _unpacked(kind: str, root: Path, program: str) -> Server:
    share = root / "usr/share/mysql"
    return Server(kind, (*_loader(root), str(root / program), *_common(share)), share)


def _loader(root: Path) -> tuple[str, ...]:
    """Runs a program with the C library that came with it, not with the machine's."""
    loader = next((file for at in ("", "usr/") for file in root.glob(at + _LOADER)), None)
    if loader is None:
        raise StackError(f"{root} holds no dynamic loader: remove that folder and try again")
    libraries = (root / at / loader.parent.name for at in ("lib", "usr/lib"))
    return (str(loader), "--library-path", ":".join(str(folder) for folder in libraries))


def _common(share: Path | None = None) -> tuple[str, ...]:
    user = ("--user=root",) if os.geteuid() == 0 else ()
    places = (f"--lc-messages-dir={share}", f"--character-sets-dir={share}/charsets") if share else ()
    return ("--no-defaults", *user, *places)
