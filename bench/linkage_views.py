"""How right are the three views of people, on cities of a million rows? Thresholds without a truth.

    python bench/linkage_views.py                                    # five seeds, with names; one without
    python bench/linkage_views.py --rows 100000 --seeds 1 --bare 1
    python bench/linkage_views.py --cache /tmp/cities                # keep the rows, shared with linkage_speed

Pairwise precision, recall and F1 of clear records against the sealed truth, on the invented city. Without names and
without what else the companion files add (address, phone) the same records are linked on NHS number, birth date, sex,
postcode and property reference alone.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).parent))
from linkage_speed import linked, pair_scores, prepared

COMPANION = ("first_name", "surname", "address", "phone")
"""Fields that only a companion file brings."""


def without_names(table: pa.Table) -> pa.Table:
    """Return the records as the national sets alone give them."""
    for name in COMPANION:
        place = table.column_names.index(name)
        table = table.set_column(place, table.schema.field(place), pa.nulls(table.num_rows, pa.string()))
    return table


def labels(people: Any, table: pa.Table) -> dict[str, np.ndarray]:
    """Return whose each record is, by view."""
    strict = people.membership.column("person_id").combine_chunks()
    found = {"strict": strict}
    for view in ("balanced", "lenient"):
        rows = people.views.filter(pc.equal(people.views.column("view"), view)).combine_chunks()
        place = pc.index_in(strict, value_set=rows.column("person_id").combine_chunks())
        found[view] = pc.coalesce(rows.column("view_id").combine_chunks().take(place), strict)
    return {view: ids.dictionary_encode().indices.to_numpy() for view, ids in found.items()}


def judge(path: Path, threads: int, *, names: bool) -> dict[str, dict[str, float]]:
    """Link the rows of a file and hold each view to the truth."""
    table = pq.read_table(path)
    truth = table.column("true_person").to_numpy()
    table = table.drop_columns(["true_person"]).combine_chunks()
    people, _ = linked(table if names else without_names(table), previous=None, threads=threads)
    told = people.summary["views"]
    return {view: pair_scores(label, truth) | told[view] for view, label in labels(people, table).items()}


def main() -> None:
    """Read the options, run, print each seed and the worst."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rows", type=int, default=1_000_000, help="identity rows, about")
    options.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3, 4, 5])
    options.add_argument("--bare", type=int, nargs="*", default=[1], help="seeds to link without names too")
    options.add_argument("--threads", type=int, default=2)
    options.add_argument("--cache", type=Path, help="folder where the rows are kept")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        cache = chosen.cache or Path(scratch)
        for names, seeds in ((True, chosen.seeds), (False, chosen.bare)):
            found = []
            for seed in seeds:
                views = judge(prepared(chosen.rows, seed, cache), chosen.threads, names=names)
                found.append(views)
                for view, row in views.items():
                    print(
                        f"seed {seed}  {'with' if names else 'without'} names  {view:<9} P {row['precision']:.4f}  "
                        f"R {row['recall']:.4f}  F1 {row['f1']:.4f}  from {row['threshold']:.3f}  expected false "
                        f"{row['estimated_false_links']:,.0f}, missed {row['estimated_missed_links']:,.0f}",
                        flush=True,
                    )
            for view in found[0] if found else ():
                worst = {figure: min(views[view][figure] for views in found) for figure in ("precision", "f1")}
                told = f"{'with' if names else 'without'} names, worst of {len(found)} seeds: {view}"
                print(f"{told:<55} P {worst['precision']:.4f}  F1 {worst['f1']:.4f}")


if __name__ == "__main__":
    main()
