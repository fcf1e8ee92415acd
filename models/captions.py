"""A sentence about a picture: composed from what other models saw, or written by BLIP.

To add a backend: a class that satisfies `Captioner`, with a static `needs`, and a line in `registry.py`.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from playhead.models import hub
from playhead.models.needs import Needs
from playhead.models.roles import Caption

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from playhead.models.roles import Detector, Image, ImageTextEncoder, TextReader

_LIKELY = 0.25
_MOST_CONCEPTS = 2
_MOST_CHARACTERS = 80
_NUMBERS = ("no", "a", "two", "three", "four", "five")
_PLURALS = {"person": "people", "knife": "knives", "sheep": "sheep", "mouse": "mice", "skis": "skis"}
_PLURAL_ALREADY = ("skis", "scissors")
NOTHING = "Nothing that can be named."


@runtime_checkable
class ConceptNamer(Protocol):
    """A picture model that can also say in words what it sees."""

    def name_concepts(self, image: Image, count: int = 3) -> list[tuple[str, float]]:
        """The most likely names with their probabilities, best first."""


class Composed:
    """Sentences put together from objects, concepts and writing; marked as composed, never as seen by a captioner."""

    def __init__(self, objects: Detector, picture: ImageTextEncoder, text: TextReader) -> None:
        self._objects, self._picture, self._text = objects, picture, text
        self.id = self.identity(objects.id, picture.id, text.id)

    @staticmethod
    def identity(*parts: str) -> str:
        """The id that follows from the ids of its parts."""
        return f"composed@{hashlib.sha256('|'.join(parts).encode()).hexdigest()[:8]}.1"

    def caption(self, images: Sequence[Image]) -> list[Caption]:
        """One caption an image, at the cost of all three models."""
        return [self._caption(image) for image in images]

    def _caption(self, image: Image) -> Caption:
        [found] = self._objects.detect([image])
        named = self._picture.name_concepts(image) if isinstance(self._picture, ConceptNamer) else []
        lines = self._text.read(image)
        return Caption(compose([d.label for d in found], named, [line.text for line in lines]), composed=True)


class BLIP:
    """BLIP (Li et al. 2022) by hub name or folder; beam search, so the same picture gives the same sentence."""

    _MOST_TOKENS = 40

    def __init__(self, argument: str, *, threads: int = 1, device: str = "cpu") -> None:
        with hub.loading(argument) as folder:
            import torch
            from transformers import AutoImageProcessor, AutoTokenizer, BlipForConditionalGeneration

            hub.quiet_transformers()
            torch.set_num_threads(threads)
            self._processor = AutoImageProcessor.from_pretrained(folder)  # type: ignore[no-untyped-call]
            self._tokenizer = AutoTokenizer.from_pretrained(folder)
            blip: Any = BlipForConditionalGeneration
            self._model = blip.from_pretrained(folder).to(device).eval()
        self._device = device
        self.id = self.needs(argument).identity

    @staticmethod
    def needs(argument: str) -> Needs:
        """A hub name or a folder."""
        return Needs(f"blip:{argument}", packages=("torch", "transformers"), source=argument)

    def caption(self, images: Sequence[Image]) -> list[Caption]:
        """One caption an image."""
        return [self._caption(image) for image in images]

    def _caption(self, image: Image) -> Caption:
        import torch

        with torch.inference_mode():
            pixels = self._processor(images=[image], return_tensors="pt", input_data_format="channels_last")
            tokens = self._model.generate(
                pixel_values=pixels["pixel_values"].to(self._device),
                max_new_tokens=self._MOST_TOKENS,
                num_beams=3,
                do_sample=False,
            )
        text = str(self._tokenizer.decode(tokens[0], skip_special_tokens=True))
        return Caption(text.strip(), composed=False)


def compose(objects: Iterable[str], concepts: Iterable[tuple[str, float]] = (), lines: Iterable[str] = ()) -> str:
    """A sentence from object labels, named concepts with probabilities, and lines of on-screen text."""
    counts = Counter(objects)
    seen = _listed([_counted(label, count) for label, count in counts.most_common()])
    likely = [name for name, chance in concepts if chance >= _LIKELY and name not in counts][:_MOST_CONCEPTS]
    written = _shortened(" / ".join(line for line in lines if line))
    parts = [
        f"{seen[0].upper()}{seen[1:]}." if seen else "",
        f"Looks like: {', '.join(likely)}." if likely else "",
        f'Text on screen: "{written}".' if written else "",
    ]
    return " ".join(part for part in parts if part) or NOTHING


def _counted(label: str, count: int) -> str:
    if label in _PLURAL_ALREADY:
        return label
    if count == 1:
        return f"{'an' if label[0] in 'aeiou' else 'a'} {label}"
    number = _NUMBERS[count] if count < len(_NUMBERS) else "several"
    return f"{number} {_plural(label)}"


def _plural(label: str) -> str:
    if label in _PLURALS:
        return _PLURALS[label]
    return f"{label}es" if label.endswith(("s", "ch", "sh", "x")) else f"{label}s"


def _listed(items: list[str]) -> str:
    return f"{', '.join(items[:-1])} and {items[-1]}" if len(items) > 1 else "".join(items)


def _shortened(text: str) -> str:
    return text if len(text) <= _MOST_CHARACTERS else f"{text[: _MOST_CHARACTERS - 1].rstrip()}…"
