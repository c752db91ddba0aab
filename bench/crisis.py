"""Does the crisis model keep its contract? The whole run on the invented city, then the sealed hazards.

    python bench/crisis.py --people 130000 --years 5 --seeds 1 2 3
    python bench/crisis.py --city DIR --home HOME        # a city and its home that exist already

Makes a city, runs it through `washhouse run` as a deployer would (of the outcome models it knows the crisis model
alone), and takes the test part of the model's own time split: index dates later than any it was fitted or calibrated
on. The oracle ranks the same people on the same days by the true probability that the generator sealed away. Efficiency
is (AUROC - 0.5) / (oracle's AUROC - 0.5), its interval by drawing whole people with replacement, the same ones for
model and oracle. The seven points of the contract are then judged line by line (`bench/crisis_contract.py`); where one
does not hold the exit status is 1.

Every figure is on the invented city; none says anything about real people.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from crisis_contract import judge_contract, say, show_contract
from washhouse.cli.settings import read_settings
from washhouse.core.home import Home
from washhouse.desk.clock import utc_now
from washhouse.governance.grants import system_grant
from washhouse.governance.keys import load_master_key
from washhouse.governance.vault import Vault
from washhouse.insight.models.checks import check_shuffled
from washhouse.insight.models.evaluation import Ranking, bootstrap, figures_of_risk
from washhouse.insight.models.history import (
    build_cohort,
    compute_features,
    find_population,
    number_rows,
    read_submitted,
    share_sampled,
)
from washhouse.insight.models.judging import judge_risk
from washhouse.insight.models.places import check_places
from washhouse.insight.models.plan import choose_index_dates, split_index_dates
from washhouse.insight.models.registry import find_challenger, find_model
from washhouse.insight.models.store import load_model
from washhouse.insight.outcomes.crisis import CRISIS
from washhouse.lake.engine import LocalEngine
from washhouse.lake.pointer import Version, read_current
from washhouse.lake.store import Lake
from washhouse.pipeline.context import resources_of
from washhouse.record.kernels import Stage, run_stages

MODELS = ("points", "logistic", "boosted")
ROOT = Path(__file__).parents[1]

CRISIS_ALONE = """
from washhouse.insight.outcomes.registry import OUTCOMES
for name in set(OUTCOMES) - {"crisis"}:
    del OUTCOMES[name]
