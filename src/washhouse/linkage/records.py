"""Which records do the tables hold, and what is odd about them? Rows of one or two tables under one numbering.

What cannot be compared is never dropped in silence: it is an error where nothing is left to do, else a counted
warning. No warning quotes a value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from washhouse.core.errors import InputError
from washhouse.linkage.config import LinkConfig, SideConfig
from washhouse.linkage.encode import Encoded, Ints, encode
from washhouse.linkage.fields import Field, Kind
from washhouse.linkage.read import select_column, select_ids
from washhouse.linkage.standardise import birth_date, is_placeholder_date
from washhouse.linkage.trained import TrainedModel

LONGEST = 400
"""Characters of a value that are compared; the time of a comparison grows with the square of them."""


@dataclass(frozen=True)
class Records:
    """Rows of both tables: left before right, each by id.

    Attributes:
        ids: The ids, as texts.
        side: 0 for the left table, 1 for the right. Shape (records,).
        columns: Texts of each field, by its name.
        warnings: What was odd about them.
    """

    ids: pa.Array
    side: Ints
    columns: Mapping[str, pa.Array]
    warnings: tuple[str, ...]


def read_records(tables: Sequence[pa.Table], config: LinkConfig, names: Sequence[str]) -> Records:
    """Number the rows of one or two tables and pick out the fields.

    Args:
        tables: The tables.
        config: Which columns to read.
        names: What the tables are called in errors.

    Raises:
        InputError: A table has no rows, a column is unknown, an id is missing or stands twice.
    """
    ids, columns, sides = [], [], []
    for s, (table, side) in enumerate(zip(tables, (config.left, config.right), strict=False)):
        if table.num_rows == 0:
            raise InputError("link-empty", f"{names[s]} has no rows.")
        own = select_ids(table, side, names[s])
        order = pa.array(np.argsort(np.array(own.to_pylist(), dtype=object), kind="stable"))
        ids.append(own.take(order))
        columns.append(
            {f.name: select_column(table, f, side.columns[f.name], names[s]).take(order) for f in config.fields}
        )
        sides.append(np.full(table.num_rows, s, dtype=np.int32))
    warnings: list[str] = []
    joined = {f.name: _tidied(pa.concat_arrays([c[f.name] for c in columns]), f.name, warnings) for f in config.fields}
    return Records(pa.concat_arrays(ids), np.concatenate(sides), joined, tuple(warnings))


def _tidied(values: pa.Array, name: str, warnings: list[str]) -> pa.Array:
    """Leave out null characters and what follows the first `LONGEST` characters."""
    nulls = pc.sum(pc.match_substring(values, "\0")).as_py() or 0
    if nulls:
        warnings.append(f"{name}: {nulls} values hold null characters, which are left out.")
        values = pc.replace_substring(values, "\0", "")
        values = pc.if_else(pc.equal(values, ""), pa.scalar(None, pa.string()), values)
    lost = pc.sum(pc.match_substring(values, "\N{REPLACEMENT CHARACTER}")).as_py() or 0
    if lost:
        warnings.append(f"{name}: {lost} values hold characters that could not be read; save the file as UTF-8.")
    long = pc.sum(pc.greater(pc.utf8_length(values), LONGEST)).as_py() or 0
    if long:
        warnings.append(
            f"{name}: {long} values are longer than {LONGEST} characters; only so much of them is compared."
        )
        values = pc.utf8_slice_codeunits(values, 0, LONGEST)
    return values


def encode_records(
    records: Records, config: LinkConfig, model: TrainedModel | None = None
) -> tuple[Encoded, list[str]]:
    """Encode the fields that say something, and warn of the ones that do not.

    Args:
        records: The records.
        config: How dates are written on either side.
        model: A trained model, whose fields and bands are taken.

    Returns:
        The records as integers, and warnings.

    Raises:
        InputError: Every field is missing everywhere, no date can be read, or the model compares other fields.
    """
    warnings = list(records.warnings)
    chosen = {f.name: _dated(f, config.left, config.right) for f in config.fields}
    missing = _missing(records, warnings)
    if model is None:
        fields = [field for name, field in chosen.items() if name not in missing]
        encoded = encode({f.name: records.columns[f.name] for f in fields}, fields)
    else:
        fields = [chosen[f.name] for f in model.fields]
        warnings += [
            f"{name} is not in the model and is not compared." for name in chosen if name not in model.field_names
        ]
        encoded = encode({f.name: records.columns[f.name] for f in fields}, fields, model.bands)
    for i, field in enumerate(encoded.fields):
        codes = encoded.codes[i]
        known, lost = int((codes >= 0).sum()), encoded.unusable[field.name]
        if lost and field.kind is Kind.DATE:
            _check_dates(field, records, codes, config)
        if lost:
            warnings.append(f"{field.name}: {lost} values say nothing (placeholders, or not in the expected form).")
        if known > 2 and codes.max() == codes[codes >= 0].min():
            warnings.append(f"{field.name} has one value everywhere and tells nobody apart.")
    return encoded, warnings


def _missing(records: Records, warnings: list[str]) -> list[str]:
    """Return the fields that no row has; warn of those that a table lacks.

    Raises:
        InputError: A table has none of them.
    """
    lacking = []
    for s in np.unique(records.side).tolist():
        mine = pa.array(records.side == s)
        lacking.append(
            {name for name, values in records.columns.items() if not pc.sum(pc.and_(pc.is_valid(values), mine)).as_py()}
        )
    if any(len(names) == len(records.columns) for names in lacking):
        raise InputError("link-all-missing", "Every mapped field is missing in every row of a table.")
    both = [name for name in records.columns if all(name in names for names in lacking)]
    warnings += [f"{name} is missing everywhere and is not compared." for name in both]
    for side, names in zip(("left", "right"), lacking, strict=False):
        warnings += [
            f"{name} is missing everywhere in the {side} table and is not compared."
            for name in records.columns
            if name in names and name not in both
        ]
    return both


def check_model(model: TrainedModel, config: LinkConfig) -> None:
    """Check that a trained model fits the fields mapped.

    Raises:
        InputError: It tells the sources of a home apart, or compares fields that are not mapped.
    """
    if model.sources:
        raise InputError(
            "link-model", "The model is a home's own: it tells that home's sources apart.", "Train another."
        )
    mapped = {f.name: f for f in config.fields}
    lacking = [f.name for f in model.fields if f.name not in mapped]
    if lacking:
        raise InputError(
            "link-model", f"The model compares {', '.join(lacking)}, which the configuration does not map."
        )
    for field in model.fields:
        mine = mapped[field.name]
        if (mine.kind, mine.about, mine.near) != (field.kind, field.about, field.near):
            raise InputError(
                "link-model", f"The model compares {field.name} in another way than the configuration says."
            )


def _check_dates(field: Field, records: Records, codes: Ints, config: LinkConfig) -> None:
    """Tell dates that are all placeholders, which are only counted, from ones in a form that is not understood."""
    formats = _formats(field.name, config.left, config.right)
    for s in np.unique(records.side).tolist():
        mine = records.side == s
        if (codes[mine] >= 0).any():
            continue
        texts = pc.unique(pc.drop_null(records.columns[field.name].filter(pa.array(mine)))).to_pylist()
        if not all(any(is_placeholder_date(text, form) for form in formats) for text in texts):
            raise InputError(
                "link-dates-unreadable",
                f"No {field.name.replace('_', ' ')} of the {('left', 'right')[s]} table could be read.",
                f'Say how they are written: {field.name} = {{column = "...", parse = "%d.%m.%Y"}}.',
            )


def _dated(field: Field, left: SideConfig, right: SideConfig) -> Field:
    """Let a date be read in the formats that were declared; both sides', where they differ."""
    formats = _formats(field.name, left, right)
    if field.kind is not Kind.DATE or formats == [""]:
        return field
    return replace(field, standard=partial(_read_date, formats=formats))


def _formats(name: str, left: SideConfig, right: SideConfig) -> list[str]:
    return sorted({side.columns[name].parse for side in (left, right)})


def _read_date(text: str, formats: Sequence[str]) -> str | None:
    return next((found for form in formats if (found := birth_date(text, form))), None)
