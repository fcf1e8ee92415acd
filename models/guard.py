"""Texts judged by a chat model that was trained as a guard: Llama Guard 3 (Meta 2024) and models that answer like it.

Such a model is shown a conversation inside its own chat template and answers `safe`, or `unsafe` and on a second line
the codes of the hazards of MLCommons' taxonomy. How likely `unsafe` is, is read from the scores of that first word;
the codes are then read as if it had said `unsafe`. Codes and meanings: Meta's model cards of Llama Guard 3 1B and 8B
(github.com/meta-llama/PurpleLlama). Like any language model it can be talked into things by the text it reads.
"""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING, Any

from playhead.errors import ModelError
from playhead.models import hub
from playhead.models.needs import Needs
from playhead.models.roles import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# S6 specialised advice, S7 privacy, S8 intellectual property and S13 elections are no category of ours.
CATEGORIES = {
    "S1": "violence",
    "S2": "illicit",
    "S3": "sexual",
    "S4": "sexual_minors",
    "S5": "harassment",
    "S9": "illicit",
    "S10": "hate",
    "S11": "self_harm",
    "S12": "sexual",
    "S14": "illicit",
}
_HAZARDS = frozenset(f"S{number}" for number in range(1, 15))
_CODE = re.compile(r"\bS\d+\b")
_WORTH_NAMING = 0.05
_LIKELY = 0.5
_MOST_WINDOW_TOKENS = 1024
_LEAST_WINDOW_TOKENS = 16
_OVERLAP = 8  # of a window is seen again in the next: one part in so many
_MOST_BLANKS = 3
_CODE_TOKENS = 24
_CUE_CHARACTERS = 80
_SAID = "unsafe\n"
_PROBE = "axolotl"


