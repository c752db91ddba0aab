"""To whom and to what is a person tied, why and since when? Followed hop by hop, by addresses alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import urlencode

from starlette.responses import Response

from washhouse.desk.accounts import staff_names, team_names
from washhouse.governance.policies import TIES_TO_PEOPLE, TieKind, may_see_tie
from washhouse.governance.reveal import reveal
from washhouse.record.ties import Tie
from washhouse.web.care.address import person_of
from washhouse.web.care.network_drawing import Drawing, draw_narrow, draw_wide
from washhouse.web.care.network_graph import MOST_NODES, ORDER, Branch, Network, build_network
from washhouse.web.shell.labels import label
from washhouse.web.shell.layout import PURPOSE_WORDS, source_lane, source_title
from washhouse.web.shell.people import name_of, person_address
from washhouse.web.shell.respond import redirect, render
from washhouse.web.shell.visit import Visit
from washhouse.web.shell.words import plural, short_day

KINDS = {
    TieKind.CARER: "Carer",
    TieKind.HOUSEHOLD: "Household",
    TieKind.PRACTITIONER: "Practitioner",
    TieKind.TEAM: "Team",
    TieKind.SERVICE: "Service",
    TieKind.PRACTICE: "GP practice",
    TieKind.PHONE: "Shared phone",
    TieKind.ADDRESS: "Shared address",
}
GROUPS = {
    "": ("All", frozenset(TieKind)),
    "people": ("Home and family", TIES_TO_PEOPLE),
    "care": ("Those who care", frozenset(TieKind) - TIES_TO_PEOPLE),
}
"""Parts of the network by what they are asked for, beside single kinds."""
IN_CARE, NOT_IN_CARE = "in your care", "not in your care"
_PERSON_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class Why:
    """One tie in words.

    Attributes:
        kind: What kind of tie.
        short: The same for the drawing; of a carer, who cares for whom.
        evidence: What it rests on.
        span: Since when, and until when.
        lane: Style of the service that says so.
        source: That service.
        ended: Whether it has ended.
    """

    kind: str
    short: str
    evidence: str
    span: str
    lane: str
    source: str
    ended: bool


@dataclass(frozen=True)
class End:
    """The other end of a person's ties, as the page shows it.

    Attributes:
        key: Which one.
        name: Who or what it is, as far as it may be told.
        what: What sort of end, in words.
        style: How it is drawn: `told`, `untold` or `care`.
        address: The person's own page, if it may be opened.
        whys: The ties.
        is_again: It is shown above already.
        is_open: Its own ties are shown below.
        switch: Address that shows or hides its ties; empty where they may not be.
    """

    key: str
    name: str
    what: str
    style: str
    address: str
    whys: tuple[Why, ...]
    is_again: bool
    is_open: bool
    switch: str


@dataclass(frozen=True)
class Section:
    """One person's ties.

    Attributes:
        key: The person.
        name: Their name.
        ends: The other ends, by rank.
        hidden: How many more there are.
        close: Address that hides this section; empty for the person of the page.
    """

    key: str
    name: str
    ends: tuple[End, ...]
    hidden: int
    close: str


@dataclass(frozen=True)
class Choice:
    """One part of the network to look at."""

    text: str
    count: int
    href: str
    current: bool


@dataclass(frozen=True)
class NetworkPage:
    """Everything the page shows."""

    name: str
    address: str
    purpose: str
    choices: tuple[Choice, ...]
    sections: tuple[Section, ...]
    drawn: int
    hidden: int
    most: int
    kinds: tuple[str, ...]
    wide: Drawing
    narrow: Drawing
    words: str


def show_network(visit: Visit) -> Response:
    """Show the ties of a person in the visitor's care, and of those who were opened."""
    person = person_of(visit)
    if person != visit.parameter("person_id"):
        return redirect(f"{person_address(person)}/network")
    return render(visit, "care/network.html", network=read_network(visit, person))


def read_network(visit: Visit, person: str) -> NetworkPage:
    """Gather what the page shows; the audit is written before each part is read."""
    show, opened, today = visit.query("show"), read_opened(visit), visit.services.today()
    kinds = chosen_kinds(show)
    network = build_network(person, opened, kinds, visit.record.relations, today)
    names = name_ends(visit, network)
    state = _State(f"{person_address(person)}/network", show if kinds != frozenset(TieKind) else "", network)
    sections = tuple(build_sections(network, names, state, today))
    return NetworkPage(
        name=names[person],
        address=person_address(person),
        purpose=PURPOSE_WORDS[visit.grant.purpose],
        choices=tuple(build_choices(visit, network, state)),
        sections=sections,
        drawn=1 + sum(not end.is_again for section in sections for end in section.ends),
        hidden=sum(section.hidden for section in sections),
        most=MOST_NODES,
        kinds=tuple(KINDS[kind].lower() if kind is not TieKind.PRACTICE else KINDS[kind] for kind in ORDER),
        wide=draw_wide(sections),
        narrow=draw_narrow(sections),
        words=f"Network of {names[person]}: {plural(sum(len(s.ends) for s in sections), 'tie')}, listed below",
    )


def read_opened(visit: Visit) -> tuple[str, ...]:
    """People whose ties the address asks for, in its order; what is no id is left out."""
    asked = visit.request.query_params.getlist("open")[:MOST_NODES]
    return tuple(dict.fromkeys(each for each in asked if _PERSON_ID.fullmatch(each)))


