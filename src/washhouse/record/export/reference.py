"""What does the page about exports say? It is written from the declarations that the exports use."""

from __future__ import annotations

from collections.abc import Iterator

from washhouse.record.export.families import END, FAMILIES, OTHER, Family
from washhouse.record.export.meds import DATA, FACTS
from washhouse.record.export.omop.concepts import LOCAL, LOCAL_FIRST, LOCAL_LAST
from washhouse.record.export.omop.eras import WINDOW_DAYS
from washhouse.record.export.omop.rows import DOMAIN_TABLES, PRESCRIPTION_DAYS


def render_exports() -> str:
    """The page `docs/reference/exports.md`, in Markdown."""
    return "\n".join([*_head(), *_meds(), *_omop(), ""])


def _head() -> Iterator[str]:
    yield "# Exports: what goes where"
    yield ""
    yield "Made by `make reference` from `record/export`."
    yield "How to: [MEDS](../how-to/export-meds.md), [OMOP](../how-to/export-omop.md)."
    yield ""
    yield "A row is a current event of somebody who has not opted out. Left out: states corrected or withdrawn since,"
    yield "`DEATH`, `GENDER`, `MEDS_BIRTH` and `MEDS_DEATH` (what they say is said once, from the person), `OPT_OUT`."
    yield "Ids of people, practices, teams, workers and things become numbers under the export's key."


def _meds() -> Iterator[str]:
    yield ""
    yield "## MEDS"
    yield ""
    columns = ", ".join(f"`{field.name}`" for field in DATA)
    yield f"Columns of `data/*.parquet`: {columns}."
    yield ""
    yield "| Of a person | Code | Time |"
    yield "|---|---|---|"
    for code, time, said in FACTS:
        named = f"`{code}<{said.split(' ')[0]}>`" if code.endswith("//") else f"`{code}`"
        yield f"| `{said}` | {named} | {'none: it stands' if time == 'NULL' else f'`{time}`'} |"
    yield ""
    yield f"An event that has ended has a second row at its end, whose family is followed by `{END}`."
    yield ""
    yield "| Code | A row is | `parent_codes` |"
    yield "|---|---|---|"
    for family in (*FAMILIES.values(), OTHER):
        yield f"| {_code(family)} | {family.meaning} | {f'`{family.terminology}/..`' if family.terminology else ''} |"


def _omop() -> Iterator[str]:
    yield ""
    yield "## OMOP CDM 5.4"
    yield ""
    yield "An event is a row of the table of its standard concept's domain, if a vocabulary gives it one:"
    yield ", ".join(f"{domain} `{table}`" for domain, table in DOMAIN_TABLES.items()) + "; any other `observation`."
    yield "Without a standard concept it is a row of the table below, with the concept 0. `..._source_value` is the"
    yield "event's code, `..._source_concept_id` the terminology's concept, else a local one of the vocabulary"
    yield f"`{LOCAL}`, numbered {LOCAL_FIRST:,} to {LOCAL_LAST:,} by the code's own letters."
    yield ""
    yield "| Code | `vocabulary_id` | Table without a standard concept | Visit |"
    yield "|---|---|---|---|"
    for family in (*FAMILIES.values(), OTHER):
        yield f"| {_code(family)} | {family.terminology or ''} | {_table(family)} | {_visit(family)} |"
    yield ""
    yield "| Table | Rows | Derived |"
    yield "|---|---|---|"
    for table, rows, derived in _TABLES:
        yield f"| `{table}` | {rows} | {derived} |"
    yield ""
    yield "Every other table of the model is there and empty."


_TABLES = (
    ("person", "people of the view for research with a year of birth", "no month or day of birth"),
    (
        "observation_period",
        "one a person",
        "from the first event to the last; with an open registration to the newest day of the data, or death",
    ),
    ("death", "one a person with a day of death", "from the person, not from events"),
    ("visit_occurrence", "stays, attendances, contacts that were kept", "a stay still open ends on the newest day"),
    ("drug_exposure", "medicines", f"a prescription ends {PRESCRIPTION_DAYS} days after its start (OHDSI Themis)"),
    (
        "condition_era, drug_era",
        "standard concepts; ingredients of RxNorm",
        f"OHDSI's rules, {WINDOW_DAYS} days apart at most; the concept 0 is in none",
    ),
    ("location", "the ten deprivation deciles", "no place"),
    ("care_site, provider", "practices and teams; workers", "numbers, no names"),
    ("concept and the other tables of vocabularies", "what the export uses, and its ancestors", ""),
    ("cdm_source", "one", "version and days of the record"),
)


def _table(family: Family) -> str:
    words = f"`{family.table}`"
    if family.by_value:
        words += "; with a number `measurement`; else, part of a stay or attendance, `condition_occurrence`"
    return words


def _visit(family: Family) -> str:
    if not family.visit:
        return ""
    only = f", codes {' and '.join(family.visit_codes)}" if family.visit_codes else ""
    return f"{family.visit}{only}"


def _code(family: Family) -> str:
    if not family.name:
        return "any other"
    return "`GP_REGISTRATION//recorded`" if family.name == "GP_REGISTRATION" else f"`{family.name}//..`"
