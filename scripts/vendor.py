"""Fetch the design system's built files into `src/washhouse/web/static/vendor`, so that running needs Python only.

`make vendor` runs this; it needs `npm` and `node`. Remote fonts are stripped (the Arial stack remains), logos and other
trade marks are not copied, and `VENDOR.json` records version, source digest and the digest of every file kept.
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


def pack(folder: Path) -> tuple[Path, bytes]:
    """Download the package with npm and return its unpacked folder and the archive's bytes."""
    subprocess.run(["npm", "pack", "--silent", f"{NAME}@{VERSION}"], cwd=folder, check=True, stdout=subprocess.DEVNULL)  # noqa: S603, S607
    archive = folder / f"{NAME}-{VERSION}.tgz"
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    return folder / "package", archive.read_bytes()


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


def main() -> None:
    """Write the vendored files and their record."""
    target = VENDOR / NAME
    with tempfile.TemporaryDirectory() as scratch:
        package, archive = pack(Path(scratch))
        digest = hashlib.sha256(archive).hexdigest()
        if digest != ARCHIVE_SHA256:
            sys.exit(f"{NAME} {VERSION}: the archive's SHA-256 is not the one pinned in this script")
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
    target.mkdir(parents=True, exist_ok=True)
    for old in target.iterdir():
        old.unlink()
    for name, data in files.items():
        (target / name).write_bytes(data)
    record = {
        "name": NAME,
        "version": VERSION,
        "licence": "MIT",
        "archive_sha256": digest,
        "changes": "remote fonts and source maps removed; icon addresses made relative; logos not copied",
        "files": {name: hashlib.sha256(data).hexdigest() for name, data in sorted(files.items())},
    }
    (VENDOR / "VENDOR.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
