"""What may stand in a configuration of `washhouse link`? The reference page, made from the code that reads it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from washhouse.linkage.blocking import MAX_BLOCK_PAIRS, RULES, WIDE_PAIRS, WIDE_RULES
from washhouse.linkage.config import FREE_SECTIONS, parts_of
from washhouse.linkage.fields import FIELDS, LEVELS, Kind

KEYS: dict[str, tuple[tuple[str, str], ...]] = {
    "the top": (
        ("unique_id", "column that names a row; never compared nor blocked on. Left out: rows are numbered from 1"),
        ("left", "section with a `unique_id` and mappings of the first table, where the two differ"),
        ("right", "the same of the second table"),
    ),
    "a mapping": (
        ("column", "the column, where it is not named alone"),
        ("columns", "several columns, joined: a date's as year, month, day"),
        ("parse", "format of a date, as `datetime.strptime` has it; only for dates"),
        ("near", "for numbers: difference up to which two are near; up to three times as much is rather near"),
        ("about", "`who`, `family` or `where`: what agreement tells; only in the sections with names of your own"),
    ),
    "[blocking]": (
        ("rules", "rules of your own, each a list of parts"),
        ("standard", "`true`: the standard rules are used too"),
        (
            "max_block_pairs",
            f"blocks that could give more pairs are skipped and counted; {MAX_BLOCK_PAIRS:,} by default",
        ),
    ),
    "[model]": (
        ("one_to_one", "`false`; `true` for two clean lists: a record has one partner at most"),
        (
            "threshold",
            '`"auto"`: chosen from the model, or stored in the one given; or a probability above 0 and up to 1',
        ),
        ("max_block_pairs", "the same as in `[blocking]`"),
    ),
}
_FREE = {
    "names": "further names: middle, former",
    "dates": "further dates",
    "categories": "anything with a limited number of values",
    "identifiers": "further numbers of a person; each is a blocking rule",
    "numbers": "quantities, e.g. a height",
}
_KINDS = {
    Kind.NAME: "names",
    Kind.DATE: "dates",
    Kind.EXACT: "exact",
    Kind.POSTCODE: "postcodes",
    Kind.ADDRESS: "addresses",
    Kind.IDENTIFIER: "identifiers",
    Kind.WORD: "categories",
    Kind.NUMBER: "numbers",
    Kind.SPAN: "spans on a list that holds a person once, `from/to`",
}


def render_link_settings() -> str:
    """The page `docs/reference/link-settings.md`, in Markdown."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "# Settings of `washhouse link`\n"
    yield "Made by `make reference` from the code that reads them. A TOML file, or the same as a dictionary for"
    yield "`washhouse.linkage.api`. An unknown key is refused, and near names are offered. How to use them:"
    yield "[link two files](../how-to/link-two-files.md), [choose blocking](../how-to/choose-blocking.md).\n"
    for where, keys in KEYS.items():
        yield f"## {where[0].upper()}{where[1:]}\n" if where[0] != "[" else f"## `{where}`\n"
        yield from _table(("Key", "What"), [(f"`{key}`", words) for key, words in keys])
    yield "## Sections of fields\n"
    yield "A line maps one of our fields to a column, a list of columns, or a table with the keys of a mapping.\n"
    yield from _table(
        ("Section", "Fields", "Compared as", "Agreement tells"),
        [
            ("`[columns]`", "those below", "see there", "see there"),
            *(
                (f"`[{name}]`", f"{_FREE[name]}; names of your own", _KINDS[kind], _told(kind))
                for name, kind in FREE_SECTIONS.items()
            ),
        ],
    )
    yield "## Fields of `[columns]`\n"
    yield from _table(
        ("Field", "Compared as", "Agreement tells", "Parts to block on"),
        [
            (f"`{f.name}`", _KINDS[f.kind], f.about, ", ".join(f"`{part}`" for part in parts_of([f.name])))
            for f in FIELDS.values()
        ],
    )
    yield "With both `first_name` and `surname` there is also the part `names`: the sounds of both, in either order.\n"
    yield "## Outcomes of a comparison\n"
    yield "From full agreement to plain difference. A value that is missing on either side says nothing.\n"
    yield from _table(
        ("Compared as", "Outcomes"),
        [(_KINDS[kind], "; ".join(level.words for level in levels)) for kind, levels in LEVELS.items()],
    )
    yield "## Standard blocking rules\n"
    yield "In this order; a rule is used when all its fields are mapped. Every field of `[identifiers]` that tells"
    yield "`who` comes first.\n"
    for rule in RULES:
        yield f"- {_said(rule)}"
    yield f"\nOnly while they give {WIDE_PAIRS:g} pairs a record at most:\n"
    for rule in WIDE_RULES:
        yield f"- {_said(rule)}"


def _said(rule: Sequence[str]) -> str:
    return " + ".join(f"`{part}`" for part in rule)


def _told(kind: Kind) -> str:
    return "`where` unless `about` says otherwise" if kind is Kind.WORD else "`who` unless `about` says otherwise"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield "| " + " | ".join(row) + " |"
    yield ""
