"""What all commands share: the options `--store` and `--json`, and one sentence instead of a traceback."""

# Typer reads the annotations at run time.
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from schemas.errors import EmptyCollectionError, MedleyError, UsageError

if TYPE_CHECKING:
    from medley.http.remote import Remote
    from medley.library import Library

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

    before = {number: signal.signal(number, _interrupt) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    except UsageError as error:
        raise fail(str(error), 2) from None
    except MedleyError as error:
        raise fail(str(error), 1) from None
    except KeyboardInterrupt:
        before = {}  # the process ends here: a second Ctrl-C stays ignored until it has
        raise fail("Stopped. What was finished is kept; the same command goes on from there.", 1) from None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def write_file(file: Path, content: str | bytes) -> None:
    """Write what a person wanted to have in a file.

    Raises:
        UsageError: it cannot be written.
    """
    try:
        file.write_bytes(content.encode() if isinstance(content, str) else content)
    except OSError as error:
        raise UsageError(f"{str(file)!r} cannot be written: {error.strerror}.") from error


def asked_of(store: str | None) -> "Library | Remote":
    """The collection to ask: through the server that holds it, if one does.

    Raises:
        EmptyCollectionError: there is none.
    """
    from medley.http.remote import served_at

    return served_at(store) or _there(store)


def _there(store: str | None) -> "Library":
    import medley

    with ExitStack() as undo:
        library = undo.enter_context(medley.open(store, hasty=True))
        if not library.store.exists():
            raise EmptyCollectionError(
                f"There is nothing in {library.store.location} yet: run `medley ingest FOLDER` first, "
                "or name the right store with --store."
            )
        undo.pop_all()
    return library


def library_of(store: str | None, encoders: dict[str, str] | None = None, *, wait: bool = False) -> "Library":
    """The collection, opened by this process."""
    import medley

    more: dict[str, Any] = {"encoders": encoders} if encoders else {}
    library = medley.open(store, wait=wait, **more)
    if library.settings.log != "off":
        from flows.ingestion import events

        events.write(library.settings.log)
    return library


def _interrupt(*_: Any) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):  # impatience must not cut short the writing of what is finished
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt
