"""Which commands are there? Each is loaded when it is called, so that `--help` stays quick."""

from __future__ import annotations

import errno
import importlib
import os
import sys
import traceback
from collections.abc import Callable
from importlib.metadata import version as package_version
from typing import Annotated, Any, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup
from typer.exceptions import TyperException

from washhouse.core.errors import HomeError, WashhouseError

INTERRUPTED = 130
"""Exit status after Ctrl-C, as shells have it."""


class Lazy(NamedTuple):
    """Where a command lives and what it does, in one line."""

    module: str
    name: str
    summary: str


COMMANDS: dict[str, Lazy] = {
    "city": Lazy(
        "washhouse.cli.city", "city", "Make an invented city: extracts of four services, and the sealed truth."
    ),
    "run": Lazy("washhouse.cli.run", "run", "Land an inbox, link it, build the record, score it, publish it."),
    "serve": Lazy("washhouse.cli.serve", "serve", "Serve a home's pages in the browser."),
    "link": Lazy("washhouse.cli.link", "link", "Find the records of one or two tables that belong to the same people."),
    "identify": Lazy("washhouse.cli.identify", "identify", "Say whose record this is, and why."),
    "history": Lazy("washhouse.cli.history", "history", "Say who a person was on a past day, and what changed it."),
    "versions": Lazy(
        "washhouse.cli.versions", "app", "Name the versions that are kept, tell what one holds, go back to it."
    ),
    "model": Lazy("washhouse.cli.model", "app", "Fit, judge, promote and roll back the outcome models."),
    "import": Lazy("washhouse.cli.import_", "app", "Bring a data set of another format into a home."),
    "export": Lazy("washhouse.cli.export", "app", "Take the record out in a format of others, pseudonymised."),
    "source": Lazy("washhouse.cli.source", "app", "Declare a source of one's own: propose a declaration, try it."),
    "token": Lazy("washhouse.cli.token", "app", "Give programs leave to call /api and /fhir, and take it back."),
    "audit": Lazy("washhouse.cli.audit", "app", "Check the audit: who was shown what, and whether it is whole."),
    "quality": Lazy("washhouse.cli.quality", "quality", "Say what the checks of the data came to."),
    "conformance": Lazy(
        "washhouse.cli.conformance", "app", "Tell the evidence that the software brings for a standard."
    ),
    "doctor": Lazy(
        "washhouse.cli.doctor", "doctor", "Check a home: lock, pointer, tables, feeds, declarations, vault, desk."
    ),
}


def load_command(name: str) -> TyperCommand | TyperGroup:
    """Import a command's module and build the command."""
    lazy = COMMANDS[name]
    target: Any = getattr(importlib.import_module(lazy.module), lazy.name)
    if isinstance(target, typer.Typer):
        loaded = target
    else:
        loaded = typer.Typer(add_completion=False)
        loaded.command(name)(target)
    command = typer.main.get_command(loaded)
    command.name = name
    return command  # type: ignore[return-value]


class LazyGroup(TyperGroup):
    """Lists commands without importing them, and turns errors into messages and an exit status."""

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """Find the command that was called, and import it."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, load_command(name) if name in COMMANDS else command, rest

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was called."""
        try:
            return super().invoke(ctx)
        except (typer.Exit, typer.Abort, TyperException, BrokenPipeError):
            raise
        except KeyboardInterrupt:
            typer.secho("interrupted", fg="red", err=True)
            raise typer.Exit(INTERRUPTED) from None
        except WashhouseError as error:
            raise _tell(error) from error
        except OSError as error:
            raise _tell(_refused_by_system(error)) from error
        except Exception as fault:
            if _is_out_of_space(fault):
                raise _tell(_refused_by_system(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))) from None
            # An engine's message may quote a row's value: where it happened is shown, what it said is not.
            typer.secho(f"error: a fault of washhouse's own: {type(fault).__name__}", fg="red", err=True)
            typer.echo("".join(traceback.format_tb(fault.__traceback__)), err=True)
            raise typer.Exit(HomeError.exit_status) from None


def _tell(error: WashhouseError) -> typer.Exit:
    typer.secho(f"error: {error.message}", fg="red", err=True)
    if error.hint:
        typer.secho(f"       {error.hint}", err=True)
    typer.secho(f"       (docs/reference/errors.md#{error.code})", dim=True, err=True)
    return typer.Exit(error.exit_status)


def _refused_by_system(error: OSError) -> HomeError:
    """What is handed in and what is written elsewhere have errors of their own: the rest is the home's."""
    return HomeError(
        "home-refused",
        f"The system would not read or write a file of the home: {error.strerror or type(error).__name__}.",
        "Check who may read and write there, and the free space; then run again.",
    )


_FULL = (
    "no space left on device",
    "os error 28",
    "disk quota exceeded",
    "database or disk is full",
    "max_temp_directory_size",
)
"""What engines say when the disk is full: the system's words, those of delta-rs, SQLite and DuckDB."""


def _is_out_of_space(fault: BaseException) -> bool:
    """Whether an error, or one that it came from, is a full disk; engines have errors of their own for it."""
    seen: set[int] = set()
    cause: BaseException | None = fault
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        if isinstance(cause, OSError) and cause.errno in (errno.ENOSPC, errno.EDQUOT):
            return True
        said = str(cause).casefold()
        if any(words in said for words in _FULL):
            return True
        cause = cause.__cause__ or cause.__context__
    return False


app = typer.Typer(
    cls=LazyGroup,
    name="washhouse",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_show_locals=False,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"washhouse {package_version('washhouse')}")
        raise typer.Exit


@app.callback()
def washhouse(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    """One linked record of a city's health and care data: cleaned, joined, protected, put to use.

    Example: washhouse city --people 2000 --years 2 --seed 1 --out city
    """


def _stand_in(name: str) -> Callable[[], None]:
    def stand_in() -> None:
        raise AssertionError(name)

    return stand_in


for _name, _lazy in COMMANDS.items():
    app.command(_name, help=_lazy.summary)(_stand_in(_name))


def main() -> None:
    """Entry point of the `washhouse` script."""
    sys.exit(app())


if __name__ == "__main__":
    main()
