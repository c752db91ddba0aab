"""What does a user say about the tables to link? Read from TOML, checked before any row is read."""

from __future__ import annotations

import difflib
import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from washhouse.core.errors import InputError
from washhouse.linkage.blocking import MAX_BLOCK_PAIRS
from washhouse.linkage.fields import FIELDS, FREE_FIELDS, Field, Kind


@dataclass(frozen=True)
class ColumnUse:
    """Where a field comes from.

    Attributes:
        columns: Columns of the input; several are joined (a date's in the order year, month, day).
        parse: Format of a date, as `datetime.strptime` has it; empty to recognise the usual ones.
    """

    columns: tuple[str, ...]
    parse: str = ""


@dataclass(frozen=True)
class SideConfig:
    """How one table is read.

    Attributes:
        unique_id: Column that names a row; empty to number the rows. It is never compared nor blocked on.
        columns: Our field to their columns.
    """

    unique_id: str
    columns: Mapping[str, ColumnUse]


@dataclass(frozen=True)
class LinkConfig:
    """A checked configuration.

    Attributes:
        left: How the first table is read.
        right: How the second is.
        fields: The fields to compare, in the order that the weights are shown.
        one_to_one: Each record has one partner at most.
        threshold: Probability from which a pair is a link; None to choose it from the model.
        max_block_pairs: Blocks with more pairs are skipped and counted.
        rules: Blocking rules of the user's own, each a list of parts, see `parts_of`.
        standard_rules: Whether the standard rules are used too.
    """

    left: SideConfig
    right: SideConfig
    fields: tuple[Field, ...]
    one_to_one: bool = False
    threshold: float | None = None
    max_block_pairs: int = MAX_BLOCK_PAIRS
    rules: tuple[tuple[str, ...], ...] = ()
    standard_rules: bool = True


FREE_SECTIONS: Mapping[str, Kind] = {
    "names": Kind.NAME,
    "dates": Kind.DATE,
    "categories": Kind.WORD,
    "identifiers": Kind.IDENTIFIER,
    "numbers": Kind.NUMBER,
}
"""Sections whose fields have names of the user's own, and how they are compared."""
PARTS: Mapping[str, tuple[str, ...]] = {
    "first_name": ("first_name", "first_root", "first_initial", "first_sound"),
    "surname": ("surname", "surname_start", "surname_initial", "surname_sound"),
    "birth_date": ("birth_date", "birth_year", "birth_month", "birth_day_month"),
    "postcode": ("postcode", "postcode_district", "postcode_sector"),
    "address": ("address", "house"),
}
"""What records may be blocked on, by field; a field that is not listed is one part of its own name."""
_SIDE = ("unique_id", "columns", *FREE_SECTIONS)
_TOP = (*_SIDE, "left", "right", "blocking", "model")
_MODEL = ("one_to_one", "threshold", "max_block_pairs")
_BLOCKING = ("rules", "standard", "max_block_pairs")


def read_config(path: Path) -> LinkConfig:
    """Read a configuration file.

    Raises:
        InputError: The file is not there, is not TOML, or says something that makes no sense.
    """
    try:
        with path.open("rb") as file:
            raw = tomllib.load(file)
    except OSError as error:
        raise InputError("link-config", f"The configuration {path.name} cannot be read.", "Check the path.") from error
    except tomllib.TOMLDecodeError as error:
        raise InputError("link-config", f"The configuration {path.name} is not TOML: {error}.") from error
    return parse_config(raw)


