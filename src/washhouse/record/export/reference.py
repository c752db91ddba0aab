"""What does the page about exports say? It is written from the declarations that the exports use."""

from __future__ import annotations

from collections.abc import Iterator

from washhouse.record.export.families import END, FAMILIES, OTHER, Family
from washhouse.record.export.meds import DATA, FACTS


def render_exports() -> str:
    """The page `docs/reference/exports.md`, in Markdown."""
    return "\n".join([*_head(), *_meds(), ""])


def _head() -> Iterator[str]:
    yield "# Exports: what goes where"
    yield ""
    yield "Made by `make reference` from `record/export`. How to export: [MEDS](../how-to/export-meds.md)."
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


def _code(family: Family) -> str:
    if not family.name:
        return "any other"
    return "`GP_REGISTRATION//recorded`" if family.name == "GP_REGISTRATION" else f"`{family.name}//..`"
