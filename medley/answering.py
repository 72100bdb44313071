"""What all commands share: the options `--store` and `--json`, and one sentence instead of a traceback."""

# Typer reads the annotations at run time.
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer

from schemas.errors import MedleyError, UsageError

Store = Annotated[
    str | None,
    typer.Option(
        "--store",
        "-s",
        help="A folder for the embedded engine, or a server's URL. Also MEDLEY_STORE. [default: .medley]",
        show_default=False,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]


@contextmanager
def answering(as_json: bool) -> Iterator[None]:
    """One sentence instead of a traceback; SIGTERM stops as Ctrl-C does."""

    def fail(message: str, code: int) -> typer.Exit:
        if as_json:
            from medley import show

            show.document({"error": message})
        typer.echo(message, err=True)
        return typer.Exit(code)

    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield
    except UsageError as error:
        raise fail(str(error), 2) from None
    except MedleyError as error:
        raise fail(str(error), 1) from None
    except KeyboardInterrupt:
        raise fail("Stopped. What was finished is kept; the same command goes on from there.", 1) from None
    finally:
        signal.signal(signal.SIGTERM, before)


def _interrupt(*_: Any) -> None:
    raise KeyboardInterrupt
