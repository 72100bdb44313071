"""`medley watch`: a collection that follows its folder."""

# Typer reads the annotations at run time.
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from medley.answering import Store, answering, library_of
from schemas.errors import MedleyError, UsageError

if TYPE_CHECKING:
    from schemas.report import IngestReport


def watch(
    folder: Annotated[str, typer.Argument(help="The media to make searchable.", show_default=False)],
    settled: Annotated[float, typer.Option(help="Seconds of quiet after which changes are taken in.", min=0.05)] = 1.0,
    every: Annotated[float, typer.Option(help="Look at the whole folder after so many minutes.", min=0.1)] = 60,
    source: Annotated[
        str | None, typer.Option(help="Name of this media root. [default: the folder's]", show_default=False)
    ] = None,
    store: Store = None,
) -> None:
    """Follow a folder: what comes, goes or changes is taken in within seconds. Ctrl-C stops it."""
    with answering(as_json=False):
        from flows.ingestion.run import media_root
        from flows.ingestion.watch import bursts
        from medley import bar, show

        root = media_root(folder)
        if "://" in root:
            raise UsageError(
                f"Nobody tells what changes in {root}: run `medley serve {root} --every 5` instead, which looks every "
                "five minutes."
            )
        with library_of(store) as library, suppress(KeyboardInterrupt):
            apart = [Path(library.store.location).expanduser().resolve()] if "://" not in library.store.location else []
            for changed in bursts(Path(root), settled=settled, every=every * 60, apart=apart):
                try:
                    with bar.shown(quiet=library.settings.log != "off") as progress:
                        report = library.ingest(root, source=source, wait=True, only=changed, progress=progress)
                except MedleyError as error:  # the next burst, or the next look at the whole folder, tries again
                    typer.echo(str(error), err=True)
                    continue
                if changed is None:
                    show.report(report, as_json=False)
                elif said := _in_short(report):
                    typer.echo(said)
        typer.echo("Stopped.", err=True)


def _in_short(report: "IngestReport") -> str:
    """A line of what a burst came to; nothing where it came to nothing."""
    counts = {
        "indexed": report.indexed,
        "deleted": report.deleted,
        "quarantined": report.quarantined,
        "postponed": report.postponed,
    }
    said = ", ".join(f"{count:,} {what}" for what, count in counts.items() if count)
    return f"{said} ({report.seconds:.1f} s)" if said else ""
