"""The commands about a store as such: `medley store check`, `backup`, `restore`, `copy`, `drop`, `optimize`."""

# Typer reads the annotations at run time. What is heavy is imported in the commands: `medley --help` answers at once.
from pathlib import Path
from typing import Annotated

import typer

from medley.answering import Json, Store, answering

app = typer.Typer(help="Check, back up, restore, copy, optimize the store; drop a vector.", no_args_is_help=True)

PLACE = "A folder for the embedded engine, or a server's URL."


@app.command()
def check(store: Store = None, as_json: Json = False) -> None:
    """Read every point and tell what is wrong; exit with 1 if something is. Nothing is changed."""
    with answering(as_json):
        from medley import bar, show
        from schemas.settings import load_settings
        from store import open_from
        from store.check import verify

        settings = load_settings(**_given(store))
        with open_from(settings) as opened, bar.counting("Checking", quiet=as_json) as progress:
            found = verify(opened, progress=progress)
        show.verification(found, as_json=as_json)
    if not found.sound:
        raise typer.Exit(1)


@app.command()
def backup(
    folder: Annotated[Path, typer.Argument(help="Where to; empty, or not there yet.", show_default=False)],
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Copy the collection into a folder, which is then a store itself: it can be searched as it is."""
    with answering(as_json):
        from medley import bar, show
        from schemas.settings import load_settings
        from store import open_from, transfer

        settings = load_settings(**_given(store))
        transfer.check_apart(settings.store, folder)
        with open_from(settings) as opened, bar.counting("Backing up", quiet=as_json) as progress:
            points = transfer.backup(opened, folder, progress=progress)
        show.copied(points, opened.location, str(folder), as_json=as_json)


@app.command()
def restore(
    folder: Annotated[Path, typer.Argument(help="What `medley store backup` made.", show_default=False)],
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Copy a backup into a collection that is empty or not there yet."""
    with answering(as_json):
        from medley import bar, show
        from schemas.settings import load_settings
        from store import open_from, transfer

        settings = load_settings(**_given(store))
        transfer.check_apart(folder, settings.store)
        with open_from(settings) as opened, bar.counting("Restoring", quiet=as_json) as progress:
            points = transfer.restore(folder, opened, progress=progress)
        show.copied(points, str(folder), opened.location, as_json=as_json)


@app.command()
def copy(
    source: Annotated[str, typer.Argument(help=PLACE, metavar="FROM", show_default=False)],
    target: Annotated[str, typer.Argument(help=PLACE, metavar="TO", show_default=False)],
    as_json: Json = False,
) -> None:
    """Copy a collection between folders and servers; an interrupted copy goes on where it stopped."""
    with answering(as_json):
        from medley import bar, show
        from schemas.settings import load_settings
        from store import open_from, transfer

        settings = load_settings()
        transfer.check_apart(source, target)
        with (
            open_from(settings, source) as old,
            open_from(settings, target) as new,
            bar.counting("Copying", quiet=as_json) as progress,
        ):
            points = transfer.copy(old, new, progress=progress)
        show.copied(points, old.location, new.location, as_json=as_json)


@app.command()
def drop(
    vector: Annotated[str, typer.Argument(help="One that the encoders no longer make.", show_default=False)],
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Drop a named vector from every point. The next run makes it again if the encoders of the collection do."""
    with answering(as_json):
        from medley import show
        from schemas.errors import UnknownNameError
        from schemas.settings import load_settings
        from schemas.vectors import LEXICAL, MIGRATIONS, NEXT
        from store import open_from

        with open_from(load_settings(**_given(store))) as opened:
            known = {name for name in opened.vectors() if name != LEXICAL and not name.endswith(NEXT)}
            if vector not in known:
                raise UnknownNameError("vector", vector, known)
            begun = opened.metadata().get(MIGRATIONS, {})
            opened.drop_vector(vector)
            opened.drop_vector(vector + NEXT)
            opened.set_metadata({MIGRATIONS: {name: note for name, note in begun.items() if name != vector} or None})
        show.dropped(vector, as_json=as_json)


@app.command()
def optimize(store: Store = None, as_json: Json = False) -> None:
    """Build the vector index, and measure how thoroughly it has to be searched."""
    with answering(as_json):
        from medley import bar, show
        from schemas.settings import load_settings
        from store import open_from, recall

        settings = load_settings(**_given(store))
        with open_from(settings) as opened, bar.working("Building the index", quiet=as_json):
            for spec in settings.keeping(opened.vectors().values()):
                opened.configure(spec)
            measured = recall.optimize(opened)
            points = opened.count()
        show.recalls(measured, points, as_json=as_json)


def _given(store: str | None) -> dict[str, str]:
    return {} if store is None else {"store": store}
