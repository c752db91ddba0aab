"""What does a week's rescoring of a whole record cost, and what fitting the crisis model on it?

    python bench/rescore.py --home HOME

Scores everybody of the published version for every outcome with the home's models, as the score step of `washhouse
run` does, the audit and the table of scores included; then fits the crisis model anew. The home is only read: what is
written goes to a folder beside the models' copy, which shares the record's files. A model that the home lacks is
fitted first, apart from what is measured.

Each part is a process of its own: seconds on the clock, of processor time (what a machine at rest needs of one core),
and the peak of its memory. Every figure is on the invented city if the home is.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

from washhouse.cli.settings import read_settings
from washhouse.core.home import Home
from washhouse.desk.clock import utc_now
from washhouse.governance.keys import load_or_create_master_key
from washhouse.governance.vault import Vault
from washhouse.insight.models.registry import find_model
from washhouse.insight.outcomes.crisis import CRISIS
from washhouse.insight.outcomes.registry import OUTCOMES
from washhouse.lake.pointer import read_current
from washhouse.lake.store import Lake
from washhouse.pipeline.context import RunContext, engine_of
from washhouse.pipeline.progress import Silent
from washhouse.pipeline.scoring import score
from washhouse.record.tables import SCORE


class Told(Silent):
    """Keeps how long each part that is told of took."""

    def __init__(self) -> None:
        self.parts: list[tuple[str, float]] = []

    def at(self, what: str, share: float) -> None:
        """Note when a part begins."""
        self.parts.append((what, time.perf_counter()))

    def seconds(self) -> dict[str, float]:
        """Seconds of each part."""
        ends = [at for _, at in self.parts[1:]] + [time.perf_counter()]
        found: dict[str, float] = {}
        for (what, at), end in zip(self.parts, ends, strict=True):
            found[what] = round(found.get(what, 0.0) + end - at, 1)
        return found


def share_home(root: Path, work: Path) -> Home:
    """A home whose record is another's: what is written into it is its own."""
    source, made = Home(root.resolve()), Home(work / "home")
    made.lake.mkdir(parents=True)
    for table in source.lake.iterdir():
        if table.name != SCORE.name:
            (made.lake / table.name).symlink_to(table)
    # Earlier weeks are read from it, and new ones written to it.
    shutil.copytree(source.lake / SCORE.name, made.lake / SCORE.name)
    made.vault.symlink_to(source.vault)
    for path in (source.models, source.root / "versions"):
        shutil.copytree(path, made.root / path.name)
    for name in ("CURRENT", "washhouse.toml"):
        shutil.copy(source.root / name, made.root / name)
    return made


def open_context(root: Path) -> tuple[RunContext, Told]:
    """What the steps of a run need."""
    home, told = Home(root), Told()
    settings = read_settings(home)
    vault = Vault(home, load_or_create_master_key(home, settings))
    version = read_current(home)
    assert version is not None, "nothing published"
    context = RunContext(
        home=home,
        settings=settings,
        lake=Lake(home.lake),
        vault=vault,
        published=version,
        now=utc_now(),
        progress=told,
        reached=lambda _: None,
        engine=engine_of(home, settings),
        rebuild=True,  # scores that stand for a week are told anew too
    )
    return context, told


def work_on(root: Path, names: tuple[str, ...], out: Any) -> None:
    """Score some outcomes and say what it cost."""
    context, told = open_context(root)
    assert context.published is not None
    begun, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
    scored, results = score(context, context.published, {name: OUTCOMES[name] for name in names})
    after = resource.getrusage(resource.RUSAGE_SELF)
    out.put(
        {
            "seconds": round(time.perf_counter() - begun, 1),
            "processor_seconds": round(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 1),
            "peak_gb": round(after.ru_maxrss / 2**20, 2),
            "rows": sum(result.scores.num_rows for result in results.values()),
            "parts": told.seconds(),
            "models": {name: each["message"] for name, each in scored.summary["models"].items()},
        }
    )


def measure(root: Path, *names: str) -> dict[str, Any]:
    """`work_on` in a process of its own."""
    spawn = multiprocessing.get_context("spawn")
    out = spawn.Queue()
    process = spawn.Process(target=work_on, args=(root, names, out))
    process.start()
    found: dict[str, Any] = out.get()
    process.join()
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--folder", type=Path, default=None, help="where to work; on the home's disk")
    parser.add_argument("--without-fit", action="store_true", help="do not fit the crisis model anew")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=asked.folder) as folder:
        home = share_home(asked.home, Path(folder))
        told: dict[str, Any] = {}
        lacking = [name for name, outcome in OUTCOMES.items() if find_model(home.models, outcome) is None]
        for name in lacking:
            told[f"first model: {name}"] = measure(home.root, name)
        told["rescore"] = measure(home.root, *OUTCOMES)
        if not asked.without_fit:
            shutil.rmtree(home.models / CRISIS.name, ignore_errors=True)
            told["fit crisis"] = measure(home.root, CRISIS.name)
    print(json.dumps(told, indent=2))


if __name__ == "__main__":
    main()
