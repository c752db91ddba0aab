"""What is counted of a team: spans side by side, standards of those they apply to, and what was said."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from washhouse.action.outcomes import count_outcomes, count_said, count_standards
from washhouse.desk.care_decisions import Answer, CareDecision

TODAY = date(2024, 7, 1)


def row(code: str, time: str, until: str = "", **rest: Any) -> dict[str, Any]:
    end = datetime.fromisoformat(until) if until else None
    begin = datetime.fromisoformat(time)
    return {
        "code": code,
        "time": begin,
        "end_time": end,
        "superseded_at": None,
        "ref": None,
        "text_value": None,
        **rest,
    }


EVENTS = {
    "a": [row("MHS_SPELL//200", "2024-06-10", "2024-06-20"), row("MHS_CONTACT//5", "2024-07-01")],
    "b": [row("MHS_SPELL//200", "2024-05-10", "2024-05-20"), row("ECDS_ATTENDANCE//01", "2024-06-04")],
    "c": [row("MHS_CONTACT//5", "2024-06-03"), row("MHS_CONTACT//3", "2024-06-20")],
}


def test_a_span_beside_the_one_before() -> None:
    counts = {one.title: (one.now, one.before, one.of) for one in count_outcomes(EVENTS, TODAY, 28)}
    # The last 28 days begin on 4 June; those before them on 7 May.
    assert counts == {
        "People whose crisis care began": (1, 1, 3),
        "People with emergency care": (1, 0, 3),
        "People with an attended contact": (1, 1, 3),
    }
    assert [one.now for one in count_outcomes(EVENTS, TODAY, 90)] == [2, 1, 2]


def test_a_span_that_is_not_known_to_its_end_has_no_count() -> None:
    whole = count_outcomes(EVENTS, TODAY, 28)[1]
    for late, told in ((0, (whole.now, whole.before)), (1, (None, whole.before)), (29, (None, None))):
        found = count_outcomes(EVENTS, TODAY, 28, TODAY - timedelta(late))[1]
        assert (found.now, found.before) == told, late


def test_a_standard_counts_those_it_applies_to() -> None:
    counts = {one.title: (one.now, one.of) for one in count_standards(EVENTS, TODAY)}
    assert counts["Followed up within 72 hours of leaving a mental-health ward"] == (0, 1), "seen after 11 days"
    assert counts["An attended contact in the last 28 days"] == (2, 3)


def test_who_is_not_due_yet_counts_as_neither_met_nor_missed() -> None:
    fresh = {**EVENTS, "d": [row("MHS_SPELL//200", "2024-06-10", "2024-06-29")]}
    (now,) = (one for one in count_standards(fresh, TODAY) if one.title.startswith("Followed up"))
    assert (now.now, now.of, now.pending) == (0, 1, 1)
    (alone,) = (one for one in count_standards({"d": fresh["d"]}, TODAY) if one.title.startswith("Followed up"))
    assert (alone.now, alone.of, alone.pending) == (0, 0, 1)


def test_what_became_of_decisions() -> None:
    def decision(due: date, done: int | None, became: str = "yes") -> CareDecision:
        answer = None if done is None else Answer(9, datetime(2024, 6, 3) + timedelta(done), "CP1", became, "")
        names = {"username": "TM1", "display_name": "", "worker": "CP1", "worker_before": "", "note": ""}
        return CareDecision(
            1, datetime(2024, 6, 3), kind="action", person_id="a", session_id=1, choice="home-visit", due=due,
            answer=answer, **names,
        )  # fmt: skip

    taken = [
        decision(date(2024, 6, 10), 7),
        decision(date(2024, 6, 10), 8, "partly"),
        decision(date(2024, 6, 10), 1, "not-needed"),
        decision(date(2024, 6, 30), None),
    ]
    counts = {one.title: (one.now, one.of) for one in count_said([], [], taken, TODAY)}
    assert (
        counts["Decisions done"] == counts["Decisions done in part"] == counts["Decisions no longer needed"] == (1, 4)
    )
    assert counts["Decisions done, wholly or in part, by the day that was set"] == (1, 2), (
        "no longer needed is not done"
    )
    assert counts["Decisions overdue now"] == (1, 4)
