"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

HomeToMake: TypeAlias = Annotated[Path, typer.Option("--home", help="The home; made if it does not exist.")]
HomeThere: TypeAlias = Annotated[Path, typer.Option("--home", help="The home.")]
AsJson: TypeAlias = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout, nothing else.")]
Buckets: TypeAlias = Annotated[int | None, typer.Option("--buckets", help="Person buckets; 0: as many as it has.")]
Threads: TypeAlias = Annotated[int | None, typer.Option("--threads", help="Threads an engine may use, 0 for all.")]
MemoryLimit: TypeAlias = Annotated[str | None, typer.Option("--memory-limit", help="Memory an engine may use: 4GB.")]
EngineOf: TypeAlias = Annotated[
    str | None,
    typer.Option("--engine", help="Spark that computes: spark://host:7077, or local[2]. None: no Spark."),
]
KeyFile: TypeAlias = Annotated[str | None, typer.Option("--key-file", help="File with the vault's master key.")]
DeskUrl: TypeAlias = Annotated[str | None, typer.Option("--desk-url", help="SQLAlchemy URL of the desk.")]
