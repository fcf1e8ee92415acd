"""Diffusers pipelines by hub name or folder: loaded within the memory there is, watched, interrupted, explained.

Nothing is unpickled and no code that comes with a model runs. `generators.py` has the roles that rest on this.
"""

from __future__ import annotations

import copy
import gc
import inspect
import os
import traceback
import warnings
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from playhead.errors import InputError, ModelError
from playhead.models import hub
from playhead.models.hub import first_line
from playhead.models.watching import Stopped, watched

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from playhead.models.roles import Prompt

_PICKLED = {".bin", ".ckpt", ".pt", ".pth", ".pkl"}
_COMFORT = 0.6  # weights that take more of the free memory than this are loaded sparingly
_NO_MEMORY = ("not enough memory", "can't allocate memory", "out of memory")
_GB = 1e9
_SPARING = 'Ask for a smaller size, fewer frames or less time{hint}, or set memory = "sparing" in playhead.toml'


class Pipeline:
    """One pipeline in memory, and its relatives that share its components."""

    def __init__(self, source: str, *, threads: int = 1, device: str = "cpu", memory: str = "auto") -> None:
        self._source, self._device = source, device
        with hub.loading(source, _download) as folder:
            refuse_pickles(source, Path(folder))
            self._sparing = _sparing(source, Path(folder), device, memory)
            self._pipes = {"": self._placed(_loaded(folder, threads, device))}
        self._scheduler = copy.deepcopy(getattr(self.base, "scheduler", None))

    @property
    def base(self) -> Any:
        """The pipeline as the model's author names it."""
        return self._pipes[""]

    def relative(self, task: str, what: str) -> Any:
        """The pipeline for a task (`AutoPipelineForInpainting`, or a class) with the same components.

        Raises `ModelError` where this model has none; `what` says what it then cannot do.
        """
        if task not in self._pipes:
            import diffusers

            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    kind: Any = getattr(diffusers, task)
                    self._pipes[task] = self._placed(_beside(kind, self.base))
            except (ValueError, TypeError, AttributeError) as error:
                name = type(self.base).__name__
                raise ModelError(
                    f"{self._source} cannot {what}", f"diffusers has no pipeline for that beside {name}", _ANOTHER
                ) from error
        return self._pipes[task]

    def run(
        self,
        pipe: Any,
        prompt: Prompt,
        arguments: Mapping[str, object],
        step: Callable[[int, int], None],
        hint: str = "",
    ) -> Any:
        """What `pipe` gives for a prompt. Arguments that are `None` are left to the model.

        Raises `InputError` for what the model does not take, `ModelError` for what goes wrong in it, and whatever
        `step` raises.
        """
        import torch

        given = self._arguments(pipe, said(pipe, prompt) | dict(arguments))
        given["generator"] = torch.Generator("cpu").manual_seed(prompt.seed)
        if self._scheduler is not None:  # some remember the call before, such as on which device they count
            pipe.scheduler = copy.deepcopy(self._scheduler)
        try:
            with torch.inference_mode(), warnings.catch_warnings(), watched(pipe, step) as watching:
                warnings.simplefilter("ignore")
                return pipe(**given, **watching)
        except Stopped as stopped:
            raise stopped.raised from None
        except torch.OutOfMemoryError as error:
            raise self._too_large(error, hint) from error
        except RuntimeError as error:
            if any(sign in str(error).lower() for sign in _NO_MEMORY):
                raise self._too_large(error, hint) from error
            raise ModelError(
                f"{self._source} failed", first_line(error), "Try another model or other sizes"
            ) from error
        except (ImportError, NameError) as error:  # diffusers uses some packages without looking for them
            raise ModelError(f"{self._source} needs a package that is not here", first_line(error), _EXTRA) from error
        except (ValueError, TypeError) as error:
            raise InputError(f"{self._source} cannot make this", first_line(error), "Change what it names") from error
        finally:
            pipe.maybe_free_model_hooks()

    def _arguments(self, pipe: Any, wanted: Mapping[str, object]) -> dict[str, object]:
        """Those that are given; each must be one that the pipeline takes."""
        taken = inspect.signature(type(pipe).__call__).parameters
        given = {name: value for name, value in wanted.items() if value is not None}
        if unknown := sorted(set(given) - set(taken)):
            what = ", ".join(name.removeprefix("num_").removesuffix("_scale").replace("_", " ") for name in unknown)
            raise InputError(
                f"{self._source} takes no {what}", f"its {type(pipe).__name__} has no such argument", "Leave it out"
            )
        return given

    def _placed(self, pipe: Any) -> Any:
        """On the device, or waiting in main memory for its turn there."""
        pipe.set_progress_bar_config(disable=True)
        if self._sparing:
            _spare(pipe)
        if self._sparing and self._device != "cpu":
            pipe.enable_model_cpu_offload(device=self._device)
        else:
            pipe.to(self._device)
        return pipe

    def _too_large(self, error: BaseException, hint: str) -> ModelError:
        traceback.clear_frames(error.__traceback__)  # else they hold what they had for as long as the error is kept
        free(self._device)
        fix = _SPARING.format(hint=f" ({hint})" if hint else "")
        return ModelError(f"{self._source} ran out of memory", f"the device {self._device} has no more", fix)


