"""What does `washhouse conformance hazards` tell?"""

from __future__ import annotations

import json

from typer.testing import CliRunner

from washhouse.cli.conformance import app
from washhouse.governance.hazards import read_hazards


def test_the_hazard_log_is_one_object_with_every_hazard() -> None:
    told = json.loads(CliRunner().invoke(app, ["hazards", "--json"]).stdout)
    assert [each["id"] for each in told["hazards"]] == [hazard.id for hazard in read_hazards()]
    assert told["hazards"][0]["tests"]


def test_in_words_each_hazard_has_its_controls() -> None:
    told = CliRunner().invoke(app, ["hazards"]).stdout
    for hazard in read_hazards():
        assert hazard.title in told and hazard.controls[0] in told and hazard.tests[0] in told
