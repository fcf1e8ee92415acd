"""What is spoken can be heard: the words come back out of the sound, and what cannot be said is told."""

from __future__ import annotations

import json
import wave
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from playhead import Library, Settings
from playhead.errors import InputError, StorageError
from playhead.models.speakable import LONGEST_SENTENCE, paragraphs, sayable, sentences
from playhead.models.speaking import levelled, spoken
from playhead.testing import tiny_vits
from playhead.tools.contract import Context
from playhead.tools.registry import get_tool
from playhead.types import (
    Answer,
    Audio,
    Channel,
    Citation,
    Claim,
    Page,
    Source,
    Span,
    Story,
    Transcript,
    Utterance,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playhead.models.registry import Models

ENGLISH = frozenset({"en"})


@pytest.fixture(scope="module")
def library(
    tmp_path_factory: pytest.TempPathFactory, clips: Callable[[str], Path], models: Models
) -> Iterator[Library]:
    """Nothing is made unrecorded: there must be a library, whatever is in it."""
    folder = tmp_path_factory.mktemp("speaking") / "library"
    settings = Settings.model_validate({"channels": ("speech",)})
    with Library(folder, settings=settings, models=models) as library:
        assert not library.add(clips("subtitled.mp4")).failed
        yield library


@pytest.fixture
def context(tmp_path: Path, library: Library) -> Context:
    (tmp_path / "made").mkdir()
    return Context(library, tmp_path / "made")


def speak(context: Context, **arguments: object) -> Audio:
    made = get_tool("speak").call(arguments, context)
    assert isinstance(made, Audio)
    return made


def samples(path: Path) -> tuple[np.ndarray, int]:
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getsampwidth()) == (1, 2)
        return np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32768, file.getframerate()


def heard(path: Path, models: Models) -> str:
    sound, rate_hz = samples(path)
    times = np.arange(0, len(sound) / rate_hz, 1 / 16_000)
    at_16_khz = np.interp(times, np.arange(len(sound)) / rate_hz, sound).astype(np.float32)
    return " ".join(u.text for u in models.speech.transcribe(at_16_khz, "en")).lower()


def test_what_is_spoken_is_heard_again(context: Context, models: Models) -> None:
    text = "The ferry to the island leaves at half past nine. The doctor keeps the vaccine in the refrigerator."
    made = speak(context, text=text)
    said = heard(made.path, models)
    assert all(word in said for word in ("ferry", "island", "nine", "doctor", "vaccine", "refrigerator"))
    assert made.text == text
    assert made.path.parent == context.folder
    sound, rate_hz = samples(made.path)
    assert made.duration_s == pytest.approx(len(sound) / rate_hz)


def test_it_says_of_itself_and_in_the_file_where_it_comes_from(context: Context, models: Models) -> None:
    made = speak(context, text="Good morning.", seed=7)
    assert (made.origin.source, made.origin.model, made.origin.seed) == (Source.GENERATED, models.voice.id, 7)
    assert made.origin.prompt == "Good morning."
    beside = json.loads(made.path.with_name(f"{made.path.name}.provenance.json").read_text())
    assert (beside["source"], beside["seed"], beside["tool"]["name"]) == ("generated", 7, "speak")
    data = made.path.read_bytes()
    assert b"digitalsourcetype/trainedAlgorithmicMedia" in data
    assert b'CreatorTool="hibari' in data
    assert int.from_bytes(data[4:8], "little") == len(data) - 8
    assert samples(made.path)[0].any()


def test_the_same_call_gives_the_same_bytes_and_another_seed_others(context: Context, tmp_path: Path) -> None:
    (tmp_path / "again").mkdir()
    elsewhere = replace(context, folder=tmp_path / "again")
    first, again = speak(context, text="Good morning."), speak(elsewhere, text="Good morning.")
    assert first.path.name == again.path.name
    assert first.path.read_bytes() == again.path.read_bytes()
    other = speak(context, text="Good morning.", seed=1)
    assert other.path != first.path
    assert other.path.read_bytes() != first.path.read_bytes()


