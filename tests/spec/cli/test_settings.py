"""Settings: flags before the environment, the environment before the file, the file before defaults."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from washhouse.cli.settings import FRESH_FILE, prepare_home, read_settings
from washhouse.core.errors import InputError
from washhouse.core.home import Home, LinkageLimits, PatientRecord, QualityLimits, Settings


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def test_without_anything_the_defaults_hold(home: Home) -> None:
    assert read_settings(home) == Settings()


def test_each_layer_counts_before_the_next(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home.root.mkdir()
    home.settings_file.write_text("buckets = 3\nthreads = 3\nkeep_versions = 3\n")
    monkeypatch.setenv("WASHHOUSE_THREADS", "5")
    monkeypatch.setenv("WASHHOUSE_KEEP_VERSIONS", "5")
    settings = read_settings(home, keep_versions=7, key_file=None)
    assert (settings.buckets, settings.threads, settings.keep_versions) == (3, 5, 7)


@pytest.mark.parametrize(
    "text",
    [
        "buckets = -1",
        "bucket = 2",
        "memory_limit = 'lots'",
        "key_file = 'here'",
        "buckets = ",
        "\xff",
        "[linkage]\ngate = 'perhaps'",
        "[linkage]\nmax_false_links = 2",
        "[linkage]\nlimit = 1",
        "[patient_record]\nurl = 'http://epr.example/{local_id}'",
        "[patient_record]\nurl = 'https://epr.example/{local_id}'\nsource = 'nobody'",
        "[patient_record]\nname = 'EPR'",
    ],
)
def test_settings_that_make_no_sense_are_refused(home: Home, text: str) -> None:
    home.root.mkdir()
    home.settings_file.write_text(text, encoding="latin-1")
    with pytest.raises(InputError) as caught:
        read_settings(home)
    assert caught.value.code == "settings-invalid"


def test_the_limits_of_linkage_are_a_table_of_their_own(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home.root.mkdir()
    home.settings_file.write_text("[linkage]\ngate = 'stop'\nmax_false_links = 0.5\n")
    monkeypatch.setenv("WASHHOUSE_LINKAGE__MAX_FALSE_LINKS", "0.25")
    assert read_settings(home).linkage == LinkageLimits(gate="stop", max_false_links=0.25)


def test_a_patient_record_is_an_address_and_a_source_built_in_or_declared(home: Home) -> None:
    home.sources.mkdir(parents=True)
    text = "[patient_record]\nurl = 'https://epr.example/{local_id}'\n"
    home.settings_file.write_text(text)
    assert read_settings(home).patient_record == PatientRecord("https://epr.example/{local_id}", "mental_health")
    (home.sources / "own.toml").write_text("")
    home.settings_file.write_text(f"{text}source = 'own'\n")
    assert read_settings(home).patient_record.source == "own"


def test_a_refusal_names_the_setting_and_does_not_quote_it(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WASHHOUSE_BUCKETS", "topsecret")
    with pytest.raises(InputError) as caught:
        read_settings(home)
    assert "buckets" in str(caught.value)
    assert "topsecret" not in str(caught.value)


def test_a_fresh_home_gets_a_commented_file_that_changes_nothing_and_names_every_setting(home: Home) -> None:
    prepare_home(home)
    assert read_settings(home) == Settings()
    for field in (*fields(Settings), *fields(LinkageLimits), *fields(QualityLimits), *fields(PatientRecord)):
        assert f"\n# {field.name} = " in FRESH_FILE or f"{field.name}]\n" in FRESH_FILE
    lines = (line.removeprefix("# ") for line in FRESH_FILE.splitlines() if " = " in line or line.startswith("["))
    home.settings_file.write_text("\n".join(lines))
    assert read_settings(home) == Settings()
    prepare_home(home)
    assert home.settings_file.read_text() != FRESH_FILE


def test_a_home_that_cannot_be_made_is_said_plainly(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError) as caught:
        prepare_home(Home(tmp_path / "file" / "home"))
    assert caught.value.code == "home-not-folder"
