"""Pictures, sound and film by diffusers pipelines, and what there is instead where none is configured: nothing.

To add a backend: a class that satisfies the role's Protocol, with a static `needs`, and a line in `registry.py`.
"""

from __future__ import annotations

import inspect
import math
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from playhead.errors import InputError, ModelError
from playhead.models.diffusion import Pipeline
from playhead.models.needs import Needs
from playhead.models.roles import Recording, unwatched

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from playhead.models.roles import Image, Prompt

_PACKAGES = ("diffusers", "torch", "transformers")
_LEAST_GRAIN = 16
# What makes film out of a picture, beside what makes it out of words alone: the same weights serve both.
_FROM_PICTURE = {
    "WanPipeline": "WanImageToVideoPipeline",
    "LTXPipeline": "LTXImageToVideoPipeline",
    "LTX2Pipeline": "LTX2ImageToVideoPipeline",
}
_LENGTHS = ("audio_length_in_s", "audio_end_in_s", "audio_duration_s", "audio_duration", "duration")


class _Diffusers:
    """A diffusers pipeline that plays a role."""

    def __init__(self, argument: str, *, threads: int = 1, device: str = "cpu", memory: str = "auto") -> None:
        self._source = argument
        self._pipeline = Pipeline(argument, threads=threads, device=device, memory=memory)
        self.id = self.needs(argument).identity

    @staticmethod
    def needs(argument: str) -> Needs:
        """A hub name or a folder."""
        return Needs(f"diffusers:{argument}", packages=_PACKAGES, source=argument)

    def grain(self) -> int:
        """Widths and heights must be multiples of this many pixels."""
        return _grain(self._pipeline.base)

    def _suits(self, width: int, height: int) -> None:
        grain = self.grain()
        if width % grain or height % grain:
            near = " or ".join(f"{_rounded(width, grain, up)}x{_rounded(height, grain, up)}" for up in (False, True))
            why = f"{self._source} works in steps of {grain} pixels"
            raise InputError(f"{width}x{height} pixels cannot be drawn", why, f"Ask for {near}")

    def _refuse(self, what: str, why: str) -> NoReturn:
        raise ModelError(f"{self._source} cannot {what}", why, "Name another model: docs/models.md lists some")


class DiffusersImage(_Diffusers):
    """Text to image, image to image and inpainting, as far as the pipeline has relatives that do."""

    def draw(
        self, prompt: Prompt, width: int = 0, height: int = 0, step: Callable[[int, int], None] = unwatched
    ) -> Image:
        """A new picture."""
        self._suits(width, height)
        pipe = self._pipeline.relative("AutoPipelineForText2Image", "draw from words alone")
        size = {"width": width or None, "height": height or None}
        return self._picture(self._pipeline.run(pipe, prompt, size | _PIXELS, step, _smaller(width, height)))

    def redraw(
        self,
        prompt: Prompt,
        image: Image,
        strength: float | None = None,
        mask: NDArray[np.bool_] | None = None,
        step: Callable[[int, int], None] = unwatched,
    ) -> Image:
        """The picture, changed. Raises `InputError` where nothing would change."""
        from PIL import Image as Pillow

        height, width = image.shape[:2]
        self._suits(width, height)
        if strength and prompt.steps and int(prompt.steps * strength) < 1:
            why = f"{strength:g} of {prompt.steps} steps is not one step"
            raise InputError("This changes nothing", why, "Raise strength or steps")
        given: dict[str, object] = {"image": Pillow.fromarray(image), "strength": strength} | _PIXELS
        if mask is None:
            pipe = self._pipeline.relative("AutoPipelineForImage2Image", "change a picture")
        else:
            pipe = self._pipeline.relative("AutoPipelineForInpainting", "change part of a picture")
            given["mask_image"] = Pillow.fromarray(mask.astype(np.uint8) * 255)
            given |= _taken(pipe, {"width": width, "height": height})
        return self._picture(self._pipeline.run(pipe, prompt, given, step, _smaller(width, height)))

    def _picture(self, output: Any) -> Image:
        if any(getattr(output, "nsfw_content_detected", None) or ()):
            raise ModelError(
                f"{self._source} held back what it drew",
                "its own safety checker takes it for something unsafe",
                "Say it in other words, or try another seed",
            )
        return _pixels(output.images[0], self._source)


