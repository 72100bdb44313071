"""`medley fit …`: what searches go by, fitted to a collection."""

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


Using = Annotated[
    list[str] | None,
    typer.Option("--using", "-u", help="A named vector to fuse; repeat. [default: all dense ones]", show_default=False),
]


@app.command()
def attention(using: Using = None, store: Store = None, as_json: Json = False) -> None:
    """Train cross-modal attention on the collection itself, without labels: one vector of all that an item has."""
    _fit("attention", using, store, as_json=as_json)


@app.command()
def concatenation(using: Using = None, store: Store = None, as_json: Json = False) -> None:
    """Set the vectors side by side, centred and scaled alike."""
    _fit("concatenation", using, store, as_json=as_json)


@app.command("sum")
def summed(using: Using = None, store: Store = None, as_json: Json = False) -> None:
    """Add the vectors up in one space, theirs or one that is made by canonical correlation."""
    _fit("sum", using, store, as_json=as_json)


@app.command()
def graph(store: Store = None, as_json: Json = False) -> None:
    """Tell the words of what has none by its neighbours, where searches find more with that; marked as inferred."""
    _fit("graph", None, store, as_json=as_json)


@app.command()
def bridges(store: Store = None, as_json: Json = False) -> None:
    """Choose the bridges between words, pictures and sounds by cross-validation; the ridge stays where nothing wins."""
    with answering(as_json):
        from medley import bar, fit_page, show

        with library_of(store) as library, bar.shown(quiet=as_json, stages=STAGES, unit="") as progress:
            found = library.fit_bridges(progress=progress)
        if as_json:
            show.document([one.model_dump(mode="json") for one in found])
        else:
            fit_page.bridges(found)


@app.command("list")
def listed(store: Store = None, as_json: Json = False) -> None:
    """List the versions that are kept, what each was found to be worth, and which is in use."""
    with answering(as_json):
        from medley import fit_page, show

        with library_of(store) as library:
            cards = library.fits()
        if as_json:
            show.document([card.model_dump(mode="json") for card in cards.values()])
        else:
            fit_page.versions(list(cards.values()))


@app.command()
def use(
    version: Annotated[str, typer.Argument(help="One of `medley fit list`, or none.", show_default=False)],
    ask: Annotated[
        bool | None,
        typer.Option(
            "--ask/--no-ask",
            help="Let questions use it without --using fused. [default: if it was found to help]",
            show_default=False,
        ),
    ] = None,
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Put a version in use whatever it was found to be worth; `none` takes the fused vector out of the collection."""
    with answering(as_json):
        from medley import bar, show

        with library_of(store) as library, bar.shown(quiet=as_json, stages=STAGES, unit="segments") as progress:
            library.use_fit(None if version == "none" else version, asked=ask, progress=progress)
        if as_json:
            show.document({"in_use": None if version == "none" else version})
        else:
            typer.echo("No fused vector is in use." if version == "none" else f"{version} is in use.")


STAGES = {
    "read": "Reading",
    "train": "Training",
    "judge": "Asking what was left out",
    "fuse": "Writing",
    "infer": "Writing",
}


def _fit(method: str, using: list[str] | None, store: str | None, *, as_json: bool) -> None:
    with answering(as_json):
        from medley import bar, fit_page, show

        with library_of(store) as library, bar.shown(quiet=as_json, stages=STAGES, unit="") as progress:
            report = library.fit(method, using=using or (), progress=progress)
        if as_json:
            show.document(report.model_dump(mode="json"))
        else:
            fit_page.report(report)
