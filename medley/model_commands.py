"""The commands about models: `medley encoders` and `medley models pull`."""

# Typer reads the annotations at run time. What is heavy is imported in the commands: `medley --help` answers at once.
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from medley.answering import Json, answering

if TYPE_CHECKING:
    from collections.abc import Sequence

    from query.models import Listed

app = typer.Typer(help="Fetch pretrained models ahead of their use.", no_args_is_help=True)


def encoders(
    preset: Annotated[str | None, typer.Option(help="Only those of one preset.", show_default=False)] = None,
    as_json: Json = False,
) -> None:
    """List what turns media into vectors and words: its model, licence and size, and whether it is on this machine."""
    with answering(as_json):
        from medley import show
        from query.models import known_encoders
        from schemas.errors import UnknownNameError
        from schemas.settings import load_settings

        found = known_encoders(load_settings())
        presets = {name for one in found for name in one.presets}
        if preset is not None and preset not in presets:
            raise UnknownNameError("preset", preset, presets)
        chosen = [one for one in found if preset is None or preset in one.presets]
        if as_json:
            show.document([asdict(one) for one in chosen])
            return
        typer.echo(_table(chosen), nl=False)


@app.command()
def pull(
    name: Annotated[
        str, typer.Argument(help="A preset, a name of `medley encoders`, or a hub id.", show_default=False)
    ],
    to: Annotated[
        Path | None,
        typer.Option(help="A folder to fill, to be carried elsewhere. [default: the hub's cache]", show_default=False),
    ] = None,
    as_json: Json = False,
) -> None:
    """Fetch the models of a preset from the hub; what is here already is not fetched again."""
    with answering(as_json):
        from medley import show
        from query.models import pull_models
        from schemas.settings import load_settings

        folders = pull_models(name, load_settings(), to)
        if as_json:
            show.document({one: str(folder) for one, folder in folders.items()})
            return
        if not folders:
            typer.echo(f"{name} needs no model from a hub.")
        for one, folder in folders.items():
            typer.echo(f"{one}  {folder}")
        if to is not None and folders:
            typer.echo("\nOn the other machine, in medley.toml:\n\n[encoders.models]")
            for one, folder in folders.items():
                typer.echo(f'"{one}" = "{folder}"')


def _table(chosen: "Sequence[Listed]") -> str:
    from io import StringIO

    from rich.console import Console
    from rich.filesize import decimal
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading in ("name", "", "takes", "vectors", "licence", "size", "here", "model"):
        table.add_column(heading, justify="right" if heading in {"vectors", "size"} else "left", no_wrap=True)
    for one in chosen:
        kind = "" if one.kind == "encoder" else one.kind
        here = "yes" if one.here else "no"
        size = decimal(one.size) if one.size else ""
        takes = ", ".join(one.modalities)
        table.add_row(one.name, kind, takes, _vectors(one.dim, one.form), one.license, size, here, one.model)
    text = StringIO()
    Console(file=text, width=200).print(table)
    return "".join(line.rstrip() + "\n" for line in text.getvalue().splitlines())


def _vectors(dim: int, form: str) -> str:
    if form == "sparse":
        return "sparse"
    return f"n x {dim}" if form == "several" else str(dim or "")
