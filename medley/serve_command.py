"""`medley serve`: a collection over HTTP, filled meanwhile from the folders that are given."""

# Typer reads the annotations at run time.
from collections.abc import Callable
from contextlib import suppress
from socket import socket
from threading import Thread
from typing import TYPE_CHECKING, Annotated, Any

import typer

from medley.answering import Store, answering
from schemas.errors import MedleyError

if TYPE_CHECKING:
    from medley.http.intake import Intake
    from medley.library import Library
    from schemas.settings import HttpSettings


Host = Annotated[str | None, typer.Option(help="Address to listen on. [default: 127.0.0.1]", show_default=False)]
Port = Annotated[int | None, typer.Option(help="Port; 0: one that is free. [default: 8707]", show_default=False)]


def serve(
    folders: Annotated[list[str] | None, typer.Argument(help="Media to ingest meanwhile.", show_default=False)] = None,
    host: Host = None,
    port: Port = None,
    every: Annotated[
        float | None, typer.Option(help="Ingest all sources again after so many minutes.", min=0.1, show_default=False)
    ] = None,
    store: Store = None,
) -> None:
    """Answer over HTTP: a page to search with, an API, and any Qdrant client. Ctrl-C stops it."""
    with answering(as_json=False):
        import medley
        from flows.ingestion.run import media_root
        from medley.http import serve as server
        from medley.http.intake import Intake

        roots = [media_root(folder) for folder in folders or ()]
        http = http_settings(host, port)
        with server.listen(http) as taken, medley.open(store, http=http) as library:
            library.store.announce(server.url_of(taken))
            answer_requests(library, Intake(library, roots, every=every and every * 60), taken)
        typer.echo("Stopped.", err=True)


def http_settings(host: str | None, port: int | None) -> "HttpSettings":
    """The settings of the server, where arguments go first."""
    from schemas.settings import load_settings

    asked = {name: at for name, at in (("host", host), ("port", port)) if at is not None}
    more: dict[str, Any] = {"http": asked} if asked else {}
    return load_settings(**more).http


def answer_requests(
    library: "Library", intake: "Intake", taken: socket, ready: Callable[[], object] = lambda: None
) -> None:
    """Answer until Ctrl-C or SIGTERM, and ingest meanwhile; `ready` is called when it has begun."""
    from flows.ingestion import events
    from medley.http import serve as server
    from medley.http.app import create_app

    events.write(library.settings.log)
    if server.is_open(library.settings.http):
        typer.echo(
            "Whoever reaches this machine can search the collection and fetch its media: set MEDLEY_HTTP__API_KEY.",
            err=True,
        )

    def begin() -> None:
        typer.echo(f"Medley answers at {server.url_of(taken)} (Ctrl-C stops it).", err=True)
        intake.start()
        Thread(target=_warm_up, args=[library], daemon=True).start()
        ready()

    try:
        with suppress(KeyboardInterrupt):
            server.make_server(create_app(library, intake), begin).run(sockets=[taken])
    finally:
        intake.stop()


def _warm_up(library: "Library") -> None:
    with suppress(MedleyError):  # whoever asks is told
        library.warm_up()