def parse_config(raw: Mapping[str, Any]) -> LinkConfig:
    """Check a configuration.

    Args:
        raw: The configuration as TOML gives it.

    >>> parse_config({"unique_id": "id", "columns": {"surname": "NAME"}}).left.columns["surname"].columns
    ('NAME',)

    Raises:
        InputError: A key or a field is unknown, or a value makes no sense.
    """
    _known(raw, _TOP, "the configuration")
    sides: list[SideConfig] = []
    extra: dict[str, Field] = {}
    for side in ("left", "right"):
        own = _section(raw, side)
        _known(own, _SIDE, f"[{side}]")
        columns: dict[str, ColumnUse] = {}
        for section in ("columns", *FREE_SECTIONS):
            for name, value in {**_section(raw, section), **_section(own, section)}.items():
                kind = FREE_SECTIONS.get(section)
                if kind is None:
                    _known({name: value}, tuple(FIELDS), f"[{section}]", "a field")
                elif name in FIELDS or name in columns or name in _TAKEN or not name.isidentifier():
                    raise InputError("link-config", f"[{section}] {name}: the name is taken or is not a plain word.")
                elif extra.setdefault(name, made := _free_field(name, kind, value)) != made:
                    raise InputError("link-config", f"[{section}] {name}: both sides must say the same of it.")
                columns[name] = _column_use(name, value, FIELDS[name].kind if kind is None else kind)
        unique_id = own.get("unique_id", raw.get("unique_id", ""))
        if not isinstance(unique_id, str):
            raise InputError("link-config", "unique_id must be the name of a column.")
        if any(unique_id in use.columns for use in columns.values()):
            raise InputError(
                "link-config",
                f"unique_id {unique_id} is also mapped to a field.",
                "It is never compared: leave it out.",
            )
        sides.append(SideConfig(unique_id, columns))
    left, right = sides
    if set(left.columns) != set(right.columns):
        odd = ", ".join(sorted(set(left.columns) ^ set(right.columns)))
        raise InputError("link-config", f"Both sides must map the same fields; only one side has: {odd}.")
    if not left.columns:
        raise InputError("link-config", "No field is mapped.", 'Add a section [columns], e.g. surname = "NAME".')
    order = [name for name in FIELDS if name in left.columns] + [name for name in left.columns if name in extra]
    fields = tuple(FIELDS.get(name) or extra[name] for name in order)
    model, blocking = _section(raw, "model"), _section(raw, "blocking")
    return LinkConfig(left, right, fields, **_model(model), **_blocking(blocking, parts_of(order), model))


def parts_of(fields: Sequence[str]) -> tuple[str, ...]:
    """Return the parts that records may be blocked on when some fields are mapped.

    >>> parts_of(["postcode", "suburb"])
    ('postcode', 'postcode_district', 'postcode_sector', 'suburb')
    """
    names = ("names",) if {"first_name", "surname"} <= set(fields) else ()
    return (*(part for field in fields for part in PARTS.get(field, (field,))), *names)


_TAKEN = frozenset({"names", "sources"} | {part for parts in PARTS.values() for part in parts})


