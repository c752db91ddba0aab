"""Write the generated pages of `docs/reference` anew; tests fail while one is stale."""

from __future__ import annotations

from pathlib import Path

from washhouse.cli.reference import render_commands
from washhouse.insight.features.reference import render_features
from washhouse.linkage.reference import render_link_settings
from washhouse.record.export.reference import render_exports
from washhouse.record.quality.reference import render_checks
from washhouse.record.quality.registry import CHECKS
from washhouse.sources.declared.keys import render_keys
from washhouse.sources.fhir.reference import render_fhir
from washhouse.sources.reference import render_rules, render_sources
from washhouse.sources.registry import SPECS
from washhouse.sources.rules import RULES

REFERENCE = Path(__file__).parents[1] / "docs" / "reference"
PAGES = {
    "checks.md": lambda: render_checks(CHECKS.values()),
    "commands.md": render_commands,
    "exports.md": render_exports,
    "features.md": render_features,
    "fhir.md": render_fhir,
    "link-settings.md": render_link_settings,
    "rules.md": lambda: render_rules(RULES.values()),
    "source-declaration.md": render_keys,
    "sources.md": lambda: render_sources(SPECS.values()),
}

if __name__ == "__main__":
    for name, render in PAGES.items():
        (REFERENCE / name).write_text(render(), encoding="utf-8")
