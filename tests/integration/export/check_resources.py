"""Are resources what R4B allows? Run by tests with the environment of outside programs.

check_resources.py FOLDER MOST    lines of every .ndjson, spread over it, MOST of each at most; prints as JSON how many
                                  were valid of each type, and what was wrong
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from importlib import import_module
from pathlib import Path

from pydantic import ValidationError

valid: Counter[str] = Counter()
wrong: list[str] = []
for file in sorted(Path(sys.argv[1]).glob("*.ndjson")):
    lines = file.read_text(encoding="utf-8").splitlines()
    most = min(int(sys.argv[2]), len(lines))
    for line in (lines[at * len(lines) // most] for at in range(most)):
        said = json.loads(line)
        kind = said["resourceType"]
        model = getattr(import_module(f"fhir.resources.R4B.{kind.lower()}"), kind)
        try:
            model.model_validate(said)
            valid[kind] += 1
        except ValidationError as error:
            wrong += [f"{kind}: {'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()]
json.dump({"valid": valid, "wrong": wrong[:20]}, sys.stdout)
