"""What does the reference page of the commands say? It is made from the commands themselves."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

from typer.core import TyperGroup, TyperOption

from washhouse.cli.main import COMMANDS, load_command

_HEAD = """\
# Commands

Made by `make reference` from the commands themselves. `washhouse COMMAND --help` says the same at the terminal.

Exit status of every command: 0 done; 1 finished, but a file was rejected; 2 wrong usage; 3 bad input; 4 refused by a
rule; 5 broken home or engine. [Errors](errors.md) are explained one by one; settings in
[run](../how-to/run.md#settings).
"""


def render_commands() -> str:
    """The page `docs/reference/commands.md`, in Markdown."""
    parts = [_HEAD]
    for name in COMMANDS:
        parts += _render(f"washhouse {name}", load_command(name))
    return "\n".join(parts)


def _render(name: str, command: Any) -> Iterator[str]:
    if isinstance(command, TyperGroup):
        for sub in command.commands.values():
            yield from _render(f"{name} {sub.name}", sub)
        return
    arguments = [param for param in command.params if not isinstance(param, TyperOption)]
    options = [param for param in command.params if isinstance(param, TyperOption) and not param.hidden]
    usage = " ".join(
        [name, *map(_argument, arguments), *(f"{one.opts[0]} {_value(one)}".strip() for one in options if one.required)]
    )
    yield f"## `{name}`\n"
    yield f"    {usage} [OPTIONS]\n"
    yield _help(command) + "\n"
    yield "| Option | Default | |\n|---|---|---|"
    for param in (*arguments, *options):
        yield f"| {_shown(param)} | {_default(param)} | {(param.help or '').replace('|', chr(92) + '|')} |"
    yield ""


def _help(command: Any) -> str:
    """The docstring, its example on lines of its own as code."""
    lines: list[str] = []
    for line in inspect.cleandoc(command.help or "").splitlines():
        before, found, after = line.partition("Example: ")
        if not found and line.strip() == "Example:":
            continue
        lines.append(f"{before}    {after.strip()}" if found and not before else line)
    return "\n".join(lines)


def _argument(param: Any) -> str:
    name = param.name.upper()
    return name if param.required else f"[{name}]"


def _shown(param: Any) -> str:
    if not isinstance(param, TyperOption):
        return f"`{param.name.upper()}`"
    return f"`{param.opts[0]} {_value(param)}".rstrip() + "`"


def _value(param: Any) -> str:
    return "" if param.is_flag else str(param.name).upper()


def _default(param: Any) -> str:
    if param.required:
        return "required"
    return "" if param.default in (None, False, "") else f"`{param.default}`"
