"""What must a reader know of a model before relying on it? The model card: the record and two checklists, item by item.

Each item of TRIPOD+AI and each domain of PROBAST+AI is filled by the run or marked "needs a person". Items are named by
their numbers, what they ask in words of our own; the checklists themselves decide. PROBAST+AI's ratings are a
judgement, so a run lists what bears on them and rates nothing.

References:
    TRIPOD+AI: Collins 2024, doi:10.1136/bmj-2023-078378 (27 items, 52 with their parts).
    PROBAST+AI: Moons 2025, doi:10.1136/bmj-2024-082505.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from importlib.resources import files
from typing import Any

import jinja2

from washhouse.insight.models.record import FIGURES, GROUP_FIGURES, GROUPS, NEEDS_A_PERSON, TITLES, say_sample
from washhouse.insight.models.states import Registry
from washhouse.insight.outcomes.crisis import MODEL as RANKED


@dataclass(frozen=True)
class Item:
    """One thing that a checklist asks.

    Attributes:
        number: Its number there.
        asks: What it asks, in words of our own.
        answer: The run's answer; `NEEDS_A_PERSON` where only a person can give one.
    """

    number: str
    asks: str
    answer: str

    @property
    def is_filled(self) -> bool:
        """Whether the run could answer."""
        return NEEDS_A_PERSON not in self.answer


def build_card(record: Mapping[str, Any], registry: Registry, on: str) -> dict[str, Any]:
    """Put a card together.

    Args:
        record: The model record.
        registry: The outcome's registry.
        on: On whom its figures are, e.g. `on the invented city`.

    Returns:
        `state`, `on`, `record`, `history` (the model's moves), `tripod_ai` and `probast_ai` (items with `number`,
        `asks`, `answer` and `is_filled`), ready for JSON.
    """
    version = str(record["version"])
    return {
        "model": record["name"],
        "version": version,
        "state": registry.state_of(version),
        "on": on,
        "record": dict(record),
        "history": [asdict(move) for move in registry.moves if move.version == version],
        "tripod_ai": [asdict(item) | {"is_filled": item.is_filled} for item in _tripod(record, on)],
        "probast_ai": [asdict(item) | {"is_filled": item.is_filled} for item in _probast(record)],
    }


def render_card(card: Mapping[str, Any]) -> str:
    """The card as one HTML page that asks nothing of any other place and runs no script."""
    text = files("washhouse.insight.models").joinpath("card.html.j2").read_text(encoding="utf-8")
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    environment.filters["three"] = lambda value: f"{value:.3f}"
    return environment.from_string(text).render(
        card=card,
        record=card["record"],
        figures=FIGURES,
        titles=TITLES,
        group_figures=GROUP_FIGURES,
        about_groups=GROUPS,
        sample=say_sample(card["record"]["data"]),
    )


def _tripod(record: Mapping[str, Any], on: str) -> Iterator[Item]:
    data, shipped = record["data"], record["shipped"]
    parts = data["parts"]
    dates = "; ".join(f"{name}: {part['first_index']} to {part['last_index']}" for name, part in parts.items())
    counts = "; ".join(
        f"{name}: {part['people']} people, {part['person_indexes']} person-indexes, {part['events']} {record['things']}"
        for name, part in parts.items()
    )
    auroc = record["performance"][shipped]["auroc"]
    ranking = f"AUROC {auroc['value']:.3f} ({auroc['lower']:.3f} to {auroc['upper']:.3f}) {on}"
    judged = sum(group["is_judged"] for group in record["groups"])
    fairness = (
        f"Calibration in each of {judged} groups is a gate, its interval widened for their number."
        if judged
        else "Calibration by group is a gate, and no group was large enough to judge."
    )
    places = record.get("places", {}).get("message") or "Practices are not known."
    person = NEEDS_A_PERSON
    yield Item("1", "Title: model, people and outcome", f"{record['title']}. {record['population']}")
    yield Item("2", "Abstract", f"{record['purpose']} {ranking}.")
    yield Item("3a", "Context, rationale and existing models", person)
    yield Item("3b", "For whom, for what, used by whom", f"{record['purpose']} {record['population']}")
    yield Item("3c", "Known inequalities between groups", person)
    yield Item("4", "Objectives", "To develop a model and to judge it on later time (both).")
    yield Item(
        "5a", "Sources of data and whom they represent", f"The linked record of this home; {person} to say whom."
    )
    yield Item("5b", "Dates", f"{dates}; outcomes for {data['horizon_days']} days after each index date.")
    yield Item("6a", "Setting and centres", person)
    yield Item("6b", "Who was eligible", record["population"])
    yield Item("6c", "Treatments received", person)
    yield Item("7", "Preparation and checking of data", "docs/reference/checks.md; results on the page Quality.")
    yield Item("8a", "Outcome and horizon", record["outcome"])
    yield Item("8b", "Who assessed the outcome", "Nobody: it is read from what senders recorded.")
    yield Item(
        "8c",
        "Blinding of that assessment",
        "None: once a model is in use, whoever records may have seen its score; who was acted on is left out of fits.",
    )
    yield Item("9a", "Choice of predictors", f"Declared before fitting: {len(record['features'])} features.")
    yield Item("9b", "Definition of predictors", "docs/reference/features.md; all known before the index date.")
    yield Item("9c", "Who assessed predictors", "Nobody: they are read from what senders recorded.")
    yield Item("10", "Sample size", f"{counts}. {say_sample(data)} Needed at least: {data['events_needed']}.")
    yield Item("11", "Missing data", "A value that is not known is information: a column, or a way in each tree.")
    yield Item("12a", "How data were used", f"Split in time, {data['washout_days']} days apart. {dates}.")
    yield Item("12b", "How predictors were handled", "docs/explanation/crisis-model.md, as declared by the design.")
    yield Item("12c", "Type, steps, tuning, internal validation", f"{TITLES[shipped]}. {record['ship_rule']}")
    yield Item("12d", "Differences between clusters", "Practices are halved: fitted on one half, judged on the other.")
    yield Item("12e", "Measures of performance", f"{', '.join(FIGURES.values())}; each with a 95 % interval.")
    yield Item("12f", "Updating after evaluation", "None: what was tested is what ships.")
    yield Item("12g", "How predictions are calculated", f"HOME/models/{record['name']}/{record['version']}/model.json.")
    yield Item("13", "Class imbalance", "No method for it was used.")
    yield Item("14", "Fairness", f"{fairness} Ranking, PPV and sensitivity of a team's list stand beside it.")
    yield Item("15", "Output", "A probability from 0 to 1 with its interval; no classes, no bands.")
    yield Item("16", "Differences between development and evaluation", "Later time; the same people may occur in both.")
    yield Item("17", "Ethical approval", person)
    yield Item("18a", "Funding", person)
    yield Item("18b", "Conflicts of interest", person)
    yield Item("18c", "Protocol", person)
    yield Item("18d", "Registration", person)
    yield Item("18e", "Sharing of data", person)
    yield Item("18f", "Sharing of code", "The code is open, in the repository of washhouse.")
    yield Item("19", "Involvement of patients and the public", person)
    yield Item("20a", "Flow of participants", counts)
    yield Item("20b", "Who they are", f"By group in the table below; {person} for treatments and follow-up.")
    yield Item("20c", "Evaluation beside development data", counts)
    yield Item("21", "Numbers in each analysis", counts)
    yield Item("22", "The model in full", "Its numbers stand in model.json, the points list below.")
    yield Item("23a", "Performance, also in groups", f"{ranking}; the tables below.")
    yield Item("23b", "Differences between clusters", places)
    yield Item("24", "Results of updating", "None.")
    yield Item("25", "Interpretation", person)
    yield Item("26", "Limitations", " ".join(record["limitations"]))
    ranked = " Nobody is ranked on mental-health data older than 7 days." if record["name"] == RANKED else ""
    missing = "A score names sources that sent nothing of the person, or nothing for longer than the model has seen."
    yield Item("27a", "Poor or missing input in use", f"{missing}{ranked}")
    yield Item("27b", "What users must do and know", "A clinician reads reasons and interval, and decides.")
    yield Item("27c", "Next steps", person)


def _probast(record: Mapping[str, Any]) -> Iterator[Item]:
    rates = f"{NEEDS_A_PERSON} to rate it. What bears on it: "
    met = sum(gate["is_met"] for gate in record["gates"])
    analysis = (
        f"{record['data']['test_episodes']} {record['things']} in the test; {met} of {len(record['gates'])} gates met"
    )
    for part in ("development", "evaluation"):
        yield Item(f"{part} 1", "Participants and data sources", f"{rates}{record['population']}")
        yield Item(f"{part} 2", "Predictors", f"{rates}nothing known at or after the index date is looked at.")
        yield Item(f"{part} 3", "Outcome", f"{rates}{record['outcome']}")
        yield Item(f"{part} 4", "Analysis", f"{rates}{analysis}.")
