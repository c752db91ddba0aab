"""How far is a network followed, in which order, and where does it lie on the page?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from washhouse.governance.policies import TieKind
from washhouse.record.ties import Tie
from washhouse.web.care.network import End, Section, say_why
from washhouse.web.care.network_drawing import BOX_HEIGHT, NARROW_WIDTH, Drawing, draw_narrow, draw_wide
from washhouse.web.care.network_graph import Network, build_network

TODAY = date(2026, 7, 1)
EVERY = frozenset(TieKind)


def tie(other: str, kind: str = "household", since: date | None = None, until: date | None = None) -> Tie:
    return Tie(TieKind(kind), other, not other.startswith("unnamed"), since, until, "because", "gp")


def network(ties: dict[str, list[Tie]], *opened: str, kinds: frozenset[TieKind] = EVERY, most: int = 50) -> Network:
    def read(person: str) -> Sequence[Tie]:
        read_of.append(person)
        return ties[person]

    read_of: list[str] = []
    found = build_network("a", opened, kinds, read, TODAY, most)
    assert read_of == [spread.key for spread in found.spreads], "only the ties that are shown are read"
    return found


def shown(found: Network) -> list[tuple[str, int, str]]:
    return [(spread.key, spread.hop, "".join(branch.key for branch in spread.branches)) for spread in found.spreads]


def test_what_holds_comes_first_then_the_kind_then_the_newest() -> None:
    ties = [
        tie("u", "address", date(2026, 1, 1)),
        tie("v", "carer", date(2020, 1, 1), date(2026, 7, 1)),
        tie("w", "team", date(2020, 1, 1), date(2026, 7, 2)),
        tie("x", "household"),
        tie("y", "household", date(2021, 1, 1)),
        tie("z", "household", date(2022, 1, 1)),
    ]
    assert shown(network({"a": ties})) == [("a", 0, "zyxwuv")]


def test_several_ties_with_one_end_are_one_branch_at_the_best_rank() -> None:
    (branch,) = network({"a": [tie("x", "phone"), tie("x", "carer")]}).spreads[0].branches
    assert [each.kind for each in branch.ties] == ["carer", "phone"]


def test_people_are_followed_when_asked_for_and_reached() -> None:
    ties = {"a": [tie("b"), tie("c")], "b": [tie("a"), tie("c"), tie("d")], "d": [tie("e")], "c": []}
    assert shown(network(ties)) == [("a", 0, "bc")]
    assert shown(network(ties, "d")) == [("a", 0, "bc")], "not reached yet"
    found = network(ties, "d", "b")
    assert shown(found) == [("a", 0, "bc"), ("b", 1, "cd"), ("d", 2, "e")]
    assert [branch.is_again for branch in found.spreads[1].branches] == [True, False]


def test_nobody_is_followed_who_may_not_be_told_nor_a_team() -> None:
    ties = {"a": [tie("unnamed-1"), tie("T1", "team")]}
    assert shown(network(ties, "unnamed-1", "T1", "a")) == [("a", 0, "unnamed-1T1")]


def test_the_nearest_fill_the_page_first() -> None:
    ties = {"a": [tie("b"), tie("c"), tie("d")], "b": [tie("e"), tie("f"), tie("c")]}
    found = network(ties, "b", most=5)
    assert shown(found) == [("a", 0, "bcd"), ("b", 1, "ce")]
    assert [spread.hidden for spread in found.spreads] == [0, 1]
    assert [spread.hidden for spread in network(ties, "b", most=3).spreads] == [1, 2]


def test_a_part_is_followed_by_its_kinds_and_counted_by_all() -> None:
    ties = {"a": [tie("b"), tie("b", "phone"), tie("T1", "team")]}
    found = network(ties, kinds=frozenset({TieKind.TEAM}))
    assert shown(found) == [("a", 0, "T1")]
    assert {kind: len(keys) for kind, keys in found.ends.items() if keys} == {"household": 1, "phone": 1, "team": 1}


def end(key: str, opened: bool = False) -> End:
    whys = (say_why(tie(key), key, TODAY),)
    return End(key, f"Name of {key}", "Person in your care", "told", "", whys, False, opened, "")


def sections(hops: int) -> list[Section]:
    """A chain of people, each with three ends, the second of which leads on."""
    made = []
    for hop in range(hops):
        ends = (end(f"{hop}-1"), end(f"{hop}-2", opened=hop < hops - 1), end(f"{hop}-3"))
        made.append(Section(f"{hop - 1}-2" if hop else "root", "Somebody with a name that goes on and on", ends, 7, ""))
    return made


def boxes_apart(drawing: Drawing) -> None:
    for box in drawing.boxes:
        assert box.x >= 0 and box.x + box.width <= drawing.width
        assert box.y >= 0 and box.y + BOX_HEIGHT <= drawing.height
    for at, one in enumerate(drawing.boxes):
        for other in drawing.boxes[at + 1 :]:
            beside = one.x + one.width <= other.x or other.x + other.width <= one.x
            assert beside or abs(one.y - other.y) >= BOX_HEIGHT, (one.full, other.full)


def test_boxes_lie_inside_the_drawing_and_never_on_each_other() -> None:
    for hops in range(1, 12):
        for drawing in (draw_wide(sections(hops)), draw_narrow(sections(hops))):
            boxes_apart(drawing)
            assert len(drawing.boxes) == 3 * hops + 1
            assert len(drawing.lines) == 3 * hops
            assert [note.text for note in drawing.notes] == ["7 more not shown"] * hops
        assert draw_narrow(sections(hops)).width == NARROW_WIDTH


def test_a_person_without_ends_is_drawn_alone() -> None:
    for drawing in (draw_wide([Section("root", "Anna", (), 0, "")]), draw_narrow([Section("root", "Anna", (), 0, "")])):
        boxes_apart(drawing)
        assert [box.full for box in drawing.boxes] == ["Anna"]
