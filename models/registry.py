"""The set of models in use: a spec for each role, and each model loaded when it is first asked for.

A spec is `backend` or `backend:argument` (`clip:openai/clip-vit-base-patch32`). Adding a backend takes a class that
satisfies its role's Protocol, with a static `needs(argument)`, and one line in `BACKENDS`; or an entry point of
another package (`offered.py`), which can add a name and never take one.
"""

from __future__ import annotations

import difflib
import threading
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

from playhead.errors import PlayheadError, SettingsError
from playhead.models import hub, offered
from playhead.models.captions import Composed
from playhead.models.gallery import Gallery
from playhead.models.roles import GENERATION, Role

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from playhead.models.needs import Needs
    from playhead.models.offered import Offered
    from playhead.models.roles import (
        Captioner,
        Detector,
        FilmGenerator,
        ImageGenerator,
        ImageModerator,
        ImageTextEncoder,
        SentenceEncoder,
        SoundGenerator,
        TextModerator,
        TextReader,
        Transcriber,
        Voice,
        VoiceActivity,
    )
    from playhead.plugins import Plugin


@dataclass(frozen=True, slots=True)
class Backend:
    """Where a backend's class is (`module:Class`), and the argument it takes when the spec gives none.

    `example` says what the argument is, for those that cannot do without.
    """

    target: str
    default: str = ""
    example: str = ""

    @property
    def type(self) -> Any:
        """The class, imported now; its module imports nothing heavy."""
        module, _, name = self.target.partition(":")
        return getattr(import_module(f"playhead.models.{module}"), name)

    def needs(self, argument: str) -> Needs:
        """What it needs."""
        return cast("Needs", self.type.needs(argument))

    def load(self, argument: str, how: dict[str, Any]) -> Any:
        """The model."""
        return self.type(argument, **how)


BACKENDS: dict[Role, dict[str, Backend]] = {
    Role.PICTURE: {
        "concepts": Backend("concepts:Concepts", default="head"),
        "clip": Backend("picture:CLIP", example="openai/clip-vit-base-patch32"),
        "siglip": Backend("picture:SigLIP", example="google/siglip2-base-patch16-224"),
    },
    Role.OBJECTS: {
        "ssd": Backend("objects:SSD"),
        "detr": Backend("objects:DETR", example="facebook/detr-resnet-50"),
    },
    Role.TEXT: {"rapidocr": Backend("text:RapidOCR")},
    Role.VOICE_ACTIVITY: {"silero": Backend("voice:Silero")},
    Role.SPEECH: {
        "whisper": Backend("speech:Whisper", default="base"),
        "faster-whisper": Backend("speech:FasterWhisper", default="base"),
        "openai-whisper": Backend("speech:OpenAIWhisper", default="base"),
    },
    Role.SENTENCES: {
        "multilingual": Backend("multilingual:Multilingual"),
        "use": Backend("use:USE"),
        "minilm": Backend("sentences:MiniLM"),
        "sentence-transformers": Backend(
            "sentences:SentenceTransformersEncoder", example="intfloat/multilingual-e5-small"
        ),
    },
    Role.CAPTION: {
        "composed": Backend("captions:Composed"),
        "blip": Backend("captions:BLIP", example="Salesforce/blip-image-captioning-base"),
    },
    Role.TEXT_SAFETY: {
        "heads": Backend("moderation:Heads"),
        "llama-guard": Backend("guard:LlamaGuard", example="meta-llama/Llama-Guard-3-1B"),
    },
    Role.IMAGE_SAFETY: {
        "open-nsfw": Backend("image_moderation:OpenNSFW"),
        "clip": Backend("clip_moderation:CLIPChecker", example="openai/clip-vit-base-patch32"),
    },
    Role.IMAGE_GENERATION: {
        "none": Backend("gallery:Nothing"),
        "diffusers": Backend("generators:DiffusersImage", example="Tongyi-MAI/Z-Image-Turbo"),
    },
    Role.SOUND_GENERATION: {
        "none": Backend("gallery:Nothing"),
        "diffusers": Backend("generators:DiffusersSound", example="cvssp/audioldm2"),
    },
    Role.FILM_GENERATION: {
        "none": Backend("gallery:Nothing"),
        "diffusers": Backend("generators:DiffusersFilm", example="Wan-AI/Wan2.2-TI2V-5B-Diffusers"),
    },
    Role.VOICE: {
        "hibari": Backend("speaking:Hibari"),
        "vits": Backend("speaking:VITS", example="facebook/mms-tts-eng"),
    },
}
# The roles a composed caption is made from, in the order its class takes them.
COMPOSED_FROM = (Role.OBJECTS, Role.PICTURE, Role.TEXT)

