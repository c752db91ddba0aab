"""Does the run queue what is in doubt, and never ask again what a steward has answered?"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from washhouse.core.home import Home, Settings
from washhouse.desk.accounts import ensure_demo_users
from washhouse.desk.clock import utc_now
from washhouse.desk.database import open_desk
from washhouse.desk.linkage import add_decision, add_label
from washhouse.governance.keys import load_master_key
from washhouse.governance.record_reveal import RecordIndex, read_record_index
from washhouse.governance.vault import Vault
from washhouse.lake.pointer import read_current
from washhouse.linkage.labelled import cause_of
from washhouse.pipeline.run import run_inbox
from washhouse.record.link_review import LinkReview, read_link_review
from washhouse.synthetic.calendar import DEFAULT_END
from washhouse.synthetic.city import make_city


def test_the_run_asks_what_is_in_doubt_and_never_twice(tmp_path: Path, fresh_home: Callable[[Path], Home]) -> None:
    city, home = tmp_path / "city", fresh_home(tmp_path / "home")
    make_city(3_000, 1, 5, city, DEFAULT_END)
    settings = Settings(buckets=2, threads=1)

    def published() -> tuple[LinkReview, RecordIndex]:
        version = read_current(home)
        assert version is not None
        vault = Vault(home, load_master_key(home, settings))
        review = read_link_review(vault, version.vault, version.summary)
        assert review is not None
        return review, read_record_index(vault, version.vault)

    run_inbox(home, settings, city / "extracts")
    review, records = published()
    assert len(review.of()) >= 3
    # Every record of a question can be revealed, and every weight is told.
    for question in review.questions:
        assert question.pair[0] in records and question.pair[1] in records
        assert abs(sum(step.bits for step in question.steps) - question.weight) < 1e-6

    refused = review.of("refused")
    assert review.of()[: len(refused)] == refused
    kept, parted, unsure = review.of()[0], review.of()[1], review.of()[2]
    desk = open_desk(home.desk_file)
    try:
        _, steward = ensure_demo_users(desk, utc_now().date())
        for question, kind, answer in (
            (kept, "must", "same"),
            (parted, "cannot", "different"),
            (unsure, "", "unsure"),
        ):
            left, right = question.pair
            who = {"left": left, "right": right, "user": steward.username, "at": utc_now()}
            if kind:
                add_decision(desk, kind=kind, reason="Looked at both", **who)
            cause = cause_of(question.cause, question.together, question.sampled)
            add_label(desk, answer=answer, probability=question.probability, queue_cause=cause, **who)
    finally:
        desk.close()
    run_inbox(home, settings, city / "extracts", now=utc_now() + timedelta(seconds=5))
    again, _ = published()
    asked = {question.pair for question in again.questions}
    assert not asked & {kept.pair, parted.pair, unsure.pair}
    assert asked, "what else is in doubt is asked about still"
    version = read_current(home)
    assert version is not None
    labelled = version.summary["linkage"]["quality"]["labelled"]
    assert labelled["overall"]["answers"] == 3
    assert {row["dimension"] for row in labelled["groups"]} >= {"sex", "source"}
    assert all(row["answers"] and row["precision"] is None and row["needed"] for row in labelled["groups"])
