"""Settings, read from ``BAKE_TRACKER_*`` environment variables when needed."""

import os
import re
from functools import cache, lru_cache
from pathlib import Path, PurePath
from typing import Literal
from urllib.parse import unquote
from zoneinfo import available_timezones

from platformdirs import user_data_path, user_state_path
from pydantic import Field, SecretStr, ValidationError, ValidatorFunctionWrapHandler, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

_SQLITE_FILE = "sqlite:///"


def default_database_url() -> str:
    """The default database: a SQLite file in the user's data directory."""
    return sqlite_url(user_data_path("bake-tracker") / "bakery.db")


@cache
def time_zones() -> frozenset[str]:
    """Every IANA time zone on this machine; cached, since it reads hundreds of files."""
    return frozenset(available_timezones())


FINISH_WITHIN_S = 30
"""How long a running request may take after the server is asked to stop, and a worker may hang before it is killed."""


class SettingsError(Exception):
    """A setting that is not allowed; the message names the variable and the allowed values."""


class Settings(BaseSettings):
    """The database, the log, the server's limits and the person at the keyboard."""

    model_config = SettingsConfigDict(env_prefix="BAKE_TRACKER_", extra="ignore", frozen=True)

    database_url: str = Field(default_factory=default_database_url)
    read_url: str | None = Field(default=None, description="a standby of the PostgreSQL database, to read from")
    isolation: Literal["read committed", "repeatable read", "serializable"] | None = Field(
        default=None, description="for PostgreSQL's transactions; the server's default when left out"
    )
    log_format: Literal["json", "console"] | None = None
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_file: Path | None = None
    log_rotate: str = Field(default="64MB", description="OFF, DAY, or a size in KB, MB or GB")
    log_keep: int | None = Field(default=None, ge=1, description="old files to keep; all when left out")
    log_gzip: bool = True
    sql_comments: bool = Field(default=False, description="name the operation in a comment of each of its statements")
    actor: str | None = None
    currency: str = Field(default="USD", pattern="^[A-Za-z]{3}$", description="for a new database")
    time_zone: str = Field(default="UTC", description="for a new database")
    max_body_bytes: int = Field(default=10_000_000, ge=1_000, description="in one request to the server")
    requests_per_minute: int = Field(default=1_200, ge=1, description="from one user or address to one worker")
    setup_code: SecretStr | None = Field(default=None, description="for creating the owner's account")

    @field_validator("log_level", "currency", mode="before")
    @classmethod
    def _upper(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value

    @field_validator("isolation", mode="before")
    @classmethod
    def _words(cls, value: object) -> object:
        return re.sub(r"[\s_-]+", " ", value).strip().lower() if isinstance(value, str) else value

    @field_validator("log_rotate", mode="before")
    @classmethod
    def _size_or_day(cls, value: object) -> str:
        text = str(value).replace(" ", "").upper()
        if not re.fullmatch(r"OFF|DAY|[1-9][0-9]{0,8}(KB|MB|GB)", text):
            raise ValueError("must be off, day, or a size such as 500KB, 64MB or 1GB")
        return text

    @field_validator("log_keep", mode="wrap")
    @classmethod
    def _a_number_of_files(cls, value: object, read: ValidatorFunctionWrapHandler) -> object:
        return _read_or_say(value, read, "must be a whole number of old files, 1 or more; leave it out to keep all")

    @field_validator("log_gzip", mode="wrap")
    @classmethod
    def _yes_or_no(cls, value: object, read: ValidatorFunctionWrapHandler) -> object:
        return _read_or_say(value, read, "must be true or false; leave it out to compress old files")

    @field_validator("sql_comments", mode="wrap")
    @classmethod
    def _with_or_without(cls, value: object, read: ValidatorFunctionWrapHandler) -> object:
        return _read_or_say(value, read, "must be true or false; leave it out for statements without comments")

    @field_validator("log_file", mode="before")
    @classmethod
    def _a_file(cls, value: object) -> object:
        if value is not None and (str(value).strip() == "" or Path(str(value)).is_dir()):
            raise ValueError("must name a file, not a folder; leave it out for the default")
        return value

    @field_validator("time_zone")
    @classmethod
    def _known(cls, value: str) -> str:
        if value not in time_zones():
            raise ValueError("must be an IANA name such as Europe/Berlin")
        return value


def _read_or_say(value: object, read: ValidatorFunctionWrapHandler, allowed: str) -> object:
    try:
        return read(value)
    except ValidationError:
        raise ValueError(allowed) from None


def load_settings() -> Settings:
    """Load the settings from the current environment.

    Raises:
        SettingsError: a setting is not allowed.
    """
    return _settings(tuple(os.environ.items()))


@lru_cache(8)
def _settings(_environment: tuple[tuple[str, str], ...]) -> Settings:
    """Cached because every transaction needs the settings, and reading them takes a tenth as long as a transaction."""
    try:
        return Settings()
    except ValidationError as error:
        problems = (
            f"BAKE_TRACKER_{str(p['loc'][0]).upper()}: {p['msg'].removeprefix('Value error, ')}" for p in error.errors()
        )
        raise SettingsError("; ".join(problems)) from None


def default_log_file(database_url: str) -> Path:
    """``<database file>.log.jsonl``; for a database without a file, one in the user's state directory."""
    if path := sqlite_path(database_url):
        return path.with_name(path.name + ".log.jsonl")
    return user_state_path("bake-tracker") / f"{database_name(database_url) or 'bake-tracker'}.log.jsonl"


def database_name(database_url: str) -> str:
    """The name of a database without its server, or "" if it contains connection settings, such as a password."""
    name = database_url.partition("?")[0].partition("://")[2].rpartition("/")[2]
    return "" if "=" in unquote(name) else name


def sqlite_url(file: PurePath) -> str:
    """The URL of a SQLite file: the path as the system writes it, with nothing encoded."""
    return f"{_SQLITE_FILE}{file}"


def sqlite_path(database_url: str) -> Path | None:
    """The file named by a SQLite URL, or None for an in-memory database and for another kind of database.

    Everything after ``sqlite:///`` is the path, because a path may contain ``@``, ``#``, ``%`` and ``?``.
    """
    path = database_url.removeprefix(_SQLITE_FILE)
    return None if path in (database_url, "", ":memory:") else Path(path)
