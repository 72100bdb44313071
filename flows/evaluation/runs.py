"""Reports of evaluations, kept beside the collection, and what the questions of a file mean in it."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from schemas import MedleyError, NotFoundError, UsageError, payload
from schemas.evaluation import EvaluationReport, Judged
from schemas.settings import Settings
from store.records import records_folder

if TYPE_CHECKING:
    from store import Store

LATEST = "latest"


def keep(report: EvaluationReport, settings: Settings) -> Path:
    """Keep a report as JSON; returns its file.

    Raises:
        MedleyError: it cannot be written.
    """
    folder = records_folder(settings) / "evaluations"
    path = folder / f"{report.id}.json"
    moment, dash, name = report.id.partition("-")
    number = 1
    while path.exists():  # two in one second; a dot sorts after a dash, and the second run after the first
        number += 1
        path = folder / f"{moment}.{number}{dash}{name}.json"
    report.id = path.stem
    return _write(report, path)


def keep_gate(report: EvaluationReport, settings: Settings) -> None:
    """Keep with a report that was kept what its gate came to.

    Raises:
        MedleyError: it cannot be written.
    """
    path = records_folder(settings) / "evaluations" / f"{report.id}.json"
    if path.exists():  # it may have been deleted meanwhile, or be another's
        _write(report, path)


def _write(report: EvaluationReport, path: Path) -> Path:
    """Whole or not at all."""
    begun = path.with_suffix(".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        begun.write_text(report.model_dump_json(indent=1), "utf-8")
        begun.replace(path)
    except OSError as error:
        raise MedleyError(f"The report {path} cannot be written: {error.strerror}.") from error
    return path


def kept(settings: Settings) -> list[str]:
    """The ids of the runs that were kept, oldest first."""
    return sorted(path.stem for path in (records_folder(settings) / "evaluations").glob("*.json"))


def quality(settings: Settings) -> dict[str, float]:
    """The mean of each measure in the last run that was kept; empty where none was, or it cannot be read."""
    names = kept(settings)
    if not names:
        return {}
    try:
        found = load(names[-1], settings)
    except MedleyError:
        return {}
    return {measure: interval.mean for measure, interval in found.overall.means.items()}


def load(name: str, settings: Settings, *, but: str = "") -> EvaluationReport:
    """A run that was kept.

    Args:
        name: its id, or the beginning of one that no other shares; its name, for the last run of that name; a file; or
            `latest`.
        settings: name the collection.
        but: a run that is not meant: the one at hand.

    Raises:
        UsageError: there is no such run, or several.
    """
    path = Path(name)
    if path.suffix == ".json" and path.exists():
        return _read(path)
    known = [one for one in kept(settings) if one != but]
    fitting = known[-1:] if name == LATEST else [one for one in known if one == name]
    fitting = fitting or [one for one in known if one.endswith(f"-{name}")][-1:]
    fitting = fitting or [one for one in known if one.startswith(name)]
    if len(fitting) != 1:
        what = "There is no run" if not fitting else f"{len(fitting)} runs fit the name"
        listed = ", ".join(known[-5:]) or "none is kept yet; run `medley eval` first"
        raise UsageError(f"{what} {name!r}. The last runs: {listed}.")
    return _read(records_folder(settings) / "evaluations" / f"{fitting[0]}.json")


def earlier(name: str, settings: Settings, after: EvaluationReport, *, gated: bool = False) -> EvaluationReport | None:
    """The run that another is to be compared with; for `latest` the last one that asked some of the same questions.

    Args:
        name: see `load`.
        settings: name the collection.
        after: the run at hand.
        gated: for a gate, `latest` is the last run that passed one without any loss; where there is none, the last
            that no gate has judged. A run that failed is never what others are measured by.

    Returns:
        None where `latest` is asked for, and there is none yet.

    Raises:
        UsageError: there is no such run, or several.
    """
    if name != LATEST:
        return load(name, settings, but=after.id)
    asked = set(next(iter(after.values.values()), {}))
    unjudged = None
    for one in reversed([one for one in kept(settings) if one != after.id]):
        before = load(one, settings)
        if not asked & set(next(iter(before.values.values()), {})):
            continue
        if not gated or (before.gate is not None and before.gate.passed and before.gate.held):
            return before
        if before.gate is None and unjudged is None:
            unjudged = before
    return unjudged


def _read(path: Path) -> EvaluationReport:
    try:
        return EvaluationReport.model_validate_json(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, ValidationError) as error:
        raise UsageError(f"{str(path)!r} holds no report of an evaluation: delete it, or name another.") from error


def resolved(judged: Judged, store: Store) -> Judged:
    """Questions whose right answers are named by items' ids.

    Items are meant by their id, their path in the source, or, where no other item bears it, the name of their file with
    or without its ending. What the collection does not have is told, and counts as not found.

    Raises:
        NotFoundError: it has none of what is judged.
    """
    from store.recall import searchable

    meant = {one for of in judged.judgements.values() for one in of}  # of the others nothing need be remembered
    names: dict[str, str] = {}
    loose: dict[str, set[str]] = {}
    modalities: dict[str, str] = {}
    for record in store.scroll_all(searchable(), with_payload=[payload.ITEM, payload.PATH, payload.MODALITY]):
        fields: dict[str, Any] = record.payload or {}
        item, path = fields[payload.ITEM], fields[payload.PATH]
        called = {item, path} & meant
        also = {PurePosixPath(path).name, PurePosixPath(path).stem} & meant
        names |= dict.fromkeys(called, item)
        for name in also:
            loose.setdefault(name, set()).add(item)
        if called or also:
            modalities[item] = fields[payload.MODALITY]
    names = {name: next(iter(items)) for name, items in loose.items() if len(items) == 1} | names
    judgements = {
        query: {names.get(one, one): grade for one, grade in of.items()} for query, of in judged.judgements.items()
    }
    right = {one for of in judgements.values() for one, grade in of.items() if grade > 0}
    missing = sorted(right - set(modalities))
    notes = list(judged.notes)
    if missing:
        if len(missing) == len(right):
            raise NotFoundError(
                f"The collection has none of the {len(right)} items that are judged right, such as {missing[0]!r}: "
                "name them by their path in the source."
            )
        notes.append(f"The collection lacks {len(missing)} of {len(right)} right answers, such as {missing[0]!r}.")
    return judged.model_copy(
        update={
            "judgements": judgements,
            "modalities": {one: modalities[one] for one in right if one in modalities},
            "notes": notes,
        }
    )
