"""A folder of pictures, sounds, clips and texts is made searchable, and five searches show what that is good for.

    python examples/demo.py                  with the demo's own media
    python examples/demo.py --media FOLDER   with yours

The answers are printed, and written to results.html in the current folder.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from hashlib import blake2b
from pathlib import Path

from make_media import make_media
from own import own_searches
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from searches import Ask, demo_searches

import medley
from medley.page import PageSection, hit_key, render_page
from schemas.answer import Hit, SearchResult
from schemas.errors import MedleyError

HERE = Path(__file__).resolve().parent
STORES = HERE / ".medley"  # beside the examples, never in the folder of media
PAGE = Path("results.html")
NOUNS = {"text": "texts", "image": "pictures", "audio": "sounds", "video": "clips"}

console = Console(highlight=False)


def main() -> int:
    """Make media, ingest them, search them, show what was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--media", type=Path, metavar="FOLDER", help="your own media instead of the demo's")
    own = parser.parse_args().media
    media = (own.expanduser() if own else HERE / "media").resolve()
    if own and not media.is_dir():
        console.print(f"There is no folder {str(own)!r}.")
        return 2
    if own is None:
        make_media(media)
        console.print(f"[bold]Media[/] {escape(str(media))}", soft_wrap=True)

    # The same as on the command line: medley ingest FOLDER --prefect --store STORE
    store = STORES / f"{media.name}-{blake2b(bytes(media), digest_size=4).hexdigest()}"
    ingest = [sys.executable, "-m", "medley.cli", "ingest", str(media), "--prefect", "--store", str(store)]
    if code := subprocess.run(ingest, check=False).returncode:
        return code

    with medley.open(store) as library:
        asks, skipped = own_searches(library, media) if own else (demo_searches(media), [])
        sections = []
        for number, ask in enumerate(asks, start=1):
            result = library.search(**ask.question(), limit=8)
            console.rule(f"[bold]{number}  {escape(ask.title)}", align="left")
            console.print(table(ask, result))
            sections.append(section(library, ask, result))
        for sentence in skipped:
            console.print(f"Left out: {sentence}")
        status = library.status()

    found = ", ".join(f"{count:,} {NOUNS[kind]}" for kind, count in status.by_modality.items() if count)
    summary = f"{status.items:,} items in the folder {media.name}: {found}. All encoded and searched on this machine."
    PAGE.write_text(render_page(sections, title=f"{len(sections)} searches, one collection", summary=summary), "utf-8")
    console.print(f"\n[bold]See them:[/] {PAGE.resolve().as_uri()}", soft_wrap=True)
    return 0


def table(ask: Ask, result: SearchResult) -> Table:
    """The hits: rank, path, when, score, and which vectors found it at which rank."""
    table = Table(title=escape(ask.words()), title_justify="left", title_style="italic", box=None, header_style="dim")
    table.add_column("#", justify="right")
    table.add_column("path", no_wrap=True)  # a name that is cut in two is hard to read, and cannot be copied
    table.add_column("when", no_wrap=True)
    table.add_column("score", justify="right")
    table.add_column("why", overflow="fold")
    for rank, hit in enumerate(result.hits, start=1):
        why = "  ".join(f"{name} #{part.rank} {part.score:.2f}" for name, part in hit.vectors.items())
        table.add_row(str(rank), escape(hit.path), when(hit), f"{hit.score:.3f}", why)
    return table


def when(hit: Hit) -> str:
    """The second in a sound or clip at which the hit begins."""
    return "" if hit.start is None else f"{int(hit.start) // 60}:{int(hit.start) % 60:02}"


def section(library: medley.Library, ask: Ask, result: SearchResult) -> PageSection:
    """The same for the page, with small pictures."""
    previews = {hit_key(hit): image for hit in result.hits if (image := library.preview(hit, side=480))}
    asked = library.preview(ask.as_hit(), side=480) if ask.file else None
    return PageSection(ask.title, ask.text, result, asked, previews, ask.description)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except MedleyError as error:
        sys.exit(str(error))
