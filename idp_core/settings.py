"""The settings of an installation: read once at the root, passed on as an argument."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from idp_core.errors import SettingsError


class Settings(BaseSettings):
    """What the environment says: variables that begin with ``ISTHMUS_``."""

    model_config = SettingsConfigDict(
        env_prefix="ISTHMUS_",
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
        env_ignore_empty=True,
        use_attribute_docstrings=True,
    )

    database_url: SecretStr | None = None
    """``sqlite:///path`` or ``postgresql://user@host/database``; it takes the place of what a
    project's ``isthmus.yaml`` says."""

    database_pool: int = Field(default=8, ge=1, le=200)
    """How many connections to PostgreSQL are kept open at most."""

    database_wait_seconds: float = Field(default=60, gt=0)
    """How long a writer waits for another one on SQLite."""

    master_key: SecretStr | None = None
    """The master secret of the login (base64 of 32 bytes), by which keys are sealed in the
    database; it takes the place of the file ``master.key`` in the data folder."""

    smtp_password: SecretStr | None = None
    """The password of the SMTP server that the login sends mail by."""

    sms_secret: SecretStr | None = None
    """What the provider of text messages knows the login by; ``{secret}`` in ``serve.yaml``."""

    events_secret: SecretStr | None = None
    """What the login signs events with that it sends to ``events.url`` of ``serve.yaml``."""

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """The least important messages that are logged. On a terminal, where the command line shows
    progress, it is ``warning`` unless it is set."""

    log_format: Literal["console", "json"] = "console"
    """``console`` for a person, ``json`` for machines, one object per line."""

    show_messages: bool = False
    """Whether the traceback of a bug shows the exception's message, which may hold a customer's
    value."""

    def level_on(self, *, terminal: bool) -> str:
        """Return the level to log with; `terminal` says that a person looks at the messages."""
        told = "log_level" in self.model_fields_set
        return "warning" if terminal and not told else self.log_level


def load() -> Settings:
    """Read the settings. Raises SettingsError naming each wrong variable, never its value."""
    try:
        return Settings()
    except ValidationError as error:
        wrong = [f"ISTHMUS_{e['loc'][0]}".upper() + f": {e['msg']}" for e in error.errors()]
        raise SettingsError("; ".join(wrong)) from None
