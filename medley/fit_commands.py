"""`medley fit weights`: what searches go by, fitted to a collection."""

# Typer reads the annotations at run time.
from dataclasses import replace
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


@app.command()
def ranker(
    judged: Annotated[
        Path | None,
        typer.Argument(help="Judged questions. [default: what `medley feedback` noted]", show_default=False),
    ] = None,
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Learn the order of hits from judged questions, for `search --rerank learned`; from few, fit weights instead."""
    with answering(as_json):
        from dataclasses import asdict

        from medley import bar, show

        with library_of(store) as library, bar.working("Fitting", quiet=as_json):
            learnt = library.fit_ranker(judged)
        if as_json:
            compared = learnt.ranker.model_dump() if learnt.ranker else None
            show.document({**asdict(replace(learnt, ranker=None)), "ranker": compared})
            return
        if learnt.ranker is None:
            typer.echo(f"{learnt.questions} judged questions are too few to learn an order from: weights were fitted.")
            return
        one = learnt.ranker
        said = "searches with --rerank learned go by it" if learnt.in_use else "it is kept, and not used"
        typer.echo(
            f"Learnt from {learnt.questions} questions: {one.measure} {one.before:.3f} -> {one.after:.3f} on questions "
            f"left out (p = {one.p:.3f}): {said}. It goes by "
            + ", ".join(f"{name} ({share:.0%})" for name, share in learnt.features.items())
            + "."
        )
