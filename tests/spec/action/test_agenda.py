"""What makes care more work, what calls for talk in supervision, and how much does a worker have?"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from washhouse.action.agenda import build_agenda, weigh
from washhouse.action.caseload import Caseload, CaseloadRow
from washhouse.action.changes import Change
from washhouse.action.complexity import NEEDS, list_needs
from washhouse.desk.care_decisions import Answer, CareDecision

TODAY = date(2024, 7, 1)


def row(code: str, time: str, until: str = "", gone: bool = False) -> dict[str, Any]:
    return {
        "code": code,
        "time": datetime.fromisoformat(time),
        "end_time": datetime.fromisoformat(until) if until else None,
        "superseded_at": datetime(2024, 6, 1) if gone else None,
        "ref": None,
    }


def times(code: str, *days: str) -> list[dict[str, Any]]:
    return [row(code, day) for day in days]


@pytest.mark.parametrize(
    ("need", "has", "has_not"),
    [
        (
            "several-teams",
            [row("MHS_REFERRAL//A06", "2023-01-01"), row("MHS_REFERRAL//A08", "2024-01-01")],
            [row("MHS_REFERRAL//A06", "2023-01-01"), row("MHS_REFERRAL//A08", "2024-01-01", "2024-06-01")],
        ),
        (
            "social-care",
            [row("CLD_SERVICE//long-term-support-community", "2020-01-01")],
            [row("CLD_SERVICE//long-term-support-community", "2020-01-01", "2024-06-30")],
        ),
        (
            "unsettled-home",
            times("MHS_ACCOMMODATION//14", "2024-01-01"),
            [row("MHS_ACCOMMODATION//14", "2024-01-01"), row("MHS_ACCOMMODATION//01", "2024-02-01")],
        ),
        ("not-working", times("MHS_EMPLOYMENT//04", "2024-01-01"), times("MHS_EMPLOYMENT//01", "2024-01-01")),
        ("detained", times("MHS_ACT//02", "2022-08-01"), times("MHS_ACT//02", "2022-06-01")),
        ("ward-stays", times("MHS_SPELL//200", "2022-08-01", "2023-02-01"), times("MHS_SPELL//200", "2023-02-01")),
        (
            "emergency",
            times("ECDS_ATTENDANCE//01", "2023-08-01", "2023-09-01", "2024-01-01"),
            times("ECDS_ATTENDANCE//01", "2023-06-01", "2023-09-01", "2024-01-01"),
        ),
        (
            "hard-to-reach",
            times("MHS_CONTACT//3", "2024-02-01", "2024-03-01", "2024-04-01"),
            [*times("MHS_CONTACT//3", "2024-02-01", "2024-03-01"), row("MHS_CONTACT//3", "2024-04-01", gone=True)],
        ),
    ],
)
def test_each_need_counts_one(need: str, has: list[dict[str, Any]], has_not: list[dict[str, Any]]) -> None:
    assert [each.name for each in list_needs(has, TODAY)] == [need]
    assert list_needs(has_not, TODAY) == ()


def test_every_need_has_its_row_above() -> None:
    assert len(NEEDS) == 8 and list_needs([], TODAY) == ()


def person(person_id: str, **rest: Any) -> CaseloadRow:
    empty = dict.fromkeys(("place", "risk", "points", "rests_on", "last_contact"))
    flags = {"is_listed": False, "is_stable": False}
    texts = {"risk_words": "", "interval_words": "", "note": ""}
    lists: dict[str, Any] = dict.fromkeys(("reasons", "shifts", "news", "gaps", "needs"), ())
    return CaseloadRow(**{"person_id": person_id, "change": Change.NONE, **flags, **empty, **texts, **lists, **rest})


def caseload(*people: CaseloadRow, crisis: tuple[CaseloadRow, ...] = ()) -> Caseload:
    return Caseload(False, (), crisis, people, "", "", None, "", {})


def decision(person_id: str, due: date | None, **rest: Any) -> CareDecision:
    values = {"kind": "action", "choice": "home-visit", "session_id": 1, "at": datetime(2024, 6, 3), **rest}
    names = {"username": "TM1", "display_name": "", "worker": "CP1", "worker_before": "", "note": ""}
    return CareDecision(id=1, person_id=person_id, due=due, **{**names, **values})


def test_what_calls_for_talk_and_what_is_to_be_done() -> None:
    done = Answer(2, datetime(2024, 6, 20), "CP1", "yes", "")
    lines = build_agenda(
        caseload(
            person("a", shifts=("Up from 1 to 4 of 25", "Up 2 places", "New reason: Went to A&E once")),
            person("b", news=("Missed a contact on 3 June",)),
            person("c", needs=("x",)),
        ),
        [decision("a", TODAY), decision("b", TODAY - timedelta(1)), decision("c", TODAY - timedelta(1), answer=done)],
        [],
        (),
        TODAY,
    )
    a, b, c = lines
    assert not a.calls_for_talk, "a score that moved is told, and puts nobody on an agenda"
    assert a.shifts == ("Up from 1 to 4 of 25", "New reason: Went to A&E once"), "that others moved it is no news"
    assert a.next_action == "Arrange a home visit, due by 1 July"
    assert (b.calls_for_talk, b.overdue) == (True, ("Arrange a home visit, due by 30 June",))
    assert (c.overdue, c.next_action, c.needs) == ((), "", ("x",))
    load = weigh(lines)
    assert (load.people, load.complexity, load.no_next_action, load.overdue, load.not_seen) == (3, 1, 1, 1, 0)


def test_whoever_was_not_talked_over_for_long_calls_for_talk() -> None:
    def seen_on(*days: date, session: int = 1) -> Any:
        taken = [
            decision("a", None, kind="seen", session_id=session, at=datetime(day.year, day.month, day.day))
            for day in days
        ]
        (line,) = build_agenda(caseload(person("a")), taken, [], (), TODAY, session_id=2)
        return line.last_seen, line.is_seen, line.calls_for_talk, weigh([line]).not_seen

    long_ago, lately = TODAY - timedelta(91), TODAY - timedelta(90)
    assert seen_on() == (None, False, True, 1)
    assert seen_on(long_ago) == (long_ago, False, True, 1)
    assert seen_on(lately, long_ago) == (lately, True, False, 0)
    assert seen_on(TODAY, session=2) == (None, False, True, 1), "who is talked over now stays where they stood"


def test_somebody_in_crisis_care_is_talked_over() -> None:
    (line,) = build_agenda(caseload(crisis=(person("a"),)), [], [], (), TODAY)
    assert line.in_crisis_care and line.calls_for_talk
    assert weigh([line]).not_seen == 1
