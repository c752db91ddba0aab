"""Fetch built browser files into `src/washhouse/web/static/vendor`, so that running needs Python only.

`make vendor` runs this; it needs `npm` and `node`. Of the design system remote fonts are stripped (the Arial stack
remains), logos and other trade marks are not copied. Vega and Vega-Lite draw charts; Vega's interpreter lets them do so
under a policy that forbids `eval`. `VENDOR.json` records version, source digest and the digest of every file kept.
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

NAME = "nhsuk-frontend"
VERSION = "10.6.1"
ARCHIVE_SHA256 = "1af037bcb75237c4208809d3ac9a06522ccf61b2268221268ead3985bceb060b"
COMPONENTS = (  # those that the pages may use
    *("back-link", "breadcrumb", "button", "checkboxes", "details", "error-summary", "fieldset", "input"),
    *("inset-text", "pagination", "radios", "search-input", "select", "summary-list", "tag", "textarea"),
    "warning-callout",
)
VENDOR = Path(__file__).resolve().parents[1] / "src/washhouse/web/static/vendor"

CHARTS = (  # package, version, SHA-256 of the archive, its built file
    ("vega", "6.4.0", "3521fb6ff68a94a40323954f0ba4484ba4014b157bfd37f89a3b063082320c42", "vega.min.js"),
    ("vega-lite", "6.4.3", "24260f85e6f5bfe1069505f7c5c2b9863181ac413ef1030746f0a80c93991ce5", "vega-lite.min.js"),
    (
        *("vega-interpreter", "2.3.2", "b83489633c1320e9d6f839781f0c84c661a5ca2666fe38cb83f7c52a531fffec"),
        "vega-interpreter.js",
    ),
)
FONT_FACE = re.compile(rb"@font-face\{[^}]*\}")
ICON = re.compile(rb"url\(/assets/images/(nhsuk-icon-[a-z-]+\.svg)\)")
SOURCE_MAP = re.compile(rb"(/\*|//)# sourceMappingURL=\S+( \*/)?\s*$")

LICENCE = """MIT License

Copyright (c) 2019 NHS.UK

Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
SOFTWARE.
"""

OPTIONS_SCRIPT = """
const [root, ...components] = process.argv.slice(1);
const names = (options) => Object.fromEntries(Object.entries(options).map(
  ([name, option]) => [name, option.params ? names(option.params) : null]));
const all = {};
for (const component of components)
  all[component] = names((await import(`${root}/${component}/macro-options.mjs`)).params);
console.log(JSON.stringify(all));
"""


def strip_styles(css: bytes) -> bytes:
    """Return the style sheet without remote fonts and source map, its icons beside it."""
    css = FONT_FACE.sub(b"", css).replace(b"Frutiger W01,arial,sans-serif", b"arial,sans-serif")
    return SOURCE_MAP.sub(b"", ICON.sub(rb"url(\1)", css))


def pack(folder: Path, name: str, version: str, sha256: str) -> Path:
    """Download a package with npm, check its archive, and return its unpacked folder."""
    subprocess.run(["npm", "pack", "--silent", f"{name}@{version}"], cwd=folder, check=True, stdout=subprocess.DEVNULL)  # noqa: S603, S607
    archive = folder / f"{name}-{version}.tgz"
    if hashlib.sha256(archive.read_bytes()).hexdigest() != sha256:
        sys.exit(f"{name} {version}: the archive's SHA-256 is not the one pinned in this script")
    target = folder / name
    with tarfile.open(archive) as tar:
        tar.extractall(target, filter="data")
    return target / "package"


def macro_options(package: Path) -> dict[str, object]:
    """Return the option names of every component, nested as the components nest them."""
    out = subprocess.run(  # noqa: S603
        ["node", "--input-type=module", "-e", OPTIONS_SCRIPT, str(package / "src/nhsuk/components"), *COMPONENTS],  # noqa: S607
        check=True,
        capture_output=True,
        text=True,
    )
    options: dict[str, object] = json.loads(out.stdout)
    return options


def design_system(scratch: Path) -> dict[str, object]:
    """Write the design system's files and return their record."""
    package = pack(scratch, NAME, VERSION, ARCHIVE_SHA256)
    built = package / "dist/nhsuk"
    css = strip_styles((built / "nhsuk-frontend.min.css").read_bytes())
    if b"http" in css:
        sys.exit("the style sheet still names a remote address")
    files = {
        "nhsuk-frontend.min.css": css,
        "nhsuk-frontend.min.js": SOURCE_MAP.sub(b"", (built / "nhsuk-frontend.min.js").read_bytes()),
        "macro-options.json": json.dumps(macro_options(package), indent=1, sort_keys=True).encode() + b"\n",
        "LICENCE": LICENCE.encode(),
    }
    for icon in sorted(set(re.findall(rb"url\((nhsuk-icon-[a-z-]+\.svg)\)", css))):
        files[icon.decode()] = (built / "assets/images" / icon.decode()).read_bytes()
    changes = "remote fonts and source maps removed; icon addresses made relative; logos not copied"
    return write(NAME, VERSION, "MIT", ARCHIVE_SHA256, files, changes)


def chart_library(scratch: Path, name: str, version: str, sha256: str, built: str) -> dict[str, object]:
    """Write one script of the chart library and return its record."""
    package = pack(scratch, name, version, sha256)
    script = SOURCE_MAP.sub(b"", (package / "build" / built).read_bytes())
    changes = "source map removed"
    if name == "vega-interpreter":
        script, changes = as_plain_script(script), "source map removed; made a plain script that adds itself to `vega`"
    files = {built: script, "LICENCE": (package / "LICENSE").read_bytes()}
    return write(name, version, "BSD-3-Clause", sha256, files, changes)


def as_plain_script(module: bytes) -> bytes:
    """Turn the interpreter's module into a script: it takes its imports from `vega` and adds its export to it."""
    body, imports = re.subn(rb"import (\{[^}]*\}) from 'vega-util';", rb"const \1 = vega;", module)
    body, exports = re.subn(rb"export \{ expression as expressionInterpreter \};", b"", body)
    if (imports, exports) != (1, 1):
        sys.exit("vega-interpreter is not built as expected")
    return b"(function () {\n" + body.strip() + b"\nvega.expressionInterpreter = expression;\n})();\n"


def write(
    name: str, version: str, licence: str, sha256: str, files: dict[str, bytes], changes: str
) -> dict[str, object]:
    """Put the files of one package into its folder and return its record."""
    target = VENDOR / name
    target.mkdir(parents=True, exist_ok=True)
    for old in target.iterdir():
        old.unlink()
    for file, data in files.items():
        (target / file).write_bytes(data)
    digests = {file: hashlib.sha256(data).hexdigest() for file, data in sorted(files.items())}
    return {"name": name, "version": version, "licence": licence, "archive_sha256": sha256, "changes": changes} | {
        "files": digests
    }


def main() -> None:
    """Write the vendored files and their records."""
    with tempfile.TemporaryDirectory() as scratch:
        records = [design_system(Path(scratch)), *(chart_library(Path(scratch), *one) for one in CHARTS)]
    (VENDOR / "VENDOR.json").write_text(json.dumps(records, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