def chosen_kinds(show: str) -> frozenset[TieKind]:
    """Kinds that a part of the network has; all for a part that is unknown.

    >>> sorted(chosen_kinds("team")), len(chosen_kinds("nonsense"))
    ([<TieKind.TEAM: 'team'>], 8)
    """
    if show in set(TieKind):
        return frozenset({TieKind(show)})
    return GROUPS.get(show, GROUPS[""])[1]


@dataclass(frozen=True)
class _State:
    """What the address of the page says, to be said again with a change."""

    path: str
    show: str
    network: Network

    def href(self, show: str | None = None, add: str = "", drop: str = "", to: str = "") -> str:
        """Address of the page with another part, or another person opened or closed."""
        opened = [spread.key for spread in self.network.spreads[1:] if spread.key != drop]
        wanted = self.show if show is None else show
        query = [("show", wanted)] if wanted else []
        query += [("open", key) for key in (*opened, *((add,) if add else ()))]
        return f"{self.path}{'?' if query else ''}{urlencode(query)}{f'#ties-{to}' if to else ''}"


def build_choices(visit: Visit, network: Network, state: _State) -> Iterable[Choice]:
    """Parts of the person's network to look at, with how many ends each has: groups, then single kinds."""
    seen = [kind for kind in ORDER if may_see_tie(visit.grant.purpose, kind)]
    parts = [*GROUPS.items(), *((kind.value, (KINDS[kind], frozenset({kind}))) for kind in seen)]
    for show, (text, kinds) in parts:
        count = len({key for kind in kinds for key in network.ends.get(kind, ())})
        if count or show in ("", state.show):
            yield Choice(text, count, state.href(show=show), show == state.show)


def build_sections(network: Network, names: Mapping[str, str], state: _State, today: date) -> Iterable[Section]:
    """Put the ties of each person into words."""
    for spread in network.spreads:
        ends = tuple(_end(branch, network, names, state, today) for branch in spread.branches)
        close = state.href(drop=spread.key, to=state.network.spreads[0].key) if spread.hop else ""
        yield Section(spread.key, names[spread.key], ends, spread.hidden, close)


def _end(branch: Branch, network: Network, names: Mapping[str, str], state: _State, today: date) -> End:
    name, kind = names[branch.key], branch.ties[0].kind
    is_open = branch.key in network.opened and not branch.is_again
    switch = ""
    if branch.is_person and branch.is_told and not branch.is_again:
        switch = state.href(drop=branch.key) if is_open else state.href(add=branch.key, to=branch.key)
    if branch.is_person:
        what, style = (f"Person {IN_CARE}", "told") if branch.is_told else (f"Person {NOT_IN_CARE}", "untold")
    else:
        what, style = KINDS[kind], "care"
    return End(
        key=branch.key,
        name=name,
        what=what,
        style=style,
        address=person_address(branch.key) if branch.is_person and branch.is_told else "",
        whys=tuple(say_why(tie, name, today) for tie in branch.ties),
        is_again=branch.is_again,
        is_open=is_open,
        switch=switch,
    )


def say_why(tie: Tie, other: str, today: date) -> Why:
    """Put a tie into words."""
    short = {TieKind.PHONE: "Phone", TieKind.ADDRESS: "Address"}.get(tie.kind, KINDS[tie.kind])
    if tie.kind is TieKind.CARER:
        short = "Cares for" if tie.evidence.startswith("cares") else "Cared for by"
    ended = not tie.holds(today)
    since = f"since {short_day(tie.since)}" if tie.since else "start not known"
    if tie.until is not None:
        last = short_day(tie.until - timedelta(days=1))
        since = f"{short_day(tie.since)} to {last}" if tie.since else f"until {last}"
    return Why(
        kind=KINDS[tie.kind],
        short=short,
        evidence=tie.evidence.replace("the other", other),
        span=since,
        lane=source_lane(tie.source),
        source=source_title(tie.source) if tie.source else "",
        ended=ended,
    )


def name_ends(visit: Visit, network: Network) -> dict[str, str]:
    """What every end is called: names of people in the visitor's care are revealed, and written down, before."""
    services = visit.services
    people = sorted(network.told_people)
    named = reveal(visit.grant, people, visit.published.identities, services.audit, services.now())
    names = {person: name_of(person, named.get(person)) for person in people}
    ends = {branch.key: branch.ties[0] for spread in network.spreads for branch in spread.branches}
    by_kind = {kind: [key for key, tie in ends.items() if tie.kind is kind] for kind in TieKind}
    staff = staff_names(services.desk, by_kind[TieKind.PRACTITIONER])
    teams = team_names(services.desk, by_kind[TieKind.TEAM])
    strangers = [key for key, tie in ends.items() if not tie.is_told]
    names |= {key: f"Person {number}" for number, key in enumerate(strangers, start=1)}
    for key, tie in ends.items():
        if tie.is_to_person:
            continue
        if tie.kind is TieKind.PRACTITIONER:
            names[key] = staff.get(key, f"Practitioner {key}")
        elif tie.kind is TieKind.TEAM:
            names[key] = teams.get(key, f"Team ({key})")
        elif tie.kind is TieKind.SERVICE:
            names[key] = label(key)
        else:
            names[key] = f"Practice {key}"
    return names
