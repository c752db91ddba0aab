"""Are the ties of the record true? Ties to people beside who lives with whom in an invented city.

    python bench/relations.py --people 4000 --years 2 --seed 3

For every kind of tie to a person: how many pairs of people, and how many of them live at one ordinary address on the
last day. For households also how many of the pairs that do are tied, of people whom the record knows, who are alive and
not restricted. No household may be a communal place, no tie may lead across a change of identity; whoever has changed
theirs is left out of the other figures. Only this script opens the truth.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from itertools import combinations
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from washhouse.cli.settings import read_settings
from washhouse.core.home import Home
from washhouse.governance.keys import load_or_create_master_key
from washhouse.governance.policies import TIES_TO_PEOPLE
from washhouse.governance.vault import Vault
from washhouse.lake.pointer import read_current
from washhouse.lake.store import Lake
from washhouse.record.tables import RELATION
from washhouse.synthetic.calendar import DEFAULT_END, make_calendar
from washhouse.synthetic.places import ORDINARY
from washhouse.synthetic.population import make_population
from washhouse.synthetic.streams import Streams

Pair = tuple[int, int]


def prepare(folder: Path, people: int, years: int, seed: int) -> None:
    """Make a city and its home, unless they are there."""
    run = [sys.executable, "-m", "washhouse.cli.main"]
    if not (folder / "city").exists():
        size = ["--people", str(people), "--years", str(years), "--seed", str(seed)]
        subprocess.run([*run, "city", *size, "--out", str(folder / "city")], check=True, stdout=subprocess.DEVNULL)
    inbox = ["--inbox", str(folder / "city" / "extracts")]
    subprocess.run([*run, "run", "--home", str(folder / "home"), *inbox], check=True, stdout=subprocess.DEVNULL)


def read_ties(folder: Path) -> tuple[dict[str, set[Pair]], set[int]]:
    """Return pairs of true people by kind of tie, and the true people whom the record knows."""
    home = Home(folder / "home")
    version = read_current(home)
    assert version is not None
    vault = Vault(home, load_or_create_master_key(home, read_settings(home)))
    spans = vault.read("membership", version.vault["membership"]).to_pylist()
    truth = pq.read_table(folder / "city" / "sealed" / "people.parquet").to_pylist()
    true = {(row["source"], row["source_id"]): int(row["true_person"].removeprefix("T")) for row in truth}
    votes: defaultdict[str, Counter[int]] = defaultdict(Counter)
    for row in spans:
        if row["valid_to"] is None and (row["source"], row["source_id"]) in true:
            votes[row["person_id"]][true[row["source"], row["source_id"]] - 10_000_000] += 1
    whose = {person: count.most_common(1)[0][0] for person, count in votes.items()}
    pairs: dict[str, set[Pair]] = {kind: set() for kind in sorted(TIES_TO_PEOPLE)}
    for row in Lake(home.lake).read(RELATION, version.tables["relation"]).to_pylist():
        if row["kind"] in pairs and row["until"] is None:
            one, other = whose[row["person_id"]], whose[row["other"]]
            pairs[row["kind"]].add((min(one, other), max(one, other)))
    return pairs, set(whose.values())


def read_changes(folder: Path) -> set[Pair]:
    """Return the identities before and after each change of identity."""
    rows = pq.read_table(folder / "city" / "sealed" / "sensitive_changes.parquet").to_pylist()
    numbers = ((int(row[name].removeprefix("T")) - 10_000_000 for name in ("before", "after")) for row in rows)
    return {(min(pair), max(pair)) for pair in map(tuple, numbers)}


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=4000)
    parser.add_argument("--years", type=int, default=2)
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="where a city and a home of these figures are, or are to be kept")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = asked.folder or Path(scratch)
        prepare(folder, asked.people, asked.years, asked.seed)
        pairs, known = read_ties(folder)
        changes = read_changes(folder)
    across = sum(len(tied & changes) for tied in pairs.values())
    changed = {person for change in changes for person in change}
    pairs = {kind: {pair for pair in tied if not changed & set(pair)} for kind, tied in pairs.items()}
    known -= changed
    calendar = make_calendar(asked.years, DEFAULT_END)
    population = make_population(asked.people, calendar, Streams(asked.seed))
    everybody = np.arange(population.count)
    address = population.address_on(everybody, calendar.end)
    ordinary = population.addresses.kind[address] == ORDINARY
    here = (population.last_day() > calendar.end) & (population.arrival <= calendar.end)
    homes: defaultdict[int, list[int]] = defaultdict(list)
    for person in sorted(known):
        if ordinary[person] and here[person]:
            homes[int(address[person])].append(person)
    together = {pair for home in homes.values() for pair in combinations(home, 2)}
    open_pairs = {pair for pair in together if not population.restricted[list(pair)].any()}
    print(f"{len(known):,} people known; {len(open_pairs):,} pairs of them share an ordinary home, nobody restricted")
    for kind, tied in pairs.items():
        right = len(tied & together)
        print(f"{kind:10} {len(tied):6,} pairs; {right / max(len(tied), 1):.3f} live together")
    found = len(pairs["household"] & open_pairs)
    places = sum(address[one] == address[other] and not ordinary[one] for one, other in pairs["household"])
    print(f"household: {found / max(len(open_pairs), 1):.3f} of those pairs are tied")
    print(f"household: {places} pairs live in one communal place; {across} ties of any kind lead across a change")


if __name__ == "__main__":
    main()
