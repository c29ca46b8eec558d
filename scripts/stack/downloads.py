"""Jars and packages into the cache, whole or not at all.

A download goes to a temporary folder and is renamed when it is complete; its name carries a hash of what was
asked for, so that a changed pom fetches again and an interrupted download is never taken for a whole one.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from stack.console import say
from stack.errors import StackError

_POMS = Path(__file__).parent / "poms"


def jars(cache: Path, name: str) -> Path:
    """The folder F of a pom's jars: F/NAME/*.jar, so that F itself serves as a plugin path."""
    pom = _POMS / f"{name}.xml"
    wanted = cache / "jars" / f"{name}-{_digest(pom.read_bytes())}"
    return _once(wanted, lambda folder: _maven(pom, folder / name))


def jar_content(cache: Path, name: str) -> Path:
    """A folder with what the jars or tarballs of a pom hold."""
    pom = _POMS / f"{name}.xml"
    wanted = cache / "unpacked" / f"{name}-{_digest(pom.read_bytes())}"
    return _once(wanted, lambda folder: _unzip(pom, folder))


def debian_packages(cache: Path, suite: str, packages: Sequence[str]) -> Path:
    """A folder with the unpacked packages and everything they depend on, down to the C library."""
    recipe = f"{suite} {' '.join(packages)}"
    wanted = cache / "debian" / f"{packages[0]}-{_digest(recipe.encode())}"
    return _once(wanted, lambda folder: _unpack(suite, packages, folder))


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:12]


def _once(wanted: Path, fetch: Callable[[Path], None]) -> Path:
    if wanted.exists():
        return wanted
    with _lock(wanted):
        if not wanted.exists():  # not fetched by someone else while we waited
            _fetch(wanted, fetch)
    return wanted


def _fetch(wanted: Path, fetch: Callable[[Path], None]) -> None:
    started = time.monotonic()
    say("download", f"{wanted.name} ...")
    draft = Path(tempfile.mkdtemp(prefix=".half-", dir=wanted.parent))
    try:
        fetch(draft)
        draft.chmod(0o755)
        draft.rename(wanted)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    say("download", f"{wanted.name}: {_megabytes(wanted)} MB in {time.monotonic() - started:.0f} s")


@contextmanager
def _lock(wanted: Path) -> Iterator[None]:
    try:
        wanted.parent.mkdir(parents=True, exist_ok=True)
        with (wanted.parent / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
    except PermissionError as error:
        raise StackError(f"cannot write {wanted.parent}: {error.strerror}: set WATCHDOG_CACHE") from error


def _maven(pom: Path, folder: Path) -> None:
    goal = ["dependency:copy-dependencies", f"-DoutputDirectory={folder}"]
    _run(["mvn", "-q", "-B", "-f", str(pom), *goal], f"the jars of {pom.name}")


def _unzip(pom: Path, folder: Path) -> None:
    with tempfile.TemporaryDirectory(prefix=".jars-", dir=folder.parent) as jars_folder:
        _maven(pom, Path(jars_folder))
        for file in sorted(Path(jars_folder).iterdir()):
            shutil.unpack_archive(file, folder, "zip" if file.suffix == ".jar" else "gztar")


def _unpack(suite: str, packages: Sequence[str], folder: Path) -> None:
    with tempfile.TemporaryDirectory(prefix=".apt-", dir=folder.parent) as private:
        apt = _private_apt(Path(private), suite)
        _run([*apt, "update"], f"the package lists of Debian {suite}")
        options = ["-y", "--download-only", "--no-install-recommends"]
        _run([*apt, *options, "install", *packages], f"{' and '.join(packages)} of Debian {suite}")
        for package in sorted(Path(private).glob("cache/archives/*.deb")):
            _run(["dpkg", "-x", str(package), str(folder)], package.name)


def _private_apt(private: Path, suite: str) -> list[str]:
    """apt-get with directories of its own: it needs no root, and does not touch what is installed."""
    for folder in ("lists/partial", "cache/archives/partial"):
        (private / folder).mkdir(parents=True)
    (private / "status").touch()
    (private / "sources.list").write_text(f"deb {_mirror()} {suite} main\n")
    options = {
        "Dir::Etc::sourcelist": private / "sources.list",
        "Dir::Etc::sourceparts": "/dev/null",
        "Dir::Etc::preferencesparts": "/dev/null",
        "Dir::State::lists": private / "lists",
        "Dir::State::status": private / "status",
        "Dir::Cache": private / "cache",
        "APT::Sandbox::User": "root",
        "Debug::NoLocking": "1",
    }
    return ["apt-get", "-q", *(word for key, value in options.items() for word in ("-o", f"{key}={value}"))]


def _mirror() -> str:
    """The archive of the machine's own apt: other suites are beside it, but not beside security updates."""
    listing = ["apt-get", "indextargets", "--format", "$(SITE)", "Created-By: Packages"]
    sites = [site for site in _run(listing, "the machine's apt sources").split() if "security" not in site]
    if not sites:
        raise StackError("no Debian archive in the machine's apt sources: put a mysqld on PATH")
    return sites[0]


def _run(argv: Sequence[str], what: str) -> str:
    try:
        done = subprocess.run(argv, capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"})
    except FileNotFoundError as error:
        raise StackError(f"cannot fetch {what}: {argv[0]} is not installed, run scripts/setup.sh") from error
    if done.returncode:
        raise StackError(
            f"cannot fetch {what}: {_reason(done.stdout + done.stderr)}: look at the network, then try again"
        )
    return done.stdout


def _reason(output: str) -> str:
    """The first complaint of Maven or apt-get that says something."""
    lines = [line.strip() for line in output.splitlines()]
    complaints = [line for line in lines if line.startswith(("[ERROR] ", "E: ", "Err:"))]
    return next((line for line in [*complaints, *lines] if line), "no output").removeprefix("[ERROR] ")[:400]


def _megabytes(folder: Path) -> int:
    return sum(file.lstat().st_size for file in folder.rglob("*")) // 1_000_000
