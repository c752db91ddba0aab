"""What does a user say about the tables to link? Read from TOML, checked before any row is read."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from washhouse.core.errors import InputError
from washhouse.linkage.blocking import MAX_BLOCK_PAIRS
from washhouse.linkage.fields import FIELDS, Field, category_field, identifier_field


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
    """

    left: SideConfig
    right: SideConfig
    fields: tuple[Field, ...]
    one_to_one: bool = False
    threshold: float | None = None
    max_block_pairs: int = MAX_BLOCK_PAIRS


_TOP = ("unique_id", "columns", "categories", "identifiers", "left", "right", "model")
_SIDE = ("unique_id", "columns", "categories", "identifiers")
_MODEL = ("one_to_one", "threshold", "max_block_pairs")


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
    sides, extra = [], {}
    for side in ("left", "right"):
        own = _section(raw, side)
        _known(own, _SIDE, f"[{side}]")
        columns: dict[str, ColumnUse] = {}
        for section in ("columns", "categories", "identifiers"):
            for name, value in {**_section(raw, section), **_section(own, section)}.items():
                if section == "columns":
                    _known({name: value}, tuple(FIELDS), f"[{section}]", "a field")
                elif name in FIELDS or name in columns or not name.isidentifier():
                    raise InputError("link-config", f"[{section}] {name}: the name is taken or is not a plain word.")
                else:
                    extra[name] = category_field(name) if section == "categories" else identifier_field(name)
                columns[name] = _column_use(name, value)
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
    return LinkConfig(left, right, fields, **_model(_section(raw, "model")))


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


def _column_use(name: str, value: Any) -> ColumnUse:
    """Read one mapping: a column, a list of columns, or a table with `column` or `columns` and `parse`."""
    parse = ""
    if isinstance(value, Mapping):
        _known(value, ("column", "columns", "parse"), name)
        parse = value.get("parse", "")
        if not isinstance(parse, str) or (parse and name != "birth_date"):
            raise InputError("link-config", f"{name}: parse is the format of a date, and only for birth_date.")
        value = value.get("column", value.get("columns", name))
    columns = [value] if isinstance(value, str) else value
    if not isinstance(columns, list) or not columns or not all(isinstance(c, str) and c for c in columns):
        raise InputError(
            "link-config", f"{name} must be a column, a list of columns, or {{column = ..., parse = ...}}."
        )
    return ColumnUse(tuple(columns), parse)


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
    pairs = raw.get("max_block_pairs", MAX_BLOCK_PAIRS)
    if isinstance(pairs, bool) or not isinstance(pairs, int) or pairs < 1:
        raise InputError("link-config", "max_block_pairs must be a whole number of 1 or more.")
    chosen["max_block_pairs"] = pairs
    return chosen
