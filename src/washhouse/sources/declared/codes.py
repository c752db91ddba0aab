"""How does a declaration's `code = "VOCABULARY//{column}"` become SQL that no name or identifier passes?

A column with `codes` gives only those, written without spaces; any other column is checked as every code of the record
is (`sources.mappings.macros`), and so is what several columns give together.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from washhouse.sources.contract import ColumnSpec, TableSpec
from washhouse.sources.declared.document import Node
from washhouse.sources.declared.places import check_column

NATIONAL = ("SNOMED", "DMD", "ICD10", "OPCS4", "CTV3", "READ2", "LOINC")
"""Vocabularies that everybody may use; where the column is empty there is nothing to tell."""

TAKEN = (
    "MHS_",
    "CLD_",
    "ECDS_",
    "APC_",
    "GP_",
    "CSDS_",
    "HONOS",
    "DIALOG",
    "DEATH",
    "MEDS_",
    "ETHNIC",
    "CONTACT_BY",
    "SPECIALTY",
)
"""Beginnings of the vocabularies of built-in sources: models and pages read them as those sources mean them."""

_TEMPLATE = re.compile(r"([A-Z][A-Z0-9_]{0,39})//(.+)")
_PART = re.compile(r"\{([^{}]*)\}|([A-Za-z0-9._-]+)")
_CODE = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,31}")
_WRITTEN = {"ICD10": "icd10({})", "OPCS4": "opcs4({})"}


@dataclass(frozen=True)
class Coded:
    """A code in SQL, over the alias `e`.

    Attributes:
        vocabulary: Its vocabulary.
        sql: The code.
        where: Condition without which there is nothing to tell, or "".
        columns: Columns that it reads.
    """

    vocabulary: str
    sql: str
    where: str
    columns: tuple[str, ...]


def read_code(node: Node, key: str, template: str, table: TableSpec) -> Coded:
    """Make SQL of one template.

    Args:
        node: The event.
        key: Key under which the template stands.
        template: `VOCABULARY//` and constants and `{column}`s.
        table: The event's table.

    Raises:
        InputError: `declaration-invalid`: it is no such template.
    """
    match = _TEMPLATE.fullmatch(template)
    parts = list(_PART.finditer(match[2])) if match else []
    if match is None or "".join(part[0] for part in parts) != match[2]:
        node.refuse('a vocabulary in capitals, // and a constant or {column} is expected: "DN_VISIT//{kind}".', key=key)
    vocabulary = match[1]
    if vocabulary.startswith(TAKEN):
        node.refuse(f"the vocabulary {vocabulary} belongs to a built-in source; choose a name of your own.", key=key)
    columns = [check_column(node, table.columns, part[1], key) for part in parts if part[2] is None]
    for column in columns:
        if column.type not in ("text", "code", "int"):
            node.refuse(f"the column {column.name} is of type {column.type}, which makes no code.", key=key)
        if column.personal:
            node.refuse(f"the column {column.name} names a person, and must not stand in a code.", key=key)
    written = {column.name: column for column in columns}
    pieces = [_constant(part[2]) if part[2] else _piece(vocabulary, written[part[1]]) for part in parts]
    is_open = any(column.allowed is None for column in columns)
    if len(parts) == 1 and is_open:
        sql = f"coded('{vocabulary}', {_bare(vocabulary, columns[0])})"
    else:
        joined = " || ".join(pieces)
        sql = f"'{vocabulary}//' || " + (
            f"CASE WHEN is_personal({joined}) THEN 'unreadable' ELSE {joined} END" if is_open else f"({joined})"
        )
    needed = [f"{column_sql(column.name)} IS NOT NULL" for column in columns] if vocabulary in NATIONAL else []
    return Coded(vocabulary, sql, " AND ".join(needed), tuple(written))


def listed_sql(column: ColumnSpec) -> str:
    """SQL of a column with `codes`: one of them, `other` or `unknown`; texts are written as `home-visit`."""
    name = column_sql(column.name)
    cases = " ".join(f"WHEN {name} = {_constant(code)} THEN {_constant(_slug(code))}" for code in column.allowed or ())
    return f"CASE WHEN {name} IS NULL THEN 'unknown' {cases} ELSE 'other' END"


def column_sql(name: str) -> str:
    """SQL of a column of the alias `e`, as text."""
    return f'CAST(e."{name}" AS VARCHAR)'


def _piece(vocabulary: str, column: ColumnSpec) -> str:
    if column.allowed is not None:
        return f"({listed_sql(column)})"
    return f"split_part(coded('{vocabulary}', {_bare(vocabulary, column)}), '//', 2)"


def _bare(vocabulary: str, column: ColumnSpec) -> str:
    return _WRITTEN.get(vocabulary, "{}").format(column_sql(column.name))


def _slug(code: str) -> str:
    """A code as it is; a word or text in small letters with hyphens.

    >>> _slug("A02"), _slug("Clinic"), _slug("Home visit (first)")
    ('A02', 'clinic', 'home-visit-first')
    """
    if _CODE.fullmatch(code) and (len(code) <= 2 or re.search("[0-9]", code)):
        return code
    return re.sub(r"[^a-z0-9]+", "-", code.casefold()).strip("-") or "other"


def _constant(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
