"""The parts of the stack's and the drill's scripts that need no running stack."""

import os
import socket
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from chaos import connectors
from chaos.errors import DrillError, UsageError
from chaos.names import TableName, column_name, column_type, quote
from chaos.values import value_for
from stack import Settings, Stack, StackError, downloads, folder, ports, registry, server
from stack.processes import Process

ROOT = Path(__file__).resolve().parents[1]


def program(folder: Path, name: str, script: str) -> None:
    """A program of that name for a PATH of the test's own."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


# --- settings, ports, processes, folder


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("STACK_KAFKA_PORT", "kafka", id="a word"),
        pytest.param("STACK_SOURCE_PORT", "0", id="zero"),
        pytest.param("STACK_TARGET_PORT", "65536", id="too large"),
        pytest.param("STACK_CONNECT_PORT", "-8083", id="negative"),
        pytest.param("STACK_CONNECT_PORT", "８０８３", id="digits of another script"),
        pytest.param("STACK_REGISTRY_PORT", "99999", id="too large for the registry"),
        pytest.param("DATABASE", "oracle", id="an unknown database"),
    ],
)
def test_a_bad_setting_is_named_with_its_value(name: str, value: str) -> None:
    with pytest.raises(StackError, match=f"{name}={value}"):
        Settings.from_env({name: value})


def test_empty_variables_mean_the_default() -> None:
    assert Settings.from_env({"STACK_KAFKA_PORT": "", "DATABASE": ""}) == Settings.from_env({})


@pytest.mark.parametrize(("value", "wanted"), [("1", True), ("yes", True), ("0", False), ("", False)])
def test_the_registry_is_started_with_the_rest_only_where_it_is_asked_for(
    tmp_path: Path, value: str, wanted: bool
) -> None:
    stack = Stack(Settings.from_env({"REGISTRY": value, "STACK_DIR": str(tmp_path)}))
    assert ("registry" in stack.parts) is wanted


def test_a_registry_that_was_started_is_a_part_until_it_is_stopped(tmp_path: Path) -> None:
    stack = Stack(Settings(directory=tmp_path))
    stack.registry.process.start(["sleep", "60"])
    assert "registry" in stack.parts
    stack.stop("registry")
    assert "registry" not in stack.parts


def test_the_owner_of_a_port_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert not ports.is_free(port)
        assert ports.owner(port).startswith(f"pid {os.getpid()} (")


def test_a_port_that_is_drawn_is_free_and_none_that_outgoing_connections_get(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def is_free(port: int) -> bool:
        asked.append(port)
        return len(asked) == 3

    monkeypatch.setattr(ports, "is_free", is_free)
    assert ports.any_free() == asked[-1]
    assert len(asked) == 3
    assert all(1024 < port < 32768 for port in asked)


def test_a_process_that_got_the_pid_of_ours_is_left_alone(tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "60"]) as stranger:
        process = Process("part", tmp_path / "part.pid", tmp_path / "part.log")
        process.pid_file.write_text(f"{stranger.pid} 12345")
        assert process.pid is None
        assert process.stop() is False
        assert stranger.poll() is None
        stranger.kill()


def test_a_process_that_ignores_the_request_to_stop_is_killed(tmp_path: Path) -> None:
    process = Process("part", tmp_path / "part.pid", tmp_path / "logs" / "part.log")
    deaf = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
    )
    process.start([sys.executable, "-c", deaf])
    while "deaf" not in process.last_words():
        assert process.pid
    assert process.stop(patience=0.2)
    assert process.pid is None


def test_wiping_leaves_what_is_not_the_stacks(tmp_path: Path) -> None:
    (tmp_path / "kafka").mkdir()
    (tmp_path / "lock").touch()
    (tmp_path / "diary.txt").touch()
    folder.wipe(tmp_path, ["kafka"])
    assert [left.name for left in tmp_path.iterdir()] == ["diary.txt"]


# --- downloads


def test_a_failed_download_is_one_line_and_is_never_taken_for_a_whole_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    half = 'for word; do case $word in -Dout*) mkdir -p "${word#*=}"; touch "${word#*=}/half.jar";; esac; done'
    program(tmp_path / "bin", "mvn", f"{half}\necho '[ERROR] no route to host'; exit 1")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    with pytest.raises(StackError, match=r"cannot fetch the jars of worker\.xml: no route to host"):
        downloads.jars(tmp_path / "cache", "worker")
    assert not list(tmp_path.glob("cache/**/*.jar"))

    program(tmp_path / "bin", "mvn", half)
    assert [jar.name for jar in downloads.jars(tmp_path / "cache", "worker").glob("worker/*")] == ["half.jar"]


def test_a_tarball_that_a_pom_names_is_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "app-runner.jar").write_text("a program")
    tarball = "cd {} && tar -czf ${{word#*=}}/app-all.tar.gz app-runner.jar"
    tarball = tarball.format(tmp_path)
    program(
        tmp_path / "bin", "mvn", f'for word; do case $word in -Dout*) mkdir -p "${{word#*=}}"; {tarball};; esac; done'
    )
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    found = downloads.jar_content(tmp_path / "cache", "apicurio-registry")
    assert [file.name for file in found.iterdir()] == ["app-runner.jar"]


def test_the_worker_is_told_what_the_converters_jar_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    half = 'for word; do case $word in -Dout*) mkdir -p "${word#*=}";; esac; done'
    program(tmp_path / "bin", "mvn", half)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    plugin = registry.converter_plugin(tmp_path / "cache")
    with zipfile.ZipFile(plugin / "apicurio-converter" / "announcement.jar") as jar:
        assert jar.read("META-INF/services/org.apache.kafka.connect.storage.Converter").split() == [
            registry.CONVERTER.encode()
        ]


def test_without_maven_the_next_step_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StackError, match=r"mvn is not installed, run scripts/setup\.sh"):
        downloads.jars(tmp_path / "cache", "worker")


# --- which database


@pytest.fixture
def bare_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No database, no Debian archive; Maven serves a jar with a MariaDB in it. The answer is the PATH's folder."""
    jar = tmp_path / "server.jar"
    with zipfile.ZipFile(jar, "w") as archive:
        archive.writestr("maria/linux/bin/mariadbd", "#!/bin/sh\n")
    copy = f'for word; do case $word in -Dout*) mkdir -p "${{word#*=}}"; cp {jar} "${{word#*=}}";; esac; done'
    program(tmp_path / "bin", "mvn", copy)
    program(tmp_path / "bin", "apt-get", "echo 'E: the archive does not answer' >&2; exit 100")
    monkeypatch.setattr(server, "_PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    return tmp_path / "bin"


def settings(tmp_path: Path, database: str = "auto") -> Settings:
    return Settings(directory=tmp_path / "stack", cache=tmp_path / "cache", database=database)


@pytest.mark.parametrize(
    ("version", "kind"),
    [
        pytest.param("mysqld  Ver 8.4.3 for Linux", "mysql", id="recent enough"),
        pytest.param("mysqld  Ver 8.0.40 for Linux", "mariadb", id="too old"),
        pytest.param("mysqld  Ver 10.11.6-MariaDB for Linux", "mariadb", id="MariaDB under MySQL's name"),
    ],
)
def test_the_machines_own_mysqld_is_used_when_it_will_do(
    bare_machine: Path, tmp_path: Path, version: str, kind: str
) -> None:
    program(bare_machine, "mysqld", f"echo '{version}'")
    found = server.find_server(settings(tmp_path))
    assert found.kind == kind
    assert (found.argv[0] == str(bare_machine / "mysqld")) == (kind == "mysql")


def test_without_any_mysql_mariadb_takes_its_place_and_says_so_in_one_line(
    bare_machine: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = server.find_server(settings(tmp_path))
    assert found.kind == "mariadb"
    assert os.access(found.argv[0], os.X_OK)
    [line] = [line for line in capsys.readouterr().err.splitlines() if "no MySQL" in line]
    assert "the archive does not answer" in line
    assert "MariaDB connector" in line


def test_who_insists_on_mysql_gets_the_reason_instead_of_mariadb(bare_machine: Path, tmp_path: Path) -> None:
    with pytest.raises(StackError, match="the archive does not answer"):
        server.find_server(settings(tmp_path, "mysql"))


# --- setup.sh


def setup(path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": str(path)}
    return subprocess.run(
        ["/bin/sh", ROOT / "scripts/setup.sh", *arguments], env=environment, capture_output=True, text=True
    )


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A PATH with everything that setup.sh looks for; tests take away from it."""
    path = tmp_path / "path"
    program(path, "java", "echo 'openjdk version \"21.0.1\" 2023-10-17' >&2")
    for name in ("mvn", "promtool", "amtool"):
        program(path, name, "exit 0")
    program(path, "id", "echo 1000")
    program(path, "apt-get", f'echo "apt-get $*" >> {tmp_path / "calls"}')
    (path / "python3").symlink_to(sys.executable)
    (path / "sed").symlink_to("/bin/sed")
    return path


def test_a_complete_machine_is_no_news(machine: Path) -> None:
    done = setup(machine, "test")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_everything_that_is_missing_is_named_at_once_with_its_command(machine: Path) -> None:
    program(machine, "java", "echo 'openjdk version \"11.0.2\" 2019-01-15' >&2")
    (machine / "mvn").unlink()
    (machine / "promtool").unlink()
    done = setup(machine, "test")
    assert done.returncode == 1
    assert done.stderr == (
        "setup: this machine lacks:\n  Java 17 or later\n  Maven\n  promtool\n"
        "install with: sudo apt-get update && sudo apt-get install -y --no-install-recommends "
        "default-jdk-headless maven prometheus\n"
    )


def test_a_stack_that_runs_elsewhere_needs_no_java(machine: Path) -> None:
    (machine / "mvn").unlink()
    (machine / "java").unlink()
    assert setup(machine, "python").returncode == 0


def test_promtool_is_for_tests_only(machine: Path) -> None:
    (machine / "promtool").unlink()
    assert setup(machine).returncode == 0


def test_root_gets_what_is_missing_installed(machine: Path, tmp_path: Path) -> None:
    (machine / "mvn").unlink()
    program(machine, "id", "echo 0")
    (machine / "printf").symlink_to("/usr/bin/printf")
    install = f"printf '#!/bin/sh\\n' > {machine / 'mvn'}; /bin/chmod +x {machine / 'mvn'}"
    program(machine, "apt-get", f'echo "apt-get $*" >> {tmp_path / "calls"}; {install}')
    done = setup(machine)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "calls").read_text() == "apt-get install -y -q --no-install-recommends maven\n"


def test_a_first_failure_to_install_updates_the_package_lists_and_tries_again(machine: Path, tmp_path: Path) -> None:
    (machine / "mvn").unlink()
    program(machine, "id", "echo 0")
    program(machine, "apt-get", f'echo "$1" >> {tmp_path / "calls"}; [ "$1" = update ]')
    done = setup(machine)
    assert done.returncode == 1
    assert (tmp_path / "calls").read_text().split() == ["install", "update", "install"]
    assert "failed" in done.stderr


# --- the drill's names, values and causes


@pytest.mark.parametrize(
    "text",
    [
        "VARCHAR(64)",
        "INT",
        "DECIMAL(10,2) NOT NULL DEFAULT '0.00'",
        "ENUM('a, b','c;d')",
        "BIGINT UNSIGNED",
        "DATETIME(6)",
    ],
)
def test_a_column_type_is_taken_as_it_is(text: str) -> None:
    assert column_type(text) == text


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("INT; DROP TABLE x", id="a second statement"),
        pytest.param("INT, DROP COLUMN y", id="a second change"),
        pytest.param("INT -- ", id="a comment to the end"),
        pytest.param("INT /* */", id="a comment"),
        pytest.param("INT # ", id="MySQL's own comment"),
        pytest.param("INT `x`", id="a backtick"),
        pytest.param("VARCHAR(64", id="an open parenthesis"),
        pytest.param("ENUM('a)", id="an open string"),
        pytest.param("ENUM('a\\')", id="a backslash"),
        pytest.param("INT\n; DROP", id="a line break"),
    ],
)
def test_a_column_type_with_anything_after_it_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        column_type(text)


@pytest.mark.parametrize("text", ["", "a b", "a`b", "a;b", "a.b", "a" * 65, "a\n", "a\x00"])
def test_a_hostile_column_name_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        column_name(text)


def test_a_name_is_quoted() -> None:
    assert TableName.parse("shop-eu.đơn_hàng").quoted == "`shop-eu`.`đơn_hàng`"
    assert quote("a`b") == "`a``b`"


def column(kind: str, **facts: Any) -> dict[str, Any]:
    known = {
        "name": "c",
        "type": kind,
        "data_type": kind,
        "column_key": "",
        "length": None,
        "digits": None,
        "scale": None,
    }
    return known | facts


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        pytest.param(column("int"), 1, id="a number"),
        pytest.param(column("decimal", digits=3, scale=3), 0, id="a decimal below one"),
        pytest.param(column("decimal", digits=10, scale=2), 1, id="a decimal"),
        pytest.param(column("enum", type="enum('it''s','b')"), "it's", id="the first member, unquoted"),
        pytest.param(column("json"), "{}", id="a document"),
    ],
)
def test_a_value_fits_its_column(facts: dict[str, Any], expected: object) -> None:
    assert value_for(facts) == expected


@pytest.mark.parametrize("length", [0, 1, 5, 13, 14, 64])
def test_a_text_is_never_longer_than_its_column(length: int) -> None:
    assert len(str(value_for(column("varchar", length=length)))) <= length


def test_a_type_without_a_plain_value_is_named() -> None:
    with pytest.raises(DrillError, match="column c of type point"):
        value_for(column("point"))


@pytest.mark.parametrize(
    ("trace", "expected"),
    [
        pytest.param(None, None, id="no trace"),
        pytest.param("", None, id="an empty trace"),
        pytest.param(
            "a.B: top\n\tat x\nCaused by: c.D: mid\n\tat y\nCaused by: e.F: root\n\tat z", "e.F: root", id="nested"
        ),
        pytest.param("a.B: only\n\tat x", "a.B: only", id="one exception"),
    ],
)
def test_the_cause_is_the_innermost_one(trace: str | None, expected: str | None) -> None:
    assert connectors.cause(trace) == expected


def test_a_tilde_is_the_home_folder_however_the_settings_are_made() -> None:
    assert Settings(directory=Path("~/x")).directory == Path.home() / "x"
    assert Settings().cache.is_absolute()
