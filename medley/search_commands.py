"""`medley search` and `medley explain`: the same options make the same request."""

# Typer reads the annotations at run time. What is heavy is imported in the commands: `medley --help` answers at once.
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from medley.answering import Json, Store, answering, asked_of, write_file

if TYPE_CHECKING:
    from schemas.search import SearchRequest

Words = Annotated[list[str] | None, typer.Argument(help="What to look for.", show_default=False)]
Image = Annotated[list[Path] | None, typer.Option(help="A picture to look for.", show_default=False)]
Audio = Annotated[list[Path] | None, typer.Option(help="A sound to look for.", show_default=False)]
Video = Annotated[list[Path] | None, typer.Option(help="A clip to look for.", show_default=False)]
Like = Annotated[list[str] | None, typer.Option(help="An indexed item to look for, by path or id.", show_default=False)]
Unlike = Annotated[list[str] | None, typer.Option(help="An indexed item to keep away from.", show_default=False)]
Without = Annotated[list[str] | None, typer.Option(help="Words to keep away from.", show_default=False)]
Using = Annotated[
    list[str] | None,
    typer.Option(help="A named vector to search; may be repeated. [default: all in reach]", show_default=False),
]
Where = Annotated[
    str | None, typer.Option(help="A filter: 'modality = video and modified > 2025-01-01'.", show_default=False)
]
Fusion = Annotated[str, typer.Option(help="evidence, rrf, dbsf, relative, max or combmnz.", rich_help_panel="Ranking")]
Weight = Annotated[
    list[str] | None,
    typer.Option(help="VECTOR=WEIGHT or VECTOR@MODALITY=WEIGHT.", show_default=False, rich_help_panel="Ranking"),
]
Request = Annotated[
    Path | None,
    typer.Option(
        help="A whole request as JSON, instead of all other options; - for standard input.",
        allow_dash=True,
        show_default=False,
    ),
]


def search(
    words: Words = None,
    image: Image = None,
    audio: Audio = None,
    video: Video = None,
    like: Like = None,
    unlike: Unlike = None,
    without: Without = None,
    using: Using = None,
    where: Where = None,
    limit: Annotated[int, typer.Option("--limit", "-n", help="Items wanted at most.")] = 10,
    offset: Annotated[int, typer.Option(help="How many of the best to leave out.")] = 0,
    group_by: Annotated[str, typer.Option(help="item, segment, or a field such as folder.")] = "item",
    group_size: Annotated[int, typer.Option(help="Hits of each group.")] = 1,
    fusion: Fusion = "evidence",
    weight: Weight = None,
    threshold: Annotated[
        float | None, typer.Option(help="The least score.", show_default=False, rich_help_panel="Ranking")
    ] = None,
    confidence: Annotated[
        float | None, typer.Option(help="The least confidence, 0 to 1.", show_default=False, rich_help_panel="Ranking")
    ] = None,
    combine: Annotated[
        str,
        typer.Option(help="sum, best_score, sum_scores, discover or feedback.", rich_help_panel="Ranking"),
    ] = "sum",
    rerank: Annotated[
        str | None,
        typer.Option(
            help="Look closely at the best: a late interaction vector, a reranker's name, or learned.",
            show_default=False,
            rich_help_panel="Ranking",
        ),
    ] = None,
    top: Annotated[int, typer.Option(help="Hits that are looked at closely.", rich_help_panel="Ranking")] = 50,
    budget: Annotated[
        float | None,
        typer.Option(help="Milliseconds that it may take.", show_default=False, rich_help_panel="Ranking"),
    ] = None,
    diversity: Annotated[
        float | None,
        typer.Option(help="0 to 1: how much hits should differ.", show_default=False, rich_help_panel="Ranking"),
    ] = None,
    exact: Annotated[
        bool, typer.Option("--exact", help="Compare with every vector, without the index.", rich_help_panel="Ranking")
    ] = False,
    talk: Annotated[
        Path | None,
        typer.Option(
            help="A conversation's file: what is said now refines what was asked before.",
            show_default=False,
            rich_help_panel="Conversation",
        ),
    ] = None,
    back: Annotated[bool, typer.Option("--back", help="Forget its last turn.", rich_help_panel="Conversation")] = False,
    drop: Annotated[
        bool, typer.Option("--drop", help="Take its last part away.", rich_help_panel="Conversation")
    ] = False,
    request: Request = None,
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Search by words, a picture, a sound, a clip, items of the collection, or any mix of them."""
    with answering(as_json):
        from medley import bar, show
        from medley.asking import conversed, made, read_request, read_weights

        options: dict[str, Any] = {
            "using": using or [],
            "limit": limit,
            "offset": offset,
            "group_by": group_by,
            "group_size": group_size,
            "fusion": fusion,
            "weights": read_weights(weight or []),
            "score_threshold": threshold,
            "min_confidence": confidence,
            "combine": combine,
            "rerank": {"by": rerank, "top": top, "milliseconds": budget} if rerank else None,
            "diversity": diversity,
            "exact": exact,
        }
        said: dict[str, Any] = {"image": image, "audio": audio, "video": video, "where": where}
        away: dict[str, Any] = {"like": like, "unlike": unlike, "without": without}
        told = (
            conversed(talk, back=back, drop=drop, parts={"words": words, **said, **away}, **options) if talk else None
        )
        asked = told.request if told else read_request(request) if request else made(words, **away, **said, **options)
        with asked_of(store) as library, bar.working("Searching", quiet=as_json):
            result = library.search(asked)
        if talk and told:
            write_file(talk, told.model_dump_json(exclude_defaults=True, indent=1))
        show.result(result, as_json=as_json)


def explain(
    words: Words = None,
    image: Image = None,
    audio: Audio = None,
    video: Video = None,
    like: Like = None,
    unlike: Unlike = None,
    without: Without = None,
    using: Using = None,
    where: Where = None,
    fusion: Fusion = "evidence",
    weight: Weight = None,
    request: Request = None,
    hit: Annotated[int, typer.Option(min=1, help="Which hit, counted from 1.")] = 1,
    item: Annotated[
        str | None, typer.Option(help="An item instead, wherever it stands: its path or id.", show_default=False)
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="A file for the pictures: .html for a page, .png for the first map alone.", show_default=False
        ),
    ] = None,
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Explain a hit: what each vector gave, the words that matched, and where in the picture or sound it lies."""
    with answering(as_json):
        from medley import bar, show
        from medley.asking import made, read_request, read_weights
        from medley.explained import tell, written

        asked: SearchRequest = (
            read_request(request)
            if request
            else made(
                words,
                like=like,
                unlike=unlike,
                without=without,
                image=image,
                audio=audio,
                video=video,
                using=using or [],
                where=where,
                fusion=fusion,
                weights=read_weights(weight or []),
            )
        )
        with asked_of(store) as library, bar.working("Explaining", quiet=as_json):
            explanation = library.explain(asked, hit=hit, item=item)
        if out:
            written(explanation, asked, out)
        if as_json:
            show.document(explanation.model_dump(mode="json"))
        else:
            tell(explanation, asked, show.terminal())
            if out:
                typer.echo(f"Drawn in {out}.")
