"""Loading a pretrained model, once a process, and only if all of its weights are there.

transformers fills in what a file of weights lacks with random numbers and prints a table about it; here that is an
error, and so are weights that the model has no place for.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock, RLock
from typing import Any
from weakref import WeakValueDictionary

from encoders.hub import MISSING, Source, fetch
from encoders.running import Running, chosen_device, chosen_dtype, limit_torch
from schemas import EncodeError

SHOWN = 3  # weights that an error names

Make = Callable[[str, str, Any], Any]
"""Makes a model from its folder, a device and a dtype."""


@dataclass(eq=False, weakref_slot=True, slots=True)
class Loaded:
    """A model in memory, shared by all that use it.

    Attributes:
        model: the model.
        folder: from which it was loaded.
        device: on which it is.
        lock: held while it runs: tokenizers keep the settings of a call in themselves.
    """

    model: Any
    folder: Path
    device: str
    lock: Lock = field(default_factory=Lock)


_shared: WeakValueDictionary[tuple[Any, ...], Loaded] = WeakValueDictionary()
_loading = RLock()


def load_shared(source: Source, running: Running, make: Make, *, kind: str, spare: Sequence[str] = ()) -> Loaded:
    """A model in memory: loaded now, or the one that another encoder of this process loaded.

    Args:
        source: where its weights are.
        running: device, threads and whom to trust.
        make: makes the model; called with this module's watch over its weights.
        kind: tells apart what is made from the same weights in different ways.
        spare: beginnings of the names of weights that may be missing or left over, for nothing uses them.

    Raises:
        EncodeError: it cannot be had, is not whole, or what it needs is not installed.
    """
    folder = fetch(source)
    try:
        device = chosen_device(running.device)
        dtype = chosen_dtype(device)
        limit_torch(running.threads)
        import sentence_transformers  # noqa: F401  (all that loads a model stands on it)
    except ImportError as error:
        raise EncodeError(MISSING) from error
    key = (str(folder), kind, device, str(dtype))
    with _loading:
        loaded = _shared.get(key)
        if loaded is None:
            made = _made(source, folder, lambda: make(str(folder), device, dtype), spare)
            loaded = Loaded(made, folder, device)
            _shared[key] = loaded
    return loaded


def _made(source: Source, folder: Path, make: Callable[[], Any], spare: Sequence[str]) -> Any:
    try:
        with _quiet(), _whole(source, spare):
            return make()
    except EncodeError:
        raise
    except ImportError as error:
        if "torchvision" in str(error).lower():
            raise EncodeError(
                f"The model {source.model} needs torchvision. Run: pip install 'medley[films]'"
            ) from error
        raise EncodeError(f"The model {source.model} needs a package that is not installed: {_line(error)}") from error
    except (OSError, ValueError, KeyError, RuntimeError, AttributeError) as error:
        raise EncodeError(
            f"The model {source.model} in {folder} cannot be loaded ({_line(error)}): "
            f"fetch it again (medley models pull {source.name}), or name another folder."
        ) from error


@contextmanager
def _whole(source: Source, spare: Sequence[str]) -> Iterator[None]:
    """While this lasts, a model whose weights do not match its file is an error.

    The report that `from_pretrained` gives on request is asked for on behalf of whoever calls it.
    """
    from transformers import PreTrainedModel

    original = PreTrainedModel.__dict__["from_pretrained"]

    def watched(cls: type, *args: Any, **given: Any) -> Any:
        wants_report = given.pop("output_loading_info", False)
        model, report = original.__func__(cls, *args, output_loading_info=True, **given)
        for what, names in (("lacks", report["missing_keys"]), ("has no place for", report["unexpected_keys"])):
            wrong = sorted(name for name in names if not _is_spare(name, spare))
            if wrong:
                shown = ", ".join(wrong[:SHOWN]) + (f" and {len(wrong) - SHOWN} more" if len(wrong) > SHOWN else "")
                subject = "the file of weights" if what == "lacks" else f"{cls.__name__}"
                raise EncodeError(
                    f"The model {source.model} is not whole: {subject} {what} {shown}. It would run on random "
                    "numbers: name a model of the right kind, or fetch it again."
                )
        return (model, report) if wants_report else model

    PreTrainedModel.from_pretrained = classmethod(watched)
    try:
        yield
    finally:
        PreTrainedModel.from_pretrained = original


def _is_spare(name: str, spare: Sequence[str]) -> bool:
    return any(re.search(rf"(^|\.){re.escape(part)}", name) for part in spare)


@contextmanager
def _quiet() -> Iterator[None]:
    """Bars and advice of the libraries are for people who develop models."""
    from transformers.utils import logging as reports

    level, bars = reports.get_verbosity(), reports.is_progress_bar_enabled()
    own = logging.getLogger("sentence_transformers")
    own_level = own.level
    reports.set_verbosity_error()
    reports.disable_progress_bar()
    own.setLevel(logging.ERROR)
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")  # else it warns after every fork
    try:
        yield
    finally:
        reports.set_verbosity(level)
        if bars:
            reports.enable_progress_bar()
        own.setLevel(own_level)


def _line(error: Exception) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:200]}"
