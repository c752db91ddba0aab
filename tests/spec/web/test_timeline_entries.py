"""What does a timeline say of the rows of a record?"""

from __future__ import annotations

from datetime import date, datetime
from itertools import pairwise
from typing import Any

import pyarrow as pa

from washhouse.web.care.chart import build_chart
from washhouse.web.care.timeline import COLUMNS, Entry, build_entries, standing_facts

SCHEMA = pa.schema(
    [
        ("time", pa.timestamp("us")),
        ("end_time", pa.timestamp("us")),
        ("code", pa.string()),
        ("numeric_value", pa.float64()),
        ("unit", pa.string()),
        ("text_value", pa.string()),
        ("ref", pa.string()),
        ("parent_ref", pa.string()),
        ("source", pa.string()),
        ("superseded_at", pa.timestamp("us")),
    ]
)
MAY = datetime(2025, 5, 1, 9, 30)


def event(code: str, source: str = "mental_health", time: datetime | None = MAY, **rest: Any) -> dict[str, Any]:
    return {**dict.fromkeys(COLUMNS), "time": time, "code": code, "source": source, **rest}


def entries(*rows: dict[str, Any]) -> list[Entry]:
    return build_entries(pa.Table.from_pylist(list(rows), schema=SCHEMA))


def test_a_stay_takes_in_its_ward_source_and_method() -> None:
    (stay,) = entries(
        event("MHS_SPELL//200", ref="s", end_time=datetime(2025, 5, 20)),
        event("MHS_SPELL_SOURCE//19", ref="s"),
        event("MHS_SPELL_METHOD//2A", ref="s"),
        event("MHS_WARD//202", ref="w", parent_ref="s"),
    )
    assert stay.title == "Psychiatric hospital stay, acute adult ward"
    assert stay.weight == "major" and stay.lasting
    assert stay.details == (
        "from usual place of residence",
        "emergency, via another provider's accident and emergency",
        "Ward stay, adult psychiatric intensive care",
    )


def test_an_attendance_takes_in_its_complaint_but_a_practice_code_stands_alone() -> None:
    attendance, code = entries(
        event("ECDS_ATTENDANCE//01", "hospital", ref="e"),
        event("SNOMED//123", "hospital", parent_ref="e"),
        event("SNOMED//456", "gp", datetime(2025, 4, 1), numeric_value=44.0, unit="mmol/mol"),
    )
    assert attendance.details == ("SNOMED CT 123",)
    assert code.title == "SNOMED CT 456: 44 mmol/mol"


def test_a_rejected_referral_says_so_and_is_no_crisis() -> None:
    (referral,) = entries(event("MHS_REFERRAL//A02", ref="r"), event("MHS_REFERRAL_REJECTED//01", ref="r"))
    assert referral.weight == "ordinary"
    assert referral.details == ("Referral rejected: duplicate request",)
    assert entries(event("MHS_REFERRAL//A02", ref="r"))[0].weight == "major"


def test_a_child_whose_parent_is_of_another_sender_stands_alone() -> None:
    assert len(entries(event("MHS_SPELL//200", ref="1"), event("ICD10//F200", "hospital", parent_ref="1"))) == 2


def test_a_missed_contact_is_told_from_one_that_was_kept() -> None:
    kept, missed, cancelled = (entries(event(f"MHS_CONTACT//{status}"))[0] for status in "532")
    assert (kept.weight, missed.weight, cancelled.weight) == ("ordinary", "missed", "ordinary")


def test_a_contact_says_how_how_long_and_with_whom() -> None:
    contact = entries(
        event("MHS_CONTACT//5", text_value="02", numeric_value=30.0, unit="min", parent_ref="r"),
        event("MHS_REFERRAL//A06", time=datetime(2024, 1, 1), ref="r"),
    )[0]
    assert contact.title == "Contact, attended on time"
    assert contact.details == ("telephone", "30 minutes", "with community mental health team")


def test_prescriptions_of_one_day_are_one_entry() -> None:
    (day,) = entries(*(event(f"DMD//{i}", "gp", numeric_value=28.0, unit="tablet") for i in range(3)))
    assert day.title == "3 prescriptions"
    assert len(day.details) == 3


