"""No secret, no escape and no endless text gets past here."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchdog.redact import MASK, Redactor, clean_text, is_secret_key, redact_config, shorten

CANARY = "c4nary-s3cret"


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        pytest.param("jdbc:mysql://root:pw@h:3306/db", "jdbc:mysql://***@h:3306/db", id="URL userinfo"),
        pytest.param("http://u:p@ss@h/x", "http://***@h/x", id="an @ in the password"),
        pytest.param("http://u:p/ss@h/x", "http://***@h/x", id="a slash in the password"),
        pytest.param("http://u:p/s@s@h/x", "http://***@h/x", id="a slash and an @ in the password"),
        pytest.param("http://:/@,w@db;", "http://***@db;", id="found by looking for what a second cleaning changes"),
        pytest.param("http://h:8083/a?user=u@srv", "http://h:8083/a?user=u@srv", id="an @ that is no userinfo"),
        pytest.param("mongodb://h1:27017,h2:27018/x@y", "mongodb://h1:27017,h2:27018/x@y", id="two hosts"),
        pytest.param("?user=u&password=pw&x=1", "?user=u&password=***&x=1", id="URL parameter"),
        pytest.param('{"database.password":"p w","a":1}', '{"database.password":"***","a":1}', id="JSON"),
        pytest.param(r"{\"password\":\"p w\",\"a\":1}", r"{\"password\":\"***\",\"a\":1}", id="JSON in JSON"),
        pytest.param(r'password="a\"b" x', 'password="***" x', id="a quote in the password"),
        pytest.param("password='it' x", "password='***' x", id="single quotes"),
        pytest.param('password="cut off\nnext', 'password="***\nnext', id="no closing quote"),
        pytest.param("{password=pw, user=u}", "{password=***, user=u}", id="a Java map"),
        pytest.param("pwd=pw;x", "pwd=***;x", id="pwd"),
        pytest.param("sslPassword = pw", "sslPassword = ***", id="camel case"),
        pytest.param("access_token=pw api-key=pw", "access_token=*** api-key=***", id="tokens and keys"),
        pytest.param(
            'PlainLoginModule required username="u" password="pw";',
            'PlainLoginModule required username="u" password="***";',
            id="JAAS",
        ),
        pytest.param("Authorization: Basic dTpw\nx", "Authorization: ***\nx", id="Authorization"),
        pytest.param("sent Bearer abcdef0123456789", "sent Bearer ***", id="bearer token"),
        pytest.param("CREATE USER 'u' IDENTIFIED BY 'pw'", "CREATE USER 'u' IDENTIFIED BY '***'", id="CREATE USER"),
        pytest.param(
            "ALTER USER u IDENTIFIED WITH x AS 'pw'", "ALTER USER u IDENTIFIED WITH x AS '***'", id="password hash"
        ),
    ],
)
def test_what_looks_like_a_secret_is_replaced_without_having_been_learnt(text: str, cleaned: str) -> None:
    assert Redactor().clean(text) == cleaned


@pytest.mark.parametrize(
    "text",
    [
        "Access denied for user 'debezium'@'127.0.0.1' (using password: YES)",
        "password=${file:/run/secrets:db} next",
        "token recognition error at: '`'",
        "mismatched input 'x' expecting token: ALTER",
        "org.apache.kafka.common.errors.TopicAuthorizationException: Not authorized to access topics: [x]",
        "Caused by: java.sql.SQLException: Cannot alter table orders because schema evolution is disabled",
        "connect to jdbc:mysql://127.0.0.1:3306/oltp failed, mailto:a@b",
    ],
)
def test_what_a_diagnosis_needs_is_left_alone(text: str) -> None:
    assert Redactor().clean(text) == text


@pytest.mark.parametrize(
    ("secret", "text"),
    [
        pytest.param(CANARY, f"user said {CANARY}!", id="as it is"),
        pytest.param("p@ss/word", "in a URL: p%40ss%2Fword", id="URL-escaped"),
        pytest.param('pass"word', r"in JSON: pass\"word", id="JSON-escaped"),
        pytest.param(f"  {CANARY} ", f"trimmed:{CANARY}", id="trimmed"),
        pytest.param(
            "-----BEGIN KEY-----\nMIIEvgIBADANBgkqhkiG\n-----END", "at MIIEvgIBADANBgkqhkiG", id="a key's line"
        ),
    ],
)
def test_a_learnt_secret_is_replaced_however_it_is_spelled(secret: str, text: str) -> None:
    redactor = Redactor()
    redactor.learn(secret)
    assert MASK in redactor.clean(text)
    assert secret.strip() not in redactor.clean(text)


def test_thousands_of_secrets_are_found_as_a_few_are() -> None:
    redactor = Redactor()
    secrets = [f"pw-{number}-{number % 7}" for number in range(3000)]
    for secret in secrets:
        redactor.learn(secret)
    assert redactor.clean(" ".join(secrets[::100]) + " pw-x") == "*** " * 30 + "pw-x"


def test_the_longer_of_two_secrets_goes_first() -> None:
    redactor = Redactor()
    for secret in ("abcd", "abcdefgh", "efgh"):
        redactor.learn(secret)
    assert redactor.clean("<abcdefgh>") == "<***>"


@pytest.mark.parametrize("value", ["", "abc", "   ", "****", "${file:/x:y}", "${env:A}${env:B}", "debezium", "TRUE"])
def test_what_is_no_secret_is_not_learnt(value: str) -> None:
    redactor = Redactor()
    redactor.learn(value)
    text = f"a {value} b io.debezium.Connector true"
    assert redactor.clean(text) == text
    assert redactor.learnt == 0


@given(
    st.text(st.sampled_from("ab:/@=\"'\\ \n&;,{}*pwd"), max_size=60).flatmap(
        lambda text: st.sampled_from([text, f"password={text}", f"http://{text}", f"Authorization: {text}"])
    )
)
def test_cleaning_twice_changes_nothing(text: str) -> None:
    redactor = Redactor()
    redactor.learn(CANARY)
    once = redactor.clean(text)
    assert redactor.clean(once) == once


@pytest.mark.parametrize(
    "piece",
    [
        "a",
        "://",
        "a://:a",
        'password="',
        "password='\\",
        "password= ",
        "\\",
        "\x1b]",
        "\x1b[0",
        "identified with x ",
        "@",
    ],
)
@pytest.mark.timeout(120)  # A quadratic pattern would need hours.
def test_a_long_hostile_text_takes_time_in_proportion(piece: str) -> None:
    text = piece * (1_000_000 // len(piece))
    assert len(clean_text(text, redactor=Redactor())) < len(text)


@pytest.mark.parametrize(
    "key",
    [
        "database.password",
        "connection.password",
        "producer.override.sasl.jaas.config",
        "basic.auth.user.info",
        "value.converter.schema.registry.basic.auth.user.info",
        "ssl.keystore.key",
        "ssl.key.password",
        "aws.secret.access.key",
        "delegation.token",
        "google.passphrase",
        "azure.account.key",
        "gcs.credentials.json",
        "db.pwd",
        "mongodb.connection.string",
    ],
)
def test_keys_that_hold_secrets(key: str) -> None:
    assert is_secret_key(key)
    assert redact_config({key: CANARY}, Redactor()) == {key: MASK}


@pytest.mark.parametrize(
    "key",
    [
        "key.converter",
        "key.converter.schemas.enable",
        "primary.key.mode",
        "primary.key.fields",
        "message.key.columns",
        "topic.prefix",
        "topics",
        "sasl.oauthbearer.token.endpoint.url",
        "value.converter.basic.auth.credentials.source",
        "ssl.truststore.location",
        "database.user",
        "table.include.list",
    ],
)
def test_keys_that_hold_no_secrets(key: str) -> None:
    assert not is_secret_key(key)
    assert redact_config({key: "value"}, Redactor()) == {key: "value"}


@pytest.mark.parametrize(
    ("config", "shown"),
    [
        pytest.param({"database.password": "${file:/x:y}"}, {"database.password": "${file:/x:y}"}, id="a reference"),
        pytest.param(
            {"connection.url": f"jdbc:mysql://u:{CANARY}@h:3306/db?password={CANARY}&x=1"},
            {"connection.url": "jdbc:mysql://***@h:3306/db?password=***&x=1"},
            id="in a URL",
        ),
        pytest.param(
            {"x.sasl.jaas.config": f"a.JndiLoginModule required user.provider.url='{CANARY}' username=u;"},
            {"x.sasl.jaas.config": 'a.JndiLoginModule required user.provider.url="***" username=u'},
            id="JAAS: the module is evidence, its options are not",
        ),
        pytest.param(
            {"a.jaas.config": 'X required password="${env:PW}" clientSecret=' + CANARY},
            {"a.jaas.config": 'X required password="${env:PW}" clientSecret="***"'},
            id="a reference inside JAAS",
        ),
        pytest.param(
            {"a.jaas.config": f'M required password=x "{CANARY}" "{CANARY}2'},
            {"a.jaas.config": 'M required password="***"'},
            id="JAAS with stray quotes",
        ),
        pytest.param(
            {"note": f"it is {CANARY}", "database.password": CANARY},
            {"note": "it is ***", "database.password": MASK},
            id="repeated under another key",
        ),
        pytest.param(
            {"database.user": "watchdog", "database.password": "watchdog"},
            {"database.user": "watchdog", "database.password": MASK},
            id="a password that is also the user",
        ),
    ],
)
def test_a_configuration_is_shown_without_its_secrets(config: dict[str, str], shown: dict[str, str]) -> None:
    assert redact_config(config, Redactor()) == shown


@pytest.mark.parametrize(
    "config",
    [
        pytest.param({"database.password": CANARY}, id="password"),
        pytest.param({"connection.url": f"jdbc:mysql://u:{CANARY}@h/db"}, id="userinfo"),
        pytest.param({"connection.url": f"jdbc:mysql://h/db?password={CANARY}"}, id="URL parameter"),
        pytest.param({"x.jaas.config": f'M required username="u" password="{CANARY}";'}, id="JAAS"),
        pytest.param({"basic.auth.user.info": f"user:{CANARY}"}, id="user:password"),
    ],
)
def test_the_secrets_of_a_configuration_are_known_afterwards(config: dict[str, str]) -> None:
    redactor = Redactor()
    redact_config(config, redactor)
    assert redactor.clean(f"it said {CANARY} twice: {CANARY}") == "it said *** twice: ***"


def test_a_password_that_is_also_a_tables_name_does_not_hide_the_table() -> None:
    redactor = Redactor()
    redact_config({"connection.password": "orders1", "table.include.list": "oltp.orders1"}, redactor)
    assert redactor.clean("no column in oltp.orders1") == "no column in oltp.orders1"


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        pytest.param("a\x1b[31mred\x1b[0m", "ared", id="colours"),
        pytest.param("a\x1b]0;title\x07b\x1b]8;;http://x\x1b\\c", "abc", id="titles and links"),
        pytest.param("a\x9b31mb", "ab", id="8-bit escapes"),
        pytest.param("a\x00\x08\x7f\x85b\n\tc\r\nd", "ab\n\tc\nd", id="controls but newline and tab"),
        pytest.param("a\u202eb\u2066c\ufeff", "abc", id="text direction"),
        pytest.param("a\ud800b", "a\ufffdb", id="half a surrogate pair"),
        pytest.param("[/foo] <script> ünï 🙂", "[/foo] <script> ünï 🙂", id="the rest stays"),
    ],
)
def test_what_a_terminal_would_obey_is_stripped(text: str, cleaned: str) -> None:
    assert clean_text(text) == cleaned


def test_a_long_trace_keeps_both_ends_and_says_how_long_it_was() -> None:
    trace = "ConnectException: begin" + "\tat frame\n" * 5_000_000 + "Caused by: the end"
    kept = clean_text(trace)
    assert len(kept) <= 16 * 1024
    assert kept.startswith("ConnectException: begin")
    assert kept.endswith("Caused by: the end")
    assert f"{len(trace):,} characters" in kept
    assert clean_text(kept) == kept


def test_a_secret_is_found_where_an_escape_or_the_cut_splits_it() -> None:
    redactor = Redactor()
    redactor.learn(CANARY)
    split = CANARY[:5] + "\x1b[0m" + CANARY[5:]
    assert clean_text(split, redactor=redactor) == MASK
    for padding in range(200):
        assert CANARY[:6] not in clean_text("x" * padding + CANARY + "y" * 400, limit=200, redactor=redactor)


def test_a_short_text_is_not_cut() -> None:
    assert shorten("abc", 3) == "abc"
