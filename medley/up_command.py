"""`medley up`: everything on one machine: schedules and their dashboard, the HTTP API, and the store under both."""

# Typer reads the annotations at run time.
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Annotated

import typer

from medley.answering import Store, answering
from medley.deploy_command import Backups, Cron, Every, Folders, Prefix
from medley.serve_command import Host, Port, answer_requests, http_settings
from schemas.errors import MedleyError

if TYPE_CHECKING:
    from medley.http.scheduled import ScheduledIntake
    from medley.library import Library

LOCAL = {
    "PREFECT_LOGGING_LEVEL": "INFO",  # its logs belong on its dashboard,
    "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",  # and not on this terminal
    "PREFECT_WORKER_QUERY_SECONDS": "2",  # a server next door may be asked more often
}


def up(
    folders: Folders = None,
    every: Every = None,
    cron: Cron = None,
    backups: Backups = None,
    host: Host = None,
    port: Port = None,
    prefect_port: Annotated[
        int, typer.Option(help="Port of the Prefect server that is started where none is configured.")
    ] = 4200,
    follow: Annotated[
        bool, typer.Option("--watch", help="Take in what changes within seconds, besides the schedule.")
    ] = False,
    prefix: Prefix = "",
    store: Store = None,
) -> None:
    """Start everything: schedules with their dashboard, the page to search with, the API. Ctrl-C stops it cleanly."""
    with answering(as_json=False), ExitStack() as held:
        import medley
        from medley.http import serve as server

        http = http_settings(host, port)
        taken = held.enter_context(server.listen(http))
        library = held.enter_context(medley.open(store, http=http))
        library.store.announce(server.url_of(taken))
        from flows.operations.deploy import Wanted, When, deploy, deployment_name, mark_crashed, named_sources

        sources = named_sources(folders or (), library.status().sources)
        api = held.enter_context(_prefect(prefect_port))

        from medley.http.scheduled import ScheduledIntake

        wanted = Wanted(
            library.settings,
            sources,
            When(cron, every and every * 60),
            pool_of(library),
            str(backups.resolve()) if backups else None,
            prefix,
            queueing=follow,  # what was told is not told again
            in_process=True,
        )
        mark_crashed(deploy(wanted))  # nobody else runs what is ours
        ingesting = {name: f"ingest/{deployment_name('ingest', prefix, name)}" for name in sources}
        intake = ScheduledIntake(library, wanted.pool, ingesting)

        apart = [] if "://" in library.store.location else [Path(library.store.location).expanduser().resolve()]

        def ready() -> None:
            typer.echo(f"Its runs are seen at {api.removesuffix('/api')}.", err=True)
            Thread(target=intake.ask, kwargs={"tag": "start"}, daemon=True).start()
            for source, folder in sources.items() if follow else ():
                if "://" in folder:
                    typer.echo(f"Nobody tells what changes in {folder}: its schedule alone takes it in.", err=True)
                    continue
                Thread(target=_follow, args=[intake, source, Path(folder), apart], daemon=True).start()

        answer_requests(library, intake, taken, ready)
    typer.echo("Stopped.", err=True)


def _follow(intake: "ScheduledIntake", source: str, folder: Path, apart: list[Path]) -> None:
    """Have what changes in a folder taken in."""
    from flows.ingestion.watch import bursts

    for changed in bursts(folder, apart=apart):
        if changed is not None:
            with suppress(MedleyError):  # the schedule corrects what was missed
                intake.ask(source, only=changed, tag="watch")


def pool_of(library: "Library") -> str:
    """The work pool of this process: one a collection, as no other process can run what is in it."""
    store = library.store
    where = store.location if "://" in store.location else str(Path(store.location).expanduser().resolve())
    return f"medley-{sha256(f'{where} {store.collection}'.encode()).hexdigest()[:8]}"


@contextmanager
def _prefect(port: int) -> Iterator[str]:
    """The API of the Prefect server that is configured, or of one that is started."""
    from flows.operations.prefect_run import HEARTBEAT, api_configured, configured_api, prepare
    from flows.operations.prefect_server import answers, running

    for name, value in (LOCAL | HEARTBEAT).items():
        os.environ.setdefault(name, value)
    prepare()
    if api_configured():
        api = configured_api()
        if not answers(api):
            raise MedleyError(f"No Prefect server answers at {api}: start it, or unset PREFECT_API_URL.")
        yield api
        return
    home = Path(os.environ.get("PREFECT_HOME", Path.home() / ".prefect"))
    home.mkdir(parents=True, exist_ok=True)
    typer.echo("Starting Prefect's server ...", err=True)
    with running(port, log=home / "server.log") as api:
        os.environ["PREFECT_API_URL"] = api
        yield api