def test_twice_as_fast_takes_about_half_the_time(context: Context) -> None:
    text = "A long walk along the river, and home again."
    slow, fast = speak(context, text=text, speed=0.75), speak(context, text=text, speed=1.5)
    assert 1.6 < slow.duration_s / fast.duration_s < 2.4


def test_every_sentence_is_equally_loud_and_between_two_is_a_pause(models: Models) -> None:
    pieces = list(spoken(models.voice, "Stop! I was only whispering, said the old man to himself. No."))
    assert [bool(text) for text, _ in pieces] == [True, False, True, False, True]
    loud = [float(np.sqrt(np.mean(s[np.abs(s) > 0.02] ** 2))) for text, s in pieces if text]
    assert max(loud) / min(loud) < 1.5
    assert all(np.abs(s).max() <= 0.95 + 1e-6 for text, s in pieces if text)
    assert all(not s.any() and 0.2 < len(s) / models.voice.rate_hz < 0.6 for text, s in pieces if not text)


def test_silence_is_not_made_loud() -> None:
    assert not levelled(np.zeros(1000, np.float32), 16_000).any()
    assert len(levelled(np.full(1000, np.nan, np.float32), 16_000)) == 0


# What an earlier step told


def test_what_was_told_is_read_aloud_and_names_the_footage(context: Context, library: Library) -> None:
    video = library.video("subtitled.mp4")
    doctor, ferry = "The doctor keeps the vaccine in the refrigerator.", "The ferry leaves at half past nine."
    said = [Utterance(Span(0.2, 0.7), doctor), Utterance(Span(1, 1.5), ferry)]
    cited = Citation("id", video, Span(0.2, 0.7), Channel.SPEECH)
    for told in (
        Transcript(tuple(said), "subtitles", video=video),
        Answer(tuple(Claim(u.text, (replace(cited, span=u.span),)) for u in said), ("A note.",)),
        Story("The doctor", tuple(Page(u.text, evidence=(replace(cited, span=u.span),)) for u in said)),
    ):
        made = speak(context, told=told)
        lines = [line for line in made.text.splitlines() if line not in ("", "The doctor.")]
        assert lines == [doctor, ferry]  # no note; that what is said is heard is tried above
        assert [(part.video.id, part.span) for part in made.origin.parts] == [(video.id, u.span) for u in said]
        beside = json.loads(made.path.with_name(f"{made.path.name}.provenance.json").read_text())
        assert [part["sha256"] for part in beside["sources"]] == [video.id] * 2
        assert (beside["source"], beside["prompt"]) == ("generated", made.text)


def test_an_answer_that_claims_nothing_tells_its_notes(context: Context) -> None:
    made = speak(context, told=Answer((), ("A cup of coffee.", "In it: cup.")))
    assert made.text == "A cup of coffee.\nIn it: cup."


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ({"told": Answer(())}, "there is nothing to say"),
        ({"told": Transcript((), "whisper")}, "there is nothing to say"),
        ({"told": Answer((), ("word " * 5_001,))}, "5,001 words are too many"),
        ({"told": Answer((), ("x",)), "text": "y"}, "not both"),
        ({"told": "the ferry"}, "told"),
        ({"told": {"text": "x", "voice": "y"}}, "told.voice"),
        ({"told": {"text": "x" * 50_001}}, "told.text"),
        ({"told": {"text": "x", "parts": [{"video": "nowhere.mp4", "start_s": 0, "end_s": 1}]}}, "no video"),
        ({}, "there is nothing to say"),
    ],
)
def test_what_was_told_badly_is_refused(context: Context, arguments: dict[str, object], why: str) -> None:
    with pytest.raises(InputError, match=why):
        speak(context, **arguments)
    assert list(context.folder.iterdir()) == []


# What is written short


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Bring fruit, e.g. apples.", "Bring fruit, for example apples."),
        ("It starts at 0:07.5.", "It starts at 7 seconds."),
        ("After 1:02:03 it ends.", "After 1 hour and 2 minutes and 3 seconds it ends."),
        ("Meet me at 7:30.", "Meet me at 7:30."),
        ("See https://www.example.org/a", "See example.org/a"),
        ("**Bold** and `code` <b>", "Bold and code b"),
        ("Cats vs. dogs", "Cats versus dogs"),
        ("Aw/o is no word", "Aw/o is no word"),
        ("See No. 5 or Fig. 3 in Vol. 12.", "See number 5 or figure 3 in volume 12."),
        ("No. Nobody did. Piano. 5", "No. Nobody did. Piano. 5"),
    ],
)
def test_short_forms_are_said_in_full(text: str, said: str) -> None:
    assert sayable(text, ENGLISH) == said


