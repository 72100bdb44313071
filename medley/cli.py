"""The command line: `medley ingest`, `search`, and what stands around them.

Exit codes: 0 done; 1 failed (or, with --strict, some files are quarantined); 2 wrong usage. With --json, standard
output is one JSON document and nothing else; everything for people's eyes goes to standard error then.
"""

# Typer reads the annotations at run time. What is heavy is imported in the commands: `medley --help` answers at once.
import os
from typing import Annotated

import typer

from medley import fit_commands, model_commands, search_commands, settings_commands, store_commands
from medley.answering import Json, Store, answering, asked_of, library_of
from medley.deploy_command import deploy_command
from medley.eval_command import evaluate
from medley.feedback_command import feedback
from medley.serve_command import serve
from medley.up_command import up
from medley.usage import OneSentence
from medley.watch_command import watch

# The parts of `medley --help`, whose commands stand in the order of this file.
SEARCH, RUN, LEARN, SET_UP = "Make searchable, and search", "Keep it running", "Measure and learn", "Set up"

app = typer.Typer(
    name="medley",
    cls=OneSentence,
    help="Make a folder of media searchable by words, picture, sound and clip.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.command(rich_help_panel=SEARCH)
def ingest(
    folder: Annotated[
        str, typer.Argument(help="The media to make searchable: a folder, or s3://bucket/folder.", show_default=False)
    ],
    store: Store = None,
    source: Annotated[
        str | None, typer.Option(help="Name of this media root. [default: the folder's]", show_default=False)
    ] = None,
    preset: Annotated[
        str | None, typer.Option(help="Encoders. [default: those of the collection, or offline]", show_default=False)
    ] = None,
    ocr: Annotated[str | None, typer.Option(help="auto, always or off: words in pictures.", show_default=False)] = None,
    retry: Annotated[bool, typer.Option("--retry", help="Try quarantined files again.")] = False,
    verify: Annotated[bool, typer.Option("--verify", help="Hash every file, and believe no time stamp.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Delete although most of the source is gone.")] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Wait until another run has ended.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the plan and write nothing.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 if files are quarantined.")] = False,
    prefect: Annotated[
        bool | None,
        typer.Option(
            "--prefect/--no-prefect",
            help="Run as a Prefect flow; starting Prefect takes some 20 seconds. [default: if its API is configured]",
            show_default=False,
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Make the collection equal to a folder: new, changed, moved and deleted files; nothing is encoded twice."""
    with answering(as_json):
        from flows.operations.prefect_run import api_configured
        from medley import bar, show
        from schemas.plan import RunOptions
        from schemas.report import IngestReport

        encoders = {name: value for name, value in (("preset", preset), ("ocr", ocr)) if value}
        asked: RunOptions = {"source": source, "retry": retry, "force": force, "verify": verify, "wait": wait}
        with bar.working("Waiting until the store is free", quiet=as_json or not wait):
            library = library_of(store, encoders, wait=wait)
        with library, bar.shown(quiet=as_json or library.settings.log != "off") as progress:
            if dry_run:
                plan = library.plan(folder, **asked, progress=progress)
            else:
                report: IngestReport = library.ingest(
                    folder,
                    **asked,
                    prefect=api_configured() if prefect is None else prefect,
                    progress=progress,
                    planned=None if as_json else show.plan,
                )
        if dry_run:
            show.plan(plan, as_json=as_json)
            return
        show.report(report, as_json=as_json)
    if strict and (report.quarantined or report.postponed):
        raise typer.Exit(1)


app.command(rich_help_panel=SEARCH)(search_commands.search)
app.command(rich_help_panel=SEARCH)(search_commands.explain)


@app.command(rich_help_panel=SEARCH)
def status(store: Store = None, as_json: Json = False) -> None:
    """Show what the collection holds, and which files are quarantined, and why."""
    with answering(as_json):
        from medley import show

        with asked_of(store) as library:
            found = library.status()
        show.status(found, as_json=as_json)


@app.command(rich_help_panel=SEARCH)
def quarantine(
    source: Annotated[str | None, typer.Option(help="Of this source alone.", show_default=False)] = None,
    store: Store = None,
    as_json: Json = False,
) -> None:
    """List the files that could not be read or encoded, and why; `ingest --retry` tries them again."""
    with answering(as_json):
        from medley import show

        with asked_of(store) as library:
            found = library.quarantine(source)
        show.quarantine(found, as_json=as_json)


@app.command(name="show", rich_help_panel=SEARCH)
def show_command(
    item: Annotated[str, typer.Argument(help="Its path in the source, or its id.", show_default=False)],
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Show all that the collection knows of an item."""
    with answering(as_json):
        from medley import show

        with asked_of(store) as library:
            segments = library.show(item)
        show.item(segments, as_json=as_json)


app.command(rich_help_panel=RUN)(serve)
app.command(rich_help_panel=RUN)(up)
app.command(rich_help_panel=RUN)(watch)
app.command("deploy", rich_help_panel=RUN)(deploy_command)
app.command("eval", rich_help_panel=LEARN)(evaluate)
app.command(rich_help_panel=LEARN)(feedback)
app.add_typer(fit_commands.app, name="fit", rich_help_panel=LEARN)
app.command(rich_help_panel=SET_UP)(settings_commands.init)
app.command(rich_help_panel=SET_UP)(settings_commands.config)
app.command(rich_help_panel=SET_UP)(model_commands.encoders)
app.add_typer(model_commands.app, name="models", rich_help_panel=SET_UP)
app.add_typer(store_commands.app, name="store", rich_help_panel=SET_UP)


@app.callback(invoke_without_command=True)
def version(
    asked: Annotated[bool, typer.Option("--version", help="Show the version and exit.", is_eager=True)] = False,
) -> None:
    """Make a folder of media searchable by words, picture, sound and clip."""
    if asked:
        from medley import __version__

        typer.echo(f"medley {__version__}")
        raise typer.Exit


def main() -> None:
    """Run the command line."""
    # Pydantic would look for plugins of its own in every package that is installed: half of what else it takes.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    app()


if __name__ == "__main__":
    main()
