"""What did the deployer choose? Flags, then the environment, then `HOME/washhouse.toml`, then defaults."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import fields
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from washhouse.core.errors import InputError
from washhouse.core.home import Home, LinkageLimits, PatientRecord, QualityLimits, Settings

FRESH_FILE = """\
# Settings of this washhouse home. A flag or an environment variable (WASHHOUSE_BUCKETS=4) counts before this file.
# Remove the "# " before a line to change it.

# Person buckets of the record, up to 4096; about 2.2 million events each. 0 for as many as it has, 2 at first.
# buckets = 0

# Threads that an engine may use, 0 for all.
# threads = 0

# Memory that an engine may use before it spills to vault/spill.
# memory_limit = "4GB"

# Published versions that stay readable.
# keep_versions = 10

# SQLAlchemy URL of the desk; empty for desk.db in this home.
# desk_url = ""

# File that holds the vault's master key; empty for vault/master.key, which suits a demo only.
# key_file = ""

# Minutes without a request after which a web session ends.
# session_minutes = 30

# Who computes: empty for this machine, or the address of a Spark cluster ("spark://host:7077"), or "local[2]".
# engine = ""

# Whether the people are invented: cards and records of models then say so beside their figures.
# invented = false

# How good a linkage must be to be published; 0 is no limit. Every build's figures stand on the page Linkage.
[linkage]

# What happens when a figure is over its limit: "warn" publishes and says so, "stop" ends with status 4.
# gate = "warn"

# Share of the linked pairs that may be expected to be wrong.
# max_false_links = 0.02

# Share of the pairs of one person that may be expected to be missed.
# max_missed_links = 0.25

# How many times the rest's rate any group's may be, even at the lower end of its 95 % interval.
# max_group_ratio = 5.0

# Records link under the last run's model until they have grown by this share since it was fitted; 0.5 is 50 %.
# refit_growth = 0.5

# Who counts as one person, by purpose. Direct care: share of the links that may be expected to be wrong.
# strict_false_links = 0.002

# Research: share of the true links, among the pairs compared, that may be expected to be missed.
# lenient_missed_links = 0.005

# How good data must be to be published. Every build's checks stand on the page Quality, and in `washhouse quality`.
[quality]

# What happens when a check that can stop is over its limit: "warn" publishes and says so, "stop" ends with status 4.
# gate = "warn"

# Limits of single checks, where not the check's own: a name of docs/reference/checks.md, and what it may come to.
[quality.limits]

# Where a person's page opens the record in the sending system itself: the button "Open in the patient record".
[patient_record]

# Its https address, with {local_id} where the sender's own id of the person goes; empty for no button.
# For example "https://epr.example.nhs.uk/patients/{local_id}".
# url = ""

