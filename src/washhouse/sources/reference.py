"""How do the contracts and the rules read as pages of the reference?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from washhouse.sources.contract import ColumnSpec, SourceSpec, TableSpec
from washhouse.sources.rules import Rule, Severity

_SEVERITIES: dict[Severity, str] = {
    "reject": "The file is refused: none of its rows is used, and its lines count as quarantined.",
    "quarantine": "The row is set aside, encrypted in the vault, and shown to stewards with its reason.",
    "duplicate": "The row is identical to an earlier one of the same file and counts once.",
    "warning": "The row is kept; it counts among the warned.",
}
_NOTES = """\
A line is a CSV record after the header: a quoted line end does not start a new one, an empty line is none, and a
record without any value behind the last row is none. `lines = accepted + quarantined + duplicates + opted_out`;
`warned` lies within `accepted`. A row may break several rules; each is listed. Of more than 10,000 rows that break
the same rule in the same column of a file, the first 10,000 are listed one by one. Row 0 stands for the whole file.

## What is read without a word
- UTF-8 with or without a byte order mark, UTF-16 with one, Windows-1252 where a file is not UTF-8.
- Comma, bar, tab or semicolon: whichever gives most column names of the contract.
- Parquet, its columns as the texts that a CSV of them would hold.
- Column names in any case, with or without spaces, underscores and brackets, and under their [aliases](sources.md).
- An empty field, `NULL`, `null` and `\\N` as missing; `9999-12-31`, `1800-01-01` and `1801-01-01` as no date.
- `yyyy-mm-dd`, `dd/mm/yyyy`, `dd-Mon-yyyy` and `yyyymmdd`, also with a time behind; never month before day. A time with
  an offset is turned to local time.
- Codes and coded texts in any case and spacing; numbers and NHS numbers with a final `.0`; NHS numbers with spaces.
- Files of one batch in a zip archive, or each packed by gzip (`.csv.gz`).
- A date or number behind a file's name (`MHS101Referral_202506.csv`).

A file that is cut exactly behind a record cannot be told from a short one. One that is cut elsewhere ends inside
quotes, inside a character, or in a record that lacks fields and has no line end; if only its last value was cut, the
warning `no-final-line-end` is all there is.
"""


def render_rules(rules: Iterable[Rule]) -> str:
    """Return the page of the rules of validation, in Markdown.

    Args:
        rules: The rules, those of one severity together.
    """
    known = list(rules)
    lines = ["# Rules of validation", "", "Made from `washhouse.sources.rules`; do not edit.", "", _NOTES]
    for severity, meaning in _SEVERITIES.items():
        lines += [f"## {severity.capitalize()}", meaning, ""]
        for rule in known:
            if rule.severity == severity:
                lines += [f"### `{rule.name}`", _words(rule), "", rule.action, ""]
    return "\n".join(lines).rstrip() + "\n"


def render_sources(specs: Iterable[SourceSpec]) -> str:
    """Return the page of the sources and their columns, in Markdown.

    Args:
        specs: The contracts.
    """
    lines = ["# Sources", "", "Made from the contracts in `washhouse.sources`; do not edit.", "", _LEGEND, ""]
    for spec in specs:
        lines += [f"## `{spec.name}`: {spec.title}", spec.description, ""]
        lines += [*(f"- {reference}" for reference in spec.references), ""]
        for table in spec.tables:
            lines += [*_table(table), ""]
    return "\n".join(lines).rstrip() + "\n"


_LEGEND = """\
**required**: the header must have the column. **key**: a missing or unreadable value sets the row aside.
**personal**: never leaves the vault. A code outside its set is kept with a [warning](rules.md)."""


def _words(rule: Rule) -> str:
    return _sentence(rule.reason.format(column="the column", detail=f"*{rule.detail}*"))


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _table(table: TableSpec) -> Iterator[str]:
    yield f"### {table.name}"
    yield f"{_sentence(table.description)}."
    yield ""
    facts = [f"key {_names(table.business_key)}", f"delivered as {table.delivery}"]
    facts += [f"person {'in clear' if table.identity == 'clear' else 'by pseudonym'}"] if table.identity else []
    facts += [f"`{table.child_key}` must be in {table.parent[0]}"] if table.parent else []
    facts += ["the batch needs it"] if table.required else []
    facts += [f"`{span.end}` not before `{span.start}`" for span in table.spans]
    yield "; ".join(facts) + "."
    yield ""
    yield "| Column | Type | Marks | Also called | Values |"
    yield "|---|---|---|---|---|"
    for column in table.columns:
        yield _column(column)


def _column(column: ColumnSpec) -> str:
    marks = {
        "required": column.required,
        "key": column.key,
        "personal": column.personal,
        "may lie ahead": column.may_be_future,
    }
    values = ", ".join(column.allowed) if column.allowed else column.description
    cells = (
        f"`{column.name}`",
        column.type.replace("_", " "),
        ", ".join(name for name, has in marks.items() if has),
        _names(column.aliases),
        values.replace("|", "\\|"),
    )
    return "| " + " | ".join(cells) + " |"


def _names(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