def _section(raw: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = raw.get(name, {})
    if not isinstance(found, Mapping):
        raise InputError("link-config", f"[{name}] must be a section.")
    return found


def _known(raw: Mapping[str, Any], known: Sequence[str], where: str, what: str = "a key") -> None:
    for key in raw:
        if key not in known:
            near = difflib.get_close_matches(key, known, 3, 0.5)
            hint = f"Did you mean {' or '.join(near)}?" if near else f"Known: {', '.join(known)}."
            raise InputError("link-config", f"{key} is not {what} of {where}.", hint)


def _free_field(name: str, kind: Kind, value: Any) -> Field:
    """Make a field of the user's own; `about` says whether it tells the person, the family or the place."""
    said = value if isinstance(value, Mapping) else {}
    chosen: dict[str, Any] = {}
    told = ("who", "family", "where")
    if "about" in said:
        if said["about"] not in told:
            raise InputError("link-config", f"{name}: about must be one of {', '.join(told)}.")
        chosen["about"] = said["about"]
    if kind is Kind.NUMBER:
        near = said.get("near")
        if isinstance(near, bool) or not isinstance(near, int | float) or not 0 < near < math.inf:
            raise InputError("link-config", f"{name}: say what is near, e.g. {{column = ..., near = 2}}.")
        chosen["near"] = float(near)
    return FREE_FIELDS[kind](name, **chosen)


def _column_use(name: str, value: Any, kind: Kind) -> ColumnUse:
    """Read one mapping: a column, a list of columns, or a table with `column` or `columns` and `parse`."""
    parse = ""
    if isinstance(value, Mapping):
        keys: tuple[str, ...] = ("column", "columns", "parse")
        if name not in FIELDS:
            keys += ("about", "near") if kind is Kind.NUMBER else ("about",)
        _known(value, keys, name)
        parse = value.get("parse", "")
        if not isinstance(parse, str) or (parse and kind is not Kind.DATE):
            raise InputError("link-config", f"{name}: parse is the format of a date, and only for dates.")
        _check_format(name, parse)
        value = value.get("column", value.get("columns", name))
    columns = [value] if isinstance(value, str) else value
    if not isinstance(columns, list) or not columns or not all(isinstance(c, str) and c for c in columns):
        raise InputError(
            "link-config", f"{name} must be a column, a list of columns, or {{column = ..., parse = ...}}."
        )
    return ColumnUse(tuple(columns), parse)


def _check_format(name: str, parse: str) -> None:
    """A format is asked to write a date and to read it back."""
    date = datetime(1961, 11, 9)
    try:
        fits = not parse or datetime.strptime(date.strftime(parse), parse) == date
    except ValueError:
        fits = False
    if not fits:
        raise InputError("link-config", f"{name}: parse must say year, month and day, as %d/%m/%Y does.")


def _blocking(raw: Mapping[str, Any], parts: Sequence[str], model: Mapping[str, Any]) -> dict[str, Any]:
    _known(raw, _BLOCKING, "[blocking]")
    standard = raw.get("standard", True)
    if not isinstance(standard, bool):
        raise InputError("link-config", "standard must be true or false.")
    rules = raw.get("rules", [])
    if not isinstance(rules, list | tuple) or not all(
        isinstance(rule, list | tuple) and rule and all(isinstance(part, str) for part in rule) for rule in rules
    ):
        raise InputError("link-config", 'rules must be lists of parts, e.g. [["surname", "birth_year"]].')
    for rule in rules:
        _known(dict.fromkeys(rule), parts, "the fields mapped", "a part")
    if not standard and not rules:
        raise InputError("link-config", "Without the standard rules, [blocking] needs rules of its own.")
    chosen: dict[str, Any] = {"rules": tuple(tuple(rule) for rule in rules), "standard_rules": standard}
    if "max_block_pairs" in raw and "max_block_pairs" in model:
        raise InputError("link-config", "max_block_pairs stands in [blocking] and in [model].", "Say it once.")
    if "max_block_pairs" in raw or "max_block_pairs" in model:
        chosen["max_block_pairs"] = _whole({**model, **raw}["max_block_pairs"])
    return chosen


def _whole(pairs: Any) -> int:
    if isinstance(pairs, bool) or not isinstance(pairs, int) or pairs < 1:
        raise InputError("link-config", "max_block_pairs must be a whole number of 1 or more.")
    return pairs


def _model(raw: Mapping[str, Any]) -> dict[str, Any]:
    _known(raw, _MODEL, "[model]")
    chosen: dict[str, Any] = {}
    one_to_one = raw.get("one_to_one", False)
    if not isinstance(one_to_one, bool):
        raise InputError("link-config", "one_to_one must be true or false.")
    chosen["one_to_one"] = one_to_one
    threshold = raw.get("threshold", "auto")
    if threshold != "auto":
        if isinstance(threshold, bool) or not isinstance(threshold, int | float) or not 0 < threshold <= 1:
            raise InputError("link-config", 'threshold must be "auto" or a probability above 0 and up to 1.')
        chosen["threshold"] = float(threshold)
    return chosen
