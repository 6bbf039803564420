"""Settings: the environment over the file, and combinations that are refused by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from portal.config import Config, ConfigurationError

HTTPS = {"SIPOL_PUBLIC_URL": "https://portal.example"}


def test_the_environment_goes_before_the_file(tmp_path: Path) -> None:
    (tmp_path / "sipol.toml").write_text('workers = 2\nissuer = "KPU Contoh"\n')
    config = Config.load({"SIPOL_HOME": str(tmp_path), "SIPOL_WORKERS": "3"})
    assert (config.workers, config.issuer, config.production) == (3, "KPU Contoh", False)


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"SIPOL_UPLOAD_PROCESSES": "0"}, "SIPOL_UPLOAD_PROCESSES"),
        ({"SIPOL_UPLOAD_PROCESSES": "many"}, "SIPOL_UPLOAD_PROCESSES"),
        ({"SIPOL_SANDBOX": "off"}, "SIPOL_SANDBOX"),
        ({"SIPOL_UPLOADS": "s3"}, "SIPOL_UPLOADS"),
        ({"SIPOL_PRODUCTION": "1"}, "SIPOL_PUBLIC_URL"),
        ({"SIPOL_PRODUCTION": "1", **HTTPS, "SIPOL_SANDBOX": "development"}, "sandbox"),
        ({"SIPOL_REDIRECT_LISTEN": "0.0.0.0:80"}, "SIPOL_REDIRECT_LISTEN"),
    ],
)
def test_what_cannot_be_is_named(tmp_path: Path, settings: dict[str, str], named: str) -> None:
    with pytest.raises(ConfigurationError, match=named):
        Config.load({"SIPOL_HOME": str(tmp_path), **settings})


def test_https_may_have_a_door_for_those_who_type_none(tmp_path: Path) -> None:
    settings = {"SIPOL_HOME": str(tmp_path), **HTTPS, "SIPOL_REDIRECT_LISTEN": "0.0.0.0:80"}
    assert Config.load(settings).redirect_listen == "0.0.0.0:80"


def test_a_setting_nobody_knows_is_named(tmp_path: Path) -> None:
    (tmp_path / "sipol.toml").write_text("wrokers = 2\n")
    with pytest.raises(ConfigurationError, match="wrokers"):
        Config.load({"SIPOL_HOME": str(tmp_path)})
