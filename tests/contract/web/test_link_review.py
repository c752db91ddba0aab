"""Link review: what waits, what a pair shows and to whom, and what an answer leaves at the desk."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

import pyarrow as pa
import pytest
from starlette.testclient import TestClient

from washhouse.desk.linkage import list_decisions, list_labels
from washhouse.desk.person_changes import add_person_changes, list_person_changes
from washhouse.governance.record_reveal import RecordIndex
from washhouse.record.link_review import LinkReview, Question, read_link_review
from washhouse.web.steward.link_words import build_bars, compare, mark_differences

Opener = Callable[..., TestClient]
Post = Callable[..., Any]
NOW = datetime(2025, 7, 1, 9, 0)


def pair(left: int, right: int) -> str:
    return f"{str(left) * 32}-{str(right) * 32}"


def keys(left: int, right: int) -> tuple[str, str]:
    return str(left) * 32, str(right) * 32


FIRST, SECOND, THIRD, SAMPLE = pair(1, 2), pair(3, 4), pair(1, 4), pair(5, 6)


def answer(post: Post, client: TestClient, which: str, **fields: str) -> Any:
    usual = {"answer": "same", "reason": "details-agree", "token": "t"}
    return post(client, f"/link-review/{which}", **{**usual, **fields})


def rows_of(page: str) -> dict[str, str]:
    """Rows of the table of both records, by field."""
    table = page.split("The two records, field by field")[1].split("</table>")[0]
    return dict(re.findall(r'scope="row">([^<]+)</th>(.*?)</tr>', table, flags=re.S))


def test_the_queue_lists_what_waits_in_order(open_client: Opener) -> None:
    page = open_client("steward").get("/link-review").text
    assert "<strong>0 of 3</strong> answered" in page
    assert page.index(f"/link-review/{FIRST}") < page.index(f"/link-review/{SECOND}") < page.index(THIRD)
    assert SAMPLE not in page, "a pair that is only a sample waits in the sample"
    assert "7 further pairs" in page
    assert re.findall(r'aria-current="true">All doubts <span class="wh-switch__count">(\d+)', page) == ["3"]


@pytest.mark.parametrize(
    ("cause", "shown"),
    [
        ("refused", {FIRST}),
        ("near-threshold", {SECOND, THIRD}),
        ("sample", {SECOND, SAMPLE}),
        ("household", set()),
        ("nonsense", {FIRST, SECOND, THIRD}),
    ],
)
def test_the_queue_can_be_narrowed_by_cause(open_client: Opener, cause: str, shown: set[str]) -> None:
    page = open_client("steward").get(f"/link-review?cause={cause}").text
    assert {which for which in (FIRST, SECOND, THIRD, SAMPLE) if which in page} == shown
    assert ("No pair of this kind waits" in page) is not shown


def test_without_a_review_the_queue_says_so(open_client: Opener, world: Any) -> None:
    client = open_client("steward", published=lambda: replace(world.publish(), link_review=None, review_records=None))
    assert "holds no link review" in client.get("/link-review").text
    assert client.get(f"/link-review/{FIRST}").status_code == 404


def test_the_queue_shows_no_value_of_any_record(open_client: Opener) -> None:
    client = open_client("steward")
    for address in ("/link-review", "/link-review?cause=sample", "/link-review/answers", "/link-review/changes"):
        page = client.get(address).text
        # The year as a word of its own: a form's random token may hold its digits.
        for value in ("Ashdown", "9434765919", "943&nbsp;476", "Canal Street", "WH1 1AA", r"\b1980\b"):
            assert not re.search(value, page)


def test_a_pair_shows_both_records_side_by_side(open_client: Opener) -> None:
    page = open_client("steward").get(f"/link-review/{FIRST}").text
    rows = rows_of(page)
    assert "Ashdown" in rows["Surname"] and '<mark class="wh-differs">e</mark>' in rows["Surname"]
    assert "Alike" in rows["Surname"] and "one slip apart" in rows["Surname"]
    assert "Same" in rows["Birth date"] and "Different" in rows["NHS number"]
    assert "Not on both" in rows["Phone"] and "not sent" in rows["Phone"]
    assert "2 records" in rows["Other records of the person"]
    # Each mark has a shape of its own beside its word.
    for shape in ("wh-sign__same", "wh-sign__alike", "wh-sign__different", "wh-sign__missing"):
        assert shape in page


def test_the_waterfall_is_in_words_and_adds_up(open_client: Opener) -> None:
    page = open_client("steward").get(f"/link-review/{FIRST}").text
    table = page.split("How the weight of the pair comes about")[1].split("</table>")[0]
    bits = [float(value) for value in re.findall(r'wh-fall__bits" role="cell">([^<]+)<', table)]
    assert sum(bits) == pytest.approx(1.5)
    assert "add up to +1.5 bits" in page
    assert table.count("speaks for") >= 4
    assert "cannot be told step by step" in open_client("steward").get(f"/link-review/{THIRD}").text


def test_a_restricted_persons_place_is_withheld(open_client: Opener) -> None:
    page = open_client("steward").get(f"/link-review/{SECOND}").text
    rows = rows_of(page)
    for title in ("Address", "Postcode"):
        assert "withheld" in rows[title]
    assert "address of this person is restricted" in page


def test_each_showing_stands_in_the_audit_of_both_people(open_client: Opener, world: Any) -> None:
    open_client("steward").get(f"/link-review/{FIRST}")
    shown = [row.subject for row in world.audited(action="reveal-records")]
    assert len(shown) == 2 and shown[0] != shown[1] and None not in shown


@pytest.mark.parametrize("which", ["nonsense", f"{'f' * 32}-{'e' * 32}", pair(2, 1), FIRST + "0"])
def test_only_pairs_of_the_queue_can_be_opened(open_client: Opener, post: Post, world: Any, which: str) -> None:
    client = open_client("steward")
    assert client.get(f"/link-review/{which}").status_code == 404
    assert answer(post, client, which).status_code == 404
    assert world.audited(action="reveal-records") == []
    assert list_labels(world.desk) == []


@pytest.mark.parametrize(
    ("given", "kind", "words"), [("same", "must", "same person"), ("different", "cannot", "different people")]
)
def test_a_certain_answer_leaves_a_label_and_a_decision(
    open_client: Opener, post: Post, world: Any, given: str, kind: str, words: str
) -> None:
    client = open_client("steward")
    sent = answer(post, client, FIRST, answer=given)
    assert sent.status_code == 303
    assert sent.headers["location"].startswith(f"/link-review/{SECOND}?done={given}")
    assert f"Saved: {words}." in client.get(sent.headers["location"]).text
    (label,), (decision,) = list_labels(world.desk), list_decisions(world.desk, at=NOW)
    assert (label.answer, label.probability) == (given, 0.74)
    assert label.queue_cause == "refused/apart/details-agree"
    assert (decision.kind, decision.left_key, decision.right_key) == (kind, *keys(1, 2))
    assert decision.reason == "What identifies the person agrees"


def test_cannot_tell_leaves_a_label_only(open_client: Opener, post: Post, world: Any) -> None:
    client = open_client("steward")
    answer(post, client, SAMPLE, answer="unsure", reason="too-little", cause="sample")
    assert list_decisions(world.desk, at=NOW) == []
    assert [label.queue_cause for label in list_labels(world.desk)] == ["sample/linked/too-little"]
    assert "Too little to go on" in client.get("/link-review/answers").text


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"reason": ""}, "Choose a reason"),
        ({"reason": "because"}, "Choose a reason"),
        ({"answer": ""}, "Choose one of the three answers"),
        ({"reason": "other"}, "Say what the reason is"),
        ({"note": "x" * 301}, "300 characters or fewer"),
    ],
)
def test_an_answer_needs_a_reason(
    open_client: Opener, post: Post, world: Any, fields: dict[str, str], message: str
) -> None:
    page = answer(post, open_client("steward"), FIRST, **fields)
    assert page.status_code == 400 and message in page.text and "<title>Error: " in page.text
    assert list_labels(world.desk) == [] and list_decisions(world.desk, at=NOW) == []


def test_a_note_names_nobody_afterwards(open_client: Opener, post: Post, world: Any) -> None:
    note = "Anna Ashdowne of 12 Canal Street rang from 07700 900123, born 04/03/1980, not 943 476 5870"
    answer(post, open_client("steward"), FIRST, reason="other", note=note)
    (decision,) = list_decisions(world.desk, at=NOW)
    for value in ("Ashdown", "Canal", "900123", "1980", "5870"):
        assert value not in decision.reason
    assert "[removed]" in decision.reason


def test_the_same_form_sent_twice_is_kept_once(open_client: Opener, post: Post, world: Any) -> None:
    client = open_client("steward")
    answer(post, client, FIRST)
    again = answer(post, client, FIRST, answer="different")
    assert "done=already" in again.headers["location"]
    assert "Nothing was saved twice" in client.get(again.headers["location"]).text
    assert [label.answer for label in list_labels(world.desk)] == ["same"]
    assert len(list_decisions(world.desk, at=NOW)) == 1


def test_what_was_answered_waits_no_more_and_counts_as_done(open_client: Opener, post: Post) -> None:
    client = open_client("steward")
    answer(post, client, FIRST, answer="different", reason="relatives")
    page = client.get("/link-review").text
    assert "<strong>1 of 3</strong> answered" in page and FIRST not in page
    # The last answer of a filter leads back to the queue.
    answer(post, client, SECOND, cause="near-threshold", token="u")
    last = answer(post, client, THIRD, cause="near-threshold", token="v")
    assert last.headers["location"] == "/link-review?cause=near-threshold&done=same"
    assert "Nothing is left to answer here" in client.get(last.headers["location"]).text


def test_an_answer_is_taken_back_with_its_decision_by_anybody(open_client: Opener, post: Post, world: Any) -> None:
    client = open_client("steward")
    answer(post, client, FIRST)
    page = client.get("/link-review/answers").text
    assert "Same person" in page and "Demo steward" in page
    assert f"/link-review/{FIRST}/undo" in page
    assert post(client, f"/link-review/{FIRST}/undo").status_code == 303
    assert list_labels(world.desk) == [] and list_decisions(world.desk, at=NOW) == []
    assert FIRST in client.get("/link-review").text, "the pair is asked about again"
    assert post(client, f"/link-review/{FIRST}/undo").status_code == 404
    answer(post, client, FIRST, token="w")
    assert len(list_labels(world.desk)) == 1


def test_an_undone_answer_can_be_given_again_from_the_pair(open_client: Opener, post: Post) -> None:
    client = open_client("steward")
    following = client.get(answer(post, client, FIRST).headers["location"]).text
    assert f'action="/link-review/{FIRST}/undo"' in following
    sent = post(client, f"/link-review/{FIRST}/undo", back="pair")
    assert sent.headers["location"] == f"/link-review/{FIRST}?done=undone"
    assert "The answer is taken back" in client.get(sent.headers["location"]).text


def test_figures_need_enough_answers(open_client: Opener) -> None:
    page = open_client("steward").get("/link-review").text
    assert "Too few answers for a figure: 10 answers more" in page
    assert "drawn at random inside bands of probability" in page


def test_people_who_came_apart_wait_for_a_steward(open_client: Opener, post: Post, world: Any) -> None:
    client = open_client("steward")
    assert "Nobody waits for a look" in client.get("/link-review/changes").text
    add_person_changes(world.desk, [("a" * 32, ["b" * 32, "c" * 32], "un-merge")], version="v2", at=NOW)
    page = client.get("/link-review/changes").text
    assert "Taken apart by a steward" in page and "a" * 32 not in page
    (change,) = list_person_changes(world.desk)
    assert post(client, f"/link-review/changes/{change.id}/handled").status_code == 303
    assert list_person_changes(world.desk) == []
    assert (
        "Demo steward" in client.get("/link-review/changes?show=all").text
        or "demo-steward" in client.get("/link-review/changes?show=all").text
    )
    assert post(client, "/link-review/changes/99/handled").status_code == 404


def test_a_version_without_a_review_table_has_none() -> None:
    class Empty:
        def read(self, table: str, generation: str, columns: list[str] | None = None) -> pa.Table:
            raise AssertionError("nothing is read")

    assert read_link_review(Empty(), {"identity": "g"}, {}) is None
    assert len(RecordIndex(None)) == 0


def test_a_couple_found_to_be_different_is_not_asked_about_by_other_records() -> None:
    def asked(left: int, right: int, place: int) -> Question:
        return Question(keys(left, right), "refused", "", False, False, 1.0, 0.7, 1, place, ())

    questions = (asked(1, 2, 1), asked(1, 3, 2), asked(4, 5, 3))
    couple, other = frozenset({"p", "q"}), frozenset({"r", "s"})
    review = LinkReview(questions, sides={keys(1, 2): couple, keys(1, 3): couple, keys(4, 5): other})
    waiting = review.waiting("", [keys(1, 2)], [keys(1, 2)])
    assert [question.pair for question in waiting] == [keys(4, 5)]
    assert len(review.waiting("", [keys(1, 2)])) == 2


def test_differences_are_marked_only_where_values_are_much_alike() -> None:
    left, right = mark_differences("12 March 1980", "12 March 1990")
    assert [piece.text for piece in left if piece.differs] == ["8"]
    assert "".join(piece.text for piece in right) == "12 March 1990"
    assert not any(piece.differs for piece in mark_differences("Anna", "Zoe")[0])
    assert compare("", "x")[0] == "missing"


def test_a_waterfall_without_steps_has_no_bars() -> None:
    assert build_bars(Question(keys(1, 2), "refused", "", False, False, 1.0, 0.7, 1, 1, ())) == []


def test_the_home_page_counts_what_waits_and_shows_nobody(open_client: Opener, world: Any) -> None:
    client = open_client("steward")
    page = client.get("/").text
    assert "Linkage: 3 doubtful pairs to answer." in page
    assert "home" in " ".join(str(row.detail) for row in world.audited(action="review-links"))
    assert re.findall(r'href="/link-review/[0-9a-f]', page) == []
