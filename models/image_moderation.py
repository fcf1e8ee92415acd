"""What a picture shows that may do harm, as far as small packaged networks can tell: sexual content and firearms.

Sexual content is judged by Yahoo's open_nsfw, firearms by the classes that EfficientNet-Lite0 has for them. Nothing
here knows violence, hate or self-harm in pictures, so those are not among `categories`. What it gets wrong is written
down in docs/image-moderation.md.
"""

from __future__ import annotations

import io
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from playhead.models import weights
from playhead.models.concepts import LabelNetwork, labels
from playhead.models.needs import Needs
from playhead.models.roles import Finding
from playhead.models.runtime import session

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from playhead.models.roles import Image

_BATCH = 8
_WHOLE_SIDE, _SIDE = 256, 224
_MEAN_BGR = np.array([104, 117, 123], np.float32)
# Left out on purpose: missile and projectile (rockets of space flight), cannon and tank (museums), bow (sport),
# cleaver (kitchens), guillotine, bulletproof vest and military uniform (no weapons).
WEAPONS = ("assault rifle", "rifle", "revolver", "holster")
# The network's makers call 0.8 and above unsafe; that is where the odds are even here.
_UNSAFE = 0.8
_TELLING = 0.05  # below this a raw score rests on nothing that could be named


class OpenNSFW:
    """Sexual content and firearms in pictures, from packaged weights; two small networks a picture."""

    categories = frozenset({"sexual", "illicit"})

    def __init__(self, argument: str = "", *, threads: int = 1, device: str = "cpu") -> None:  # noqa: ARG002
        self.id = self.needs(argument).identity
        self._network = LabelNetwork()

    @staticmethod
    def needs(argument: str = "") -> Needs:  # noqa: ARG004
        """Both networks and what runs them."""
        return Needs(
            "open-nsfw",
            packages=("onnxruntime", "PIL", "torch"),
            weights=("open-nsfw.weights", "efficientnet-lite0.weights"),
        )

    def moderate(self, images: Sequence[Image]) -> list[tuple[Finding, ...]]:
        """For each image one finding for each of `categories`, most likely first."""
        found: list[tuple[Finding, ...]] = []
        for start in range(0, len(images), _BATCH):
            batch = images[start : start + _BATCH]
            pairs = zip(self._sexual(batch), self._weapons(batch), strict=True)
            found += [tuple(sorted(pair, key=lambda finding: -finding.score)) for pair in pairs]
        return found

    def _sexual(self, images: Sequence[Image]) -> list[Finding]:
        session = self._session
        inputs = {session.get_inputs()[0].name: np.stack([prepared(image) for image in images])}
        [chances] = session.run(None, inputs)
        return [Finding("sexual", tempered(float(raw)), _cue("open_nsfw", raw)) for raw in chances[:, 1]]

    def _weapons(self, images: Sequence[Image]) -> list[Finding]:
        logits = self._network.look(images).logits
        chances = np.exp(logits - logits.max(axis=1, keepdims=True))
        chances /= chances.sum(axis=1, keepdims=True)
        return [_firearm(row) for row in chances[:, list(weapon_classes())]]

    @cached_property
    def _session(self) -> Any:
        return session(weights.locate("open-nsfw.weights"))


def prepared(image: Image) -> NDArray[np.float32]:
    """`(224, 224, 3)` as open_nsfw was trained: squashed to 256, through JPEG, the middle of it, BGR less its mean.

    The steps are those of Yahoo's published `classify_nsfw.py`; without the JPEG the scores move by some percent.
    """
    from PIL import Image as Pillow

    square = Pillow.fromarray(np.ascontiguousarray(image)).resize(
        (_WHOLE_SIDE, _WHOLE_SIDE), Pillow.Resampling.BILINEAR
    )
    file = io.BytesIO()
    square.save(file, "JPEG", quality=75)
    edge = (_WHOLE_SIDE - _SIDE) // 2
    with Pillow.open(file) as compressed:
        middle = compressed.crop((edge, edge, edge + _SIDE, edge + _SIDE))
        rgb = np.asarray(middle, np.float32)
    return np.ascontiguousarray(rgb[..., ::-1] - _MEAN_BGR)


def tempered(raw: float) -> float:
    """The chance of sexual content at a raw score, when it is rarer than in the network's training.

    The odds are divided by those of `_UNSAFE`, four: the correction for another prior (Saerens, Latinne and
    Decaestecker 2002), from even classes to one picture in five.
    """
    return raw / (raw + (1 - raw) * _UNSAFE / (1 - _UNSAFE))


@cache
def weapon_classes() -> tuple[int, ...]:
    """Where `WEAPONS` stand among the thousand classes, in their order."""
    names = [label.name for label in labels()]
    return tuple(names.index(weapon) for weapon in WEAPONS)


def _firearm(chances: NDArray[np.float32]) -> Finding:
    best = int(np.argmax(chances))
    return Finding("illicit", min(1.0, float(chances.sum())), _cue(WEAPONS[best], chances[best]))


def _cue(what: str, raw: float) -> str:
    return f"{what} {raw:.2f}" if raw >= _TELLING else ""
