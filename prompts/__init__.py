"""Every word that is sent to a language model, as files with a version.

A prompt is a Markdown file whose first line is `<!-- version N -->`. Text that came out of footage enters only
through `data`, which marks it: it is to be quoted and summed up, never followed.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from string import Template

_VERSION = re.compile(r"<!-- version (\d+) -->\n")
_MARK = "footage"
_RUN = 5


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt as it is on disk; `sha256` names it in journals and caches."""

    name: str
    version: int
    text: str
    sha256: str

    def fill(self, **values: str) -> str:
        """The text with `$name` replaced by the values. Raises `KeyError` for one that is missing."""
        return Template(self.text).substitute(values)


@cache
def load(name: str) -> Prompt:
    """The prompt `name.md`."""
    raw = files("playhead.prompts").joinpath(f"{name}.md").read_text(encoding="utf-8")
    head = _VERSION.match(raw)
    if head is None:
        raise ValueError(f"the prompt {name} does not begin with its version")
    return Prompt(name, int(head[1]), raw[head.end() :], hashlib.sha256(raw.encode()).hexdigest())


@cache
def digest() -> str:
    """Changes with any prompt."""
    names = sorted(entry.name for entry in files("playhead.prompts").iterdir() if entry.name.endswith(".md"))
    return hashlib.sha256("".join(load(name.removesuffix(".md")).sha256 for name in names).encode()).hexdigest()


def read_data(name: str) -> str:
    """A file of data beside the prompts, such as the worked requests."""
    return files("playhead.prompts").joinpath(name).read_text(encoding="utf-8")


def runs(text: str) -> frozenset[str]:
    """Every five words of a text that follow each other: what repeats a prompt has one of its own in common."""
    words = re.findall(r"\w+", text.casefold())
    return frozenset(" ".join(words[n : n + _RUN]) for n in range(len(words) - _RUN + 1))


def data(text: str) -> str:
    """Text out of footage as a marked block that nothing in it can end."""
    tag = f"{_MARK}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"
    return f"<{tag}>\n{text.replace(tag, _MARK)}\n</{tag}>"
