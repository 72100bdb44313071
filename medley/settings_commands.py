"""`medley init` and `medley config`: the settings as a file, and those in force."""

# Typer reads the annotations at run time. What is heavy is imported in the commands: `medley --help` answers at once.
import os
from pathlib import Path
from typing import Annotated, Any

import typer

from medley.answering import Json, Store, answering


def init(
    store: Annotated[
        str | None, typer.Option("--store", "-s", help="The store to write into it.", show_default=False)
    ] = None,
    preset: Annotated[str | None, typer.Option(help="The preset to write into it.", show_default=False)] = None,
    force: Annotated[bool, typer.Option("--force", help="Write it anew although it is here.")] = False,
    as_json: Json = False,
) -> None:
    """Write a medley.toml into the current folder, with every setting, its default and what it is for."""
    with answering(as_json):
        from medley import show
        from medley.settings_file import settings_file
        from schemas.errors import UsageError
        from schemas.settings import FILE

        file = Path(FILE).absolute()
        given = {("store",): store, ("encoders", "preset"): preset}
        text = settings_file({steps: value for steps, value in given.items() if value is not None})
        try:
            with file.open("w" if force else "x", encoding="utf-8") as opened:
                opened.write(text)
        except FileExistsError as error:
            raise UsageError(f"{file} is here already: edit it, or write it anew with --force.") from error
        except OSError as error:
            raise UsageError(f"{file} cannot be written: {error.strerror}.") from error
        if as_json:
            show.document({"file": str(file)})
            return
        typer.echo(f"Written: {file}. `medley config` shows what is in force.")


def config(
    name: Annotated[
        str | None, typer.Argument(help="One setting or section, such as encoders.", show_default=False)
    ] = None,
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Show the settings in force, and where each is from: an argument, the environment, medley.toml or the default."""
    with answering(as_json):
        from dataclasses import asdict

        from medley import show
        from query.models import check_names
        from schemas.effective import effective
        from schemas.errors import UnknownNameError
        from schemas.origins import check_environment
        from schemas.settings import FILE, Settings, load_settings, sources

        given: dict[str, Any] = {} if store is None else {"store": store}
        settings = load_settings(**given)
        check_names(settings)
        ignored = check_environment(Settings, os.environ)
        found = effective(settings, sources(given))
        chosen = [one for one in found if name is None or f"{one.name}.".startswith(f"{name}.")]
        if not chosen:
            known = {one.name for one in found} | {one.name.partition(".")[0] for one in found}
            raise UnknownNameError("setting", str(name), known)
        file = Path(FILE).absolute()
        if as_json:
            there = str(file) if file.is_file() else None
            show.document({"file": there, "settings": [asdict(one) for one in chosen], "ignored": ignored})
            return
        show.settings(chosen, file, ignored)
