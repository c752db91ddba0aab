"""The steward's page of what is watched: what changed comes first, and small counts are not told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.testclient import TestClient

Opener = Callable[..., TestClient]


def test_what_changed_is_told_first_with_what_to_do(open_client: Opener, world: Any) -> None:
    page = open_client("steward").get("/watch").text
    changed = page.split('id="changed"')[1].split('id="models"')[0]
    assert changed.count("wh-finding__title") == 3
    assert "Days since contact: share nothing is known of" in changed and "<strong>0.70</strong>" in changed
    assert changed.index("Observed over expected outcomes") < changed.index("Contact that the person missed")
    assert "Contact that the person missed" in changed
    assert "<strong>30</strong> where 60 to 140 is usual" in changed
    assert 'class="wh-process__signal"' in changed
    assert "Ask the sender" in changed
    assert [row.action for row in world.audited() if row.action == "read-quality"] == ["read-quality"]


def test_every_series_has_its_verdict_and_few_are_not_told(open_client: Opener) -> None:
    table = open_client("steward").get("/watch").text.split('id="volumes"')[1]
    assert "People of whom anything was told" in table
    assert "✓ within" in table and "◆ outside" in table
    assert "The referral was rejected (1 to 7)" in table


def test_of_a_models_inputs_those_that_moved_most_are_told(open_client: Opener) -> None:
    models = open_client("steward").get("/watch").text.split('id="models"')[1].split('id="volumes"')[0]
    assert "Crisis care within 28 days" in models and "◆ seven on one side" in models
    assert [place for place in range(1, 9) if f"Feature {place}" in models] == [4, 5, 6, 7, 8]
    assert "3 features more moved less." in models
    places = [models.index(f"{name}: share nothing is known of") for name in ("Days since contact", "Age", "Known")]
    assert places == sorted(places), "of which less is known than before comes first"


def test_a_version_from_before_there_was_a_watch(open_client: Opener, world: Any) -> None:
    tables = {name: number for name, number in world.version.tables.items() if name != "watch"}
    page = open_client("steward", published=lambda: world.publish(tables=tables)).get("/watch")
    assert page.status_code == 200 and "made before there was a watch" in page.text


def test_only_a_steward_sees_it(open_client: Opener) -> None:
    assert open_client("clinician").get("/watch").status_code == 403
    assert open_client().get("/watch", follow_redirects=False).status_code == 303


def test_a_steward_is_told_at_home(open_client: Opener, world: Any) -> None:
    summary = {**world.version.summary, "watch": {"rows": 9, "outside": [{"item": "missed-contact"}]}}
    client = open_client("steward", published=lambda: world.publish(summary=summary))
    page = client.get("/").text
    assert "Watch: 1 series is outside the usual limits." in page and "/watch#changed" in page
