"""What does a mental-health team type mean in words?

References:
    MHSDS 6.0, MHS902ServiceTeamDetails, ServTeamTypeMH; meanings from NHS England's published MHSDS code.
"""

from __future__ import annotations

import re
from typing import TypeGuard

TEAM_TYPES: dict[str, str] = {
    "A02": "Crisis resolution and home treatment",
    "A05": "Primary care mental health",
    "A06": "Community mental health, functional",
    "A07": "Community mental health, organic",
    "A08": "Assertive outreach",
    "A09": "Community rehabilitation",
    "A10": "General psychiatry",
    "A11": "Psychiatric liaison",
    "A12": "Psychotherapy",
    "A13": "Psychological therapy",
    "A14": "Early intervention in psychosis",
    "A16": "Personality disorder",
    "A17": "Memory service",
    "A18": "Single point of access",
    "A19": "24/7 crisis line",
    "A20": "Health-based place of safety",
    "A21": "Crisis café or haven",
    "A22": "Walk-in crisis assessment",
    "A23": "Psychiatric decision unit",
    "A24": "Acute day service",
    "A25": "Crisis house",
    "B01": "Forensic mental health",
    "C02": "Specialist perinatal mental health",
    "C10": "Community eating disorder",
    "D01": "Substance misuse",
    "D02": "Liaison and diversion",
    "D05": "Individual placement and support",
    "E01": "Learning disability",
    "F01": "Mental health support team",
}
"""Meaning of `ServTeamTypeMH`, where one is published."""


def is_team_type(team_type: str | None) -> TypeGuard[str]:
    """Is a text shaped like a team type: a letter and two digits?"""
    return team_type is not None and re.fullmatch(r"[A-Z]\d\d", team_type) is not None


def team_name(team: str, team_type: str | None) -> str:
    """Name a team by what it does and its local id. What is not shaped like a type is not shown.

    >>> team_name("T001", "A06"), team_name("T002", "E04"), team_name("T003", "Smith")
    ('Community mental health, functional (T001)', 'Team of type E04 (T002)', 'Team (T003)')
    """
    if not is_team_type(team_type):
        return f"Team ({team})"
    return f"{TEAM_TYPES.get(team_type, f'Team of type {team_type}')} ({team})"