OFFLINE: dict[str, str] = {
    "picture": "concepts:head",
    "objects": "ssd",
    "text": "rapidocr",
    "voice_activity": "silero",
    "speech": "whisper:base",
    "sentences": "multilingual",
    "caption": "composed",
    "text_safety": "heads",
    "image_safety": "open-nsfw",
    "image": "none",
    "sound": "none",
    "film": "none",
    "voice": "hibari",
}
# Generators are tens of gigabytes: no profile downloads one that nobody named.
HUB: dict[str, str] = OFFLINE | {
    "picture": "clip:openai/clip-vit-base-patch32",
    "objects": "detr:facebook/detr-resnet-50",
    "caption": "blip:Salesforce/blip-image-captioning-base",
}
PROFILES: dict[str, dict[str, str]] = {"offline": OFFLINE, "hub": HUB}


@dataclass(frozen=True, slots=True)
class Status:
    """Whether the model of a role could be loaded; `problem` says what is missing and how to get it."""

    role: Role
    spec: str
    id: str
    ready: bool
    problem: str = ""


@dataclass(frozen=True, slots=True)
class _Choice:
    """A spec taken apart and found in the table."""

    role: Role
    spec: str
    backend: Backend | Offered
    argument: str

    @property
    def composed(self) -> bool:
        return self.backend.type is Composed

    @property
    def nothing(self) -> bool:
        """Whether it stands for there being no model."""
        return self.spec == "none"

    def needs(self) -> Needs:
        return self.backend.needs(self.argument)


class Models:
    """`Models(OFFLINE).sentences.encode([...])`: one model a role, loaded on first use and kept.

    Roles that `specs` leaves out are those of the offline profile. A spec that does not exist is refused here.
    `gallery` has more generators by role and name; `resident` of all of them stay loaded at once.
    """

    def __init__(
        self,
        specs: Mapping[str, str] | None = None,
        *,
        gallery: Mapping[str, Mapping[str, str]] | None = None,
        threads: int = 1,
        device: str = "cpu",
        memory: str = "auto",
        resident: int = 1,
    ) -> None:
        self.threads, self.device, self.memory = threads, device, memory
        chosen = OFFLINE | dict(specs or {})
        self._choices = {choice.role: choice for choice in (_choose(role, spec) for role, spec in chosen.items())}
        named = {(role, name): spec for role, shown in (gallery or {}).items() for name, spec in shown.items()}
        self._gallery = Gallery(
            {
                **{(role, ""): self._choices[role] for role in GENERATION},
                **{(_shown(role), name): _choose(role, spec) for (role, name), spec in named.items()},
            },
            self._load_generator,
            resident,
            device,
        )
        self._loaded: dict[Role, Any] = {}
        self._given: dict[Role, Any] = {}
        self._lock = threading.RLock()

    @property
    def picture(self) -> ImageTextEncoder:
        """Pictures and words in one space."""
        return cast("ImageTextEncoder", self._get(Role.PICTURE))

    @property
    def objects(self) -> Detector:
        """Objects in pictures."""
        return cast("Detector", self._get(Role.OBJECTS))

    @property
    def text(self) -> TextReader:
        """Writing in pictures."""
        return cast("TextReader", self._get(Role.TEXT))

    @property
    def voice_activity(self) -> VoiceActivity:
        """Where somebody speaks."""
        return cast("VoiceActivity", self._get(Role.VOICE_ACTIVITY))

    @property
    def speech(self) -> Transcriber:
        """Speech into words."""
        return cast("Transcriber", self._get(Role.SPEECH))

    @property
    def sentences(self) -> SentenceEncoder:
        """Sentences into vectors."""
        return cast("SentenceEncoder", self._get(Role.SENTENCES))

    @property
    def caption(self) -> Captioner:
        """Sentences about pictures."""
        return cast("Captioner", self._get(Role.CAPTION))

    @property
    def text_safety(self) -> TextModerator:
        """Categories of harm that texts fall in."""
        return cast("TextModerator", self._get(Role.TEXT_SAFETY))

    @property
    def image_safety(self) -> ImageModerator:
        """Categories of harm that pictures fall in."""
        return cast("ImageModerator", self._get(Role.IMAGE_SAFETY))

    @property
    def image(self) -> ImageGenerator | None:
        """Pictures out of words; None where nothing draws."""
        return cast("ImageGenerator | None", self.generator(Role.IMAGE_GENERATION))

    @property
    def sound(self) -> SoundGenerator | None:
        """Sound out of words; None where nothing makes any."""
        return cast("SoundGenerator | None", self.generator(Role.SOUND_GENERATION))

    @property
    def film(self) -> FilmGenerator | None:
        """Film out of words; None where nothing makes any."""
        return cast("FilmGenerator | None", self.generator(Role.FILM_GENERATION))

    def generator(self, role: Role, name: str = "") -> Any:
        """The generator of a name in the role's gallery, loaded; without a name the role's own, or None.

        Loading it may take minutes and drop another. Raises `SettingsError` for a name that is not there.
        """
        with self._lock:
            return self._given.get(role) if role in self._given and not name else self._gallery.get(role, name)

    def generates(self, role: Role, name: str = "") -> bool:
        """Whether there is a generator to ask for; loads nothing. Raises `SettingsError` for an unknown name."""
        return (role in self._given and not name) or self._gallery.holds(role, name)

    @property
    def voice(self) -> Voice:
        """Sentences into speech."""
        return cast("Voice", self._get(Role.VOICE))

    def put(self, role: Role, model: Any) -> None:
        """Use a model of your own; it must satisfy the role's Protocol and carry an `id`."""
        with self._lock:
            self._loaded[role] = self._given[role] = model

    def settle(self, roles: Iterable[Role]) -> None:
        """Load those of `roles` that are not on this machine yet: until then their `identity` is provisional.

        Generators are left: footage may serve, and then nobody needs to have downloaded one.
        """
        for role in roles:
            if role in GENERATION:
                continue
            if self._choices[role].composed:
                self.settle(COMPOSED_FROM)
            elif self._choices[role].needs().provisional:
                self._get(role)

    def spec(self, role: str) -> str:
        """The spec by which the role's model was chosen."""
        return self._choices[_role(role)].spec

    def identity(self, role: str) -> str:
        """The `id` the role's model has or will have, without loading it; of a gallery, those of all in it."""
        choice = self._choices[_role(role)]
        if choice.role in self._given:
            return str(self._given[choice.role].id)
        if choice.role in GENERATION:
            return self._gallery.identity(choice.role)
        if choice.composed:
            return Composed.identity(*(self.identity(part) for part in COMPOSED_FROM))
        return choice.needs().identity

    def status(self) -> list[Status]:
        """For each role, and each name in a gallery, what is missing, by presence and size of files.

        Loads and hashes nothing big. Nobody needs a generator: where there is `none`, that is no problem.
        """
        return [self._status(choice) for choice in [*self._choices.values(), *self._gallery.named()]]

    def _status(self, choice: _Choice) -> Status:
        try:
            problem = self._problem(choice)
            identity = choice.needs().identity if choice.role in GENERATION else self.identity(choice.role)
        except PlayheadError as error:
            problem, identity = error, ""
        return Status(choice.role, choice.spec, identity, problem is None, str(problem or ""))

    def _problem(self, choice: _Choice) -> PlayheadError | None:
        if choice.composed:
            found = (self._problem(self._choices[part]) for part in COMPOSED_FROM)
            return next((problem for problem in found if problem), None)
        return choice.needs().problem()

    def _get(self, role: Role) -> Any:
        with self._lock:
            if role not in self._loaded:
                self._loaded[role] = self._load(self._choices[role])
            return self._loaded[role]

    def _load_generator(self, choice: _Choice) -> Any:
        if problem := choice.needs().broken():
            raise problem
        hub.check_device(self.device)
        how = {"threads": self.threads, "device": self.device, "memory": self.memory}
        return choice.backend.load(choice.argument, how)

    def _load(self, choice: _Choice) -> Any:
        if choice.composed:
            return Composed(*(self._get(part) for part in COMPOSED_FROM))
        if problem := choice.needs().broken():
            raise problem
        if _ON_TORCH & set(choice.needs().packages):
            hub.check_device(self.device)
        return choice.backend.load(choice.argument, {"threads": self.threads, "device": self.device})


