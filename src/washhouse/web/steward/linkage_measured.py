"""What do stewards' answers say of the linkage, for everybody and by group?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from washhouse.web.shell.layout import SOURCE_TITLES
from washhouse.web.steward.linkage_quality import Rate

EVERYBODY = "Everybody"


@dataclass(frozen=True)
class MeasuredLine:
    """One group.

    Attributes:
        title: Division of people that the group belongs to; empty for everybody.
        group: Its name.
        answers: Answers about its pairs.
        needed: Sampled answers that are still missing before a figure can be told.
        precision: Share of linked pairs that are one person's; None until enough was answered.
        recall: Share of one person's compared pairs that are linked; None until then.
    """

    title: str
    group: str
    answers: int
    needed: int
    precision: Rate | None
    recall: Rate | None


def build_measured(quality: Mapping[str, Any]) -> tuple[MeasuredLine, ...]:
    """Read what a version's report says of the answers; nothing where none was given when it was made."""
    labelled = quality.get("labelled") or {}
    if not labelled.get("overall"):
        return ()
    everybody = {"dimension": "", "title": "", "group": EVERYBODY} | labelled["overall"]
    return tuple(_line(row) for row in (everybody, *labelled["groups"]))


def _line(row: Mapping[str, Any]) -> MeasuredLine:
    group = SOURCE_TITLES.get(row["group"], row["group"]) if row["dimension"] == "source" else row["group"]
    return MeasuredLine(
        row["title"], group, row["answers"], row["needed"], _rate(row["precision"]), _rate(row["recall"])
    )


def _rate(figure: Mapping[str, float] | None) -> Rate | None:
    return Rate(figure["estimate"], figure["lower"], figure["upper"]) if figure else None
