"""What the tools that make something share: their arguments, who makes it, and what the file says of itself."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, StringConstraints

from playhead.errors import SettingsError
from playhead.media.cards import labelled
from playhead.media.origins import SourceType
from playhead.models.registry import BACKENDS
from playhead.models.roles import GENERATION, Prompt, Role
from playhead.tools.contract import Arguments
from playhead.tools.doorway import DATA
from playhead.tools.naming import fingerprint
from playhead.types import Origin, Progress, Source, format_time

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from playhead.models.roles import Image
    from playhead.tools.contract import Context
    from playhead.types import Part

SEEDS = 2**32
_LONGEST = 2000
_NAMED = 40
MAKERS = frozenset({*GENERATION, Role.PICTURE, Role.SENTENCES})
"""The models that a making tool may run. Generators take turns, whatever they make: memory is for one."""
_DOES = {Role.IMAGE_GENERATION: "draw", Role.SOUND_GENERATION: "make sound", Role.FILM_GENERATION: "make film"}

Description = Annotated[str, StringConstraints(strip_whitespace=True, max_length=_LONGEST), DATA]


class DrawArgs(Arguments):
    """What is to be made, in words, and how."""

    prompt: Description = Field(min_length=1, description="What it is to show or sound like, in plain words.")
    negative_prompt: Description = Field("", description="What it is not to show or sound like.")
    seed: int = Field(0, ge=0, lt=SEEDS, description="The same seed gives the same; another gives another.")
    steps: int | None = Field(None, ge=1, le=500, description="Steps of the model; empty: its own number.")
    guidance: float | None = Field(
        None, ge=0, le=50, allow_inf_nan=False, description="How closely it keeps to the prompt; empty: its own."
    )
    model: str = Field(
        "", max_length=100, description="Name of a model in the gallery of the settings; empty: the default."
    )

    def said(self, number: int = 0) -> Prompt:
        """What the generator is told, for the first or a later one of several."""
        seed = (self.seed + number) % SEEDS
        return Prompt(self.prompt, self.negative_prompt, seed, self.steps or 0, self.guidance)


class MakeArgs(DrawArgs):
    """What is to be made, and whether footage will do."""

    source: Literal["auto", "retrieved", "generated"] = Field(
        "auto", description="Footage of the library where it shows this, else new; only footage; or only new."
    )
    threshold: float | None = Field(
        None, ge=0, le=1, description="From this probability on footage is taken; empty: as the settings say."
    )


def generator(role: Role, name: str, context: Context) -> Any:
    """The generator that is asked for, loaded. Raises `SettingsError` that says how to name one."""
    models = context.library.models
    if not models.generates(role, name):
        raise nobody(role)
    context.progress(Progress("loading the model", name or str(role)))
    return models.generator(role, name)


def nobody(role: Role) -> SettingsError:
    """That no generator is configured, and how to."""
    example = BACKENDS[role]["diffusers"].example
    return SettingsError(
        f"Nothing here can {_DOES[role]}",
        f"no model is named for the role {role}, and none comes with Playhead",
        f'Name one in playhead.toml, under [models]: {role} = "diffusers:{example}"; docs/models.md lists some',
    )


def watch(stage: str, prompt: str, context: Context) -> Callable[[int, int], None]:
    """Tells whoever waits how far a generator is."""
    name = prompt if len(prompt) <= _NAMED else f"{prompt[: _NAMED - 1]}…"
    return lambda done, total: context.progress(Progress(stage, name, done, total))


def generated(args: DrawArgs, model: str, number: int = 0, parts: tuple[Any, ...] = (), note: str = "") -> Origin:
    """The origin of what a model made."""
    return Origin(Source.GENERATED, parts, model, args.said(number).seed, args.prompt, note)


def target(kind: str, suffix: str, decides: object, context: Context) -> Path:
    """The file of a result in the context's folder: the same call has the same name, another has another."""
    return context.folder / f"{kind}-{fingerprint(decides)}{suffix}"


def footage_of(parts: Sequence[Part]) -> list[object]:
    """Stretches of footage as they decide a name: which videos, not where these lie."""
    return [(part.video.id, part.span.start_s, part.span.end_s) for part in parts]


def digest(image: Image | None) -> str:
    """The pixels of a picture, as they decide a name; empty of none."""
    return "" if image is None else hashlib.sha256(repr(image.shape).encode() + image.tobytes()).hexdigest()


def marked(image: Image, origin: Origin, context: Context) -> Image:
    """The picture with the label that the policy asks for, or as it is."""
    said = mark(origin, context)
    return labelled(image, said) if said else image


def mark(origin: Origin, context: Context) -> str:
    """What the label is to say by policy; empty where there is to be none."""
    return label(origin) if context.gate.policy.labels(origin.source) else ""


def label(origin: Origin) -> str:
    """What the label in the corner says."""
    where = "".join(f" {part.video.name} {format_time(part.span.start_s)}" for part in origin.parts[:1])
    return {
        Source.GENERATED: f"generated by {short(origin.model)}",
        Source.RETRIEVED: f"from{where}",
        Source.STAND_IN: f"stand-in:{where}",
        Source.COMPOSED: "a card: nothing here could draw this",
    }[origin.source]


def short(model: str) -> str:
    """A model's name without its revision, and without the folders of this machine."""
    name = model.partition("@")[0].removeprefix("diffusers:")
    return Path(name).name if name.startswith(("/", ".", "~")) else name


def kind_of(origin: Origin) -> SourceType | None:
    """What the IPTC calls it; None of footage, of which nobody here knows how it was made."""
    if origin.source is Source.GENERATED:
        return SourceType.CHANGED_BY_MODEL if origin.parts else SourceType.MODEL
    return SourceType.ALGORITHM if origin.source is Source.COMPOSED else None
