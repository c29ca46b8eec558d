"""File and environment become settings, or every problem at once with its place; secrets stay inside."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.tls import Authority
from watchdog.adapters.deadline import Certificate
from watchdog.assembly.clients import access_of
from watchdog.errors import SettingsError
from watchdog.model import ConnectorKey
from watchdog.settings import Settings, load
from watchdog.settings.in_force import policy_of
from watchdog.settings.load import catalogue_named

MINIMAL = "clusters:\n  - connect_url: http://connect:8083\n"
CANARY = "hunter2-canary"


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def from_text(text: str, **environ: str) -> Settings:
    Path("w.yaml").write_text(text)
    return load(Path("w.yaml"), environ)


def problems(text: str | None, **environ: str) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        from_text(text, **environ) if text is not None else load(None, environ)
    return caught.value.problems


# What is enough to start.


def test_a_connect_url_alone_is_enough() -> None:
    settings = load(None, {"CONNECT_URL": "http://connect:8083/"})
    (cluster,) = settings.clusters
    assert (cluster.name, cluster.base_url, cluster.login) == ("default", "http://connect:8083", None)
    assert (cluster.kafka_bootstrap_servers, settings.databases, settings.mode) == ("", (), "auto")
    assert settings.warnings == ()


def test_the_compose_file_s_environment_is_enough_for_everything() -> None:
    settings = load(
        None,
        {
            "CONNECT_URL": "http://connect:8083",
            "KAFKA_BOOTSTRAP_SERVERS": "kafka:19092",
            "DATABASE_URL": "mysql+pymysql://watchdog:watchdog@mysql:3306/,mysql+pymysql://watchdog:watchdog@mysql-dw:3306/",
            "WATCHDOG_HTTP_HOST": "0.0.0.0",
            "WATCHDOG_JOURNAL": "/var/lib/watchdog/journal.sqlite",
        },
    )
    assert settings.clusters[0].kafka_bootstrap_servers == "kafka:19092"
    assert [d.url.get_secret_value().partition("@")[2] for d in settings.databases] == ["mysql:3306/", "mysql-dw:3306/"]
    assert (settings.http.host, settings.http.port) == ("0.0.0.0", 9845)
    assert settings.journal == Path("/var/lib/watchdog/journal.sqlite")


@pytest.mark.parametrize(
    ("urls", "found"),
    [
        pytest.param("mysql://u:p@a", ["mysql+pymysql://u:p@a"], id="one"),
        pytest.param(
            " mysql://u:p@a,\n mariadb://u:p@b:1/x ",
            ["mysql+pymysql://u:p@a", "mysql+pymysql://u:p@b:1/x"],
            id="blanks",
        ),
        pytest.param("mysql://u:a%2Cb@a", ["mysql+pymysql://u:a%2Cb@a"], id="an encoded comma"),
        pytest.param("mariadb+pymysql://u@[::1]:3306/?a=b", ["mysql+pymysql://u@[::1]:3306/?a=b"], id="IPv6"),
        pytest.param("", [], id="empty is not set"),
    ],
)
def test_database_url_holds_several_urls_in_one_form(urls: str, found: list[str]) -> None:
    settings = load(None, {"CONNECT_URL": "http://c", "DATABASE_URL": urls})
    assert [database.url.get_secret_value() for database in settings.databases] == found


def test_with_nothing_set_one_line_says_what_to_set() -> None:
    (problem,) = problems(None)
    assert problem.startswith("environment: CONNECT_URL: is not set")
    assert "CONNECT_URL=http://connect:8083" in problem


# Where it comes from.


def test_the_file_is_found_by_option_then_variable_then_name() -> None:
    for name, mode in (("option", "observe"), ("variable", "observe"), ("watchdog", "observe")):
        Path(f"{name}.yaml").write_text(MINIMAL + f"mode: {mode}\nattempts_max: {len(name)}\n")
    named = {"WATCHDOG_CONFIG": "variable.yaml"}
    assert load(Path("option.yaml"), named).attempts_max == len("option")
    assert load(None, named).attempts_max == len("variable")
    assert load(None, {}).attempts_max == len("watchdog")


@pytest.mark.parametrize(
    ("environ", "read"),
    [
        pytest.param({"WATCHDOG_MODE": "observe"}, lambda s: s.mode == "observe", id="a key"),
        pytest.param({"WATCHDOG_HTTP__PORT": "9999"}, lambda s: s.http.port == 9999, id="a nested key"),
        pytest.param({"WATCHDOG_HTTP_PORT": "9999"}, lambda s: s.http.port == 9999, id="the short name"),
        pytest.param(
            {"WATCHDOG_HTTP_PORT": "1", "WATCHDOG_HTTP__PORT": "2"},
            lambda s: s.http.port == 2,
            id="the exact name wins",
        ),
        pytest.param({"WATCHDOG_HTTP__ENABLED": "false"}, lambda s: s.http.enabled is False, id="a switch"),
        pytest.param({"WATCHDOG_HTTP__PORT": "9"}, lambda s: s.http.host == "::1", id="its neighbour stays"),
        pytest.param({"WATCHDOG_HTTP": '{"port": 9}'}, lambda s: s.http.host == "::1", id="a group as JSON"),
        pytest.param({"WATCHDOG_MODE": ""}, lambda s: s.mode == "auto", id="empty is not set"),
        pytest.param(
            {"WATCHDOG_POLICIES": '[{"connector": "a", "mode": "observe"}]'},
            lambda s: [p.connector for p in s.policies] == ["a"],
            id="a list replaces the file's",
        ),
    ],
)
def test_the_environment_wins_over_the_file(environ: dict[str, str], read: Any) -> None:
    text = MINIMAL + "mode: auto\nhttp: {host: '::1', port: 7}\npolicies: [{connector: x, mode: auto}]\n"
    assert read(from_text(text, **environ))


def test_the_three_short_names_are_left_aside_where_the_file_lists_clusters_and_say_so() -> None:
    settings = from_text(MINIMAL, CONNECT_URL="http://other", KAFKA_BOOTSTRAP_SERVERS="k:1", DATABASE_URL="mysql://u@h")
    assert [c.base_url for c in settings.clusters] == ["http://connect:8083"]
    assert settings.clusters[0].kafka_bootstrap_servers == ""
    assert len(settings.databases) == 1
    assert settings.warnings == (
        "environment: CONNECT_URL: is not used, because w.yaml:1 lists clusters",
        "environment: KAFKA_BOOTSTRAP_SERVERS: is not used, because w.yaml:1 lists clusters",
    )


def test_the_short_names_fill_what_the_file_does_not_list() -> None:
    settings = from_text("mode: observe\n", CONNECT_URL="http://c")
    assert (settings.mode, len(settings.clusters), settings.warnings) == ("observe", 1, ())


def test_another_program_s_variable_is_only_warned_of() -> None:
    environ = {"CONNECT_URL": "http://c", "WATCHDOG_SERVICE_HOST": "10.0.0.1", "WATCHDOG_CACHE": "/c"}
    assert load(None, environ).warnings == ("environment: WATCHDOG_SERVICE_HOST: is no setting and is not used",)


# What is written is what is meant.


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        pytest.param("0123", "0123", id="no octal number"),
        pytest.param("1e3", "1e3", id="no float"),
        pytest.param("yes", "yes", id="no boolean"),
        pytest.param("2026-11-23", "2026-11-23", id="no date"),
        pytest.param("'a: #b'", "a: #b", id="quoted"),
        pytest.param("${PW}", CANARY, id="a variable"),
        pytest.param("a-${PW}-${PW}", f"a-{CANARY}-{CANARY}", id="variables inside"),
        pytest.param("$${PW}", "${PW}", id="an escaped one"),
        pytest.param("$PW $5 {x}", "$PW $5 {x}", id="a bare dollar"),
        pytest.param("${OTHER}", "${PW}: !x", id="a variable's text is not read again"),
    ],
)
def test_a_password_is_the_text_that_was_written(written: str, meant: str) -> None:
    text = MINIMAL + f"    username: u\n    password: {written}\n"
    assert from_text(text, PW=CANARY, OTHER="${PW}: !x").clusters[0].login == ("u", meant)


def test_librdkafka_s_settings_are_handed_on_as_text() -> None:
    text = MINIMAL + f"    kafka: {{security.protocol: SASL_SSL, sasl.password: {CANARY}, enable.x: true, n: 10}}\n"
    assert from_text(text).clusters[0].kafka_config() == {
        "security.protocol": "SASL_SSL",
        "sasl.password": CANARY,
        "enable.x": "true",
        "n": "10",
    }


def test_a_login_in_the_url_is_decoded_and_kept_out_of_the_address() -> None:
    (cluster,) = load(None, {"CONNECT_URL": "https://me:p%40ss@connect/base/"}).clusters
    assert (cluster.login, cluster.base_url) == (("me", "p@ss"), "https://connect/base")


def test_secrets_come_from_files_beside_the_settings(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    for name, content in {"pw": f"{CANARY}\n", "db": "mysql://u:dbpass@h\r\n", "sasl": "saslpass"}.items():
        (tmp_path / "etc" / name).write_text(content)
        (tmp_path / "etc" / name).chmod(0o600)
    (tmp_path / "etc" / "w.yaml").write_text(
        MINIMAL + "    username: u\n    password_file: pw\n    kafka: {sasl.password_file: sasl}\n"
        f"databases:\n  - url_file: {tmp_path}/etc/db\n"
    )
    settings = load(tmp_path / "etc" / "w.yaml", {})
    assert settings.clusters[0].login == ("u", CANARY)
    assert settings.clusters[0].kafka_config() == {"sasl.password": "saslpass"}
    assert settings.databases[0].url.get_secret_value() == "mysql+pymysql://u:dbpass@h"
    assert settings.warnings == ()


def test_a_list_in_the_environment_names_secret_files_too() -> None:
    Path("pw").write_text(CANARY)
    clusters = '[{"connect_url": "http://c", "username": "u", "password_file": "pw"}]'
    assert load(None, {"WATCHDOG_CLUSTERS": clusters}).clusters[0].login == ("u", CANARY)


def test_a_secret_file_that_everybody_may_read_is_only_warned_of() -> None:
    Path("pw").write_text(CANARY)
    Path("pw").chmod(0o644)
    (warning,) = from_text(MINIMAL + "    username: u\n    password_file: pw\n").warnings
    assert warning.startswith("w.yaml:4: clusters[0].password_file: everybody may read pw (mode 0644)")


def test_paths_in_the_file_start_at_the_file_and_those_of_the_environment_here(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "w.yaml").write_text(MINIMAL + "journal: j.sqlite\n")
    assert load(tmp_path / "etc" / "w.yaml", {}).journal == tmp_path / "etc" / "j.sqlite"
    assert load(tmp_path / "etc" / "w.yaml", {"WATCHDOG_JOURNAL": "k.sqlite"}).journal == Path("k.sqlite")


def test_a_cluster_has_one_worker_or_several_each_with_its_own_login() -> None:
    text = "clusters:\n  - connect_url:\n    - http://me:p%40ss@a:8083/\n    - http://b:8083\n"
    (cluster,) = from_text(text).clusters
    assert cluster.urls == ("http://me:p%40ss@a:8083", "http://b:8083")
    assert (cluster.base_url, cluster.login) == ("http://a:8083", ("me", "p@ss"))
    assert load(None, {"CONNECT_URL": "http://a:1, http://b:2"}).clusters[0].urls == ("http://a:1", "http://b:2")
    clusters = '[{"connect_url": ["http://a", "http://b"]}]'
    assert load(None, {"WATCHDOG_CLUSTERS": clusters}).clusters[0].urls == ("http://a", "http://b")


def test_a_bearer_token_and_a_certificate_are_taken_with_their_secrets_from_files(tmp_path: Path) -> None:
    (tmp_path / "tls").mkdir()
    own = Authority(tmp_path / "tls").signs("127.0.0.1", password=CANARY.encode())
    for name, content in {"token": f"t-{CANARY}\n", "pw": CANARY}.items():
        (tmp_path / name).write_text(content)
    cluster = "    token_file: token\n    cert_file: tls/{}\n    key_file: tls/{}\n    key_password_file: pw\n"
    settings = from_text(MINIMAL + cluster.format(own.certificate.name, own.key.name))
    access = access_of(settings.clusters[0])
    assert (access.token, access.username) == (f"t-{CANARY}", "")
    assert access.certificate == Certificate("tls/" + own.certificate.name, "tls/" + own.key.name, CANARY)
    assert {f"t-{CANARY}", CANARY} <= set(settings.secrets())
    shown = settings.shown()["clusters"][0]
    assert (shown["token"], shown["key_password"]) == ("***", "***")
    assert CANARY not in str(settings.shown()) + repr(settings) + repr(access)


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        pytest.param("cert_file: tls/c.pem", "no key in it", id="no key"),
        pytest.param("{cert_file: tls/c.pem, key_file: tls/other.key}", "is not the key of cert_file", id="another"),
        pytest.param("{cert_file: w.yaml, key_file: tls/c.key}", "cannot be used: not PEM", id="no certificate"),
        pytest.param("{cert_file: tls/l.pem, key_file: tls/l.key}", "encrypted without key_password", id="no password"),
        pytest.param(
            f"{{cert_file: tls/l.pem, key_file: tls/l.key, key_password: not-{CANARY}}}",
            "does not open the private key in key_file",
            id="wrong password",
        ),
        pytest.param("key_file: tls/c.key", "is of use only with cert_file", id="a key alone"),
        pytest.param("cert_file: tls/nope.pem", "cert_file: there is no such file", id="not there"),
        pytest.param("{username: u, password: p, token: t}", "token: is given as well as username", id="two ways in"),
    ],
)
def test_a_way_in_that_cannot_be_used_is_told_before_anything_is_connected_to(
    tmp_path: Path, entry: str, told: str
) -> None:
    (tmp_path / "tls").mkdir()
    authority = Authority(tmp_path / "tls")
    for name, password in {"c": b"", "other": b"", "l": CANARY.encode()}.items():
        pair = authority.signs("127.0.0.1", password=password)
        pair.certificate.rename(tmp_path / "tls" / f"{name}.pem")
        pair.key.rename(tmp_path / "tls" / f"{name}.key")
    inner = entry if entry.startswith("{") else f"{{{entry}}}"
    (problem,) = problems(f"clusters:\n  - {{connect_url: https://c, {inner[1:]}\n")
    assert told in problem
    assert CANARY not in problem


# What is wrong.


def test_every_problem_is_told_at_once_each_with_its_place() -> None:
    found = problems(
        """\
