"""Settings from flags, the environment (`PLAYHEAD_…`) and `playhead.toml`, in that order of precedence.

# playhead.toml
library = "~/footage.playhead"
profile = "offline"
fps = 2.0
[models]
picture = "clip:openai/clip-vit-base-patch32"
[gallery.image]
sketch = "diffusers:stabilityai/sd-turbo"
"""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)
from pydantic_settings import SettingsError as PydanticSettingsError

from playhead.errors import SettingsError
from playhead.types import Channel, Limits, Mode

if TYPE_CHECKING:
    from collections.abc import Iterable

DEFAULT_CHANNELS = (Channel.PICTURE, Channel.OBJECT, Channel.TEXT, Channel.SPEECH, Channel.MOTION)


class Settings(BaseSettings):
    """Everything a person can choose. Unknown names are refused."""

    model_config = SettingsConfigDict(
        env_prefix="PLAYHEAD_",
        env_nested_delimiter="__",
        env_ignore_empty=True,
        toml_file="playhead.toml",
        extra="forbid",
    )

    library: Path = Field(Path("~/footage.playhead"), description="Folder that holds the library.")
    profile: Literal["offline", "hub"] = Field(
        "offline", description="Which set of models: weights inside packages, or downloaded once from a hub."
    )
    models: dict[str, str] = Field(
        default_factory=dict, description="Model by role, over the profile's, as `backend:name`."
    )
    gallery: dict[Literal["image", "sound", "film"], dict[str, str]] = Field(
        default_factory=dict, description="More generators by task and name, as `diffusers:NAME`."
    )
    resident: int = Field(1, ge=1, description="How many generators stay loaded at once.")
    memory: Literal["auto", "whole", "sparing"] = Field(
        "auto", description="Generators whole on the device, or in parts: slower, in less memory; auto: as it fits."
    )
    retrieve_from: float = Field(
        0.5, ge=0, le=1, description="From this probability on footage is taken where something new is asked for."
    )
    chat: str = Field(
        "", description="Language model that plans and words answers, e.g. ollama:qwen3:8b; empty: none."
    )
    channels: Annotated[tuple[Channel, ...], NoDecode] = Field(
        DEFAULT_CHANNELS, min_length=1, description="What to observe."
    )
    sensor: Literal["auto", "picture", "thermal", "depth"] = Field(
        "auto", description="What the camera saw: light, heat or distance; auto: as the name of the file says."
    )
    fps: float = Field(1.0, gt=0, le=60, description="Pictures looked at per second of video.")
    mode: Mode = Field(
        Mode.FULL,
        description="How closely to watch: full, fast (skips some frames) or preview (pictures of key frames).",
    )
    subtitles: Literal["prefer", "also", "ignore"] = Field(
        "prefer", description="Use subtitles instead of speech recognition, beside it, or not at all."
    )
    language: str = Field("", description="Language spoken (ISO 639-1); empty: recognised.")
    threads: int = Field(0, ge=0, description="Processor threads for models; 0: every core.")
    device: str = Field("cpu", description="Torch device for hub models: cpu, cuda, cuda:1, mps.")
    roots: Annotated[tuple[Path, ...], NoDecode] = Field((), description="Folders that tools may open files in.")
    limits: Limits = Field(default_factory=Limits, description="What one file may cost.")
    policy: str = Field(
        "default", description="What the gate lets through: default, strict, research, or a file of your own."
    )
    audit: Path | None = Field(
        None, description="File of the gate's audit log; empty: audit.jsonl in the library's folder."
    )
    exact_limit: int = Field(
        1_000_000,
        ge=0,
        description="Up to so many vectors of a channel are all compared; beyond, Chroma finds them.",
    )

    on: Literal["here", "ray"] = Field("here", description="Where videos are observed: in this process, or by Ray.")
    ray_address: str = Field(
        "", description="Ray's cluster, as RAY_ADDRESS has it; empty: that variable, or a Ray of its own here."
    )
    workers: int = Field(0, ge=0, description="Ray's workers; 0: one for each core of the cluster.")
    vectors: str = Field(
        "", description="Chroma server for nearest vectors, as https://HOST:PORT[/TENANT/DATABASE]; empty: none."
    )
    vectors_token: SecretStr = Field(SecretStr(""), description="Token for that server; best in the environment.")

    @field_validator("channels", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        return [part.strip() for part in value.split(",")] if isinstance(value, str) else value

    @field_validator("device")
    @classmethod
    def _known(cls, value: str) -> str:
        if not re.fullmatch(r"cpu|mps|cuda(:\d+)?", value):
            raise ValueError(f"there is no {value!r}, choose cpu, cuda, cuda:1 or mps")
        return value

    @field_validator("roots", mode="before")
    @classmethod
    def _paths(cls, value: object) -> object:
        return value.split(os.pathsep) if isinstance(value, str) else value

    @field_validator("library", mode="before")
    @classmethod
    def _named(cls, value: object) -> object:
        if value == "":
            raise ValueError("it is empty")
        return value

    @field_validator("library", mode="after")
    @classmethod
    def _home(cls, value: Path) -> Path:
        return Path(os.path.expanduser(value))

    @field_validator("roots", mode="after")
    @classmethod
    def _homes(cls, value: tuple[Path, ...]) -> tuple[Path, ...]:
        return tuple(Path(os.path.expanduser(path)) for path in value)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Flags, then the environment, then `playhead.toml` in the working folder."""
        del dotenv_settings, file_secret_settings
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)


def load_settings(**flags: object) -> Settings:
    """The settings in force; flags that are `None` were not given. Raises `SettingsError`."""
    given = {name: value for name, value in flags.items() if value is not None}
    _check_environment()
    try:
        return Settings(**given)  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "settings"
        if first["type"] == "extra_forbidden" and len(first["loc"]) == 1:
            raise _unknown(where, Settings.model_fields, f"There is no setting {where}") from error
        raise SettingsError(
            f"The setting {where} cannot be used",
            str(first["msg"]).lower().removeprefix("value error, "),
            "Look at flags, PLAYHEAD_… variables and playhead.toml, in this order",
        ) from error
    except PydanticSettingsError as error:
        raise SettingsError("A PLAYHEAD_… variable cannot be used", str(error)) from error
    except (tomllib.TOMLDecodeError, OSError, UnicodeDecodeError) as error:
        raise SettingsError("playhead.toml cannot be read", str(error), "Mend or remove it") from error


def _check_environment() -> None:
    known = {f"PLAYHEAD_{name.upper()}" for name in Settings.model_fields} | {"PLAYHEAD_CACHE"}
    for name in os.environ:
        if name.startswith("PLAYHEAD_") and name.partition("__")[0] not in known:
            raise _unknown(name, known, f"There is no setting for the variable {name}")


def _unknown(name: str, known: Iterable[str], what: str) -> SettingsError:
    close = difflib.get_close_matches(name, known, n=1)
    return SettingsError(what, "", f"Did you mean {close[0]}?" if close else f"There are: {', '.join(sorted(known))}")
