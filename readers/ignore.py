"""Which paths the ignore patterns keep out: gitignore syntax, in the settings and in `.medleyignore` files."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pathspec import GitIgnoreSpec

from readers.hash import os_reason, unreadable
from schemas import UsageError

IGNORE_FILE = ".medleyignore"


class IgnoreRules:
    """Patterns of one place, and those of the places above it: the nearest word on a path counts, as in git."""

    def __init__(self, lines: Sequence[str], base: str, label: str, above: IgnoreRules | None = None) -> None:
        """Compile patterns that are relative to the folder `base` ("" or "a/b/").

        Raises:
            UsageError: A pattern is none.
        """
        self.base, self.label, self.above = base, label, above
        self.lines = list(lines)
        try:
            self.spec = GitIgnoreSpec.from_lines(self.lines)
        except ValueError as error:
            raise UsageError(f"A pattern in {label} is not valid gitignore syntax: {error}") from error

    def rule(self, path: str) -> str | None:
        """The rule that keeps `path` out, in words; None if none does. A folder's path ends in "/"."""
        place: IgnoreRules | None = self
        while place is not None:
            verdict = place.spec.check_file(path[len(place.base) :])
            if verdict.include is not None:
                if not verdict.include or verdict.index is None:
                    return None
                return f"matches {place.lines[verdict.index].strip()!r} in {place.label}"
            place = place.above
        return None


def ignore_rules(text: Callable[[], str], base: str, above: IgnoreRules | None) -> IgnoreRules:
    """The rules of the ignore file of the folder `base`, which `text` reads.

    Raises:
        ReadError: The file cannot be read: what it would have kept out is unknown.
        UsageError: A pattern is none.
    """
    label = base + IGNORE_FILE
    try:
        return IgnoreRules(text().splitlines(), base, label, above)
    except OSError as error:
        kind = type(unreadable(error))
        raise kind(f"The ignore file {label!r} cannot be read: {os_reason(error)}.") from error


def text_of(path: str) -> str:
    """The words of an ignore file of this machine."""
    with open(path, encoding="utf-8-sig", errors="surrogateescape") as file:  # noqa: PTH123  # str paths in crawls
        return file.read()