def test_another_language_keeps_its_words() -> None:
    assert sayable("z. B. etc. 1:02:03", frozenset()) == "z. B. etc. 1:02:03"


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("One. Two! Three?", 3),
        ("Dr. Smith met J. R. Green at 5 p.m. today.", 1),
        ("He said “Go.” And she went.", 2),
        ("これは一つ。これは二つ。", 2),
        ("No end", 1),
        ("", 0),
        ("Wait… what? yes", 1),
        ("Wait… What? Yes", 3),
    ],
)
def test_sentences_end_where_they_end(text: str, count: int) -> None:
    found = sentences(text)
    assert len(found) == count
    assert "".join("".join(found).split()) == "".join(text.split())


def test_paragraphs_end_at_empty_lines() -> None:
    assert paragraphs("a\nb\n\n \nc") == ["a b", "c"]


@given(st.text(max_size=1500))
def test_no_sentence_is_too_long_and_no_letter_is_lost(text: str) -> None:
    line = " ".join(text.split())
    found = sentences(line)
    assert all(0 < len(sentence) <= LONGEST_SENTENCE for sentence in found)
    assert "".join("".join(found).split()) == "".join(line.split())


# Bad input


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ({"text": ""}, "text"),
        ({"text": " \n "}, "there is nothing to say"),
        ({"text": "word " * 10_000}, "10,000 words are too many: at most"),
        ({"text": "a " * 6_000}, "6,000 words are too many: at most 5,000"),
        ({"text": "x", "speed": 3}, "speed"),
        ({"text": "x", "speed": float("nan")}, "speed"),
        ({"text": "x", "seed": -1}, "seed"),
        ({"text": "x", "language": "en; rm"}, "language"),
        ({"text": "これは読めません"}, "Japanese|Chinese"),
        ({"text": "Привет мир"}, "Cyrillic"),
        ({"text": "🎬 … 🙂"}, "no word in it that this voice can say"),
        ({"text": "Guten Tag", "language": "de"}, "this voice speaks en, not de.*models.voice"),
    ],
)
def test_what_cannot_be_spoken_is_told_and_leaves_nothing(
    context: Context, arguments: dict[str, object], why: str
) -> None:
    with pytest.raises(InputError, match=rf"(?s){why}"):
        speak(context, **arguments)
    assert list(context.folder.iterdir()) == []


def test_signs_and_other_scripts_within_english_are_passed_over(context: Context, models: Models) -> None:
    made = speak(context, text="😀 Good <b>morning</b>, \u202eeverybody\u202c.")
    assert "morning" in heard(made.path, models)


def test_stopping_half_way_leaves_nothing(context: Context) -> None:
    class StoppedError(Exception):
        pass

    def stop(progress: object) -> None:
        if getattr(progress, "done", 0) > 0:
            raise StoppedError

    with pytest.raises(StoppedError):
        speak(replace(context, progress=stop), text="One sentence. Another sentence.")
    assert list(context.folder.iterdir()) == []


def test_a_folder_that_cannot_be_is_a_storage_error(context: Context) -> None:
    (context.folder / "file").touch()
    with pytest.raises(StorageError, match=r"was not saved: (not a directory|file exists)"):
        speak(replace(context, folder=context.folder / "file"), text="Hello.")


def test_another_voice_by_setting(tmp_path: Path, library: Library) -> None:
    spec = f"vits:{tiny_vits(tmp_path / 'vits')}"
    settings = Settings.model_validate({"models": {"voice": spec}})
    with Library(library.folder, settings=settings) as other:
        made = speak(Context(other, tmp_path), text="hello there")
        assert made.origin.model.startswith(spec)
        assert samples(made.path)[1] == 16_000
        with pytest.raises(InputError, match="not among those that this voice was taught"):
            speak(Context(other, tmp_path), text="これは読めません")
