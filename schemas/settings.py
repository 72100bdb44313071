"""Settings: arguments > environment (`MEDLEY_STORE`, `MEDLEY_ENCODERS__PRESET`) > `medley.toml` > defaults."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tomllib import TOMLDecodeError
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from schemas.errors import UsageError, guess
from schemas.limits import ReadLimits
from schemas.origins import JOINT, PREFIX, Source, check_environment
from schemas.sentences import UNKNOWN, Strict, gravest, told
from schemas.vectors import NEXT, VectorSpec

if TYPE_CHECKING:
    from pydantic._internal._repr import ReprArgs


FILE = "medley.toml"
"""In the current folder."""


class EncoderSettings(Strict):
    """Which encoders run, and how."""

    preset: str | None = Field(
        default=None,
        description="a preset, or VECTOR=ENCODER,VECTOR=ENCODER; else that of the collection; a new one gets offline",
        examples=["offline"],
    )
    ocr: Literal["auto", "always", "off"] | None = Field(
        default=None,
        description="words in pictures: of those that seem to hold some, of all, or none; else as in the collection",
        examples=["auto"],
    )
    transcript: str | None = Field(
        default=None,
        description="words in sounds: a speech model, or off; else as the preset says",
        examples=["whisper-base"],
    )
    caption: str | None = Field(
        default=None,
        description="words for pictures: a model that describes them, or off; else as the preset says",
        examples=["off"],
    )
    threads: int = Field(default=0, ge=0, description="threads that a model may use; 0: chosen for the machine")
    device: str = Field(default="auto", description="where models run: auto (cuda, else mps, else cpu), or one by name")
    models: dict[str, str] = Field(
        default_factory=dict, description="other weights, a folder or hub id, by the name of what runs them"
    )
    trust: list[str] = Field(default_factory=list, description="hub ids or folders of models whose own code may run")

    @property
    def enrichers(self) -> dict[str, str]:
        """Those that are switched on or off here, by name."""
        given = {"ocr": self.ocr, "transcript": self.transcript, "caption": self.caption}
        return {name: value for name, value in given.items() if value is not None}


class CrawlSettings(Strict):
    """Which files of a source are looked at."""

    hidden: bool = Field(default=False, description="take files whose names begin with a dot")
    follow_links: bool = Field(default=False, description="follow symbolic links, which lead out of the folder")
    other_disks: bool = Field(default=True, description="look into file systems that are mounted below the folder")
    min_size: int = Field(default=0, ge=0, description="smaller files are excluded, bytes")
    max_size: int = Field(default=0, ge=0, description="larger files are excluded, bytes; 0: no limit")
    include: list[str] = Field(
        default_factory=list, description="patterns as in .gitignore; if there are any, nothing else is taken"
    )
    exclude: list[str] = Field(default_factory=list, description="patterns as in .gitignore of what is left out")


class ReadSettings(Strict):
    """What reading one file may take before it is quarantined: see `schemas.limits.ReadLimits`."""

    seconds: float = Field(default=ReadLimits.seconds, gt=0, description="seconds without a sign of progress")
    memory: int = Field(default=ReadLimits.memory, ge=64_000_000, description="bytes that reading it may take")

    @property
    def limits(self) -> ReadLimits:
        """The same, for those who read."""
        return ReadLimits(self.seconds, self.memory)


class VectorSettings(Strict):
    """How the engine keeps and indexes a named vector, where that is not left to Medley: see `schemas.VectorSpec`."""

    datatype: Literal["float32", "float16"] | None = Field(
        default=None, description="float16 takes half the space; only for a vector that is made", examples=["float32"]
    )
    on_disk: bool | None = Field(
        default=None,
        description="read it from disk when it is needed, not keep it in memory",
        examples=[False],
    )
    quantization: Literal["none", "scalar", "product", "binary"] | None = Field(
        default=None, description="a smaller copy of a dense vector that is searched first", examples=["scalar"]
    )
    hnsw_m: int | None = Field(
        default=None, ge=0, description="edges of a node of the index; 0: no index", examples=[16]
    )
    ef_construct: int | None = Field(
        default=None, ge=1, description="candidates while the index is built", examples=[100]
    )

    def keep(self, spec: VectorSpec) -> VectorSpec:
        """The vector, kept as these settings say."""
        given: dict[str, Any] = self.model_dump(exclude_none=True)
        if given.get("quantization") == "none":
            given["quantization"] = None
        return replace(spec, **given)


class HttpSettings(Strict):
    """How `medley serve` listens, and to whom."""

    host: str = Field(default="127.0.0.1", min_length=1, description="address to listen on")
    port: int = Field(default=8707, ge=0, le=65535, description="port to listen on; 0: one that is free")
    api_key: SecretStr | None = Field(
        default=None,
        min_length=8,
        description="asked of every client; better kept in the environment",
        examples=["a long secret"],
    )
    max_body: int = Field(default=64_000_000, ge=1, description="bytes of a request, uploads among them")
    rate: float = Field(default=0, ge=0, description="requests a second that a client may send on average; 0: any")
    hosts: list[str] = Field(
        default_factory=list, description="names that the server may be called by besides those of this machine"
    )
    origins: list[str] = Field(default_factory=list, description="other web pages that may ask (CORS)")
    clicks: bool = Field(
        default=True, description="note beside the collection which hit is opened on the page, for `medley fit ranker`"
    )


class ClusterSettings(Strict):
    """Who reads, encodes and writes for a run, where that is not its own process: see docs/scale.md."""

    engine: Literal["dask", "ray"] | None = Field(
        default=None, description="dask or ray; else a run's own process does all", examples=["dask"]
    )
    address: str | None = Field(
        default=None,
        min_length=1,
        description="of a cluster that runs; else one is started on this machine for each run",
        examples=["tcp://scheduler:8786"],
    )
    workers: int = Field(default=0, ge=0, description="of a cluster on this machine; 0: one a core")


class NotifySettings(Strict):
    """Who is told when a scheduled run wants somebody to look; the log always is."""

    webhook: SecretStr | None = Field(
        default=None,
        description="address that a JSON message is posted to; better kept in the environment",
        examples=["https://hooks.example.com/T0/B0/secret"],
    )
    block: str | None = Field(
        default=None,
        pattern="^[^/]+/[^/]+$",
        description="a block of Prefect's that sends messages, by type and name",
        examples=["sendgrid-email/operators"],
    )
    quarantined: int = Field(default=100, ge=0, description="files of a source that may be quarantined untold")


def _named(collection: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", collection):
        raise ValueError(f"a name has 1 to 64 letters, digits, '_' and '-', and {collection!r} has not")
    return collection


class Settings(BaseSettings, Strict):
    """All settings. Built when they are needed, never at import."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter=JOINT, env_ignore_empty=True, toml_file=FILE, extra="forbid"
    )

    store: str = Field(
        default=".medley", min_length=1, description="a folder for the embedded engine, or a server's URL"
    )
    collection: Annotated[str, AfterValidator(_named)] = Field(
        default="medley", description="name of the collection in the store, or an alias of it"
    )
    api_key: SecretStr | None = Field(
        default=None, description="of a Qdrant server; better kept in the environment", examples=["a secret"]
    )
    timeout: int = Field(default=30, ge=1, description="seconds that one attempt at a request to the server may take")
    ca_file: Path | None = Field(
        default=None,
        description="PEM file with the certificates that the server's is checked against; else those of the system",
        examples=["authority.pem"],
    )
    log: Literal["off", "text", "json"] = Field(
        default="off", description="events of runs on standard error, a line each; no bar is drawn then"
    )
    encoders: EncoderSettings = EncoderSettings()
    crawl: CrawlSettings = CrawlSettings()
    read: ReadSettings = ReadSettings()
    http: HttpSettings = HttpSettings()
    cluster: ClusterSettings = ClusterSettings()
    notify: NotifySettings = NotifySettings()
    vectors: dict[str, VectorSettings] = Field(default_factory=dict, description="by the name of the vector")

    def keeping(self, specs: Iterable[VectorSpec]) -> list[VectorSpec]:
        """Vectors, kept and indexed as the settings say; one that is being filled for another encoder as that one."""
        given = self.vectors
        return [given[name].keep(spec) if (name := spec.name.removesuffix(NEXT)) in given else spec for spec in specs]

    def __repr_args__(self) -> ReprArgs:
        """Without what stands before the @ of a server's URL, which is a secret."""
        for name, value in super().__repr_args__():
            yield name, without_credentials(value) if name == "store" else value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then the environment, then medley.toml."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)


