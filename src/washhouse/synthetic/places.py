"""Where can people live, and which practice is near?

Small areas carry a deprivation decile and an ethnic mixture; addresses stand in postcodes of one small area. Codes
follow the real formats and are invented: small areas are `E0199xxxx`, postcodes begin with `WH` (no such postal area),
practices are `N99xxx`. `ZZ99 3VZ` is the NHS's own postcode for no fixed abode.

References:
    NHS Data Dictionary, default postcodes: ZZ99 3VZ no fixed abode.
    Share of neighbourhoods by national decile: a large, more deprived than average northern city, rounded.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from washhouse.synthetic.columns import Array, chosen, numbered
from washhouse.synthetic.names import CATEGORIES

ORDINARY, CARE_HOME, HOSTEL, HALL, NOWHERE = range(5)
"""Kinds of address."""

NO_FIXED_ABODE = "ZZ99 3VZ"

_DECILE_SHARE = np.array([0.24, 0.15, 0.12, 0.10, 0.09, 0.08, 0.07, 0.06, 0.05, 0.04])
_CITY_MIXTURE = {
    "A": 0.735, "B": 0.015, "C": 0.045, "D": 0.010, "E": 0.008, "F": 0.007, "G": 0.008, "H": 0.022, "J": 0.042,
    "K": 0.012, "L": 0.018, "M": 0.012, "N": 0.030, "P": 0.008, "R": 0.012, "S": 0.016,
}  # fmt: skip
_LETTERS = "ABDEFGHJLNPQRSTUWXYZ"
_STREETS = """Victoria Church Park Station Albert Queens Kings Mill Chapel Grove Manor School Green High West
    North South York George Alexandra Windsor Springfield Oak Elm Ash Beech Cedar Willow Poplar Lime Chestnut
    Hawthorn Holly Laburnum Rowan Sycamore Maple Woodland Orchard Meadow Field Hill Brook River Bridge Canal Dock
    Harbour Quay Market Castle Abbey Priory Trinity Salisbury Gladstone Wellington Nelson Waterloo Trafalgar
    Balmoral Osborne Clarence Cambridge Oxford Derby Lancaster Chester Lincoln Durham Norfolk Suffolk Devon Cornwall
    Dorset Warwick Stafford Bedford Stanley Sefton Derwent Windermere Coniston Grasmere Ullswater Thirlmere Rydal
    Langdale Ambleside Kendal Penrith Keswick Wharfe Nidd Calder Aire Mersey Weaver Dane Goyt Etherow Tame Irwell
    Ribble Lune Hodder"""
_WAYS = "Street Road Avenue Close Drive Lane Grove Terrace Crescent Place Way Gardens Court"


@dataclass(frozen=True)
class Places:
    """Small areas, postcodes, streets and practices.

    Attributes:
        decile: Deprivation decile of each small area, 1 the most deprived.
        ethnic_share: Cumulative share of the ethnic categories in each small area.
        practice: Two practices near each small area.
        postcodes: Postcode texts; `postcodes_per_area` of them belong to each small area, in order.
        streets: Street names, one per postcode.
        practices: Number of practices.
    """

    decile: Array
    ethnic_share: Array
    practice: Array
    postcodes: Array
    streets: Array
    practices: int
    postcodes_per_area: int = 36

    @property
    def areas(self) -> int:
        """Number of small areas."""
        return len(self.decile)


@dataclass
class Addresses:
    """One entry per address.

    Attributes:
        area: Small area.
        postcode: Index of the postcode; -1 for no fixed abode.
        house: House number.
        flat: Flat number, 0 for none.
        kind: Kind of address.
    """

    area: Array
    postcode: Array
    house: Array
    flat: Array
    kind: Array


def make_places(people: int, rng: np.random.Generator) -> Places:
    """Return the places of a city of that many people."""
    areas = max(12, people // 1600)
    decile = np.sort(rng.choice(10, areas, p=_DECILE_SHARE) + 1)
    decile[: min(10, areas)] = np.arange(1, min(10, areas) + 1)
    decile = rng.permutation(decile)
    base = np.array([_CITY_MIXTURE[c] for c in CATEGORIES])
    tilt = rng.normal(0, 0.7, (areas, len(CATEGORIES)))
    tilt[:, 0] = 0.16 * (decile - 4)
    share = base * np.exp(tilt)
    share = np.cumsum(share / share.sum(axis=1, keepdims=True), axis=1)
    practices = max(4, people // 8000)
    home = (np.arange(areas) * practices // areas + rng.integers(0, 2, areas)) % practices
    near = np.stack([home, (home + 1 + rng.integers(0, 2, areas)) % practices], axis=1)
    count = areas * 36
    number = np.arange(count)
    postcodes = np.array(
        [f"WH{1 + n // 2400} {n // 240 % 10}{_LETTERS[n // 20 % 12]}{_LETTERS[n % 20]}" for n in number.tolist()],
        dtype=object,
    )
    names, ways = _STREETS.split(), _WAYS.split()
    streets = np.array(
        [
            f"{names[a]} {ways[b]}"
            for a, b in zip(
                rng.integers(0, len(names), count).tolist(), rng.integers(0, len(ways), count).tolist(), strict=True
            )
        ],
        dtype=object,
    )
    return Places(decile.astype(np.int8), share, near.astype(np.int32), postcodes, streets, practices)


def make_addresses(area: Array, kind: Array, places: Places, rng: np.random.Generator) -> Addresses:
    """Return one new address in each of the given small areas."""
    count = len(area)
    postcode = area * places.postcodes_per_area + rng.integers(0, places.postcodes_per_area, count)
    house = rng.integers(1, 190, count)
    flat = np.where(rng.random(count) < 0.22, rng.integers(1, 40, count), 0)
    flat[kind != ORDINARY] = 0
    postcode[kind == NOWHERE] = -1
    return Addresses(area.astype(np.int32), postcode.astype(np.int32), house, flat, kind.astype(np.int8))


def join_addresses(parts: list[Addresses]) -> Addresses:
    """Return several runs of addresses as one."""
    return Addresses(
        *(np.concatenate([getattr(p, name) for p in parts]) for name in ("area", "postcode", "house", "flat", "kind"))
    )


_HOUSES = {CARE_HOME: "Care Home", HOSTEL: "Hostel", HALL: "Halls of Residence"}


def address_lines(addresses: Addresses, which: Array, places: Places) -> tuple[Array, Array]:
    """Return address line and postcode, as text, of the addresses pointed at."""
    lines = np.empty(len(which), dtype=object)
    codes = np.empty(len(which), dtype=object)
    area_postcode = addresses.postcode[which].tolist()
    fields = zip(
        area_postcode,
        addresses.house[which].tolist(),
        addresses.flat[which].tolist(),
        addresses.kind[which].tolist(),
        strict=True,
    )
    for row, (postcode, house, flat, kind) in enumerate(fields):
        if kind == NOWHERE:
            lines[row], codes[row] = "No Fixed Abode", NO_FIXED_ABODE
            continue
        street = places.streets[postcode]
        codes[row] = places.postcodes[postcode]
        if kind == ORDINARY:
            lines[row] = f"Flat {flat}, {house} {street}" if flat else f"{house} {street}"
        else:
            lines[row] = f"{street.split()[0]} {_HOUSES[kind]}, {house} {street}"
    return lines, codes


def uprn_numbers(which: Array) -> Array:
    """Return the unique property reference numbers of addresses (invented, twelve digits)."""
    return 906_000_000_000 + (np.asarray(which, dtype=np.int64) * 7919 + 104_729) % 99_999_989


def area_codes(addresses: Addresses, which: Array) -> pa.Array:
    """Return the small-area codes of addresses; null for no fixed abode."""
    return chosen(addresses.kind[which] != NOWHERE, numbered("E0", addresses.area[which], 1_990_001))
