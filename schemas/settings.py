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

    preset: Annotated[str | None, Field(description="else that of the collection; a new one is made for 'offline'")] = (
        None
    )
    ocr: Annotated[
        Literal["auto", "always", "off"] | None,
        Field(description="words in pictures: of those that seem to hold some, or of all; else that of the collection"),
    ] = None
    transcript: Annotated[str | None, Field(description="off, or a speech model; else as the preset says")] = None
    caption: Annotated[str | None, Field(description="off, or a model that describes pictures; else as the preset")] = (
        None
    )
    threads: Annotated[int, Field(ge=0, description="threads a model may use; 0: chosen for the machine")] = 0
    device: Annotated[str, Field(description="auto (cuda, else mps, else cpu), or one by name")] = "auto"
    models: dict[str, str] = Field(default_factory=dict, description="a folder or hub id by the name of what runs it")
    trust: list[str] = Field(default_factory=list, description="hub ids or folders whose own code may run")

    @property
    def enrichers(self) -> dict[str, str]:
        """Those that are switched on or off here, by name."""
        given = {"ocr": self.ocr, "transcript": self.transcript, "caption": self.caption}
        return {name: value for name, value in given.items() if value is not None}


class CrawlSettings(Strict):
    """Which files of a source are looked at."""

    hidden: Annotated[bool, Field(description="files whose names begin with a dot")] = False
    follow_links: Annotated[bool, Field(description="symbolic links, which lead out of the folder")] = False
    other_disks: Annotated[bool, Field(description="look into file systems that are mounted below the folder")] = True
    min_size: Annotated[int, Field(ge=0, description="bytes; smaller files are excluded")] = 0
    max_size: Annotated[int, Field(ge=0, description="bytes; larger files are excluded; 0: no limit")] = 0
    include: list[str] = Field(default_factory=list, description="gitignore patterns; if given, nothing else is taken")
    exclude: list[str] = Field(default_factory=list, description="gitignore patterns")


class ReadSettings(Strict):
    """What reading one file may take before it is quarantined: see `schemas.limits.ReadLimits`."""

    seconds: Annotated[float, Field(gt=0, description="without a sign of progress")] = ReadLimits.seconds
    memory: Annotated[int, Field(ge=64_000_000, description="bytes")] = ReadLimits.memory

    @property
    def limits(self) -> ReadLimits:
        """The same, for those who read."""
        return ReadLimits(self.seconds, self.memory)


class VectorSettings(Strict):
    """How the engine keeps and indexes a named vector, where that is not left to Medley: see `schemas.VectorSpec`."""

    datatype: Annotated[
        Literal["float32", "float16"] | None, Field(description="float16 takes half the space; of new vectors")
    ] = None
    on_disk: Annotated[bool | None, Field(description="read from disk when needed, instead of kept in memory")] = None
    quantization: Annotated[
        Literal["none", "scalar", "product", "binary"] | None, Field(description="of dense vectors; else scalar")
    ] = None
    hnsw_m: Annotated[int | None, Field(description="edges of a node of the index; 0: no index")] = None
    ef_construct: Annotated[int | None, Field(description="candidates while the index is built")] = None

    def keep(self, spec: VectorSpec) -> VectorSpec:
        """The vector, kept as these settings say."""
        given: dict[str, Any] = self.model_dump(exclude_none=True)
        if given.get("quantization") == "none":
            given["quantization"] = None
        return replace(spec, **given)


class HttpSettings(Strict):
    """How `medley serve` listens, and to whom."""

    host: Annotated[str, Field(min_length=1, description="address to listen on")] = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535, description="0: one that is free")] = 8707
    api_key: Annotated[SecretStr | None, Field(min_length=8, description="asked of every client, where it is set")] = (
        None
    )
    max_body: Annotated[int, Field(ge=1, description="bytes of a request, uploads among them")] = 64_000_000
    rate: Annotated[float, Field(ge=0, description="requests a second that a client may send on average; 0: any")] = 0
    hosts: list[str] = Field(
        default_factory=list, description="names that the server may be called by; else see docs/http.md"
    )
    origins: list[str] = Field(default_factory=list, description="other web pages that may ask (CORS)")


def _named(collection: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", collection):
        raise ValueError(f"a name has 1 to 64 letters, digits, '_' and '-', and {collection!r} has not")
    return collection


class Settings(BaseSettings, Strict):
    """All settings. Built when they are needed, never at import."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter=JOINT, env_ignore_empty=True, toml_file=FILE, extra="forbid"
    )

    store: Annotated[str, Field(description="a folder for the embedded engine, or a server's URL")] = ".medley"
    collection: Annotated[
        str, AfterValidator(_named), Field(description="its name in the store, or an alias of it")
    ] = "medley"
    api_key: Annotated[SecretStr | None, Field(description="of the server")] = None
    timeout: Annotated[int, Field(ge=1, description="seconds that one attempt at a request to the server may take")] = (
        30
    )
    ca_file: Annotated[
        Path | None, Field(description="PEM file with the certificates that the server's is checked against")
    ] = None
    encoders: EncoderSettings = EncoderSettings()
    crawl: CrawlSettings = CrawlSettings()
    read: ReadSettings = ReadSettings()
    http: HttpSettings = HttpSettings()
    vectors: dict[str, VectorSettings] = Field(default_factory=dict, description="by the name of the vector")

    def keeping(self, specs: Iterable[VectorSpec]) -> list[VectorSpec]:
        """Vectors, kept and indexed as the settings say; one that is being filled for another encoder as that one."""
        given = self.vectors
        return [given[name].keep(spec) if (name := spec.name.removesuffix(NEXT)) in given else spec for spec in specs]

    def __repr_args__(self) -> ReprArgs:
        """Without what stands before the @ of a server's URL, which is a secret."""
        for name, value in super().__repr_args__():
            yield name, re.sub(r"(?<=://)[^/]*@", "", value) if name == "store" else value

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