"""
"""What a process does that is to know the crisis model alone: the other four would be fitted for nothing."""


def make_home(work: Path, people: int, years: int, seed: int, memory: str) -> tuple[Path, Path, dict[str, float]]:
    """A city and its home, made by the commands; and the seconds of the run's steps."""
    city, home = work / f"city-{seed}", work / f"home-{seed}"
    if not city.exists():
        size = ["--people", str(people), "--years", str(years), "--seed", str(seed)]
        call("city", *size, "--out", str(city))
    buckets = str(max(2, people // 20_000))
    report = call(
        "run", "--home", str(home), "--inbox", str(city), "--buckets", buckets, "--memory-limit", memory, "--json"
    )
    return city, home, json.loads(report)["seconds"]


def call(*arguments: str) -> str:
    """Run a command of the product; its output."""
    command = [sys.executable, "-c", f"{CRISIS_ALONE}\nfrom washhouse.cli.main import main; main()", *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


class Judged:
    """The test part of a home's model, with the truth beside it.

    Args:
        city: The city's folder, with what it seals.
        root: The home that was made from it.
    """

    def __init__(self, city: Path, root: Path) -> None:
        self.home = Home(root)
        version = read_current(self.home)
        assert version is not None, "nothing published"
        self.version: Version = version
        self.model = find_model(self.home.models, CRISIS) or find_challenger(self.home.models, CRISIS)
        assert self.model is not None, version.summary["models"]
        today = version.as_of["mental_health"] + timedelta(1)
        dates = choose_index_dates(CRISIS, read_submitted(self._compute)[CRISIS.source], today)
        self.split = split_index_dates(CRISIS, dates)
        split = self.split
        days = [*split.fit, *split.calibration, *split.test]
        population = find_population(self._compute, CRISIS, days, share_sampled(self._compute, CRISIS))
        rows = number_rows(population.filter(pc.equal(population["status"], "at-risk")))
        self.whole = build_cohort(rows, compute_features(self._compute, CRISIS, rows))
        is_test = np.isin(rows["index_date"].to_numpy(), np.array(split.test, dtype="datetime64[D]"))
        test = rows.filter(pa.array(is_test))
        hazard = self._hazards(city, test)
        self.unmatched = int(np.isnan(hazard).sum())
        struck = test.filter(pc.is_valid(test["outcome_at"]))
        self.episodes = len(set(zip_columns(struck, "person_id", "outcome_at")))
        self.all_tested = self.whole.at(split.test)
        known = ~np.isnan(hazard)
        self.test, self.hazard = self.all_tested.take(known), hazard[known]

    def _compute(self, stages: Sequence[Stage], extra: Mapping[str, pa.Table]) -> Iterator[dict[str, pa.Table]]:
        settings = read_settings(self.home)
        engine = LocalEngine(resources_of(self.home, settings))
        return run_stages(Lake(self.home.lake), self.version, system_grant(utc_now()), stages, extra, engine)

    def _hazards(self, city: Path, rows: pa.Table) -> np.ndarray:
        """True probability of each row; NaN where the city says that the person was not at risk on that Monday."""
        vault = Vault(self.home, load_master_key(self.home, read_settings(self.home)))
        membership = vault.read("membership", self.version.vault["membership"], ["source", "source_id", "person_id"])
        people = pq.read_table(city / "sealed" / "people.parquet")
        truth = dict(zip(zip_columns(people, "source", "source_id"), people["true_person"].to_pylist(), strict=True))
        votes: dict[str, Counter[str]] = {}
        for source, source_id, person in zip_columns(membership, "source", "source_id", "person_id"):
            if (source, source_id) in truth:
                # The caseload is the mental-health sender's: its records decide who the person is.
                weight = 100 if source == "mental_health" else 1
                votes.setdefault(person, Counter())[truth[source, source_id]] += weight
        sealed = pq.read_table(city / "sealed" / "hazard.parquet")
        hazards = dict(zip(zip_columns(sealed, "true_person", "week"), sealed["hazard"].to_pylist(), strict=True))
        found = [
            hazards.get((votes[person].most_common(1)[0][0], day), np.nan) if person in votes else np.nan
            for person, day in zip_columns(rows, "person_id", "index_date")
        ]
        return np.array(found, dtype=np.float64)

    def measure(self, rng: np.random.Generator) -> dict[str, Any]:
        """Every figure of this home."""
        assert self.model is not None
        test, shipped, odds, figures = self.test, self.model["shipped"], {}, {}
        for name in MODELS:
            model, calibration = load_model(self.model["models"][name])
            odds[name] = model.log_odds(test.matrix)
            risk = calibration.risk(odds[name])
            figures[name] = bootstrap(figures_of_risk(risk, test.outcome, test.period), test.person, rng)
            if name == shipped:
                whole = calibration.risk(model.log_odds(self.all_tested.matrix))
        figures["oracle"] = bootstrap(figures_of_risk(self.hazard, test.outcome, test.period), test.person, rng)
        rankings = {name: Ranking(values, test.outcome) for name, values in {**odds, "oracle": self.hazard}.items()}

        def paired(weight: np.ndarray) -> dict[str, float]:
            auroc = {name: ranking.auroc(weight) for name, ranking in rankings.items()}
            values = {f"{name} minus points": auroc[name] - auroc["points"] for name in MODELS[1:]}
            for name in MODELS:
                values[f"{name} minus oracle"] = auroc[name] - auroc["oracle"]
                values[f"{name} efficiency"] = (auroc[name] - 0.5) / (auroc["oracle"] - 0.5)
            values["prevalence"] = float((weight * test.outcome).sum() / weight.sum())
            return values

        return {
            "models": MODELS,
            "shipped": shipped,
            "scores": find_model(self.home.models, CRISIS) is not None,
            "comparisons": self.model["record"]["comparisons"],
            "figures": {name: {key: asdict(each) for key, each in values.items()} for name, values in figures.items()},
            "paired": {name: asdict(each) for name, each in bootstrap(paired, test.person, rng).items()},
            "test": {
                "person_indexes": len(test.outcome),
                "events": int(test.outcome.sum()),
                "index_dates": len(self.split.test),
                "distinct_episodes": self.episodes,
                "rows_without_hazard": self.unmatched,
            },
            "time": judge_risk(whole, self.all_tested),
            "places": check_places(CRISIS, shipped, self.whole.parts(self.split)),
            "shuffled": check_shuffled(CRISIS, self.whole.at(self.split.fit), self.all_tested),
        }


def zip_columns(table: pa.Table, *names: str) -> list[tuple[Any, ...]]:
    """Rows as tuples."""
    return list(zip(*(table[name].to_pylist() for name in names), strict=True))


ROWS = {
    "auroc": "AUROC",
    "auprc": "AUPRC",
    "brier": "Brier score",
    "calibration_slope": "calibration slope",
    "expected_over_observed": "expected over observed",
    "capture_5pct": "crises in the top 5 %",
    "capture_10pct": "crises in the top 10 %",
    "capture_20pct": "crises in the top 20 %",
    "ppv_5pct": "crisis among the top 5 %",
}


def show(seed: str, measured: Mapping[str, Any]) -> None:
    """Print one home's figures."""
    test = measured["test"]
    print(f"\n{seed}, on the invented city: {test['distinct_episodes']} distinct crises in the test;", end=" ")
    print(f"{test['person_indexes']} person-indexes on {test['index_dates']} Mondays beside the oracle", end=" ")
    print(f"({test['rows_without_hazard']} left out: not at risk in truth)")
    print(f"{'':26}" + "".join(f"{name:>24}" for name in (*MODELS, "oracle")))
    for key, title in ROWS.items():
        print(f"{title:26}" + "".join(f"{say(measured['figures'][n][key]):>24}" for n in (*MODELS, "oracle")))
    for name, estimate in measured["paired"].items():
        print(f"{name:26}{say(estimate):>24}")
    state = "the champion" if measured["scores"] else "not the champion: nobody is scored with it"
    print(f"shipped: {measured['shipped']}; {state}")


def main() -> int:
    """Measure every seed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=130_000)
    parser.add_argument("--years", type=int, default=5)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    parser.add_argument("--city", type=Path, help="a city that exists; with --home")
    parser.add_argument("--home", type=Path, help="its home")
    parser.add_argument("--memory-limit", default="8GB", help="what the run's engine may use")
    parser.add_argument("--work", type=Path, help="folder to keep cities and homes in; none: they are removed")
    parser.add_argument("--out", type=Path, default=Path("bench/results/crisis.json"))
    chosen = parser.parse_args()
    results: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as temporary:
        work = chosen.work or Path(temporary)
        work.mkdir(parents=True, exist_ok=True)
        for seed in ["given"] if chosen.city else chosen.seeds:
            begun, seconds = time.perf_counter(), {}
            city, home = chosen.city, chosen.home
            if chosen.city is None:
                city, home, seconds = make_home(work, chosen.people, chosen.years, int(seed), chosen.memory_limit)
            measured = Judged(city, home).measure(np.random.default_rng(0))
            lines = judge_contract(measured, ROOT)
            measured |= {"contract": [asdict(line) for line in lines], "seconds": seconds}
            measured |= {"seconds_whole": round(time.perf_counter() - begun, 1)}
            results[f"seed {seed}" if chosen.city is None else "given city"] = measured
            show(f"seed {seed}", measured)
            show_contract(lines)
    setting = {"people": chosen.people, "years": chosen.years, "on": "the invented city"}
    chosen.out.parent.mkdir(parents=True, exist_ok=True)
    chosen.out.write_text(json.dumps({**setting, "results": results}, indent=1), encoding="utf-8")
    broken = {
        name: sorted({line["point"] for line in measured["contract"] if line["holds"] is False})
        for name, measured in results.items()
    }
    print("\nthe contract, on the invented city:")
    for name, points in broken.items():
        verdict = f"does not hold in point {', '.join(map(str, points))}" if points else "all seven points hold"
        print(f"{name}: {verdict}")
    return 1 if any(broken.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
