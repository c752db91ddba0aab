"""What does npm's `fhir`, a validator of others, say of every resource of an export?

It knows HL7's structure definitions of R4 and their required codes; it does not look at dates, which `fhir.resources`
does in the tests. It needs Node, which is too heavy for the tests' machine: hence a benchmark. On the invented city.

Run: `.venv/bin/python bench/fhir_outside.py [--home DIR] [--most 500]`
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

PACKAGE = "fhir@4.12.0"
VALIDATE = """
const { Fhir } = require('fhir');
const { readFileSync } = require('fs');
const fhir = new Fhir();
const said = {};
for (const line of readFileSync(0, 'utf8').split('\\n')) {
  if (!line) continue;
  const resource = JSON.parse(line);
  const found = said[resource.resourceType] ??= { checked: 0, invalid: 0, warnings: 0, words: {} };
  found.checked += 1;
  const { valid, messages } = fhir.validate(resource, { errorOnUnexpected: true });
  found.invalid += valid ? 0 : 1;
  for (const { severity, location, message } of messages) {
    found.warnings += severity === 'warning' ? 1 : 0;
    if (severity !== 'error') continue;
    const words = location.replace(/\\[\\d+\\]/g, '') + ': ' + message;
    found.words[words] = (found.words[words] ?? 0) + 1;
  }
}
console.log(JSON.stringify(said));
"""


def main() -> None:
    """Export a home, or a small city made for it, and have every type's resources checked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, help="a home with a published version; else a city of 1,000 is made")
    parser.add_argument("--most", type=int, default=500, help="resources of a type, spread over its file")
    args = parser.parse_args()
    if shutil.which("npm") is None:
        sys.exit("npm is needed (Debian: apt-get install npm)")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        home = args.home or make_home(root)
        washhouse("export", "fhir", "--home", home, "--out", root / "fhir")
        subprocess.run(["npm", "install", "--no-save", "--silent", PACKAGE], cwd=root, check=True)
        report(root, args.most)


def make_home(root: Path) -> Path:
    """A small invented city's record."""
    washhouse("city", "--people", 1000, "--years", 1, "--seed", 1842, "--out", root / "city")
    washhouse("run", "--home", root / "home", "--inbox", root / "city" / "extracts")
    return root / "home"


def washhouse(*words: object) -> None:
    """Call a command."""
    subprocess.run([sys.executable, "-m", "washhouse.cli.main", *map(str, words)], check=True, capture_output=True)


def report(root: Path, most: int) -> None:
    """Print what was said of each type."""
    lines: list[str] = []
    for file in sorted((root / "fhir").glob("*.ndjson")):
        all_of_it = file.read_text(encoding="utf-8").splitlines()
        lines += all_of_it[:: max(1, len(all_of_it) // most)][:most]
    done = subprocess.run(
        ["node", "-e", VALIDATE],
        input="\n".join(lines), capture_output=True, text=True, cwd=root, check=True,
    )  # fmt: skip
    said = json.loads(done.stdout)
    print(f"npm {PACKAGE} on an export of the invented city; a warning is a code outside a preferred or example set\n")
    print("| Type | Checked | Invalid | Warnings |\n|---|---|---|---|")
    for kind, found in sorted(said.items()):
        print(f"| {kind} | {found['checked']} | {found['invalid']} | {found['warnings']} |")
    for kind, found in sorted(said.items()):
        for words, times in sorted(found["words"].items(), key=lambda one: -one[1])[:5]:
            print(f"{kind}: {times} x {words}")


if __name__ == "__main__":
    main()
