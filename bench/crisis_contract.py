"""Does the crisis model keep the seven points of its contract? Each line of each point, with figure, interval and rule.

The points are those of issue 5, "Step 4": what an AUROC on invented people may mean. `bench/crisis.py` measures; here
it is judged, by the same rules as a model's gates where these judge the same (`insight.models.gates`). A figure is
judged by itself where the test holds at least 1,000 distinct crises, and by its 95 % interval where it holds fewer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from washhouse.core.errors import InputError
from washhouse.insight.features.contract import Window, check_features
from washhouse.insight.features.linked import ATTENDED, EMERGENCY
from washhouse.insight.features.matrix import check_summaries
from washhouse.insight.features.phrases import count_feature
from washhouse.insight.models.gates import ENOUGH_EVENTS, EXPECTED_OVER_OBSERVED, SLOPE

ORACLE_AUROC = (0.83, 0.85)
PREVALENCE = (0.032 / 1.1, 0.032 * 1.1)
"""3.2 % of person-indexes, within a tenth."""

LEAST_EFFICIENCY, LEAST_UPPER_EFFICIENCY = 0.85, 0.90

PUBLISHED = {
    "auprc": ("AUPRC", 0.159),
    "capture_5pct": ("crises in the top 5 %", 0.29),
    "capture_10pct": ("crises in the top 10 %", 0.43),
    "capture_20pct": ("crises in the top 20 %", 0.61),
}
"""Garriga 2022, doi:10.1038/s41591-022-01811-5, AUPRC; what an AUROC of 0.797 finds at a prevalence of 3.2 %."""

JUDGED_GROUPS = ("deprivation", "sex", "ethnicity", "locality")


@dataclass(frozen=True)
class Line:
    """One thing that a point asks.

    Attributes:
        point: 1 to 7.
        asks: What it asks.
        holds: Whether it does; None where it is told and not judged.
        found: Figure, with its 95 % interval where it has one.
        n: Person-indexes behind it.
        events: Crises among them.
    """

    point: int
    asks: str
    holds: bool | None
    found: str
    n: int | None = None
    events: int | None = None


def judge_contract(measured: Mapping[str, Any], docs: Path) -> list[Line]:
    """Judge what `bench/crisis.py` measured of one home.

    Args:
        measured: See there.
        docs: Root of the repository, for what its pages say.

    Returns:
        Every line, point by point.
    """
    return [
        *_oracle(measured),
        *_not_above(measured),
        *_efficiency(measured),
        *_calibration(measured),
        *_splits(measured),
        *_episodes(measured),
        *_words(docs),
    ]


def say(each: Mapping[str, float]) -> str:
    """A figure with its interval."""
    return f"{each['value']:.3f} ({each['lower']:.3f} to {each['upper']:.3f})"


def _reaches(each: Mapping[str, float], allowed: tuple[float, float]) -> bool:
    return bool(each["lower"] <= allowed[1] and each["upper"] >= allowed[0])


def _is_within(each: Mapping[str, float], allowed: tuple[float, float], is_sure: bool) -> bool:
    """The rule of a gate: by the figure where it is known, by its interval where it is not."""
    return bool(allowed[0] <= each["value"] <= allowed[1]) if is_sure else _reaches(each, allowed)


def _of_test(measured: Mapping[str, Any]) -> dict[str, int]:
    return {"n": measured["test"]["person_indexes"], "events": measured["test"]["events"]}


def _oracle(measured: Mapping[str, Any]) -> Iterator[Line]:
    auroc, share, of = measured["figures"]["oracle"]["auroc"], measured["paired"]["prevalence"], _of_test(measured)
    yield Line(1, "oracle's AUROC: interval reaches 0.83 to 0.85", _reaches(auroc, ORACLE_AUROC), say(auroc), **of)
    asks = "prevalence: interval reaches 3.2 % within a tenth"
    yield Line(1, asks, _reaches(share, PREVALENCE), say(share), **of)


def _not_above(measured: Mapping[str, Any]) -> Iterator[Line]:
    for name in measured["models"]:
        margin = measured["paired"][f"{name} minus oracle"]
        yield Line(2, f"{name} minus oracle: not surely above 0", margin["lower"] <= 0, say(margin))
    shipped = measured["figures"][measured["shipped"]]
    for key, (title, published) in PUBLISHED.items():
        yield Line(2, f"{title}, beside {published} published", None, say(shipped[key]), **_of_test(measured))


def _efficiency(measured: Mapping[str, Any]) -> Iterator[Line]:
    shipped, paired = measured["shipped"], measured["paired"]
    found = paired[f"{shipped} efficiency"]
    holds = found["value"] >= LEAST_EFFICIENCY and found["upper"] >= LEAST_UPPER_EFFICIENCY
    yield Line(3, f"efficiency of {shipped}: >= 0.85, upper limit >= 0.90", holds, say(found), **_of_test(measured))
    if shipped == "points":
        yield Line(3, "ships: the points list, as nothing surely beats it", True, "points")
        return
    margin = paired[f"{shipped} minus points"]
    yield Line(3, f"ships: {shipped} surely beats points on the test", margin["lower"] > 0, say(margin))
    for each in measured["comparisons"]:
        if each["algorithm"] == shipped:
            asks = f"ships: {shipped} surely beat {each['simpler']} before the test"
            yield Line(3, asks, each["choice"]["lower"] > 0, say(each["choice"]))


def _calibration(measured: Mapping[str, Any]) -> Iterator[Line]:
    judged = measured["time"]
    of = {"n": judged["data"]["person_indexes"], "events": judged["data"]["events"]}
    is_sure = of["events"] >= ENOUGH_EVENTS
    for key, asks, allowed in (
        ("calibration_slope", "slope: 0.9 to 1.1", SLOPE),
        ("expected_over_observed", "expected over observed: within a tenth", EXPECTED_OVER_OBSERVED),
    ):
        found = judged["figures"][key]
        yield Line(4, asks, _is_within(found, allowed, is_sure), say(found), **of)
    for each in judged["groups"]:
        if each["by"] in JUDGED_GROUPS:
            asks = f"{each['by']} {each['name']}: observed over expected reaches 1"
            holds = _reaches(each["ratio"], (1.0, 1.0)) if each["is_judged"] else None
            yield Line(4, asks, holds, say(each["ratio"]), each["n"], each["events"])
    missing = set(JUDGED_GROUPS) - {each["by"] for each in judged["groups"] if each["is_judged"]}
    for by in sorted(missing):
        yield Line(4, f"{by}: judged in at least one group", False, "none has enough crises")


def _splits(measured: Mapping[str, Any]) -> Iterator[Line]:
    for split, judged in (("later months", measured["time"]), ("practices never seen", measured["places"])):
        if judged["status"] != "judged":
            yield Line(5, f"{split}: judged", False, judged["message"])
            continue
        figures, of = judged["figures"], {key: judged["data"][key] for key in ("person_indexes", "events")}
        counts = {"n": of["person_indexes"], "events": of["events"]}
        auroc = figures["auroc"]
        yield Line(5, f"{split}: AUROC surely above 0.5", auroc["lower"] > 0.5, say(auroc), **counts)
        if split != "later months":
            slope, level = figures["calibration_slope"], figures["expected_over_observed"]
            yield Line(5, f"{split}: slope's interval reaches 0.9 to 1.1", _reaches(slope, SLOPE), say(slope), **counts)
            asks = f"{split}: expected over observed reaches a tenth"
            yield Line(5, asks, _reaches(level, EXPECTED_OVER_OBSERVED), say(level), **counts)
    shuffled = measured["shuffled"]
    asks = f"shuffled outcomes: AUROC 0.5 within {shuffled['allowed']:.3f}"
    yield Line(5, asks, shuffled["is_met"], f"{shuffled['auroc']:.3f}")
    for asks, holds in plant_futures().items():
        yield Line(5, asks, holds, "so it is" if holds else "IT IS NOT")


def _episodes(measured: Mapping[str, Any]) -> Iterator[Line]:
    episodes = measured["test"]["distinct_episodes"]
    enough = episodes >= ENOUGH_EVENTS
    yield Line(6, "distinct crises in the test: 1,000", enough or None, f"{episodes}", **_of_test(measured))
    if not enough:
        yield Line(6, "with fewer, every figure has its interval", True, "above")


def _words(docs: Path) -> Iterator[Line]:
    unsaid = sorted(str(path.relative_to(docs)) for path in _quoting(docs) if not _says_whose(path))
    found = f"not in {', '.join(unsaid)}" if unsaid else "said"
    yield Line(7, 'every page with an AUROC says "invented city" or cites', not unsaid, found)


def _quoting(docs: Path) -> Iterator[Path]:
    for path in [*docs.glob("*.md"), *docs.glob("docs/**/*.md")]:
        if re.search(r"AUROC[^.\n]{0,40}0\.\d\d", path.read_text(encoding="utf-8")):
            yield path


def _says_whose(path: Path) -> bool:
    text = " ".join(path.read_text(encoding="utf-8").lower().split())
    return "invented" in text or "doi:" in text


def plant_futures() -> dict[str, bool]:
    """What is asked of leaks, and whether it holds: a declaration, an event, a state recorded too late."""

    def refuses(attempt: Any) -> bool:
        try:
            attempt()
        except InputError as error:
            return error.code == "feature-after-index"
        return False

    def summed_up(days: int, recorded: datetime) -> pa.Table:
        return pa.table({"row": [0], "days": [days], "recorded_at": pa.array([recorded], pa.timestamp("us"))})

    rows = pa.table({"index_date": pa.array([date(2024, 3, 4)], pa.date32())})
    late = count_feature("planted", EMERGENCY, ATTENDED, Window(28, 0), "once", "{value} times")
    before, after = datetime(2024, 3, 1), datetime(2024, 3, 4)
    return {
        "refused: a feature whose window reaches the index": refuses(lambda: check_features([late])),
        "refused: an event of the index day": refuses(lambda: check_summaries(rows, summed_up(0, before))),
        "refused: an event recorded at the index": refuses(lambda: check_summaries(rows, summed_up(3, after))),
        "let in: what had happened and was known before": not refuses(
            lambda: check_summaries(rows, summed_up(3, before))
        ),
    }


def show_contract(lines: list[Line]) -> None:
    """Print the table."""
    print(f"\n{'':2}{'asks':62}{'':10}{'found':24}{'n':>9}{'crises':>8}")
    for line in lines:
        verdict = {True: "holds", False: "DOES NOT", None: "told"}[line.holds]
        counts = "".join(
            f"{'' if count is None else count:>{width}}" for count, width in ((line.n, 9), (line.events, 8))
        )
        print(f"{line.point:<2}{line.asks[:61]:62}{verdict:10}{line.found:24}{counts}")
    for point in range(1, 8):
        broken = sum(line.holds is False for line in lines if line.point == point)
        print(f"point {point}: {'holds' if not broken else f'does not hold ({broken} of its lines)'}")
