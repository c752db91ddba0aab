"""Is the page about exports what the declarations say?"""

from __future__ import annotations

from pathlib import Path

from washhouse.record.export.reference import render_exports

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "exports.md"


def test_the_page_is_what_make_reference_writes() -> None:
    assert PAGE.read_text(encoding="utf-8") == render_exports(), "write it anew with `make reference`"