class LlamaGuard:
    """A guard model by hub name or folder; one pass a window, a second one where the first found something."""

    categories = frozenset(CATEGORIES.values())

    def __init__(self, argument: str, *, threads: int = 1, device: str = "cpu") -> None:
        with hub.loading(argument) as folder:
            import torch
            from transformers import AutoModelForCausalLM, AutoTokenizer

            hub.quiet_transformers()
            torch.set_num_threads(threads)
            self._tokenizer: Any = AutoTokenizer.from_pretrained(folder)
            # A processor without bf16 takes several times as long with the halves such models are stored in.
            kind = torch.float32 if device == "cpu" else "auto"
            model: Any = AutoModelForCausalLM
            self._model = model.from_pretrained(folder, dtype=kind).to(device).eval()
            self._in_parts = self._takes_parts()
        self.id = self.needs(argument).identity
        self._name, self._device = argument, device
        self._safe, self._unsafe = self._verdicts()
        self._window = self._window_tokens()

    @staticmethod
    def needs(argument: str) -> Needs:
        """A hub name or a folder."""
        return Needs(f"llama-guard:{argument}", packages=("torch", "transformers"), source=argument)

    def moderate(self, texts: Sequence[str]) -> list[tuple[Finding, ...]]:
        """For each text one finding for each of `categories`, most likely first; a long one is read in windows.

        Raises `ModelError` where the model answers something else than a guard does.
        """
        return [self._findings(text) for text in texts]

    def _findings(self, text: str) -> tuple[Finding, ...]:
        best = {category: Finding(category, 0.0) for category in self.categories}
        for window in self._windows(self._plain(text)):
            unsafe, codes = self._judge(window)
            for category in {CATEGORIES[code] for code in codes if code in CATEGORIES}:
                if unsafe > best[category].score:
                    best[category] = Finding(category, unsafe, _shortened(window))
        return tuple(sorted(best.values(), key=lambda finding: (-finding.score, finding.category)))

    def _judge(self, window: str) -> tuple[float, list[str]]:
        """How likely `unsafe` is, and the codes of the hazards; no codes where it is next to impossible."""
        prompt = self._tokens(self._conversation(window))
        prompt, scores = self._before_the_verdict(prompt)
        chances = scores.softmax(dim=-1)
        safe, unsafe = float(chances[self._safe]), float(chances[self._unsafe])
        if safe + unsafe < _LIKELY:
            raise self._no_guard(f"it begins its answer with {self._tokenizer.decode([int(scores.argmax())])!r}")
        unsafe /= safe + unsafe
        if unsafe < _WORTH_NAMING:
            return unsafe, []
        written, _ = self._continued([*prompt, *self._tokens(_SAID)], _CODE_TOKENS)
        answer = self._tokenizer.decode(written, skip_special_tokens=True)
        codes = [code for code in _CODE.findall(answer) if code in _HAZARDS]
        if not codes and unsafe >= _LIKELY:
            raise self._no_guard(f"it calls a text unsafe and names as hazards {_shortened(answer)!r}")
        return unsafe, codes

    def _before_the_verdict(self, prompt: list[int]) -> tuple[list[int], Any]:
        """The prompt with the blank tokens some guards begin with, and the scores of the token that follows."""
        written, scores = self._continued(prompt, _MOST_BLANKS + 1)
        blanks = 0
        while blanks < len(written) - 1 and not self._tokenizer.decode([written[blanks]]).strip():
            blanks += 1
        return [*prompt, *written[:blanks]], scores[blanks][0].float()

    def _continued(self, tokens: list[int], most: int) -> tuple[list[int], Any]:
        """The likeliest tokens that follow, and the scores each was chosen from."""
        import torch

        with torch.inference_mode():
            inputs = torch.tensor([tokens], device=self._device)
            found = self._model.generate(
                inputs,
                attention_mask=torch.ones_like(inputs),
                max_new_tokens=most,
                do_sample=False,
                pad_token_id=self._tokenizer.eos_token_id,
                output_logits=True,
                return_dict_in_generate=True,
            )
        return found.sequences[0, len(tokens) :].tolist(), found.logits

    def _conversation(self, text: str) -> str:
        return self._rendered([{"type": "text", "text": text}] if self._in_parts else text)

    def _rendered(self, content: Any) -> str:
        turns = [{"role": "user", "content": content}]
        return str(self._tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True))

    def _takes_parts(self) -> bool:
        """Whether the template wants a message in parts, as that of Llama Guard 3 1B does; the 8B's wants a text.

        A template that is given the other of the two leaves the text out without a word.
        """
        from jinja2 import TemplateError

        if not getattr(self._tokenizer, "chat_template", None):
            raise ValueError("its tokenizer has no chat template")
        for content in (_PROBE, [{"type": "text", "text": _PROBE}]):
            with contextlib.suppress(TemplateError):
                if _PROBE in self._rendered(content):
                    return not isinstance(content, str)
        raise ValueError("its chat template leaves out what the user says")

    def _verdicts(self) -> tuple[int, int]:
        """The tokens that `safe` and `unsafe` begin with."""
        safe, unsafe = (self._tokens(word)[0] for word in ("safe", "unsafe"))
        if safe == unsafe:
            raise self._no_guard("its tokenizer begins the words safe and unsafe alike")
        return safe, unsafe

    def _tokens(self, text: str) -> list[int]:
        return list(self._tokenizer(text, add_special_tokens=False)["input_ids"])

    def _window_tokens(self) -> int:
        around = len(self._tokens(self._conversation(""))) + _MOST_BLANKS + _CODE_TOKENS + len(self._tokens(_SAID))
        room = int(getattr(self._model.config, "max_position_embeddings", 0) or 4096) - around
        if room < _LEAST_WINDOW_TOKENS:
            raise self._no_guard("its chat template leaves no room for a text")
        return min(_MOST_WINDOW_TOKENS, room)

    def _windows(self, text: str) -> Iterator[str]:
        """The text in pieces of as many tokens as the model takes, each beginning with the end of the one before."""
        if not text.strip():
            return
        places = self._tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)["offset_mapping"]
        step = self._window - self._window // _OVERLAP
        for start in range(0, max(1, len(places) - self._window // _OVERLAP), step):
            piece = places[start : start + self._window]
            yield text[piece[0][0] : piece[-1][1]]

    def _plain(self, text: str) -> str:
        """The text without the model's control tokens, which could end the conversation and answer in its place."""
        for token in self._tokenizer.get_added_vocab():
            text = text.replace(token, " ")
        return text

    def _no_guard(self, why: str) -> ModelError:
        return ModelError(
            f"{self._name} does not answer as a guard model does",
            why,
            "Give a model that was trained to answer safe or unsafe, such as meta-llama/Llama-Guard-3-1B.",
        )


def _shortened(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= _CUE_CHARACTERS else f"{plain[: _CUE_CHARACTERS - 1].rstrip()}…"
