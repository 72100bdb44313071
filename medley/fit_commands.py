"""`medley fit weights`: what searches go by, fitted to a collection."""

# Typer reads the annotations at run time.
from pathlib import Path
from typing import Annotated

import typer

from medley.answering import Json, Store, answering, library_of

app = typer.Typer(help="Fit to the collection what searches go by.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Fit to the collection what searches go by."""


@app.command()
def weights(
    judged: Annotated[
        Path,
        typer.Argument(
            help='A question a line: {"query": "a red boat", "relevant": ["holiday/boat.jpg"]}.', show_default=False
        ),
    ],
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Fit the weights of the vectors on judged questions; searches that name none go by them."""
    with answering(as_json):
        from dataclasses import asdict

        from medley import bar, show

        with library_of(store) as library, bar.working("Fitting", quiet=as_json):
            fitted = library.fit_weights(judged)
        if as_json:
            show.document(asdict(fitted))
            return
        named = ", ".join(f"{name} {weight:g}" for name, weight in fitted.weights.items())
        typer.echo(
            f"Weights fitted on {fitted.questions} questions: {named}. Mean reciprocal rank {fitted.before:.2f} with "
            f"equal weights, {fitted.after:.2f} on questions left out."
        )