_EXTRA = "Run: pip install 'playhead[generate]'"
_ANOTHER = "Name another model: docs/models.md lists some"
_GUIDANCE = ("guidance_scale", "true_cfg_scale")


def said(pipe: Any, prompt: Prompt) -> dict[str, object]:
    """A prompt by the names of a pipeline's arguments."""
    taken = inspect.signature(type(pipe).__call__).parameters
    real, true = (taken.get(name) for name in _GUIDANCE)
    guidance = _GUIDANCE[1] if true is not None and (real is None or real.default is None) else _GUIDANCE[0]
    return {
        "prompt": prompt.text,
        "negative_prompt": prompt.negative or None,
        "num_inference_steps": prompt.steps or None,
        guidance: prompt.guidance,
    }


def refuse_pickles(source: str, folder: Path) -> None:
    """Raise `ModelError` where a part of a model has its weights in a form that runs code when it is read."""
    for part in sorted({folder, *(path.parent for path in folder.rglob("*") if path.is_file())}):
        kinds = {path.suffix for path in part.iterdir() if path.is_file()}
        if kinds & _PICKLED and ".safetensors" not in kinds:
            raise ModelError(
                f"{source} was refused",
                f"the weights of its {part.name} are pickled, and would run code when they are read",
                "Save it with safe_serialization=True, or name a model that has safetensors",
            )


def free(device: str) -> None:
    """Give memory that nobody uses any more back to the device."""
    gc.collect()
    if device.startswith(("cuda", "mps")):
        import torch

        (torch.cuda if device.startswith("cuda") else torch.mps).empty_cache()


# Loading


def _download(source: str) -> Path:
    from diffusers import DiffusionPipeline

    return Path(DiffusionPipeline.download(source, use_safetensors=True))


def _loaded(folder: str, threads: int, device: str) -> Any:
    """The pipeline in memory; its parts only by safetensors, and none of its own code."""
    hub.quiet_transformers()
    import torch
    from diffusers import DiffusionPipeline
    from diffusers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    torch.set_num_threads(threads)
    kind: Any = DiffusionPipeline
    sparingly = find_spec("accelerate") is not None
    how = {"use_safetensors": True, "local_files_only": True, "low_cpu_mem_usage": sparingly}
    try:
        return kind.from_pretrained(folder, dtype=_number_format(device), **how)
    except ValueError as error:
        if sparingly or "low_cpu_mem_usage" not in str(error):
            raise
        why = "some of its parts are kept in a number format of their own"
        raise ModelError(f"{folder} cannot be loaded without the package accelerate", why, _EXTRA) from error


def _number_format(device: str) -> Any:
    """bfloat16 where the device computes in it; on a processor it is many times slower than float32."""
    import torch

    if device.startswith("cuda"):
        return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float16
    if device.startswith("mps"):
        return torch.bfloat16 if torch.backends.mps.is_macos_or_newer(14, 0) else torch.float16
    return torch.float32


def _sparing(source: str, folder: Path, device: str, memory: str) -> bool:
    """Whether to trade time for memory. Raises `ModelError` where that needs a package that is not there."""
    size = sum(path.stat().st_size for path in folder.rglob("*.safetensors"))
    free(device)  # what torch keeps for later counts as taken
    sparing = memory == "sparing" or (memory == "auto" and size > _COMFORT * _free_bytes(device))
    if sparing and device != "cpu" and find_spec("accelerate") is None:
        why = f"its weights are {size / _GB:.1f} GB, and to keep parts in main memory takes the package accelerate"
        raise ModelError(f"{source} does not fit on {device}", why, _EXTRA)
    return sparing


def _free_bytes(device: str) -> float:
    import torch

    if device.startswith("cuda"):
        return float(torch.cuda.mem_get_info(device)[0])
    if device.startswith("mps"):
        return float(torch.mps.recommended_max_memory() - torch.mps.driver_allocated_memory())
    return float(os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))


def _spare(pipe: Any) -> None:
    """Decoding in pieces, as far as the decoder knows how; torch's own attention takes less memory than in pieces."""
    decoder = getattr(pipe, "vae", None)
    for name in ("slicing", "tiling"):
        if hasattr(decoder, f"use_{name}"):
            getattr(decoder, f"enable_{name}")()


def _beside(kind: Any, base: Any) -> Any:
    """A relative that shares its components. `from_pipe` casts them, also the parts that need their own format."""
    import torch

    modules = [m for part in base.components.values() if isinstance(part, torch.nn.Module) for m in part.modules()]
    parameters = [(p, p.data) for module in modules for p in module.parameters(recurse=False)]
    buffers = [(module, dict(module.named_buffers(recurse=False))) for module in modules]
    made = kind.from_pipe(base, dtype=base.dtype)
    for parameter, numbers in parameters:
        parameter.data = numbers
    for module, held in buffers:
        for name, buffer in held.items():
            setattr(module, name, buffer)
    return made
