"""`medley feedback`: what people judged of answers, from which the order of hits is learnt."""

# Typer reads the annotations at run time.
from pathlib import Path
from typing import Annotated

import typer

from medley.answering import Json, Store, answering, asked_of

Right = Annotated[list[str] | None, typer.Option(help="A right answer, by its path.", show_default=False)]
Wrong = Annotated[list[str] | None, typer.Option(help="A wrong answer, by its path.", show_default=False)]


def feedback(
    words: Annotated[list[str] | None, typer.Argument(help="What was asked.", show_default=False)] = None,
    right: Right = None,
    wrong: Wrong = None,
    click: Annotated[
        str | None, typer.Option(help="The hit that was chosen, instead of --right and --wrong.", show_default=False)
    ] = None,
    request: Annotated[
        Path | None, typer.Option(help="What was asked as JSON; - for standard input.", show_default=False)
    ] = None,
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Judge the answer to a question; `medley fit ranker` learns from it."""
    with answering(as_json):
        from medley import show
        from medley.asking import made, read_request
        from query.feedback import feedback_file, record
        from schemas.settings import load_settings

        asked = read_request(request) if request else made(words, like=None, unlike=None, without=None)
        settings = load_settings(**({"store": store} if store is not None else {}))
        shown: list[str] = []
        if click is not None:
            with asked_of(store) as library:
                shown = [hit.path for hit in library.search(asked.model_copy(update={"limit": 50})).hits]
        grades = record(
            feedback_file(settings), asked, right=right or [], wrong=wrong or [], clicked=click, shown=shown
        )
        if as_json:
            show.document({"judged": grades})
        else:
            good = sum(grade > 0 for grade in grades.values())
            typer.echo(f"Noted: {good} right, {len(grades) - good} wrong.")