_ON_TORCH = {"torch", "sentence_transformers"}


def plugins() -> tuple[Plugin, ...]:
    """The backends that packages offer, those that cannot be used with the reason. Imports every one."""
    return offered.plugins(BACKENDS)


def _choose(role_name: str, spec: str) -> _Choice:
    role = _role(role_name)
    name, _, argument = spec.partition(":")
    backend = BACKENDS[role].get(name) or offered.backend(role, name)
    if backend is None:
        raise _unknown(f"{role} model", name, [*BACKENDS[role], *offered.names(role)])
    if not argument and backend.example:
        raise SettingsError(
            f"{name!r} does not say which model",
            "it needs a hub name or a folder",
            f"For example {name}:{backend.example}.",
        )
    if argument and not (backend.example or backend.default):
        raise SettingsError(f"{name!r} takes no argument", f"the spec says {spec!r}", f"Use {name!r}.")
    choice = _Choice(role, spec, backend, argument or backend.default)
    if argument and backend.default:
        choice.needs()  # refuses an argument it does not know
    return choice


def _shown(role: str) -> Role:
    if role not in GENERATION:
        raise SettingsError(f"there is no gallery of {role}", fix=f"There is one of {', '.join(GENERATION)}.")
    return Role(role)


def _role(name: str) -> Role:
    try:
        return Role(name)
    except ValueError:
        raise _unknown("role", name, list(Role)) from None


def _unknown(kind: str, name: str, known: Iterable[str]) -> SettingsError:
    names = list(known)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    hint = f"Did you mean {close[0]}? " if close else ""
    return SettingsError(f"there is no {kind} {name!r}", fix=f"{hint}There is: {', '.join(names)}.")