mod: observe
mode: obsrve
clusters:
  - name: a b
    conect_url: http://x
    poll_interval_seconds: 0
    kafka:
      sasl.password: ${NOPE}
  - connect_url: http://x
    name: twin
  - connect_url: http://y
    name: twin
    name: again
policies:
  - cluster: nowhere
    mode: auto
http:
  prot: 5
""",
        WATCHDOG_MOED="x",
        WATCHDOG_HTTP__PORT="eighty",
    )
    assert [re.match(r"(\w+(?:\.yaml:\d+)?: [^:]*): ", p)[1] for p in found] == [  # type: ignore[index]
        "environment: WATCHDOG_MOED",
        "environment: WATCHDOG_HTTP__PORT",
        "w.yaml:1: mod",
        "w.yaml:2: mode",
        "w.yaml:4: clusters[0].name",
        "w.yaml:4: clusters[0].connect_url",
        "w.yaml:5: clusters[0].conect_url",
        "w.yaml:6: clusters[0].poll_interval_seconds",
        "w.yaml:8: clusters[0].kafka.sasl.password",
        "w.yaml:13: clusters[2].name",
        "w.yaml:15: policies[0].cluster",
        "w.yaml:15: policies[0].connector",
        "w.yaml:18: http.prot",
    ]


WRONG = [
    pytest.param("mod: auto\n", "w.yaml:3: mod: is no setting: did you mean mode?", id="unknown key"),
    pytest.param(
        "http: {prot: 1}\n", "w.yaml:3: http.prot: is no setting: did you mean port?", id="unknown nested key"
    ),
    pytest.param(
        "zzz: 1\n", "w.yaml:3: zzz: is no setting: there are clusters, databases, registries, mode", id="like nothing"
    ),
    pytest.param("warnings: 1\n", "w.yaml:3: warnings: is no setting", id="an inner name is none"),
    pytest.param("mode: auto\nmode: observe\n", "w.yaml:4: mode: is given twice, first in line 3", id="duplicate key"),
    pytest.param(
        "mode: prpose\n", "w.yaml:3: mode: must be 'observe', 'propose' or 'auto' (it is 'prpose')", id="unknown word"
    ),
    pytest.param("http: {port: 65536}\n", "http.port: must be less than or equal to 65535 (it is '65536')", id="port"),
    pytest.param("attempts_max: 2.5\n", "w.yaml:3: attempts_max: must be a valid integer", id="no integer"),
    pytest.param("tilt_seconds: .nan\n", "w.yaml:3: tilt_seconds: must be", id="not a number"),
    pytest.param("tilt_seconds: inf\n", "w.yaml:3: tilt_seconds: must be", id="endless"),
    pytest.param("http: [1]\n", "w.yaml:3: http: must be keys with values", id="a list for a group"),
    pytest.param("databases: {url: x}\n", "w.yaml:3: databases: must be a list", id="a group for a list"),
    pytest.param("policies: [{mode: auto}]\n", "policies[0].connector: is missing: write connector: ", id="missing"),
    pytest.param("log: {level: loud}\n", "must be 'debug', 'info', 'warning' or 'error'", id="level"),
    pytest.param("http: {host: 'a b'}\n", "http.host: must be an address or a host name", id="host"),
    pytest.param("journal: ${NOPE}/j\n", "w.yaml:3: journal: environment variable NOPE is not set", id="variable"),
    pytest.param("journal: ${no pe}\n", "w.yaml:3: journal: has a ${ that names no variable", id="no variable"),
    pytest.param("mode: !auto x\n", "w.yaml:3: mode: has a YAML tag", id="tag"),
    pytest.param("? [a]\n: 1\n", "w.yaml:1: has a key that is no text", id="a key that is a list"),
    pytest.param("policies: [{cluster: eu, connector: x, mode: auto}]\n", "there are: default", id="no such cluster"),
]


@pytest.mark.parametrize(("text", "told"), WRONG)
def test_what_is_wrong_is_told_by_line_and_key(text: str, told: str) -> None:
    (problem,) = problems(MINIMAL + text)
    assert told in problem


WRONG_CLUSTERS = [
    pytest.param("connect_url: connect:8083", "connect_url: must be", id="no scheme"),
    pytest.param("connect_url: ftp://connect", "must begin with http:// or https://", id="another scheme"),
    pytest.param("connect_url: 'http://'", "must be a whole URL with scheme and host", id="no host"),
    pytest.param("connect_url: http://c:99999", "has a port that is no number from 1 to 65535", id="port"),
    pytest.param("connect_url: http://c?x=1", "no ? and no #", id="query"),
    pytest.param("connect_url: 'http://a:1,http://b:2'", "connect_url: ", id="two"),
    pytest.param("connect_url: 'http://a b'", "holds a blank", id="a blank"),
    pytest.param("connect_url: []", "must be one URL, or a list with one for each worker", id="no worker"),
    pytest.param("connect_url: [http://a, b]", "connect_url[1]: must be a whole URL", id="the second"),
    pytest.param("connect_url: [http://a, http://u:p@A/]", "lists the same worker twice ([0] and [1])", id="twice"),
    pytest.param("{connect_url: http://c, username: u}", "password: username and password belong together", id="user"),
    pytest.param(
        "{connect_url: http://c, password: p}", "password: username and password belong together", id="password"
    ),
    pytest.param("{connect_url: http://c, ca_file: /nope}", "ca_file: there is no such file", id="ca_file"),
    pytest.param("{connect_url: http://c, password_file: /nope}", "/nope cannot be read: No such file", id="no file"),
    pytest.param("{connect_url: http://c, kafka_bootstrap_servers: 'a b'}", "must be host:port", id="servers"),
    pytest.param("{connect_url: http://c, kafka: {bootstrap.servers: x}}", "kafka_bootstrap_servers", id="elsewhere"),
    pytest.param("{connect_url: http://c, name: 'a/b'}", "name: must be 1 to 100 letters, digits", id="name"),
    pytest.param("{connect_url: http://c, response_bytes_max: 1}", "greater than or equal to 65536", id="bytes"),
    pytest.param("null", "clusters[0]: must be keys with values", id="nothing"),
]


@pytest.mark.parametrize(("entry", "told"), WRONG_CLUSTERS)
def test_a_cluster_that_cannot_be_used_is_told_alone(entry: str, told: str) -> None:
    (problem,) = problems(f"clusters:\n  - {entry}\n")
    assert re.match(r"w\.yaml:2: clusters\[0\]", problem)
    assert told in problem


@pytest.mark.parametrize(
    ("url", "told"),
    [
        pytest.param("postgresql://u:p@h", "must be MySQL or MariaDB", id="another database"),
        pytest.param("mysql+mysqldb://u:p@h", "through PyMySQL", id="another driver"),
        pytest.param("mysql://h/db", "has no user", id="no user"),
        pytest.param("h:3306", "must be", id="no scheme"),
        pytest.param(f"mysql://u:{CANARY}#@h", "percent-encoded", id="a bare # in the password"),
        pytest.param(f"mysql://u:{CANARY}/@h", "percent-encoded", id="a bare / in the password"),
        pytest.param(f"mysql://u:{CANARY}@[h", "percent-encoded", id="half a bracket"),
    ],
)
def test_a_database_url_that_cannot_be_used_is_told_without_its_password(url: str, told: str) -> None:
    (problem,) = problems(None, CONNECT_URL="http://c", DATABASE_URL=f"mysql://u:p@fine,{url}")
    assert problem.startswith("environment: DATABASE_URL[1]: ")
    assert told in problem
    assert CANARY not in problem


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param(MINIMAL + "a: [", r"w\.yaml:3:5: is no valid YAML: .*expected the node content", id="syntax"),
        pytest.param(MINIMAL + "a: b: c", r"w\.yaml:3:5: is no valid YAML: mapping values are not allowed", id="colon"),
        pytest.param(MINIMAL + "a: \x01", r"w\.yaml:3:4: is no valid YAML: it holds a control char", id="control"),
        pytest.param(MINIMAL + "---\na: 1", r"w\.yaml:3:1: is no valid YAML: .*single document", id="two documents"),
        pytest.param(
            MINIMAL + f"password: *{CANARY}", r"w\.yaml:3:11: .*undefined alias '…'", id="password with a star"
        ),
        pytest.param("- a", r"w\.yaml:1: must be keys with values", id="a list"),
        pytest.param("[" * 100_000, r"w\.yaml: holds more than 20 levels", id="deep"),
        pytest.param("a: &a [*a]", r"w\.yaml: holds more than .* values or 20 levels", id="in itself"),
        pytest.param("#" * (1024 * 1024 + 1), r"w\.yaml: is larger than 1,048,576 bytes", id="huge"),
        pytest.param(
            "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
            + "".join(f"{n}: &{n} [{', '.join([f'*{p}'] * 10)}]\n" for p, n in zip("abcdefg", "bcdefgh", strict=True)),
            r"w\.yaml: holds more than 20,000 values",
            id="an alias bomb",
        ),
    ],
)
def test_a_file_that_is_no_settings_file_is_one_problem(text: str, told: str) -> None:
    (problem,) = problems(text)
    assert re.match(told, problem)
    assert CANARY not in problem


def test_a_file_in_another_encoding_is_told_by_line() -> None:
    Path("w.yaml").write_bytes(MINIMAL.encode() + b"x: \xff\n")
    with pytest.raises(SettingsError, match=r"^w\.yaml:3: is not UTF-8"):
        load(Path("w.yaml"), {})


@pytest.mark.parametrize("name", ["nope.yaml", ".", "a\0b"])
def test_a_file_that_cannot_be_read_is_one_problem(name: str) -> None:
    with pytest.raises(SettingsError, match=r"^.* cannot be read: .*; name another one") as caught:
        load(None, {"WATCHDOG_CONFIG": name})
    assert len(caught.value.problems) == 1


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param(
            "clusters: [{connect_url: http://a}, {connect_url: http://b}]",
            "w.yaml:1: clusters[1].name: that name is listed already (w.yaml:1: clusters[0].name)",
            id="cluster name",
        ),
        pytest.param(
            "clusters: [{name: a, connect_url: http://u:p@x/}, {name: b, connect_url: http://X}]",
            "clusters[1].connect_url: that Kafka Connect is listed already",
            id="Kafka Connect",
        ),
        pytest.param(
            "clusters: [{name: a, connect_url: [http://w, http://x]}, {name: b, connect_url: [http://y, http://X/]}]",
            "clusters[1].connect_url: that Kafka Connect is listed already",
            id="one worker of two clusters",
        ),
        pytest.param(
            MINIMAL + "databases: [{url: mysql://u@h}, {url: mariadb://v@h:3306/x}]",
            "w.yaml:3: databases[1].url: that server is listed already",
            id="server",
        ),
        pytest.param(
            MINIMAL + "    username: u\n    password: p\n    password_file: w.yaml",
            "w.yaml:5: clusters[0].password_file: is given as well as password",
            id="a secret twice",
        ),
    ],
)
def test_what_is_listed_twice_is_told_by_the_second(text: str, told: str) -> None:
    (problem,) = problems(text)
    assert told in problem


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        pytest.param({"WATCHDOG_MOED": "x"}, "WATCHDOG_MOED: is no setting: did you mean WATCHDOG_MODE?", id="typo"),
        pytest.param({"WATCHDOG_HTTP__PROT": "1"}, "did you mean WATCHDOG_HTTP__PORT?", id="nested typo"),
        pytest.param({"WATCHDOG_CLUSTERS__0__NAME": "x"}, "as JSON in WATCHDOG_CLUSTERS", id="one entry of a list"),
        pytest.param({"WATCHDOG_POLICIES": "[{"}, "WATCHDOG_POLICIES: is no valid YAML", id="no JSON"),
        pytest.param({"WATCHDOG_POLICIES": "x"}, "WATCHDOG_POLICIES: must be a list", id="no list"),
        pytest.param(
            {"WATCHDOG_POLICIES": '[{"connector": "x", "mode": "no"}]'}, "WATCHDOG_POLICIES[0].mode: must", id="inside"
        ),
    ],
)
def test_a_variable_that_is_wrong_is_told_by_its_name(environ: dict[str, str], told: str) -> None:
    (problem,) = problems(MINIMAL, **environ)
    assert problem.startswith("environment: ")
    assert told in problem


# What may be done, and what is shown.


@pytest.mark.parametrize(
    ("cluster", "connector", "mode"),
    [
        pytest.param("eu", "orders-sink", "observe", id="the first that fits"),
        pytest.param("us", "orders-sink", "auto", id="another cluster"),
        pytest.param("us", "Orders-sink", "observe", id="case counts"),
        pytest.param("us", "x", "observe", id="none fits"),
    ],
)
def test_the_first_policy_that_fits_sets_the_mode(cluster: str, connector: str, mode: str) -> None:
    settings = from_text(
        "clusters: [{name: eu, connect_url: http://a}, {name: us, connect_url: http://b}]\nmode: observe\npolicies:\n"
        "  - {cluster: e*, connector: orders-*, mode: observe}\n  - {connector: orders-*, mode: auto}\n"
    )
    assert policy_of(settings, dry_run=False).mode_for(ConnectorKey(cluster, connector)) == mode


FULL = f"""\
clusters:
  - connect_url: https://me:url-{CANARY}@connect:8083/base
    username: admin
    password: own-{CANARY}
    kafka: {{security.protocol: SASL_SSL, sasl.password: sasl-{CANARY}, ssl.key.pem: pem-{CANARY}}}