# The sending system whose ids these are: a source that is built in or declared in this home.
# source = "mental_health"
"""

_DEFAULTS = Settings()


class _Limits(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    gate: Literal["warn", "stop"] = _DEFAULTS.linkage.gate
    max_false_links: float = Field(_DEFAULTS.linkage.max_false_links, ge=0, le=1, allow_inf_nan=False)
    max_missed_links: float = Field(_DEFAULTS.linkage.max_missed_links, ge=0, le=1, allow_inf_nan=False)
    max_group_ratio: float = Field(_DEFAULTS.linkage.max_group_ratio, ge=0, allow_inf_nan=False)
    refit_growth: float = Field(_DEFAULTS.linkage.refit_growth, ge=0, allow_inf_nan=False)
    strict_false_links: float = Field(_DEFAULTS.linkage.strict_false_links, ge=0, le=1, allow_inf_nan=False)
    lenient_missed_links: float = Field(_DEFAULTS.linkage.lenient_missed_links, ge=0, le=1, allow_inf_nan=False)


class _Quality(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    gate: Literal["warn", "stop"] = _DEFAULTS.quality.gate
    limits: dict[str, Annotated[float, Field(ge=0, allow_inf_nan=False)]] = {}


class _PatientRecord(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    url: str = _DEFAULTS.patient_record.url
    source: str = _DEFAULTS.patient_record.source


class _Fields(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix="WASHHOUSE_", env_nested_delimiter="__", extra="forbid", hide_input_in_errors=True
    )

    buckets: int = Field(_DEFAULTS.buckets, ge=0, le=4096)
    threads: int = Field(_DEFAULTS.threads, ge=0, le=1024)
    memory_limit: str = Field(_DEFAULTS.memory_limit, pattern=r"^\d+(\.\d+)?\s*(KB|MB|GB|TB|KiB|MiB|GiB|TiB)$")
    keep_versions: int = Field(_DEFAULTS.keep_versions, ge=1, le=10_000)
    desk_url: str = _DEFAULTS.desk_url
    key_file: str = _DEFAULTS.key_file
    session_minutes: int = Field(_DEFAULTS.session_minutes, ge=1, le=24 * 60)
    engine: str = Field(_DEFAULTS.engine, pattern=r"^(local(\[(\d+|\*)(,\d+)?\])?|(spark|k8s|yarn)\S*|)$")
    invented: bool = _DEFAULTS.invented
    linkage: _Limits = _Limits.model_validate({})
    quality: _Quality = _Quality.model_validate({})
    patient_record: _PatientRecord = _PatientRecord.model_validate({})


def read_settings(home: Home, **flags: object) -> Settings:
    """Settle the settings of a home.

    Args:
        home: The home; its `washhouse.toml` need not exist.
        **flags: What was given on the command line; None where it was not.

    Returns:
        Settings, validated.

    Raises:
        InputError: `settings-invalid`: a setting is unknown or out of range, or the file is not TOML.
    """

    class Layers(_Fields):
        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,
            file_secret_settings: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, home.settings_file)

    try:
        chosen = Layers(**{name: value for name, value in flags.items() if value is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors(include_input=False))
        raise _invalid(problems) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _invalid(f"washhouse.toml is not TOML: {error}") from error
    plain = {field.name: getattr(chosen, field.name) for field in fields(Settings)}
    if chosen.quality.limits:
        _check_names(chosen.quality.limits)
    settings = Settings(
        **plain
        | {
            "linkage": LinkageLimits(**chosen.linkage.model_dump()),
            "quality": QualityLimits(**chosen.quality.model_dump()),
            "patient_record": PatientRecord(**chosen.patient_record.model_dump()),
        }
    )
    if settings.patient_record.url:
        _check_patient_record(home, settings.patient_record)
    if settings.key_file and not Path(settings.key_file).expanduser().is_absolute():
        raise _invalid("key_file: an absolute path is needed")
    return settings


def _check_names(limits: Mapping[str, float]) -> None:
    """Refuse a limit of a check that does not exist; the checks are only loaded where somebody sets one."""
    from washhouse.record.quality.registry import CHECKS

    unknown = sorted(limits.keys() - CHECKS.keys())
    if unknown:
        near = get_close_matches(unknown[0], CHECKS)
        hint = f"; did you mean {' or '.join(near)}" if near else ""
        raise _invalid(f"quality.limits: there is no check named {', '.join(unknown)}{hint}")


def _check_patient_record(home: Home, chosen: PatientRecord) -> None:
    """Refuse an address that is none, and a source that does not exist; what knows them is loaded only here."""
    from washhouse.governance.patient_record import address_fault
    from washhouse.sources.registry import SPECS

    if fault := address_fault(chosen.url):
        raise _invalid(f"patient_record.url: {fault}")
    known = {*SPECS, *(file.stem for file in home.sources.glob("*.toml"))}
    if chosen.source not in known:
        raise _invalid(f"patient_record.source: one of {', '.join(sorted(known))} is needed")


def prepare_home(home: Home) -> None:
    """Create a home's folder, with a folder for logs and a commented settings file, if there is none.

    Raises:
        InputError: `home-not-folder`: the path names a file, or a folder cannot be made there.
    """
    try:
        home.log.mkdir(parents=True, exist_ok=True)
        if not home.settings_file.exists():
            home.settings_file.write_text(FRESH_FILE, encoding="utf-8")
    except OSError as error:
        raise InputError("home-not-folder", "The home cannot be made or written there.", "Check --home.") from error


def _invalid(problems: str) -> InputError:
    return InputError("settings-invalid", f"The settings make no sense. {problems}.", "See washhouse.toml's comments.")
