"""Wrong usage of the command line as one sentence, as all other errors are."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any, cast

import typer
from typer.core import TyperGroup
from typing_extensions import override

_UsageError = cast("type[Exception]", typer.BadParameter.__base__)
"""What typer raises for every wrong option and argument; the class itself it does not export."""


class OneSentence(TyperGroup):
    """The commands; where an option or argument is wrong, a sentence says so, and with --json a document."""

    @override
    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        """Run a command and end the process, as Typer does."""
        try:
            code = super().main(args, prog_name, complete_var, False, windows_expand_args, **extra)
        except _UsageError as error:
            if not standalone_mode:
                raise
            _tell(error, sys.argv[1:] if args is None else args)
            sys.exit(2)
        except typer.Abort:
            if not standalone_mode:
                raise
            sys.exit(1)
        if not standalone_mode:
            return code
        sys.exit(code if isinstance(code, int) else 0)


def _tell(error: Any, args: Sequence[str]) -> None:
    if type(error).__name__ == "NoArgsIsHelpError":  # whose message is the help
        error.show()
        return
    message = " ".join(str(error.format_message()).split()).rstrip(".?")
    ended = f"{message}{'?' if 'Did you mean' in message else '.'}"
    command = error.ctx.command_path if error.ctx else "medley"
    sentence = f"{ended} See `{command} --help`."
    if "--json" in args:
        from medley import show

        show.document({"error": sentence})
    typer.echo(sentence, err=True)
