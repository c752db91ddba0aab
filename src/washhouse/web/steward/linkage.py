"""How were source records joined into people, and how far is that to be trusted? Figures only, no records."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.responses import JSONResponse, Response

from washhouse.governance.permissions import Action
from washhouse.web.shell.layout import source_lane, source_title
from washhouse.web.shell.respond import render
from washhouse.web.shell.visit import Visit
from washhouse.web.steward.linkage_measured import build_measured
from washhouse.web.steward.linkage_quality import (
    AXIS,
    AXIS_WORDS,
    EXPLAINED,
    FIGURES,
    build_quality,
    build_trends,
    build_versions,
    place,
)
from washhouse.web.steward.linkage_views import build_views

WIDEST_BITS = 25.0


@dataclass(frozen=True)
class SourceLine:
    """Records of one source, and the share in which each field says something."""

    title: str
    lane: str
    clear: int
    pseudonym: int
    with_nhs_number: int
    complete: tuple[float | None, ...]


@dataclass(frozen=True)
class Weight:
    """How much one outcome of a comparison counts, in bits: for the same person above 0, against below."""

    field: str
    level: str
    same_person: float
    strangers: float
    bits: float
    width: float


@dataclass(frozen=True)
class LinkagePage:
    """Everything the page shows; numbers as the run gave them."""

    records: int
    people: int
    links: int
    pairs: int
    threshold: float
    false_links: float
    missed_links: float
    refused: tuple[tuple[str, int], ...]
    sizes: tuple[tuple[str, int], ...]
    households: int
    people_in_households: int
    kept_back: tuple[tuple[str, int], ...]
    fields: tuple[str, ...]
    sources: tuple[SourceLine, ...]
    weights: tuple[Weight, ...]
    rules: tuple[Mapping[str, Any], ...]
    model: str
    superseded: Mapping[str, int] | None


def show_linkage(visit: Visit) -> Response:
    """Show what the last linkage came to."""
    visit.services.audit.authorise(visit.grant, Action.READ_LINKAGE)
    published = visit.published
    summary = published.summary.get("linkage")
    quality = summary.get("quality") if summary else None
    versions = build_versions(published.history())
    return render(
        visit,
        "steward/linkage.html",
        linkage=build_linkage(summary) if summary else None,
        quality=build_quality(quality, visit.query("figure")) if quality else None,
        measured_lines=build_measured(quality) if quality else (),
        views=build_views(summary) if summary else [],
        figures=FIGURES,
        explained=EXPLAINED,
        axis=[(place(ratio), words) for ratio, words in zip(AXIS, AXIS_WORDS, strict=True)],
        limits=visit.services.settings.linkage,
        versions=versions,
        trends=build_trends(versions),
        refused=published.refused(),
    )


def download_linkage(visit: Visit) -> Response:
    """Hand out the same figures as JSON: the version's, those of the versions kept, and what was refused since."""
    visit.services.audit.authorise(visit.grant, Action.READ_LINKAGE)
    published = visit.published
    told = {
        "version": published.id,
        "published_at": published.published_at.isoformat(),
        "linkage": published.summary.get("linkage"),
        "history": [
            {
                "version": version.id,
                "published_at": version.published_at.isoformat(),
                "linkage": {
                    name: version.summary.get("linkage", {}).get(name)
                    for name in ("records", "people", "views", "quality")
                },
            }
            for version in published.history()
        ],
        "refused": published.refused(),
    }
    return JSONResponse(told, headers={"Content-Disposition": f'attachment; filename="linkage-{published.id}.json"'})


def build_linkage(summary: Mapping[str, Any]) -> LinkagePage:
    """Put the summary of a linkage into the shape of the page."""
    return LinkagePage(
        records=summary["records"],
        people=summary["people"],
        links=summary.get("links", 0),
        pairs=summary.get("pairs", 0),
        threshold=summary.get("threshold", 0.0),
        false_links=summary["estimated_false_links"],
        missed_links=summary.get("estimated_missed_links", 0.0),
        refused=_pairs(summary.get("refused")),
        sizes=_pairs(summary.get("records_per_person")),
        households=summary.get("households", 0),
        people_in_households=summary.get("people_in_households", 0),
        kept_back=tuple(build_kept_back(summary)),
        fields=tuple(_words(name) for name in field_names(summary)),
        sources=tuple(build_sources(summary)),
        weights=tuple(build_weights(summary.get("weights", ()))),
        rules=tuple({**rule, "rule": _words(rule["rule"])} for rule in summary.get("blocking", ())),
        model=summary.get("model", ""),
        superseded=summary.get("superseded_numbers"),
    )


def build_kept_back(summary: Mapping[str, Any]) -> Iterable[tuple[str, int]]:
    """What each guard kept from tying people, in words: homes, then telephone numbers and addresses that are shared.

    >>> list(build_kept_back({"shared": {"phones": {"kept_back": {"communal": 3}}}}))
    [('Shared phones kept back: communal', 3)]
    """
    for cause, count in _pairs(summary.get("addresses_kept_back")):
        yield f"Addresses kept back: {cause.replace('_', ' ')}", count
    for what, found in summary.get("shared", {}).items():
        for cause, count in _pairs(found["kept_back"]):
            yield f"Shared {what} kept back: {cause}", count


def field_names(summary: Mapping[str, Any]) -> list[str]:
    """Fields that the completeness table tells of, in its order."""
    rows: Sequence[Mapping[str, Any]] = summary.get("completeness", ())
    return [name for name in (rows[0] if rows else ()) if name not in ("source", "records")]


def build_sources(summary: Mapping[str, Any]) -> list[SourceLine]:
    """Join the counts and the completeness of each source."""
    complete = {row["source"]: row for row in summary.get("completeness", ())}
    fields = field_names(summary)
    return [
        SourceLine(
            title=source_title(source),
            lane=source_lane(source),
            clear=counts.get("clear", 0),
            pseudonym=counts.get("pseudonym", 0),
            with_nhs_number=counts.get("with_nhs_number", 0),
            complete=tuple(complete[source][name] if source in complete else None for name in fields),
        )
        for source, counts in summary.get("by_source", {}).items()
    ]


def build_weights(rows: Sequence[Mapping[str, Any]]) -> list[Weight]:
    """Put the weights table into words.

    >>> row = {"field": "birth_date", "level": "same", "same_person": 0.9, "strangers": 0.001, "weight": 9.8}
    >>> build_weights([row])[0].field
    'Birth date'
    """
    return [
        Weight(
            field=_words(row["field"]),
            level=row["level"],
            same_person=row["same_person"],
            strangers=row["strangers"],
            bits=row["weight"],
            width=round(min(abs(row["weight"]) / WIDEST_BITS, 1.0) * 50, 1),
        )
        for row in rows
    ]


def _pairs(counts: Mapping[str, int] | int | None) -> tuple[tuple[str, int], ...]:
    if counts is None:
        return ()
    return tuple(counts.items()) if isinstance(counts, Mapping) else (("in all", counts),)


def _words(name: str) -> str:
    words = name.replace("_", " ").capitalize()
    return re.sub(r"\b(nhs|uprn)\b", lambda found: found.group().upper(), words, flags=re.IGNORECASE)
