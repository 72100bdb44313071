"""Where and how models run: device, precision, threads, and where their weights come from."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from encoders.threads import thread_count
from schemas import UnknownNameError, UsageError

DEVICES = ("auto", "cpu", "cuda", "mps")


@dataclass(frozen=True, slots=True)
class Running:
    """How the models of an encoder set run.

    Attributes:
        threads: threads a model may use; 0: chosen for the machine (see `encoders.threads`).
        device: "auto" (cuda, else mps, else cpu), or one by name, such as "cuda:1".
        models: a folder or a hub id by the name of an encoder: its weights come from there.
        trust: hub ids or folders whose own code may run. Nobody's does otherwise.
    """

    threads: int = 0
    device: str = "auto"
    models: Mapping[str, str] = field(default_factory=dict, hash=False)  # a dict has no hash; it is compared
    trust: tuple[str, ...] = ()

    @classmethod
    def of(cls, settings: Any) -> Running:
        """From `schemas.settings.EncoderSettings`.

        Raises:
            UnknownNameError: there is no such kind of device; whether this machine has one, loading a model finds out.
        """
        if settings.device.partition(":")[0] not in DEVICES:
            raise UnknownNameError("device", settings.device, DEVICES)
        return cls(settings.threads, settings.device, dict(settings.models), tuple(settings.trust))


def chosen_device(asked: str) -> str:
    """The device to run on, in torch's words.

    Raises:
        UsageError: there is no such device here.
    """
    import torch

    if asked == "auto":
        if torch.cuda.is_available():
            return "cuda"
        return "mps" if torch.backends.mps.is_available() else "cpu"
    kind = asked.partition(":")[0]
    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if not there.get(kind, False):
        known = ", ".join(name for name, here in there.items() if here)
        raise UsageError(f"There is no device {asked!r} here: set encoders.device to auto or one of {known}.")
    return asked


def chosen_dtype(device: str) -> Any:
    """Half precision where the device has it in hardware; else float32, as on every processor.

    bfloat16 has the range of float32, so that nothing overflows; where a GPU lacks it, float16.
    """
    import torch

    if not device.startswith("cuda"):
        return torch.float32
    return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16


def limit_torch(threads: int) -> None:
    """Sets the threads that torch uses in this process: cores are shared with those that decode."""
    import torch

    torch.set_num_threads(thread_count(threads))


def out_of_memory(error: BaseException) -> bool:
    """Whether an error says that a batch did not fit: CUDA has a type of its own, the others only words."""
    text = str(error).lower()
    return isinstance(error, MemoryError) or "out of memory" in text or "can't allocate memory" in text


def free_memory() -> None:
    """Gives back what a device holds ready: after a batch that did not fit, a smaller one may need it whole."""
    import torch

    with suppress(RuntimeError, AttributeError):
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        elif torch.backends.mps.is_available():
            torch.mps.empty_cache()