databases:
  - url: mysql://reader:db%2F{CANARY}@mysql:3306/shop?ssl_key_password=query-{CANARY}
"""


def test_no_secret_is_in_what_is_shown_or_printed() -> None:
    settings = from_text(FULL)
    assert CANARY not in str(settings.shown()) + str(settings) + repr(settings) + settings.model_dump_json()


def test_what_is_shown_has_the_shape_of_the_file() -> None:
    shown = from_text(FULL).shown()
    cluster = shown["clusters"][0]
    assert cluster["connect_url"] == "https://***@connect:8083/base"
    assert (cluster["username"], cluster["password"]) == ("admin", "***")
    assert cluster["kafka"] == {"security.protocol": "SASL_SSL", "sasl.password": "***", "ssl.key.pem": "***"}
    assert shown["databases"][0]["url"] == "mysql+pymysql://***@mysql:3306/shop?***"
    assert shown["http"] == {"host": "127.0.0.1", "port": 9845, "enabled": True}


def test_the_redactor_is_told_every_secret_and_nothing_else() -> None:
    assert set(from_text(FULL).secrets()) == {
        f"url-{CANARY}",
        f"own-{CANARY}",
        f"sasl-{CANARY}",
        f"pem-{CANARY}",
        f"db/{CANARY}",
        f"query-{CANARY}",
    }


def test_a_password_that_is_the_user_s_name_is_no_secret_and_a_lone_user_is_one() -> None:
    environ = {"CONNECT_URL": "http://token-1234@c", "DATABASE_URL": "mysql://watchdog:watchdog@h"}
    assert load(None, environ).secrets() == ["token-1234"]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"clusters: [{{connect_url: 'http://u:{CANARY}@h:port'}}]", id="URL"),
        pytest.param(f"clusters: [{{connect_url: http://c, username: u, password: [{CANARY}]}}]", id="a list"),
        pytest.param(f"clusters: [{{connect_url: http://c, kafka: {{sasl.password: {{x: {CANARY}}}}}}}]", id="kafka"),
        pytest.param(f"clusters: [{{connect_url: http://c, pasword: {CANARY}}}]", id="a misspelt key"),
        pytest.param(f"clusters: [{{connect_url: http://c, password: !{CANARY} x}}]", id="a tag"),
    ],
)
def test_no_problem_repeats_a_secret(text: str) -> None:
    with pytest.raises(SettingsError) as caught:
        from_text(text)
    assert CANARY not in str(caught.value)
    assert CANARY not in repr(caught.value.__cause__)


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        from_text(MINIMAL).mode = "observe"  # type: ignore[misc]


def test_a_catalogue_is_read_at_start_and_everything_wrong_in_it_is_told(tmp_path: Path) -> None:
    file = tmp_path / "watchdog.yaml"
    file.write_text("clusters: [{connect_url: 'http://c:8083'}]\ncatalogue: own.yaml\n", encoding="utf-8")
    own = tmp_path / "own.yaml"
    own.write_text("- id: A\n  side: sink\n  pattern: '('\n", encoding="utf-8")
    with pytest.raises(SettingsError) as raised:
        load(file, {})
    assert raised.value.problems[0] == (
        f"{file}:2: catalogue: {own}: line 3: entry A: pattern: is no RE2 pattern: missing ): ("
    )
    assert len(raised.value.problems) == 5
    own.write_text("", encoding="utf-8")
    assert load(file, {}).catalogue == own
    with pytest.raises(SettingsError, match=r"WATCHDOG_CATALOGUE: .*cannot be read: No such file"):
        load(file, {"WATCHDOG_CATALOGUE": str(tmp_path / "nowhere")})
    assert catalogue_named(file, {}) == own
    assert catalogue_named(file, {"WATCHDOG_CATALOGUE": "mine"}) == Path("mine")


# Schema registries.

REGISTRIES = f"""\
registries:
  - url: https://me:url-{CANARY}@registry:8081/apis/ccompat/v7
  - name: eu
    url: http://eu:8081
    username: key
    password: own-{CANARY}
    clusters: [default]
  - name: us
    url: http://us:8081
    token: token-{CANARY}
