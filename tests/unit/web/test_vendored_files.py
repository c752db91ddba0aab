"""Are the vendored files those that were recorded, and do they fetch nothing from elsewhere?"""

from __future__ import annotations

import hashlib
import json
from importlib.resources import files

STATIC = files("washhouse.web").joinpath("static")
VENDOR = STATIC.joinpath("vendor")


def test_files_are_those_recorded() -> None:
    records = json.loads(VENDOR.joinpath("VENDOR.json").read_text())
    assert {each.name for each in VENDOR.iterdir()} == {"VENDOR.json", *(record["name"] for record in records)}
    for record in records:
        folder = VENDOR.joinpath(record["name"])
        assert {each.name for each in folder.iterdir()} == set(record["files"])
        for name, digest in record["files"].items():
            assert hashlib.sha256(folder.joinpath(name).read_bytes()).hexdigest() == digest, name


def test_the_licences_are_kept() -> None:
    assert "MIT License" in VENDOR.joinpath("nhsuk-frontend", "LICENCE").read_text()
    for name in ("vega", "vega-lite", "vega-interpreter"):
        assert "Redistribution and use in source and binary forms" in VENDOR.joinpath(name, "LICENCE").read_text()


def test_styles_and_scripts_name_no_other_site() -> None:
    for path in ("washhouse.css", "enhance.js", "vendor/nhsuk-frontend/nhsuk-frontend.min.css"):
        text = STATIC.joinpath(*path.split("/")).read_text()
        assert "http://" not in text and "https://" not in text, path
        assert "@font-face" not in text, path
        assert "sourceMappingURL" not in text, path


def test_no_logo_or_remote_font_is_vendored() -> None:
    kept = {each.name for each in VENDOR.joinpath("nhsuk-frontend").iterdir()}
    assert not [name for name in kept if name.endswith((".woff", ".woff2", ".png", ".ico"))]
    assert b"Frutiger" not in VENDOR.joinpath("nhsuk-frontend", "nhsuk-frontend.min.css").read_bytes()
