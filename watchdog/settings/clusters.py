"""A Connect cluster's settings: where its workers are, how to get in, and the Kafka behind them. Names are a public
contract."""

from __future__ import annotations

import ssl
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationInfo, field_validator

from watchdog.settings.entries import CaFile, Frozen, HttpUrl, Name, seconds, whole_login
from watchdog.settings.urls import bootstrap_servers, http_url, login_of, without_userinfo

Urls = tuple[HttpUrl, ...]


def _each(given: object) -> object:
    """One URL is a list of one; its own check speaks of the setting, not of a list that nobody wrote."""
    if isinstance(given, str):
        return (http_url(given),)
    if isinstance(given, list) and not given:
        raise ValueError("must be one URL, or a list with one for each worker")
    return given


def _only_once(urls: Urls) -> Urls:
    places = [without_userinfo(url.get_secret_value()).lower() for url in urls]
    for index, place in enumerate(places):
        if place in places[:index]:
            raise ValueError(f"lists the same worker twice ([{places.index(place)}] and [{index}]): keep one of them")
    return urls


class ClusterSettings(Frozen):
    """One Kafka Connect cluster, and the Kafka cluster behind it."""

    name: Name = Field(default="default", description="Label of metrics, first part of a connector's key.")
    connect_url: Annotated[Urls, BeforeValidator(_each), AfterValidator(_only_once)] = Field(
        description="Kafka Connect's REST API, or a list of its workers: another one is asked when one is down, does "
        "not answer in time, or fails. A login in a URL is used where no username is given.",
        examples=["http://connect:8083"],
    )
    username: str = Field(default="", description="Basic authentication of the REST API.")
    password: SecretStr | None = Field(None, validate_default=True, description="Goes with `username`.")
    token: SecretStr | None = Field(None, validate_default=True, description="A bearer token, in place of a login.")
    ca_file: CaFile = Field(None, description="PEM file of the authority that signed the REST API's certificate.")
    cert_file: CaFile = Field(None, description="PEM file of the certificate that we show to the REST API (mTLS).")
    key_file: CaFile = Field(None, description="PEM file of its private key, where `cert_file` does not hold it.")
    key_password: SecretStr | None = Field(None, validate_default=True, description="Of an encrypted private key.")
    kafka_bootstrap_servers: Annotated[str, AfterValidator(bootstrap_servers)] = Field(
        default="", description="`host:port`, comma-separated. Without it states are watched, topics are not read."
    )
    kafka: dict[str, SecretStr] = Field(
        default={}, description="Handed to librdkafka as it is: `security.protocol` and so on."
    )
    status_topic: str = Field(
        default="", max_length=249, description="Connect's `status.storage.topic`; looked for if empty."
    )
    poll_interval_seconds: float = seconds(3, 0.1, 3600, "Between two polls of the REST API.")
    request_timeout_seconds: float = seconds(10, 0.1, 300, "Total deadline of one REST call to one worker.")
    response_bytes_max: int = Field(
        default=64 * 1024 * 1024, ge=64 * 1024, le=1024**3, description="A larger REST answer is not read."
    )
    offset_flush_interval_seconds: float = seconds(
        60, 0.1, 3600, "The worker's own `offset.flush.interval.ms`: offsets are shown that late."
    )
    restarts_per_minute: int | None = Field(
        default=None, ge=1, le=100_000, description="Of all its connectors together; as for all clusters if not set."
    )
    rebalance_delay_seconds: float = seconds(
        300,
        0,
        86_400,
        "The workers' own `scheduled.rebalance.max.delay.ms`: for so long a lost worker's tasks are UNASSIGNED, and "
        "nothing is wrong yet.",
    )

    @field_validator("password")
    @classmethod
    def _login_is_whole(cls, password: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        return whole_login(password, info)

    @field_validator("token")
    @classmethod
    def _one_way_in(cls, token: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if token is not None and info.data.get("username"):
            raise ValueError("is given as well as username: keep one of them")
        return token

    @field_validator("key_password")
    @classmethod
    def _certificate_can_be_shown(cls, password: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        certificate, key = info.data.get("cert_file"), info.data.get("key_file")
        if certificate is None:
            # Absent from `data`: it is wrong, and that is told already.
            if "cert_file" in info.data and (key is not None or password is not None):
                raise ValueError("is of use only with cert_file: give the certificate too")
            return password
        if "key_file" in info.data:
            _load(str(certificate), str(key) if key else None, password)
        return password

    @field_validator("kafka")
    @classmethod
    def _servers_are_elsewhere(cls, kafka: dict[str, SecretStr]) -> dict[str, SecretStr]:
        if {"bootstrap.servers", "metadata.broker.list"} & kafka.keys():
            raise ValueError("holds the servers; give them as kafka_bootstrap_servers, beside it")
        return kafka

    @property
    def base_url(self) -> str:
        """The first worker's REST API without login and final slash: safe to be shown."""
        return without_userinfo(self.connect_url[0].get_secret_value())

    @property
    def urls(self) -> tuple[str, ...]:
        """Every worker's URL, with the login in it where there is one: for the client and nobody else."""
        return tuple(url.get_secret_value() for url in self.connect_url)

    @property
    def login(self) -> tuple[str, str] | None:
        """User and password, from `username` and `password`, else from the first URL."""
        if self.username and self.password is not None:
            return self.username, self.password.get_secret_value()
        return login_of(self.connect_url[0].get_secret_value())

    def kafka_config(self) -> dict[str, str]:
        """`kafka` in clear, for the client and nobody else."""
        return {key: value.get_secret_value() for key, value in self.kafka.items()}


def _load(certificate: str, key: str | None, password: SecretStr | None) -> None:
    """Raises `ValueError`, without what is in the files, when a client could not show the certificate."""
    secret = password.get_secret_value() if password else ""
    try:
        # An empty password is one too: without any, OpenSSL would ask for it at the terminal.
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(certificate, key, secret)
    except ssl.SSLError as error:
        raise ValueError(_why(error, key, bool(secret))) from None
    except OSError as error:
        raise ValueError(f"cert_file or key_file cannot be read: {error.strerror}") from None


def _why(error: ssl.SSLError, key: str | None, has_password: bool) -> str:
    reason: Any = error.reason or ""
    if "MISMATCH" in reason:
        return "key_file is not the key of cert_file: give the two that belong together"
    whose = "key_file" if key else "cert_file"
    if has_password:
        return f"does not open the private key in {whose}, or a file is not PEM"
    return f"cert_file with the key in {whose} cannot be used: not PEM, no key in it, or encrypted without key_password"
