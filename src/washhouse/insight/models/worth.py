"""What is each source worth to a model: how well does it do without what that source sent?

The features of the same people on the same days are summed up anew from the events of some sources only, the algorithm
is fitted anew on the same earlier days, and both models rank the same later ones. Facts of a person (age, sex,
deprivation) stay: every source brings them. So does the outcome, wherever it was recorded.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from washhouse.insight.models.algorithms import SEED, fit_algorithm
from washhouse.insight.models.cohort import Cohort
from washhouse.insight.models.evaluation import Estimate, Ranking, bootstrap
from washhouse.insight.models.history import compute_features, number_rows
from washhouse.insight.models.plan import Split
from washhouse.insight.models.present import Compute, events_kernel
from washhouse.insight.outcomes.contract import Algorithm, Outcome
from washhouse.record.kernels import Stage

OF_SOURCES = events_kernel(
    "events-of-sources",
    """SELECT {columns} FROM "event" AS e WHERE e."person_id" IN (SELECT "person_id" FROM "row")
       AND e."source" IN (SELECT "source" FROM "some-sources")""",
)
"""Events of some people from some sources."""


def measure_worth(
    outcome: Outcome, algorithm: Algorithm, cohort: Cohort, split: Split, compute: Compute, sources: Collection[str]
) -> dict[str, Any]:
    """Fit with all sources, with the outcome's own alone, and without each of the others.

    Args:
        outcome: The declaration.
        algorithm: What is fitted.
        cohort: Person-indexes with `people`, their features from all sources.
        split: Their index dates, split in time.
        compute: Runs stages over the record.
        sources: All sources of the record.

    Returns:
        `algorithm`; `all`, the figures with all sources; and `fewer`, for each smaller choice `sources`, `words`, its
        figures and what is `lost`: figures with all minus figures with these. Figures are `auroc` and `auprc`, each
        with value and 95 % interval, whole people drawn with replacement, the same ones for both models.
    """
    full = _rank(outcome, algorithm, cohort, split)
    test = cohort.at(split.test)
    others = sorted(set(sources) - {outcome.source})
    choices: list[tuple[tuple[str, ...], str]] = [((outcome.source,), f"{outcome.source} alone")] if others else []
    choices += [(tuple(sorted(set(sources) - {each})), f"without {each}") for each in others]
    fewer = []
    for chosen, words in choices:
        some = _features_from(outcome, cohort, compute, chosen)
        ranking = _rank(outcome, algorithm, some, split)
        fewer.append(
            {"sources": list(chosen), "words": words, **_figures(ranking, test), "lost": _lost(full, ranking, test)}
        )
    return {"algorithm": algorithm, "all": _figures(full, test), "fewer": fewer}


def _features_from(outcome: Outcome, cohort: Cohort, compute: Compute, sources: Sequence[str]) -> Cohort:
    """The same person-indexes, their features from some sources only."""
    assert cohort.people is not None, "features are summed up of people"  # noqa: S101
    rows = number_rows(cohort.people.append_column("index_date", pa.array(cohort.index_date).cast(pa.date32())))
    some = pa.table({"source": list(sources)})

    def of_some(stages: Sequence[Stage], extra: Mapping[str, pa.Table]) -> Iterator[dict[str, pa.Table]]:
        only = [
            replace(stage, over={"event": OF_SOURCES.name, **stage.over}) if "event" in stage.kernel.inputs else stage
            for stage in stages
        ]
        return compute([Stage(OF_SOURCES, is_kept=False), *only], {**extra, "some-sources": some})

    return replace(cohort, matrix=compute_features(of_some, outcome, rows))


def _rank(outcome: Outcome, algorithm: Algorithm, cohort: Cohort, split: Split) -> Ranking:
    with threadpool_limits(limits=1):
        model, _ = fit_algorithm(outcome, algorithm, cohort.at(split.fit))
    test = cohort.at(split.test)
    return Ranking(model.log_odds(test.matrix), test.outcome)


def _figures(ranking: Ranking, test: Cohort) -> dict[str, Estimate]:
    return bootstrap(
        lambda weight: {"auroc": ranking.auroc(weight), "auprc": ranking.auprc(weight)},
        test.person,
        np.random.default_rng(SEED),
    )


def _lost(full: Ranking, fewer: Ranking, test: Cohort) -> dict[str, Estimate]:
    return bootstrap(
        lambda weight: {
            "auroc": full.auroc(weight) - fewer.auroc(weight),
            "auprc": full.auprc(weight) - fewer.auprc(weight),
        },
        test.person,
        np.random.default_rng(SEED),
    )
