"""`medley deploy`: schedules on a Prefect server, for its workers to run."""

# Typer reads the annotations at run time.
from pathlib import Path
from typing import Annotated

import typer

from medley.answering import Json, Store, answering, asked_of
from schemas.errors import EmptyCollectionError, UsageError

Folders = Annotated[
    list[str] | None,
    typer.Argument(help="Media to make searchable. [default: those of the collection]", show_default=False),
]
Every = Annotated[
    float | None,
    typer.Option(help="Ingest again after so many minutes. [default: hourly]", min=0.1, show_default=False),
]
Cron = Annotated[str | None, typer.Option(help="Or at these times: '0 3 * * *'.", show_default=False)]
Backups = Annotated[
    Path | None, typer.Option(help="Folder for the backups that maintenance makes.", show_default=False)
]
Prefix = Annotated[
    str, typer.Option(help="Before the names of the deployments: for several collections.", show_default=False)
]


def deploy_command(
    folders: Folders = None,
    every: Every = None,
    cron: Cron = None,
    backups: Backups = None,
    pool: Annotated[str, typer.Option(help="The work pool whose workers run them.")] = "medley",
    queue: Annotated[
        bool, typer.Option("--queue", help="Let a run wait for the one before it; else it is left out.")
    ] = False,
    prefix: Prefix = "",
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Tell a Prefect server what to run when; `prefect worker start --pool medley` runs it, on any machine."""
    with answering(as_json):
        from flows.operations.prefect_run import api_configured
        from medley import show
        from schemas.settings import load_settings

        if not api_configured():
            raise UsageError(
                "No Prefect API is configured: set PREFECT_API_URL to that of your server, or run `medley up`, which "
                "starts one."
            )
        settings = load_settings(**({} if store is None else {"store": store}))
        try:
            with asked_of(store) as library:
                known = library.status().sources
        except EmptyCollectionError:  # the first run makes it
            known = {}
        from flows.operations.deploy import Wanted, When, deploy, named_sources

        made = deploy(
            Wanted(
                settings,
                named_sources(folders or (), known),
                When(cron, every and every * 60),
                pool,
                str(backups.resolve()) if backups else None,
                prefix,
                queue,
            )
        )
        show.deployed(made, as_json=as_json)
