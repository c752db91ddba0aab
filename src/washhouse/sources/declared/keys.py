"""Which keys may a declaration have, and what does each say? The reading and the reference page come from here."""

from __future__ import annotations

TOP = {
    "name": "Folder of the inbox and `source` of every row: small letters, digits and `_`. Also the file's name.",
    "title": "Name in words.",
    "description": "What it is, in a sentence.",
    "delivery": '`"snapshot"` (default: all there is, each time), `"replace-period"` (what is sent for a period '
    'replaces what was sent for it before) or `"delta"` (changed rows by key).',
    "timezone": 'Where times without an offset were written; `"Europe/London"` if not given.',
    "period": "The section `[period]`.",
    "tables": "One section `[tables.NAME]` for each kind of file.",
    "identity": "The section `[identity]`.",
    "events": "One section `[[events]]` for each thing that rows tell of.",
}
"""Keys of the file itself."""

PERIOD = {
    "table": "Table whose rows say which period they report.",
    "column": "Column with one date that stands for the period (the first of the month, say); or `start` and `end`.",
    "start": "Column with the first day reported.",
    "end": "Column with the last day reported.",
    "provider": "Column with the sender's code, where there is one. A source of a home has one provider.",
}
"""Keys of `[period]`, needed for `replace-period`."""

TABLE = {
    "aliases": "Other names under which the file arrives, without ending; a date or number may follow.",
    "description": "One row per what.",
    "key": "Columns that name a thing across files: of two rows with the same key the later counts. "
    "Without it only identical rows are one.",
    "delivery": "How this table is sent, if otherwise than the source.",
    "parent": '`"table.column"` in which the value of this table\'s column of the same name must be found; a row '
    "without it is set aside.",
    "required": "A full batch without this table is rejected; true for the table of `[identity]` if not given.",
    "columns": "`COLUMN = TYPE`, or `COLUMN = { type = TYPE, ... }`.",
}
"""Keys of `[tables.NAME]`."""

COLUMN = {
    "type": "`text` (default), `date`, `time`, `datetime`, `int`, `float`, `code`, `flag`, `nhs_number`, `pseudonym`.",
    "aliases": "Other headers. Headers match without regard to case, spaces and punctuation.",
    "format": 'Of a date, time or datetime that is not written in one of the usual ways: `"%m/%d/%Y"`, in the signs of '
    "C's strptime.",
    "required": "The header must have the column, or the file is rejected.",
    "filled": "A row in which it is missing or unreadable is set aside. True for the columns of `key`, and for the "
    "person's id.",
    "codes": "The codes or texts that it may hold. Makes it a `code`; lost leading zeros are put back.",
    "unlisted": '`"warn"` (default: another code is kept, with a warning) or `"quarantine"` (the row is set aside).',
    "future": "The date may lie after the batch's own: planned, expected, expiry.",
    "personal": "It names a person directly. Columns of `[identity]` that do are personal anyhow.",
    "description": "What it holds.",
}
"""Keys of a column."""

IDENTITY = {
    "table": "Table that says who people are; may be left out where there is one table.",
    "kind": '`"clear"` (default), or `"pseudonym"`: people are known by a regional pseudonym only, and join exactly.',
    "person": "Column with the sender's own id of the person.",
    "nhs_number": "Column of type `nhs_number`.",
    "pseudonym": "Column with the regional pseudonym of the NHS number; `person` if not given, where `kind` says so.",
    "first_name": "Column.",
    "surname": "Column.",
    "birth_date": "Column of type `date`.",
    "sex": "Column with M/F, male/female or 1/2; or, for other codes, "
    '`{ column = "Sex", male = ["10"], female = ["20"] }`.',
    "postcode": "Column.",
    "address": "Column.",
    "uprn": "Column.",
    "phone": "Column.",
    "restricted": "Column of type `flag`: the address must not be shown.",
    "ethnic_category": "Column with national codes A to Z, 99.",
    "small_area": "Column with the LSOA.",
    "practice": "Column with the practice's code.",
    "death_date": "Column of type `date`; gives the event of the death, too.",
}
"""Keys of `[identity]`."""

EVENT = {
    "table": "Table whose rows tell of it; may be left out where there is one table.",
    "person": "Column with the person's id, if it is named otherwise than in `[identity]`.",
    "code": '`"VOCABULARY//{column}"`, `"VOCABULARY//constant"`, a mixture, or a list of such: one event for each. '
    "In SNOMED, DMD, ICD10, OPCS4, CTV3, READ2 and LOINC an empty column gives no event.",
    "time": "Column with the day or moment, or `[date column, time column]`. An empty one gives no event.",
    "end": "When it ended, likewise.",
    "recorded": "When the sender knew of it, likewise; otherwise the date of the batch that first showed it.",
    "value": "Column of type `int` or `float`.",
    "unit": '`"min"`, or `"{column}"`.',
    "text": "Column with `codes`, whose value stands beside the code. Free text never enters the record.",
    "ref": "Column with the sender's id of the thing, kept as a keyed hash.",
    "parent": '`"column"` with the `ref` of an event of the parent table, see `parent` of the table.',
    "team": "Column with a team's local code.",
    "worker": "Column with a worker's local code.",
    "where": 'Only rows with one of the values listed, for each column: `{ status = ["5", "6"] }`.',
}
"""Keys of `[[events]]`."""

SECTIONS = (
    ("The file", TOP),
    ("`[period]`", PERIOD),
    ("`[tables.NAME]`", TABLE),
    ("Columns: `[tables.NAME.columns]`", COLUMN),
    ("`[identity]`", IDENTITY),
    ("`[[events]]`", EVENT),
)


def render_keys() -> str:
    """Return the reference page of the declaration's keys, in Markdown."""
    lines = [
        "# Source declarations",
        "",
        "Made from `washhouse.sources.declared.keys`; do not edit. How to write one, step by step: "
        "[declare a source](../how-to/declare-a-source.md).",
        "",
        "A declaration is a TOML file `HOME/sources/NAME.toml`. A run reads, checks and counts its files as it does "
        "those of the built-in [sources](sources.md), by the same [rules](rules.md). Codes and units are checked as "
        "everywhere: what looks like a name or an identifier becomes `unreadable`.",
        "",
    ]
    for title, keys in SECTIONS:
        lines += [f"## {title}", "| Key | Says |", "|---|---|"]
        lines += [f"| `{key}` | {words.replace('|', chr(92) + '|')} |" for key, words in keys.items()]
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"