"""


def test_schema_registry_url_is_enough_and_serves_every_cluster() -> None:
    environ = {"CONNECT_URL": "http://c", "SCHEMA_REGISTRY_URL": " http://r:8081/ "}
    (registry,) = load(None, environ).registries
    assert (registry.name, registry.base_url, registry.login) == ("default", "http://r:8081", None)
    assert registry.serves("default")
    assert registry.serves("any")


def test_registries_in_the_file_leave_the_variable_aside_and_say_so() -> None:
    settings = from_text(MINIMAL + REGISTRIES, SCHEMA_REGISTRY_URL="http://other:8081")
    assert [registry.name for registry in settings.registries] == ["default", "eu", "us"]
    assert settings.registries[0].login == ("me", f"url-{CANARY}")
    assert any("SCHEMA_REGISTRY_URL: is not used" in warning for warning in settings.warnings)


def test_no_secret_of_a_registry_is_shown_and_the_redactor_knows_each() -> None:
    settings = from_text(MINIMAL + REGISTRIES)
    assert CANARY not in str(settings.shown()) + str(settings) + repr(settings) + settings.model_dump_json()
    assert {f"url-{CANARY}", f"own-{CANARY}", f"token-{CANARY}"} <= set(settings.secrets())
    assert settings.shown()["registries"][2]["token"] == "***"


def test_a_registrys_token_comes_from_a_file() -> None:
    Path("token").write_text(CANARY)
    (registry,) = from_text(MINIMAL + "registries: [{url: 'http://r', token_file: token}]").registries
    assert registry.token is not None
    assert registry.token.get_secret_value() == CANARY


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        pytest.param("{url: 'ftp://r'}", "must begin with http:// or https://", id="another scheme"),
        pytest.param("{url: 'http://a,b:1'}", "must be one URL", id="two in one"),
        pytest.param("{url: 'http://r', username: a}", "belong together", id="half a login"),
        pytest.param("{url: 'http://r', username: a, password: b, token: c}", "keep one of them", id="two ways in"),
        pytest.param("{url: 'http://r', clusters: [gone]}", "no cluster has that name", id="an unknown cluster"),
        pytest.param("{url: 'http://r'}, {url: 'http://r/', name: b}", "that registry is listed", id="one twice"),
        pytest.param("{url: 'http://r'}, {url: 'http://s'}", "that name is listed already", id="a name twice"),
        pytest.param("{url: 'http://r', urls: 1}", "did you mean url", id="an unknown key"),
        pytest.param("{name: a}", "is missing: write url: http://registry:8081", id="no URL"),
        pytest.param("{url: 'http://r', ca_file: gone.pem}", "no such file", id="a file that is not there"),
    ],
)
def test_a_registry_that_cannot_be_used_is_told(entry: str, told: str) -> None:
    (problem,) = problems(MINIMAL + f"registries: [{entry}]")
    assert told in problem
