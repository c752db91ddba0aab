"""What could harm a person, and what keeps it from doing so? The hazard log, with the tests of the controls."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

SEVERITIES = ("minor", "significant", "considerable", "major", "catastrophic")
LIKELIHOODS = ("very-low", "low", "medium", "high", "very-high")
"""As DCB0129 names them (NHS England, Clinical Risk Management: its Application in the Manufacture of Health IT)."""


@dataclass(frozen=True)
class Hazard:
    """One hazard.

    Attributes:
        id: Kebab-case name, unique.
        title: What could go wrong.
        harm: What it would do to a person.
        severity: One of `SEVERITIES`, after the controls; proposed, for a clinical safety officer to judge.
        likelihood: One of `LIKELIHOODS`, so too.
        controls: What keeps it from happening.
        tests: Tests of the controls, as `file::function`.
    """

    id: str
    title: str
    harm: str
    severity: str
    likelihood: str
    controls: tuple[str, ...]
    tests: tuple[str, ...]


@cache
def read_hazards() -> tuple[Hazard, ...]:
    """Read the hazard log that is shipped with the software."""
    text = files("washhouse.governance").joinpath("hazards.toml").read_text(encoding="utf-8")
    return tuple(
        Hazard(**{**each, "controls": tuple(each["controls"]), "tests": tuple(each["tests"])})
        for each in tomllib.loads(text)["hazard"]
    )
