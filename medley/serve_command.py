"""`medley serve`: a collection over HTTP, filled meanwhile from the folders that are given."""

# Typer reads the annotations at run time.
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Annotated, Any

import typer

from medley.answering import Store, answering
from schemas.errors import MedleyError

if TYPE_CHECKING:
    from medley.library import Library


def serve(
    folders: Annotated[list[Path] | None, typer.Argument(help="Media to ingest meanwhile.", show_default=False)] = None,
    host: Annotated[
        str | None, typer.Option(help="Address to listen on. [default: 127.0.0.1]", show_default=False)
    ] = None,
    port: Annotated[
        int | None, typer.Option(help="Port; 0: one that is free. [default: 8707]", show_default=False)
    ] = None,
    every: Annotated[
        float | None, typer.Option(help="Ingest all sources again after so many minutes.", min=0.1, show_default=False)
    ] = None,
    store: Store = None,
) -> None:
    """Answer over HTTP: a page to search with, an API, and any Qdrant client. Ctrl-C stops it."""
    with answering(as_json=False):
        import medley
        from flows.run import media_root
        from medley.http import serve as server
        from medley.http.app import create_app
        from medley.http.intake import Intake
        from schemas.settings import load_settings

        roots = [media_root(folder) for folder in folders or ()]
        asked: dict[str, Any] = {"host": host, "port": port}
        http = load_settings().http.model_copy(update={name: at for name, at in asked.items() if at is not None})
        taken = server.listen(http)
        url = server.url_of(taken)
        with taken, medley.open(store, http=http) as library:
            library.store.announce(url)
            intake = Intake(library, roots, every=every and every * 60)
            if server.is_open(http):
                typer.echo(
                    "Whoever reaches this machine can search the collection and fetch its media: "
                    "set MEDLEY_HTTP__API_KEY.",
                    err=True,
                )

            def ready() -> None:
                typer.echo(f"Medley answers at {url} (Ctrl-C stops it).", err=True)
                intake.start()
                Thread(target=_warm_up, args=[library], daemon=True).start()

            try:
                with suppress(KeyboardInterrupt):
                    server.make_server(create_app(library, intake), ready).run(sockets=[taken])
            finally:
                intake.stop()
        typer.echo("Stopped.", err=True)


def _warm_up(library: "Library") -> None:
    with suppress(MedleyError):  # whoever asks is told
        library.warm_up()
