"""`medley eval`: how well a collection is searched, in numbers that can be compared with those of another day."""

# Typer reads the annotations at run time. What is heavy is imported in the command: `medley --help` answers at once.
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from medley.answering import Json, Store, answering, library_of, write_file

if TYPE_CHECKING:
    from medley.library import Library
    from schemas.evaluation import EvaluationOptions, EvaluationReport

ASKED, MADE, COMPARED = "How it is asked", "Questions made from the collection", "Comparison"


def evaluate(
    questions: Annotated[
        Path | None,
        typer.Argument(
            help="Judged questions: JSON lines, or qrels of TREC. [default: made from the collection]",
            show_default=False,
        ),
    ] = None,
    topics: Annotated[
        Path | None, typer.Option(help="The words of the questions of qrels.", show_default=False)
    ] = None,
    dataset: Annotated[
        str | None,
        typer.Option(
            help="NAME=PATH: captions of coco, flickr30k, clotho, audiocaps, msrvtt or stamps.", show_default=False
        ),
    ] = None,
    name: Annotated[str, typer.Option(help="What to call the run. [default: the preset]", show_default=False)] = "",
    kind: Annotated[
        list[str] | None,
        typer.Option(
            help="captions, descriptions, views, sounds or duplicates; may be repeated. [default: all]",
            show_default=False,
            rich_help_panel=MADE,
        ),
    ] = None,
    count: Annotated[int, typer.Option("--count", "-n", min=1, help="Of a kind, at most.", rich_help_panel=MADE)] = 300,
    seed: Annotated[int, typer.Option(help="Of what is drawn by lot.", rich_help_panel=MADE)] = 0,
    fusion: Annotated[
        str | None, typer.Option(help="As in `search`.", show_default=False, rich_help_panel=ASKED)
    ] = None,
    weight: Annotated[
        list[str] | None,
        typer.Option(help="VECTOR=WEIGHT, as in `search`.", show_default=False, rich_help_panel=ASKED),
    ] = None,
    rerank: Annotated[
        str | None, typer.Option(help="As in `search`.", show_default=False, rich_help_panel=ASKED)
    ] = None,
    against: Annotated[
        str | None,
        typer.Option(
            help="A run to compare with: its id or name, a file, or latest (with --gate: that passed).",
            show_default=False,
            rich_help_panel=COMPARED,
        ),
    ] = None,
    gate: Annotated[
        list[str] | None,
        typer.Option(
            help="MEASURE=DROP: exit with 1 if it fell by more since --against (mrr=0.02).",
            show_default=False,
            rich_help_panel=COMPARED,
        ),
    ] = None,
    html: Annotated[
        Path | None, typer.Option(help="Write a page with plots.", show_default=False, rich_help_panel=COMPARED)
    ] = None,
    prefect: Annotated[bool, typer.Option("--prefect", help="Run as a Prefect flow, with an artifact.")] = False,
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Measure how well the collection is searched: recall, MRR, nDCG and mAP, with intervals; compare runs."""
    with answering(as_json):
        from medley import bar, show
        from medley.evaluated import page, table
        from schemas.errors import UsageError
        from schemas.published import published_for

        drops = _drops(gate or [])
        if drops and against is None:
            raise UsageError("--gate compares with a run: name it with --against, such as --against latest.")
        ask = _ask(fusion, weight, rerank)
        options = _options(kind, count, seed, ask)
        with library_of(store) as library, bar.shown(quiet=as_json, stages=STAGES, unit="questions") as progress:
            report, compared = library.evaluate(
                questions,
                topics=topics,
                dataset=dataset,
                options=options,
                name=name,
                against=against,
                gated=bool(drops),
                prefect=prefect,
                progress=progress,
            )
            failure = _failure(library, report, against, drops) if drops and against else ""
            published = published_for(dataset.partition("=")[0]) if dataset else []
            if html:
                write_file(html, page(report, compared, published))
            if as_json:
                show.document(
                    {
                        **report.model_dump(mode="json"),
                        "compared": [one.model_dump(mode="json") for one in compared],
                        "published": [one.model_dump(mode="json") for one in published],
                        "failure": failure or None,
                    }
                )
            else:
                table(report, compared, published, show.terminal())
                if html:
                    typer.echo(f"Drawn in {html}.")
    if failure:
        typer.echo(failure, err=True)
        raise typer.Exit(1)


STAGES = {"copy": "Copying", "ask": "Asking"}


def _failure(library: "Library", report: "EvaluationReport", against: str, drops: dict[str, float]) -> str:
    """Why the gate fails; "" if it does not. The report is printed all the same."""
    from schemas.errors import GateError

    try:
        library.check_gate(report, against, drops)
    except GateError as error:
        return str(error)
    return ""


def _options(kinds: list[str] | None, count: int, seed: int, ask: dict[str, Any]) -> "EvaluationOptions":
    from schemas.errors import UnknownNameError
    from schemas.evaluation import KINDS, EvaluationOptions

    for kind in kinds or ():
        if kind not in KINDS:
            raise UnknownNameError("kind of question", kind, KINDS)
    return EvaluationOptions.model_validate({"kinds": kinds or KINDS, "questions": count, "seed": seed, "ask": ask})


def _ask(fusion: str | None, weight: list[str] | None, rerank: str | None) -> dict[str, Any]:
    from medley.asking import read_weights

    asked: dict[str, Any] = {"fusion": fusion, "rerank": {"by": rerank} if rerank else None}
    asked["weights"] = read_weights(weight) if weight else None
    return {name: value for name, value in asked.items() if value is not None}


def _drops(gates: list[str]) -> dict[str, float]:
    from schemas.errors import UsageError
    from schemas.evaluation import MEASURES

    drops = {}
    for text in gates:
        name, _, value = text.partition("=")
        try:
            drop = float(value)
        except ValueError:
            drop = -1.0
        if name not in MEASURES or not 0 <= drop <= 1:
            raise UsageError(
                f"The gate {text!r} is not understood: write MEASURE=DROP, such as mrr=0.02, with one of "
                f"{', '.join(MEASURES)}."
            )
        drops[name] = drop
    return drops
