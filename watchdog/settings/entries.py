"""The parts of the settings, but for the Connect clusters: types, defaults, bounds, and what each is for. Names are a
public contract."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
)

from watchdog.settings.urls import (
    address,
    database_url,
    http_url,
    label,
    listen_host,
    login_of,
    without_userinfo,
)

HttpUrl = Annotated[SecretStr, AfterValidator(lambda url: SecretStr(http_url(url.get_secret_value())))]
DatabaseUrl = Annotated[SecretStr, AfterValidator(lambda url: SecretStr(database_url(url.get_secret_value())))]
Name = Annotated[str, AfterValidator(label)]
Level = Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(lambda v: str(v).lower())]


def seconds(default: float, at_least: float, at_most: float, description: str) -> Any:
    return Field(default, ge=at_least, le=at_most, allow_inf_nan=False, description=description)


def whole_login(password: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
    if "username" in info.data and bool(info.data["username"]) != (password is not None):
        raise ValueError("username and password belong together: give both, or none")
    return password


def _file_there(path: Path | None) -> Path | None:
    if path is not None and not path.is_file():
        raise ValueError("there is no such file")
    return path


CaFile = Annotated[Path | None, AfterValidator(_file_there)]


class Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class DatabaseSettings(Frozen):
    """One MySQL or MariaDB server, matched to connectors by host and port."""

    url: DatabaseUrl = Field(
        description="With a login that may read information_schema; SELECT on the watched tables is enough.",
        examples=["mysql://watchdog:password@mysql:3306/"],
    )
    poll_interval_seconds: float = seconds(30, 0.1, 86_400, "Between two looks at its columns.")
    apply_url: DatabaseUrl | None = Field(
        default=None,
        description="The same server with a login that may ALTER the targets. Only `watchdog apply` uses it, after it "
        "showed the statement and was told to go on.",
        examples=["mysql://watchdog_ddl:password@mysql:3306/"],
    )

    @field_validator("apply_url")
    @classmethod
    def _same_server(cls, apply_url: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if apply_url is not None and "url" in info.data:
            there, here = apply_url.get_secret_value(), info.data["url"].get_secret_value()
            if address(there) != address(here):
                raise ValueError("is of another server than url: host and port have to be the same")
        return apply_url


class RegistrySettings(Frozen):
    """One schema registry with Confluent's API, for pipelines that write Avro."""

    name: Name = Field(default="default", description="Told with its health.")
    url: HttpUrl = Field(
        description="Confluent's API; of Apicurio Registry the URL that ends in /apis/ccompat/v7.",
        examples=["http://registry:8081"],
    )
    username: str = Field(default="", description="Basic authentication; of Confluent Cloud the API key.")
    password: SecretStr | None = Field(None, validate_default=True, description="Goes with `username`.")
    token: SecretStr | None = Field(None, validate_default=True, description="A bearer token, in place of a login.")
    ca_file: CaFile = Field(None, description="PEM file of the authority that signed the registry's certificate.")
    clusters: tuple[Name, ...] = Field(
        default=(), description="Names of the Connect clusters that write through it; empty: all."
    )
    poll_interval_seconds: float = seconds(60, 1, 86_400, "Between two looks at its subjects.")
    request_timeout_seconds: float = seconds(5, 0.1, 300, "Total deadline of one call.")

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

    @property
    def base_url(self) -> str:
        """Without login: safe to be shown."""
        return without_userinfo(self.url.get_secret_value())

    @property
    def login(self) -> tuple[str, str] | None:
        """User and password, from `username` and `password`, else from the URL."""
        if self.username and self.password is not None:
            return self.username, self.password.get_secret_value()
        return login_of(self.url.get_secret_value())

    def serves(self, cluster: str) -> bool:
        return not self.clusters or cluster in self.clusters


class HttpSettings(Frozen):
    """Metrics, health and API."""

    host: Annotated[str, AfterValidator(listen_host)] = Field(
        default="127.0.0.1", description="0.0.0.0 in a container."
    )
    port: int = Field(default=9845, ge=0, le=65_535, description="0 takes any free one.")
    enabled: bool = True


class LogSettings(Frozen):
    format: Literal["text", "json"] = Field(default="text", description="json: one object on each line.")
    level: Level = "info"
