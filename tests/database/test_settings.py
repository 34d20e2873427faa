"""Settings follow the environment, and reading them for every transaction costs next to nothing."""

import zoneinfo

import pytest

from bake_tracker import config
from bake_tracker.config import SettingsError, load_settings

KEPT_WRONG = ("all", "0", "-1")


def test_settings_follow_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable that is set, changed or removed counts from the next call on."""
    actors = []
    for name in ("ann", "ben", None):
        if name is None:
            monkeypatch.delenv("BAKE_TRACKER_ACTOR")
        else:
            monkeypatch.setenv("BAKE_TRACKER_ACTOR", name)
        actors.append(load_settings().actor)
    assert actors == ["ann", "ben", None]


def test_settings_that_did_not_change_are_not_read_again() -> None:
    """The list of time zones is kept too, because it takes hundreds of disk reads."""
    assert load_settings() is load_settings()
    assert config.time_zones() is config.time_zones()
    assert config.time_zones() == zoneinfo.available_timezones()


def test_an_unknown_time_zone_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The refusal comes each time, with the variable and what is allowed."""
    monkeypatch.setenv("BAKE_TRACKER_TIME_ZONE", "Middle/Earth")
    for _ in range(2):
        with pytest.raises(SettingsError, match="BAKE_TRACKER_TIME_ZONE: must be an IANA name such as Europe/Berlin"):
            load_settings()


@pytest.mark.parametrize(
    ("name", "wrong", "allowed"),
    [
        *(
            ("LOG_KEEP", wrong, "whole number of old files, 1 or more; leave it out to keep all")
            for wrong in KEPT_WRONG
        ),
        ("LOG_GZIP", "perhaps", "true or false; leave it out to compress old files"),
    ],
)
def test_a_wrong_setting_for_old_log_files_is_refused_with_what_is_allowed(
    monkeypatch: pytest.MonkeyPatch, name: str, wrong: str, allowed: str
) -> None:
    """The refusal also says how to get the default back."""
    monkeypatch.setenv(f"BAKE_TRACKER_{name}", wrong)
    with pytest.raises(SettingsError, match=f"^BAKE_TRACKER_{name}: must be .*{allowed}$"):
        load_settings()


def test_keeping_and_compressing_old_log_files_can_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """A number says how many old files to keep, and "off" turns compression off."""
    monkeypatch.setenv("BAKE_TRACKER_LOG_KEEP", "3")
    monkeypatch.setenv("BAKE_TRACKER_LOG_GZIP", "off")
    assert (load_settings().log_keep, load_settings().log_gzip) == (3, False)
