"""Do imports point down, and does the sealed truth stay sealed?"""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "washhouse"


def test_import_contracts_hold() -> None:
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as main; main()", "--no-cache"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


def test_core_imports_the_standard_library_only() -> None:
    outside = []
    for file in (SOURCE / "core").rglob("*.py"):
        for name in re.findall(r"^\s*(?:from|import)\s+(\w+)", file.read_text(encoding="utf-8"), re.MULTILINE):
            if name not in sys.stdlib_module_names and name != "washhouse":
                outside.append(f"{file.name}: {name}")
    assert outside == []


def test_what_is_imported_is_declared() -> None:
    """A package that another brings may go with the other's next release."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = [*project["dependencies"], *project["optional-dependencies"]["spark"]]
    declared = {re.split(r"[<>=]", one)[0] for one in asked}
    known = packages_distributions()
    imported = {
        name
        for file in SOURCE.rglob("*.py")
        for name in re.findall(r"^\s*(?:from|import)\s+([a-z]\w*)", file.read_text(encoding="utf-8"), re.MULTILINE)
        if name in known and name != "washhouse"
    }
    assert {name for name in imported if not declared & {one.lower() for one in known[name]}} == set()


def test_only_the_generator_names_the_sealed_folder() -> None:
    named = [
        str(file.relative_to(SOURCE))
        for file in SOURCE.rglob("*.py")
        if "synthetic" not in file.parts and re.search(r"""["'/]sealed["'/]""", file.read_text(encoding="utf-8"))
    ]
    assert named == []


def test_packages_hold_a_docstring_only() -> None:
    longer = [
        str(file.relative_to(SOURCE))
        for file in SOURCE.rglob("__init__.py")
        if file.parent != SOURCE and not re.fullmatch(r'"""[^"]+"""\s*', file.read_text(encoding="utf-8"))
    ]
    assert longer == []
