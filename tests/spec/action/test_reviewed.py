"""How long does a review of a score stand?"""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from washhouse.action.reviewed import still_stands
from washhouse.desk.reviews import Review

TODAY = date(2024, 3, 12)


def given(days_ago: int, themes: tuple[str, ...] | None) -> Review:
    at = datetime(2024, 3, 12, 23, 30) - timedelta(days_ago)
    return Review(
        id=1, at=at, username="CP1", display_name="", person_id="a", index_date=at.date(), model="crisis",
        model_version="1", themes=themes, agree="yes", action="no-change", note="", retracted_at=None,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("days_ago", "themes", "then", "now", "reasons", "stands"),
    [
        (0, (), "about 3", "about 3", [], True),
        (6, (), "about 3", "about 3", [], True),
        (7, (), "about 3", "about 3", [], False),
        (1, (), "about 3", "about 4", [], False),
        (1, (), "about 4", "about 3", [], False),
        # What is not known has not moved: the score may be older than what is kept, or the person in crisis care now.
        (1, (), "", "about 3", [], True),
        (1, (), "about 3", "", [], True),
        (1, ("home",), "about 3", "about 3", ["home"], True),
        (1, ("home", "work"), "about 3", "about 3", ["home"], True),
        (1, ("home",), "about 3", "about 3", ["home", "work"], False),
        (1, None, "about 3", "about 3", ["home", "work"], True),
    ],
)
def test_a_review_stands(
    days_ago: int, themes: tuple[str, ...] | None, then: str, now: str, reasons: list[str], stands: bool
) -> None:
    assert still_stands(given(days_ago, themes), then, now, reasons, TODAY) is stands
