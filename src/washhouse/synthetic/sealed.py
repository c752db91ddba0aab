"""What is true of the city? For tests and benchmarks only: nothing else may open what is written here."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from washhouse.synthetic.care_records import SHARES
from washhouse.synthetic.columns import Array, dates, numbered
from washhouse.synthetic.corrections import CONTACT_WITHDRAWN, CONTACT_WRONG, ENTRY_DELETED
from washhouse.synthetic.effects import EFFECTS, INTERCEPT, MEANINGS
from washhouse.synthetic.extracts.demographics import Holdings
from washhouse.synthetic.frames import Frame
from washhouse.synthetic.hazard import Truth
from washhouse.synthetic.population import SUPERSEDED_ONE_IN
from washhouse.synthetic.senders import QUALITIES, TWICE
from washhouse.synthetic.sensitive_changes import KINDS, RESTRICTED, SAME_FIRST_NAME, SAME_HOME, SHARE, UNAWARE, Changes
from washhouse.synthetic.superseded_numbers import REASONS


def true_ids(person: Array) -> pa.Array:
    """Return the true identifiers of people."""
    return numbered("T", person, 10_000_000)


def write_people(folder: Path, holdings: dict[str, Holdings], attended_as: pa.Array, attended: Array) -> int:
    """Write `people.parquet` (one row per source record) and return its rows; `attended` are identities."""
    sources, ids, persons = [], [], []
    for name, held in holdings.items():
        records = int(held.identities.record.max()) + 1
        sources.append(pa.repeat(pa.scalar(name), records))
        ids.append(held.columns["local_patient_id"].slice(0, records))
        persons.append(true_ids(held.identities.person[:records]))
    sources.append(pa.repeat(pa.scalar("hospital"), len(attended)))
    ids.append(attended_as.take(pa.array(attended)))
    persons.append(true_ids(attended))
    table = pa.table(
        {
            "source": pa.concat_arrays(sources),
            "source_id": pa.concat_arrays(ids),
            "true_person": pa.concat_arrays(persons),
        }
    )
    pq.write_table(table, folder / "people.parquet")
    return int(table.num_rows)


def append_people(folder: Path, sources: list[str], ids: list[str], person: Array) -> None:
    """Add those records to `people.parquet` that it does not name yet."""
    known = pq.read_table(folder / "people.parquet")
    table = pa.table({"source": sources, "source_id": ids, "true_person": true_ids(person)}, schema=known.schema)

    def key(rows: pa.Table) -> pa.ChunkedArray:
        return pc.binary_join_element_wise(rows.column("source"), rows.column("source_id"), "/")

    fresh = table.filter(pc.invert(pc.is_in(key(table), value_set=key(known))))
    pq.write_table(pa.concat_tables([known, fresh]), folder / "people.parquet")


def write_hazards(folder: Path, truth: Truth) -> None:
    """Write `hazard.parquet`: one row per person at risk and Monday."""
    order = np.lexsort((truth.person, truth.week))
    columns = {
        "true_person": true_ids(truth.person[order]),
        "week": dates(truth.week[order]),
        "hazard": pa.array(truth.hazard[order]),
    }
    pq.write_table(pa.table(columns), folder / "hazard.parquet")


def write_crises(folder: Path, crises: Frame, end: int) -> None:
    """Write `crises.parquet`: one row per planted crisis up to the last day, with the last day of its crisis care."""
    happened = np.flatnonzero(crises["day"] <= end)
    rows = happened[np.lexsort((crises["person"][happened], crises["day"][happened]))]
    columns = {
        "true_person": true_ids(crises["person"][rows]),
        "day": dates(crises["day"][rows]),
        "until": dates(crises["until"][rows]),
    }
    pq.write_table(pa.table(columns), folder / "crises.parquet")


def write_changes(folder: Path, changes: Changes) -> None:
    """Write `sensitive_changes.parquet`: one row per change of identity, with the persons before and after it."""
    columns = {
        "kind": pa.array([KINDS[k] for k in changes.kind.tolist()], pa.string()),
        "day": dates(changes.day),
        "before": true_ids(changes.person),
        "after": true_ids(changes.population + np.arange(len(changes.person))),
    }
    pq.write_table(pa.table(columns), folder / "sensitive_changes.parquet")


def write_effects(folder: Path) -> None:
    """Write `effects.json`: what was planted, and how large."""
    effects = {
        "crisis": {
            "scale": "weekly log hazard",
            "intercept": INTERCEPT,
            "effects": {name: {"size": size, "state": MEANINGS[name]} for name, size in EFFECTS.items()},
        },
        "identity_errors": {name: asdict(quality) for name, quality in QUALITIES.items()},
        "registered_twice": TWICE,
        "superseded_numbers": {"share_of_people": 1 / SUPERSEDED_ONE_IN, "by_reason": REASONS},
        "care_records": SHARES,
        "corrections": {
            "contacts_wrong": CONTACT_WRONG,
            "contacts_withdrawn": CONTACT_WITHDRAWN,
            "entries_deleted": ENTRY_DELETED,
        },
        "sensitive_changes": {
            "share_of_people": SHARE,
            "unaware_senders": UNAWARE,
            "adopted_in_the_same_home": SAME_HOME,
            "adopted_with_the_same_first_name": SAME_FIRST_NAME,
            "restricted_afterwards": RESTRICTED,
        },
    }
    (folder / "effects.json").write_text(json.dumps(effects, indent=2) + "\n", encoding="utf-8")


def write_arguments(folder: Path, people: int, years: int, seed: int, end: date) -> None:
    """Write `city.json`: what the city was made with, so that its next days can be."""
    arguments = {"people": people, "years": years, "seed": seed, "end": end.isoformat()}
    (folder / "city.json").write_text(json.dumps(arguments, indent=2) + "\n", encoding="utf-8")