class DiffusersSound(_Diffusers):
    """Text to sound."""

    def sound(self, prompt: Prompt, length_s: float, step: Callable[[int, int], None] = unwatched) -> Recording:
        """Sound of about this length."""
        pipe = self._pipeline.relative("AutoPipelineForText2Audio", "make sound")
        taken = inspect.signature(type(pipe).__call__).parameters
        length = next((name for name in _LENGTHS if name in taken), None)
        if length is None:
            self._refuse("make sound of a given length", f"its {type(pipe).__name__} takes none")
        output = self._pipeline.run(pipe, prompt, {length: length_s, "output_type": "np"}, step, "less time")
        samples = np.atleast_2d(np.asarray(output.audios[0], np.float32))
        if not np.isfinite(samples).all():
            self._refuse("make this", "what it gave is not sound")
        return Recording(samples.T.clip(-1, 1), _rate_hz(pipe))


class DiffusersFilm(_Diffusers):
    """Text to video, and image to video where the pipeline or a relative of it takes a picture."""

    def film(
        self,
        prompt: Prompt,
        frames: int = 0,
        rate_hz: float = 0.0,
        size: tuple[int, int] = (0, 0),
        image: Image | None = None,
        step: Callable[[int, int], None] = unwatched,
    ) -> NDArray[np.uint8]:
        """`(frames, height, width, 3)`, about as many as asked for."""
        from PIL import Image as Pillow

        width, height = size
        self._suits(width, height)
        pipe = self._pipe(from_picture=image is not None)
        given: dict[str, object] = {"num_frames": frames or None, "width": width or None, "height": height or None}
        given |= _PIXELS
        given |= {name: rate_hz for name in ("frame_rate", "fps") if rate_hz and _taken(pipe, {name: 0})}
        if image is not None:
            given["image"] = Pillow.fromarray(image)
        hint = f"{max(1, frames // 2)} frames" if frames else "fewer frames"
        output = self._pipeline.run(pipe, prompt, given, step, hint)
        return np.stack([_pixels(frame, self._source) for frame in output.frames[0]])

    def _pipe(self, *, from_picture: bool) -> Any:
        base = self._pipeline.base
        about = inspect.signature(type(base).__call__).parameters.get("image")
        if from_picture and about is None:
            relative = _FROM_PICTURE.get(type(base).__name__)
            if relative is None:
                self._refuse("begin with a picture", f"its {type(base).__name__} takes words alone")
            return self._pipeline.relative(relative, "begin with a picture")
        if not from_picture and about is not None and "ImageToVideo" in type(base).__name__:
            raise InputError(f"{self._source} needs a picture", "it makes film out of one", "Give it an image")
        return base


_PIXELS: dict[str, object] = {"output_type": "np"}


def _taken(pipe: Any, arguments: dict[str, object]) -> dict[str, object]:
    """Those of the arguments that the pipeline takes."""
    taken = inspect.signature(type(pipe).__call__).parameters
    return {name: value for name, value in arguments.items() if name in taken}


def _pixels(image: Any, source: str) -> Image:
    """The picture as uint8; what is not a number is no picture."""
    values = np.asarray(image, np.float32)
    if not np.isfinite(values).all():
        why = "its numbers overflowed: the device may not suit its number format"
        raise ModelError(f"{source} drew nothing that is a picture", why, "Try another device or model")
    return (values.clip(0, 1) * 255).round().astype(np.uint8)


def _grain(pipe: Any) -> int:
    """The pixels of one cell of the canvas: the decoder's factor times the network's patches.

    Transformers look at two by two cells even where their configuration does not say so.
    """
    names = ("vae_scale_factor_spatial", "vae_spatial_compression_ratio", "vae_scale_factor")
    factor = next((int(getattr(pipe, name)) for name in names if getattr(pipe, name, None)), 1)
    transformer = getattr(pipe, "transformer", None)
    if transformer is None:
        return factor
    patch = getattr(transformer.config, "patch_size", 1) or 1
    return max(_LEAST_GRAIN, factor * int(patch if isinstance(patch, int) else patch[-1]))


def _rounded(value: int, grain: int, up: bool) -> int:
    return max(grain, (math.ceil if up else math.floor)(value / grain) * grain) if value else 0


def _smaller(width: int, height: int) -> str:
    """A quarter of the pixels, as a hint."""
    return f"{width // 2}x{height // 2}" if width and height else "512x512"


def _rate_hz(pipe: Any) -> int:
    """Samples a second, where this pipeline keeps that."""
    if rate_hz := getattr(pipe, "sample_rate", None):
        return int(rate_hz)
    for part in ("vocoder", "vae"):
        config = getattr(getattr(pipe, part, None), "config", None)
        if rate_hz := getattr(config, "sampling_rate", None) or getattr(config, "sample_rate", None):
            return int(rate_hz)
    raise ModelError(
        "Sound was made at an unknown rate", f"{type(pipe).__name__} does not say it", "Use another model"
    )
