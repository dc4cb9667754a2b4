"""How a server is set up: the only reader of the environment in this package."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from engram_core import ConfigError

_PREFIX = "ENGRAM_MCP_"


class ServerSettings(BaseSettings):
    """What `engram mcp` can be told, by its options or by the environment (`ENGRAM_MCP_…`).

    Attributes:
        user: Whose memories.
        agent: Only those with this agent.
        session: Only those of this conversation.
        read_only: Offer only the tools that change nothing.
        transport: `stdio`, or `http` for streamable HTTP.
        host: The address to listen on.
        port: The port to listen on; 0 for any that is free.
        allowed_hosts: Names that clients may call the server by, separated by commas, besides the address that it
            listens on and, of a loopback address, this machine's own names.
        token: What clients must send as `Authorization: Bearer …`. Only from the environment: the options of a process
            can be read by every user of the machine.
    """

    model_config = SettingsConfigDict(extra="forbid", frozen=True, env_ignore_empty=True, env_prefix=_PREFIX)

    user: str | None = None
    agent: str | None = None
    session: str | None = None
    read_only: bool = False
    transport: Literal["stdio", "http"] = "stdio"
    host: str = "127.0.0.1"
    port: int = Field(8765, ge=0, le=65_535)
    allowed_hosts: str = ""
    token: SecretStr | None = None

    @field_validator("token")
    @classmethod
    def _long_enough(cls, value: SecretStr | None) -> SecretStr | None:
        text = "" if value is None else value.get_secret_value()
        if value is not None and not (len(text) >= 16 and text.isascii() and text.isprintable() and " " not in text):
            raise ValueError("it takes 16 or more printable ASCII characters without spaces")
        return value

    @property
    def hosts(self) -> list[str]:
        """The names in `allowed_hosts`."""
        return [name.strip() for name in self.allowed_hosts.split(",") if name.strip()]


def load_settings(**options: Any) -> ServerSettings:
    """Read the environment; an option that is not None wins over it.

    Raises:
        ConfigError: A value cannot be used; the message names it, and never repeats a secret.
    """
    try:
        return ServerSettings(**{name: value for name, value in options.items() if value is not None})
    except ValidationError as exc:
        problems = [f"{_PREFIX}{'.'.join(map(str, error['loc'])).upper()}: {error['msg']}" for error in exc.errors()]
        raise ConfigError("; ".join(problems)) from None
