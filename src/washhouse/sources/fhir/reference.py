"""What does the reference page of the FHIR mapping say? It is made from the declaration that the code uses."""

from __future__ import annotations

from collections.abc import Iterator

from washhouse.sources.fhir.codes import HOUSE, NHS_NUMBER, SYSTEMS
from washhouse.sources.fhir.declared import RESOURCES, ResourceMap

_HEAD = f"""\
# FHIR R4: the mapping

Made by `make reference` from the declaration that import, export and server share. Paths are FHIR's own; the first that
is there counts. How to use it: [import and export FHIR](../how-to/fhir.md).

A `Patient` is a person to be linked: by the NHS number (`{NHS_NUMBER}`), name, date of birth, sex, address and
telephone. One without NHS number and surname is a person known by a pseudonym, alone. Ethnic category and practice are
UK Core's.

## Resources

`recorded_at` is `meta.lastUpdated`, else the path in the column; without either it is the time of the set. What a
resource says by "not an event" did not happen or was entered in error: it is kept, and gives no event. **Codes as**
stands before the code's own vocabulary: `ALLERGY//SNOMED//764146007`. **Written from** are the vocabularies whose
events are exported as the type; those that stand nowhere are `Observation`.
"""

_CODES = f"""
## Vocabularies

Of several codings the one whose vocabulary stands first here counts; before all of them one of `{HOUSE}...`, the
address of vocabularies that are the house's own. A coding of any other system is `LOCAL`. ICD-10 and OPCS-4 codes have
no dot in the record.

| Vocabulary | System |
|---|---|
"""


def render_fhir() -> str:
    """The page `docs/reference/fhir.md`, in Markdown."""
    rows = "\n".join(f"| `{name}` | {', '.join(f'`{one}`' for one in given)} |" for name, given in SYSTEMS.items())
    return "\n".join([_HEAD, *(_render(one) for one in RESOURCES.values())]) + _CODES + rows + "\n"


def _render(one: ResourceMap) -> str:
    return "\n".join([f"### {one.type}\n", "| | |\n|---|---|", *_lines(one), ""])


def _lines(one: ResourceMap) -> Iterator[str]:
    facts = {
        "Whose": (one.subject,),
        "Code": one.code,
        "Codes as": (f"{one.family}//",) if one.family else (),
        "`time`": one.time,
        "`end_time`": one.end,
        "`recorded_at`": one.recorded,
        "`numeric_value`, `unit`": one.number,
        "Within": (one.encounter,) if one.encounter else (),
        "Not an event": tuple(f"{path}={value}" for path, values in one.absent for value in values),
        "Written from": one.families,
        "Profile": (one.profile,) if one.profile else (),
        "Searched by": ("patient", "_id", one.date_search, *((one.code_search,) if one.code_search else ())),
    }
    for name, given in facts.items():
        if given:
            yield f"| {name} | {', '.join(f'`{each}`' for each in given)} |"
