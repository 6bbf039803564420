"""Configuration: a value, checked once at start, passed in.

`SIPOL_*` of the environment stand over a TOML file (`SIPOL_CONFIG`, else `<home>/sipol.toml`, same
names in lower case without the prefix).
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, get_type_hints

SECRET_FIELDS = frozenset({"database_url"})


class ConfigurationError(Exception):
    """A setting is missing, unknown or impossible; the sentence names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Every setting there is. Sizes in bytes, times in seconds."""

    home: Path
    database_url: str
    public_url: str = "http://127.0.0.1:8080"
    listen: str = "127.0.0.1:8080"
    production: bool = False
    sandbox: str = "required"  # required | development
    uploads: str = "builtin"  # builtin | tusd (who stores the bytes; same URLs, ids, folders)
    tusd: str = ""  # the program, when it is neither the built one nor on the PATH
    upload_processes: int = 2
    portal_threads: int = 12
    portal_processes: int = 1
    workers: int = 1
    max_upload_size: int = 2 * 1024**3
    party_quota: int = 200 * 1024**3
    disk_headroom: int = 1024**3
    upload_expiry: int = 7 * 24 * 3600
    ticket_lifetime: int = 24 * 3600
    session_idle: int = 30 * 60
    session_lifetime: int = 12 * 3600
    lease_seconds: int = 15 * 60
    # Citizens' questions whether a NIK is in a list: of one network an hour, of all of them together.
    nik_checks_network_hour: int = 60
    nik_checks_minute: int = 600
    nik_checks_day: int = 200_000
    # Days: for who objects to show his KTP-el at the office, and from then on until it has ended.
    objection_identity_days: int = 7
    objection_outcome_days: int = 14
    objections_day: int = 20_000
    tls_certificate: str = ""
    tls_key: str = ""
    redirect_listen: str = ""  # 0.0.0.0:80, say: http that only leads to public_url
    issuer: str = "KPU Contoh (demo)"
    default_locale: str = "id"
    log_level: str = "info"

    @property
    def keys_dir(self) -> Path:
        return self.home / "keys"

    @property
    def upload_root(self) -> Path:
        return self.home / "uploads"

    @property
    def derived_dir(self) -> Path:
        return self.home / "derived"

    @property
    def run_dir(self) -> Path:
        return self.home / "run"

    @property
    def log_dir(self) -> Path:
        return self.home / "log"

    @property
    def tmp_dir(self) -> Path:
        return self.home / "tmp"

    def directories(self) -> tuple[Path, ...]:
        """What `sipol init` makes, each with mode 0700."""
        return (
            self.home,
            self.keys_dir,
            self.upload_root,
            self.derived_dir,
            self.run_dir,
            self.log_dir,
            self.tmp_dir,
        )

    def upload_socket(self, index: int) -> Path:
        """The Unix socket of upload process `index`."""
        return self.run_dir / f"uploads-{index}.sock"

    def engine_socket(self, index: int) -> Path:
        """The Unix socket of the tusd behind upload process `index`."""
        return self.run_dir / f"tusd-{index}.sock"

    def portal_socket(self) -> Path:
        """The Unix socket of the portal."""
        return self.run_dir / "portal.sock"

    def shards_of(self, index: int) -> range:
        """The shards (first two hex digits of an id, 0–255) that upload process `index` serves."""
        return range(
            256 * index // self.upload_processes, 256 * (index + 1) // self.upload_processes
        )

    def printable(self) -> dict[str, str]:
        """Every setting without its secrets, for `sipol config`."""
        return {
            f.name: "***"
            if f.name in SECRET_FIELDS and "@" in str(getattr(self, f.name))
            else str(getattr(self, f.name))
            for f in fields(self)
        }

    @classmethod
    def load(cls, environ: Mapping[str, str]) -> Config:
        """Read environment and file; refuse what is unknown or impossible."""
        home = Path(environ.get("SIPOL_HOME", "var")).resolve()
        path = Path(environ.get("SIPOL_CONFIG", str(home / "sipol.toml")))
        values: dict[str, Any] = {"home": home, "database_url": f"sqlite:///{home / 'sipol.db'}"}
        hints = get_type_hints(cls)
        if path.exists():
            values |= {k: _convert(k, v, hints) for k, v in tomllib.loads(path.read_text()).items()}
        for name, text in environ.items():
            key = name.removeprefix("SIPOL_").lower()
            if name.startswith("SIPOL_") and key in hints and key != "home":
                values[key] = _convert(key, text, hints)
        config = cls(**values)
        config._check()
        return config

    def _check(self) -> None:
        if not 1 <= self.upload_processes <= 256:
            raise ConfigurationError("SIPOL_UPLOAD_PROCESSES: 1 to 256")
        if self.sandbox not in ("required", "development"):
            raise ConfigurationError("SIPOL_SANDBOX: required or development")
        if self.uploads not in ("builtin", "tusd"):
            raise ConfigurationError("SIPOL_UPLOADS: builtin or tusd")
        if any(
            getattr(self, each.name) < 1
            for each in fields(self)
            if each.name.startswith(("nik_checks", "objection"))
        ):
            raise ConfigurationError("SIPOL_NIK_CHECKS_…, SIPOL_OBJECTION…: at least 1")
        if self.production and self.sandbox != "required":
            raise ConfigurationError("production parses foreign files in the sandbox only")
        if self.production and not self.public_url.startswith("https://"):
            raise ConfigurationError("SIPOL_PUBLIC_URL: production needs https")
        if self.redirect_listen and not self.public_url.startswith("https://"):
            raise ConfigurationError("SIPOL_REDIRECT_LISTEN: leads to https only")


def _convert(name: str, value: Any, hints: Mapping[str, Any]) -> Any:
    kind = hints.get(name)
    if kind is None:
        raise ConfigurationError(f"unknown setting: {name}")
    try:
        if kind is bool:
            return str(value).lower() in ("1", "true", "yes", "on")
        return kind(value)
    except ValueError as error:
        raise ConfigurationError(f"SIPOL_{name.upper()}: {value!r} does not fit") from error