def without_credentials(store: str) -> str:
    """The store as it may be shown: a server's URL without what stands before its @, which is a secret."""
    return re.sub(r"(?<=://)[^/]*@", "", store)


def load_settings(**given: Any) -> Settings:
    """The settings in force; `given` go before the environment and medley.toml.

    Raises:
        UsageError: one of them is wrong; the sentence names it, and where it is from.
    """
    check_environment(Settings, os.environ)
    try:
        return Settings(**given)
    except TOMLDecodeError as error:
        raise UsageError(f"{FILE} is not valid TOML: {error}.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{FILE} cannot be read ({error}): mend or remove it.") from error
    except ValidationError as error:
        raise UsageError(_wrong(error, sources(given))) from error


def sources(given: Mapping[str, Any]) -> list[Source]:
    """What the settings are put together from, the first word first."""
    return [
        Source("argument", "argument", given),
        Source("environment", "", EnvSettingsSource(Settings)()),
        Source("file", FILE, TomlConfigSettingsSource(Settings)()),
    ]


def _wrong(error: ValidationError, known: Sequence[Source]) -> str:
    problem = gravest(error.errors(include_url=False))
    steps = [str(step) for step in problem["loc"]]
    if problem["type"] == UNKNOWN:
        steps.append(problem["ctx"]["field"])
    at = ".".join(steps)
    source = next((one for one in known if one.says(steps)), known[0])
    where = "" if source.kind == "argument" else f" ({source.called(steps)})"
    if problem["type"] == UNKNOWN:
        near = {".".join([*steps[:-1], name]) for name in problem["ctx"]["known"].split(", ")}
        return f"There is no setting {at!r}{where}. {guess(at, near)}"
    return told(f"The setting {at!r}{where}", problem, secret="api_key" in steps)
