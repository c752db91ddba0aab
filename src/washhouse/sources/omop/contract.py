"""Which tables and columns of the OMOP CDM are read?

Those of 5.3 and 5.4 that tell of a person or an event; a column that is read has one name in both versions. Other
columns are left out with a note; the files are kept as sent.

References:
    OMOP CDM 5.3 and 5.4, https://ohdsi.github.io/CommonDataModel.
"""

from __future__ import annotations

from dataclasses import dataclass

from washhouse.sources.columns import day, key, number, text, whole
from washhouse.sources.contract import ColumnSpec, SourceSpec, Span, TableSpec

PERSON = TableSpec(
    "person",
    description="one row per person",
    business_key=("person_id",),
    identity="pseudonym",
    required=True,
    columns=(
        key("person_id", personal=True),
        whole("gender_concept_id"),
        whole("year_of_birth"),
        whole("month_of_birth"),
        whole("day_of_birth"),
        text("gender_source_value"),
    ),
)


def _moment(name: str, *, may_be_future: bool = False) -> ColumnSpec:
    return ColumnSpec(name, "datetime", may_be_future=may_be_future)


def _person() -> ColumnSpec:
    return key("person_id", personal=True)


DEATH = TableSpec(
    "death",
    description="one row per person who died",
    business_key=("person_id",),
    parent=("person", "person_id"),
    columns=(_person(), key("death_date", "date"), _moment("death_datetime")),
)

PERIOD = TableSpec(
    "observation_period",
    description="one row per span in which a person was observed; it is no event",
    business_key=("observation_period_id", "person_id"),
    parent=("person", "person_id"),
    columns=(
        key("observation_period_id"),
        _person(),
        key("observation_period_start_date", "date"),
        day("observation_period_end_date", may_be_future=True),
    ),
    spans=(Span("observation_period_start_date", "observation_period_end_date"),),
)

CONCEPT = TableSpec(
    "concept",
    description="one row per concept of the vocabularies that the data set brings",
    business_key=("concept_id",),
    columns=(
        ColumnSpec("concept_id", "int", required=True, key=True),
        text("concept_name"),
        ColumnSpec("vocabulary_id", required=True),
        ColumnSpec("concept_code", required=True),
    ),
)


@dataclass(frozen=True)
class EventTable:
    """A table whose rows are events.

    Attributes:
        spec: Its contract.
        stem: What its columns of concepts begin with.
        start: Column with the day on which it began; the moment is the column that ends in `_datetime` instead.
        end: Columns with the moment and the day of its end, empty for none.
        value: Column with its number.
        unit: Column with the number's unit, as sent.
        words: Columns with a word, the first that holds one.
    """

    spec: TableSpec
    stem: str
    start: str
    end: tuple[str, str] | tuple[()] = ()
    value: str = ""
    unit: str = ""
    words: tuple[str, ...] = ()

    @property
    def row_id(self) -> str:
        """Column with the row's own number."""
        return self.spec.business_key[0]

    @property
    def moment(self) -> str:
        """Column with the moment at which it began."""
        return self.start.removesuffix("_date") + "_datetime"


def _event_table(
    name: str,
    stem: str,
    start: str,
    *extra: ColumnSpec,
    end: tuple[str, str] | tuple[()] = (),
    value: str = "",
    unit: str = "",
    words: tuple[str, ...] = (),
) -> EventTable:
    row_id = f"{name}_id" if name not in ("measurement", "observation") else f"{stem}_id"
    is_visit = name == "visit_occurrence"
    own = (
        key(row_id),
        _person(),
        whole(f"{stem}_concept_id"),
        key(start, "date"),
        _moment(start.removesuffix("_date") + "_datetime"),
        *(() if is_visit else (text("visit_occurrence_id"),)),
        text(f"{stem}_source_value"),
        whole(f"{stem}_source_concept_id"),
    )
    ends = (_moment(end[0], may_be_future=True), day(end[1], may_be_future=True)) if end else ()
    values = (*((number(value),) if value else ()), *((text(unit),) if unit else ()), *(text(one) for one in words))
    spec = TableSpec(
        name,
        description="one row per event",
        # Data sets are about in which a number stands for several rows.
        business_key=(row_id, "person_id", f"{stem}_concept_id", start),
        parent=("person", "person_id"),
        columns=(*own, *ends, *values, *extra),
        spans=(Span(start, end[1]),) if end else (),
    )
    return EventTable(spec, stem, start, end, value, unit, words)


VISIT = _event_table("visit_occurrence", "visit", "visit_start_date", end=("visit_end_datetime", "visit_end_date"))

EVENTS = (
    VISIT,
    _event_table(
        "condition_occurrence",
        "condition",
        "condition_start_date",
        end=("condition_end_datetime", "condition_end_date"),
    ),
    # The end date of an exposure is required, and so mostly computed; what the source said is the verbatim one.
    _event_table(
        "drug_exposure",
        "drug",
        "drug_exposure_start_date",
        end=("drug_exposure_end_datetime", "verbatim_end_date"),
        value="quantity",
        unit="dose_unit_source_value",
    ),
    _event_table(
        "procedure_occurrence",
        "procedure",
        "procedure_date",
        end=("procedure_end_datetime", "procedure_end_date"),
        value="quantity",
    ),
    _event_table(
        "measurement",
        "measurement",
        "measurement_date",
        whole("unit_concept_id"),
        whole("value_as_concept_id"),
        whole("operator_concept_id"),
        value="value_as_number",
        unit="unit_source_value",
        words=("value_source_value",),
    ),
    _event_table(
        "observation",
        "observation",
        "observation_date",
        whole("unit_concept_id"),
        whole("value_as_concept_id"),
        value="value_as_number",
        unit="unit_source_value",
        words=("value_as_string", "value_source_value"),
    ),
    _event_table(
        "device_exposure",
        "device",
        "device_exposure_start_date",
        end=("device_exposure_end_datetime", "device_exposure_end_date"),
        value="quantity",
    ),
)
"""Tables whose rows are events."""

SPEC = SourceSpec(
    "omop",
    "Imported data set (OMOP CDM)",
    description="An OMOP CDM 5.3 or 5.4; each person is one of their own.",
    references=("OHDSI CommonDataModel 5.3, 5.4",),
    tables=(PERSON, DEATH, PERIOD, *(table.spec for table in EVENTS), CONCEPT),
    in_parts=True,
)

_UNMAPPED = """
attribute_definition care_site cdm_source cohort cohort_attribute cohort_definition concept_ancestor concept_class
concept_relationship concept_synonym condition_era cost domain dose_era drug_era drug_strength episode episode_event
fact_relationship location metadata note note_nlp payer_plan_period provider relationship source_to_concept_map specimen
visit_detail vocabulary
"""
UNMAPPED = frozenset(_UNMAPPED.split())
"""Tables of the CDM, 5.3 or 5.4, of which no event comes."""
