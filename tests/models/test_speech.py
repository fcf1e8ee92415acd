"""Speech: where it is, what was said and when, and that nothing is made up."""

from dataclasses import replace
from importlib import metadata

import numpy as np
import pytest

from playhead.errors import SettingsError
from playhead.models import weights
from playhead.models.registry import Models
from playhead.models.repetition import cut_loop, without_loops
from playhead.models.speech import Heard, utterances
from playhead.models.whisper_weights import faster_whisper_folder, read_tensors
from playhead.testing import assert_in_order, noise
from playhead.types import Span, Utterance, Word

SPOKEN = "the red car stopped at the old bridge nobody knew why the river was so high that morning"


def words_of(utterances):
    letters = " ".join(u.text for u in utterances).lower()
    return "".join(c if c.isalnum() or c == "'" else " " for c in letters).split()


def differences(first, second):
    """Word edits between two lists of words (Levenshtein)."""
    row = list(range(len(second) + 1))
    for i, word in enumerate(first, 1):
        previous, row[0] = row[0], i
        for j, other in enumerate(second, 1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (word != other))
    return row[-1]


@pytest.fixture(scope="module", params=["faster-whisper", "openai-whisper"])
def transcriber(request, models):
    if request.param == "faster-whisper":
        pytest.importorskip("faster_whisper")
        return models.speech
    return Models({"speech": request.param}, threads=2).speech


@pytest.fixture(scope="module")
def heard(transcriber, spoken):
    return transcriber.transcribe(spoken, "en")


def test_speech_becomes_words(heard):
    assert differences(SPOKEN.split(), words_of(heard)) <= 1


def test_every_word_has_its_time(heard, spoken):
    assert_in_order(heard, len(spoken) / 16_000)
    words = [word for utterance in heard for word in utterance.words]
    assert len(words) >= 17
    assert 0.5 < words[0].span.end_s < 1.2  # Whisper begins a first word early, but ends it where it ends
    assert words[-1].span.end_s > len(spoken) / 16_000 - 1.5


def test_a_recording_gives_one_transcript_and_its_language_is_found_out(models, spoken):
    assert models.speech.transcribe(spoken) == models.speech.transcribe(spoken, "en")


def test_an_unknown_language_is_refused(transcriber, spoken):
    with pytest.raises(SettingsError, match=r"'klingon'.*ISO 639-1"):
        transcriber.transcribe(spoken, "klingon")


@pytest.mark.parametrize("sound", [noise(5.0), noise(5.0, 0.01), np.zeros(80_000, np.float32)])
def test_silence_and_noise_say_nothing_where_only_voices_are_transcribed(models, sound):
    chances = np.repeat(models.voice_activity.start().feed(sound), 512)
    assert models.speech.transcribe(sound[: len(chances)][chances > 0.5]) == ()


def test_what_an_engine_makes_of_noise_is_dropped():
    heard = Heard((0.0, 1.0), " 1.5kg", [(0.0, 1.0, " 1.5kg")], silence=0.76, confidence=-0.36)
    spoken = replace(heard, silence=0.2, confidence=-0.8)
    assert utterances([heard], 1.0) == ()
    assert [u.text for u in utterances([spoken], 1.0)] == ["1.5kg"]


def test_both_engines_get_the_same_tensors():
    data = b"".join(path.read_bytes() for path in weights.locate_parts("whisper-base.model"))
    tensors = read_tensors(data)
    assert len(tensors) == 212
    assert (faster_whisper_folder() / "model.bin").stat().st_size == len(data)


def test_a_folder_in_ctranslate2_layout_loads(spoken):
    pytest.importorskip("faster_whisper")
    models = Models({"speech": f"faster-whisper:{faster_whisper_folder()}"}, threads=2)
    assert models.identity("speech") == models.speech.id
    assert "bridge" in words_of(models.speech.transcribe(spoken, "en"))


def test_speech_is_where_the_voice_is(models, spoken):
    chances = models.voice_activity.start().feed(spoken)
    assert chances[:12].max() < 0.3  # half a second of silence
    assert chances[20:-20].mean() > 0.7


def test_no_voice_in_silence_and_noise(models):
    for sound in (np.zeros(32_000, np.float32), noise(2.0, 0.01), noise(2.0, 0.3)):
        assert models.voice_activity.start().feed(sound).max() < 0.5


def test_many_windows_at_once_equal_one_by_one(models, spoken):
    import onnxruntime

    stepwise = metadata.distribution("silero-vad").locate_file("silero_vad/data/silero_vad.onnx")
    session = onnxruntime.InferenceSession(str(stepwise), providers=["CPUExecutionProvider"])
    state, context, expected = np.zeros((2, 1, 128), np.float32), np.zeros(64, np.float32), []
    for window in spoken[: len(spoken) // 512 * 512].reshape(-1, 512):
        seen = np.concatenate([context, window])[None]
        chance, state = session.run(None, {"input": seen, "state": state, "sr": np.array(16_000)})
        context = window[-64:]
        expected.append(chance[0, 0])
    np.testing.assert_allclose(models.voice_activity.start().feed(spoken), expected, atol=1e-4)


LONG = "and then the people of the old town by the river went up the hill to see how far the water had come"


def utterance(text, start_s=0.0):
    parts = text.split()
    words = tuple(Word(Span(start_s + i, start_s + i + 1), part) for i, part in enumerate(parts))
    return Utterance(Span(start_s, start_s + max(1, len(parts))), text, words)


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("I went home.", "I went home."),
        ("no no no", "no no no"),
        ("we said no, no, no, no, no, no", "we said no,"),
        ("Thank you. Thank you. Thank you. Thank you. Thank you.", "Thank you."),
        ("so it goes on and on and on and on and on and on", "so it goes on and"),
        (f"{LONG} " * 3, LONG),
        ("", ""),
    ],
)
def test_loops_are_cut_to_their_first_occurrence(said, kept):
    cut = cut_loop(utterance(said.strip()))
    assert cut.text == kept
    assert [word.text for word in cut.words] == kept.split()
    assert cut.span.end_s == max(1, len(kept.split()))


def test_the_same_utterance_over_and_over_is_kept_once():
    looped = [utterance("Hello there.", 0), *(utterance("Thanks for watching!", 2 + 3 * i) for i in range(6))]
    assert [u.text for u in without_loops(looped)] == ["Hello there.", "Thanks for watching!"]
    thrice = [utterance("Go!", float(i)) for i in range(3)]
    assert list(without_loops(thrice)) == thrice


@pytest.mark.parametrize(
    ("heard", "kept"),
    [("Hm" + "m" * 200, "Hm"), ("は" * 30, "は"), ("ha" * 12, "ha"), ("It costs 100000000 dollars", None)],
)
def test_a_run_of_one_sound_is_said_once(heard: str, kept: str | None) -> None:
    utterance = Utterance(Span(0, 2), heard, (Word(Span(0, 2), heard),))
    cut = cut_loop(utterance)
    assert cut.text == (kept or heard)
    assert cut.words[0].text == (kept or heard)
