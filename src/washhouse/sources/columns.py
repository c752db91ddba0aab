"""How is a column of a contract written in one short line?"""

from __future__ import annotations

from washhouse.sources.contract import ColumnSpec, ColumnType


def codes(text: str) -> tuple[str, ...]:
    """Split a list of codes written with spaces.

    >>> codes("01 02 ZZ")
    ('01', '02', 'ZZ')
    """
    return tuple(text.split())


def key(
    name: str,
    type: ColumnType = "text",
    *aliases: str,
    may_be_future: bool = False,
    personal: bool = False,
    allowed: tuple[str, ...] | None = None,
    description: str = "",
) -> ColumnSpec:
    """Return a column that must be there, and whose missing or bad value sets the row aside."""
    return ColumnSpec(
        name,
        type,
        aliases,
        required=True,
        key=True,
        allowed=allowed,
        may_be_future=may_be_future,
        personal=personal,
        description=description,
    )


def text(name: str, *aliases: str, personal: bool = False, description: str = "") -> ColumnSpec:
    """Return a column of free or uncoded text."""
    return ColumnSpec(name, "text", aliases, personal=personal, description=description)


def day(
    name: str, *aliases: str, may_be_future: bool = False, personal: bool = False, description: str = ""
) -> ColumnSpec:
    """Return a column of calendar days."""
    return ColumnSpec(name, "date", aliases, may_be_future=may_be_future, personal=personal, description=description)


def clock(name: str, *aliases: str, description: str = "") -> ColumnSpec:
    """Return a column of local times of day."""
    return ColumnSpec(name, "time", aliases, description=description)


def moment(name: str, *aliases: str, description: str = "") -> ColumnSpec:
    """Return a column of local dates with times."""
    return ColumnSpec(name, "datetime", aliases, description=description)


def whole(name: str, *aliases: str, description: str = "") -> ColumnSpec:
    """Return a column of whole numbers."""
    return ColumnSpec(name, "int", aliases, description=description)


def number(name: str, *aliases: str, description: str = "") -> ColumnSpec:
    """Return a column of decimal numbers."""
    return ColumnSpec(name, "float", aliases, description=description)


def coded(name: str, allowed: str | tuple[str, ...], *aliases: str, description: str = "") -> ColumnSpec:
    """Return a column of national codes; all-digit codes of one length that start with 0 get lost zeros back.

    >>> coded("AccommodationType", "01 02 98").pad
    2
    >>> coded("Gender", "1 2 9 X").pad
    0
    """
    values = codes(allowed) if isinstance(allowed, str) else allowed
    digits = {len(value) for value in values if value.isdigit()}
    zeros = any(value.startswith("0") and len(value) > 1 for value in values)
    pad = digits.pop() if zeros and len(digits) == 1 else 0
    return ColumnSpec(name, "code", aliases, allowed=values, pad=pad, description=description)


def numbered(name: str, first: int, last: int, *aliases: str, type: ColumnType = "text") -> tuple[ColumnSpec, ...]:
    """Return columns that differ by a two-digit number; `{}` in a name stands for it, `{:d}` for one without zero.

    >>> [column.name for column in numbered("DIAG_{}", 1, 2)]
    ['DIAG_01', 'DIAG_02']
    """
    return tuple(
        ColumnSpec(_number(name, n), type, tuple(_number(alias, n) for alias in aliases))
        for n in range(first, last + 1)
    )


def _number(name: str, n: int) -> str:
    return name.replace("{:d}", str(n)).replace("{}", f"{n:02d}")