def test_twelve_honos_items_are_one_assessment_and_nine_is_no_number() -> None:
    items = [event(f"HONOS//{i}", numeric_value=2.0, parent_ref="r") for i in range(11)]
    (assessment,) = entries(*items, event("HONOS//11", numeric_value=None, parent_ref="r"))
    assert assessment.title == "HoNOS assessment"
    assert assessment.details == ("11 of 12 items scored", "total 22")


def test_eleven_dialog_items_are_one_rating_with_its_mean() -> None:
    (rating,) = entries(*(event(f"DIALOG//{i}", numeric_value=4.0 + i % 2, parent_ref="c") for i in range(11)))
    assert rating.details == ("11 of 11 items scored", "mean 4.5")


def test_a_state_that_was_superseded_is_not_shown() -> None:
    assert entries(event("MHS_REFERRAL//A06", superseded_at=MAY)) == []


def test_the_newest_comes_first_and_standing_facts_stand_apart() -> None:
    rows = [event("GENDER//F", "meds", None), event("MHS_ACT//02", time=datetime(2024, 1, 1)), event("MHS_ACT//03")]
    table = pa.Table.from_pylist(rows, schema=SCHEMA)
    assert [entry.title for entry in build_entries(table)] == [
        "Mental Health Act: section 3",
        "Mental Health Act: section 2",
    ]
    assert standing_facts(table) == ["Gender F"]


def test_a_day_without_a_time_shows_no_clock_in_summer_either() -> None:
    (entry,) = entries(event("MHS_ACT//02", time=datetime(2025, 6, 30, 23, 0)))
    assert (entry.day, entry.clock) == (date(2025, 7, 1), "")


def test_imported_results_of_one_day_are_gathered_and_admissions_are_not() -> None:
    rows = [event(f"LAB//{i}//mg", "meds", numeric_value=1.0) for i in range(70)]
    gathered, admission = sorted(
        entries(*rows, event("HOSPITAL_ADMISSION//EW", "meds")), key=lambda entry: len(entry.details), reverse=True
    )
    assert gathered.title == "70 laboratory results"
    assert gathered.details[-1] == "and 10 more"
    assert admission.weight == "major"


def test_of_imported_encounters_only_stays_and_emergencies_weigh_more() -> None:
    told = entries(*(event(f"ENCOUNTER//{kind}", "fhir") for kind in ("AMB", "EMER", "IMP", "VR")))
    assert {entry.title: entry.weight for entry in told} == {
        "Encounter as an outpatient": "ordinary",
        "Emergency encounter": "major",
        "Stay as an inpatient": "major",
        "Virtual encounter": "ordinary",
    }


def test_nothing_gives_nothing() -> None:
    assert entries() == []


def test_a_drawing_holds_what_touches_its_stretch_of_time() -> None:
    listed = entries(
        event("MHS_REFERRAL//A06", time=datetime(2020, 1, 1), ref="open"),
        event("MHS_REFERRAL//A08", time=datetime(2020, 1, 1), end_time=datetime(2021, 1, 1), ref="past"),
        event("MHS_CONTACT//5"),
        event("DMD//1", "gp"),
    )
    chart = build_chart(listed, date(2025, 1, 1), date(2026, 1, 1), 1000)
    assert [lane.style for lane in chart.lanes] == ["mental-health", "gp"]
    assert len(chart.bars) == 1 and len(chart.dots) == 2
    for bar in chart.bars:
        assert bar.x >= 0 and bar.x + bar.width <= chart.width
    assert all(0 <= tick.x <= chart.width for tick in chart.ticks)


def test_crowded_days_stack_and_then_say_how_many_more() -> None:
    crowd = [event("MHS_ACT//98", time=None)] + [event(f"SNOMED//{i}", "gp") for i in range(9)]
    chart = build_chart(entries(*crowd), date(2025, 1, 1), date(2026, 1, 1), 1000)
    assert [dot.weight for dot in chart.dots] == ["ordinary"] * 3 + ["many"]
    assert chart.dots[-1].text == "6 more"


def test_labels_of_the_axis_do_not_touch() -> None:
    for days in (30, 365, 730, 3650, 30000):
        chart = build_chart([], date(1990, 1, 1), date.fromordinal(date(1990, 1, 1).toordinal() + days), 340)
        places = [tick.x for tick in chart.ticks]
        assert all(right - left > 30 for left, right in pairwise(places)), days
