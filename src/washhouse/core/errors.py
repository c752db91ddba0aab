"""Which ways can washhouse fail, and what does the caller see?

    WashhouseError            code, message, hint, exit status
    |-- UsageError      (2)   the call itself is wrong
    |-- InputError      (3)   what was handed in cannot be read or makes no sense
    |-- RefusedError    (4)   a rule says no
    `-- HomeError       (5)   the home, its vault or an engine is broken, locked or missing

Every error has a stable kebab-case `code` with a paragraph in `docs/reference/errors.md`. A message says what is
wrong, what was expected and what to do; it names file, row and column and never quotes a row's value.
"""

from __future__ import annotations


class WashhouseError(Exception):
    """Root of every error that washhouse raises on purpose.

    Args:
        code: Stable kebab-case name, e.g. `"home-locked"`.
        message: What is wrong and what was expected. Never a row's value.
        hint: What to do about it.
    """

    exit_status = 1

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint

    def __reduce__(self) -> tuple[type[WashhouseError], tuple[str, str, str]]:
        return type(self), (self.code, self.message, self.hint)

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class UsageError(WashhouseError):
    """The call itself is wrong: an unknown option, a missing argument."""

    exit_status = 2


class InputError(WashhouseError):
    """What was handed in cannot be read, or makes no sense."""

    exit_status = 3


class RefusedError(WashhouseError):
    """A rule says no: permission, policy, disclosure control."""

    exit_status = 4


class HomeError(WashhouseError):
    """The home, its vault or an engine is broken, locked or missing."""

    exit_status = 5
