"""Sound into utterances: how a recording is cut, what is recognised together, and when it was said."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from playhead.index.listen import Listener, shifted, snapped, speech_regions, split
from playhead.index.workers import Workers
from playhead.media.decode import SoundPiece
from playhead.types import Span, Utterance, Word

if TYPE_CHECKING:
    from playhead.models.roles import Sound, Transcriber, VoiceActivity

RATE_HZ, WINDOW = 16_000, 512
PAD_S = 0.25
BETWEEN_S = 0.75
PAUSE_S = 0.6
STEP_S = WINDOW / RATE_HZ


class LoudIsVoice:
    """A voice is what is loud: the probability is the loudness of the window."""

    id = "loud"

    def start(self) -> LoudIsVoice.Stream:
        return self.Stream()

    class Stream:
        def __init__(self) -> None:
            self._held = np.zeros(0, np.float32)

        def feed(self, sound: Sound) -> Sound:
            self._held = np.concatenate([self._held, sound])
            whole = len(self._held) // WINDOW * WINDOW
            windows, self._held = self._held[:whole].reshape(-1, WINDOW), self._held[whole:]
            return np.abs(windows).max(axis=1, initial=0).astype(np.float32)


class Writer:
    """Writes down every recording it is given, and an utterance for each loud part that a pause ends."""

    id = "writer"

    def __init__(self) -> None:
        self.heard: list[Sound] = []

    def transcribe(self, sound: Sound, language: str = "") -> tuple[Utterance, ...]:
        self.heard.append(sound)
        loud = np.flatnonzero(np.abs(sound) >= 0.3)
        parts = np.split(loud, np.flatnonzero(np.diff(loud) > PAUSE_S * RATE_HZ) + 1)
        return tuple(Utterance(Span(p[0] / RATE_HZ, (p[-1] + 1) / RATE_HZ), f"part {len(p)}") for p in parts)


def listen(*pieces: tuple[float, Sound]) -> tuple[tuple[Utterance, ...], Writer]:
    writer = Writer()
    with Workers(1) as workers:
        listener = Listener(cast("VoiceActivity", LoudIsVoice()), cast("Transcriber", writer), workers)
        for start_s, samples in pieces:
            listener.hear(SoundPiece(start_s, samples))
        return listener.finish(), writer


def recording(*parts: tuple[float, float]) -> Sound:
    """Sound of (seconds, loudness) parts."""
    return np.concatenate([np.full(round(s * RATE_HZ), loudness, np.float32) for s, loudness in parts])


def cut(sound: Sound, every_s: float = 2.0, start_s: float = 0.0) -> list[tuple[float, Sound]]:
    """The sound in pieces, as the decoder sends it."""
    step = round(every_s * RATE_HZ)
    return [(start_s + n / RATE_HZ, sound[n : n + step]) for n in range(0, len(sound), step)]


def test_the_last_words_are_recognised_before_anybody_asks_for_them() -> None:
    writer = Writer()
    with Workers(1) as workers:
        listener = Listener(cast("VoiceActivity", LoudIsVoice()), cast("Transcriber", writer), workers)
        listener.hear(SoundPiece(0.0, recording((1, 0.0), (1, 0.5))))
        listener.end()
        workers.finish()
        assert len(writer.heard) == 1
        assert len(listener.finish()) == 1


def test_silence_is_never_recognised() -> None:
    said, writer = listen(*cut(recording((120, 0.0))))
    assert said == ()
    assert writer.heard == []


def test_nothing_at_all_says_nothing() -> None:
    said, writer = listen()
    assert said == ()
    assert writer.heard == []


def test_a_click_is_not_speech() -> None:
    said, writer = listen(*cut(recording((2, 0.0), (0.1, 0.9), (3, 0.0))))
    assert said == ()
    assert writer.heard == []


@pytest.mark.parametrize("every_s", [0.01, 0.37, 2.0, 60.0])
def test_the_size_of_the_pieces_changes_nothing(every_s: float) -> None:
    sound = recording((1.5, 0.0), (2, 0.9), (5, 0.0), (1, 0.9), (0.2, 0.0), (1, 0.9), (4, 0.0))
    said, writer = listen(*cut(sound, every_s))
    assert len(writer.heard) == 1
    assert [u.span.start_s for u in said] == pytest.approx([1.5, 8.5], abs=STEP_S)
    assert [u.span.end_s for u in said] == pytest.approx([3.5, 10.7], abs=STEP_S)


def test_a_short_pause_stays_and_a_long_one_is_left_out() -> None:
    _, short = listen(*cut(recording((2, 0.9), (2.5, 0.0), (2, 0.9), (5, 0.0))))
    _, long = listen(*cut(recording((2, 0.9), (600, 0.0), (2, 0.9), (5, 0.0))))
    assert [len(heard) / RATE_HZ for heard in short.heard] == pytest.approx([6.5 + PAD_S], abs=2 * STEP_S)
    assert [len(heard) / RATE_HZ for heard in long.heard] == pytest.approx(
        [4 + 3 * PAD_S + BETWEEN_S], abs=4 * STEP_S
    )


def test_what_is_said_far_apart_shares_windows_and_keeps_its_times() -> None:
    sound = recording(*[(4, 0.9), (16, 0.0)] * 12)
    said, writer = listen(*cut(sound))
    assert [u.span.start_s for u in said] == pytest.approx([20.0 * n for n in range(12)], abs=STEP_S)
    assert len(writer.heard) == 3


def test_speech_at_the_very_end_is_heard() -> None:
    said, _ = listen(*cut(recording((3, 0.0), (1, 0.9))))
    assert [u.span.start_s for u in said] == pytest.approx([3.0], abs=STEP_S)


def test_parts_are_padded_so_that_no_sound_of_a_word_is_lost() -> None:
    _, writer = listen(*cut(recording((3, 0.0), (2, 0.9), (3, 0.0))))
    assert len(writer.heard[0]) / RATE_HZ == pytest.approx(2 + 2 * PAD_S, abs=2 * STEP_S)


def test_endless_speech_is_cut_where_it_is_quietest() -> None:
    sound = recording((25, 0.9), (0.2, 0.4), (40, 0.9))
    said, writer = listen(*cut(sound))
    assert len(writer.heard) == 3
    assert len(writer.heard[0]) / RATE_HZ == pytest.approx(25 + PAD_S, abs=0.2 + STEP_S)
    assert all(len(heard) / RATE_HZ <= 28 + 2 * PAD_S for heard in writer.heard)
    assert sum(len(heard) for heard in writer.heard) / RATE_HZ >= 65.2 - STEP_S
    assert said[-1].span.end_s == pytest.approx(65.2, abs=STEP_S)


def test_many_sentences_are_recognised_in_parts_that_fit() -> None:
    sound = recording(*[(4, 0.9), (1, 0.0)] * 20)
    said, writer = listen(*cut(sound))
    assert all(len(heard) / RATE_HZ <= 28 + 2 * PAD_S for heard in writer.heard)
    assert all(round(u.span.start_s, 1) % 5 < 0.1 for u in said), "parts begin where a sentence does"
    covered = sum(u.span.duration_s for u in said)
    assert covered + 1e-6 >= 20 * 4


@given(
    st.lists(st.tuples(st.floats(0.1, 12), st.sampled_from([0.0, 0.4, 0.6, 0.9])), max_size=12), st.floats(0.05, 5)
)
def test_whatever_is_said_parts_fit_and_times_are_in_order(parts: list[tuple[float, float]], every_s: float) -> None:
    sound = recording(*parts) if parts else np.zeros(0, np.float32)
    said, writer = listen(*cut(sound, every_s))
    assert all(len(heard) / RATE_HZ <= 28 + 2 * PAD_S for heard in writer.heard)
    assert [u.span for u in said] == sorted(u.span for u in said)
    assert all(-1e-6 <= u.span.start_s <= u.span.end_s <= len(sound) / RATE_HZ + 1e-6 for u in said)
    loud = [seconds for seconds, loudness in parts if loudness >= 0.6 and seconds >= 0.5]
    assert bool(writer.heard) >= bool(loud)


def test_times_are_true_after_a_gap_in_the_time_stamps() -> None:
    talk = recording((1, 0.0), (1, 0.9), (1, 0.0))
    said, writer = listen(*cut(talk), *cut(talk, start_s=1000.0), *cut(talk, start_s=50.0))
    assert [u.span.start_s for u in said] == pytest.approx([1.0, 1001.0, 51.0], abs=STEP_S)
    assert len(writer.heard) == 1


def test_speech_that_a_gap_interrupts_is_not_joined() -> None:
    talk = recording((1, 0.9))
    said, writer = listen((0.0, talk), (1.5, talk))
    assert [u.span.start_s for u in said] == pytest.approx([0.0, 1.5], abs=STEP_S)
    assert [len(heard) for heard in writer.heard] == [2 * RATE_HZ + round(BETWEEN_S * RATE_HZ)]


def test_a_recording_that_starts_late_keeps_its_times() -> None:
    said, _ = listen(*cut(recording((1, 0.0), (1, 0.9), (1, 0.0)), start_s=1.4))
    assert [u.span.start_s for u in said] == pytest.approx([2.4], abs=STEP_S)


@pytest.mark.parametrize("loudness", [0.0, 0.9])
def test_a_day_of_sound_takes_the_memory_of_half_a_minute(loudness: float) -> None:
    piece = np.full(2 * RATE_HZ, loudness, np.float32)
    most = 0
    with Workers(1) as workers:
        listener = Listener(cast("VoiceActivity", LoudIsVoice()), cast("Transcriber", Writer()), workers)
        for number in range(150):
            listener.hear(SoundPiece(2.0 * number, piece))
            most = max(most, len(listener._sound))
    assert most / RATE_HZ <= 28 + 2 + 1


# Regions and sentences


@given(st.lists(st.floats(0, 1), max_size=400))
def test_regions_are_in_order_apart_and_begin_with_a_voice(chances: list[float]) -> None:
    regions = speech_regions(chances)
    for start, end in regions:
        assert 0 <= start < end <= len(chances)
        assert chances[start] >= 0.5
        assert chances[end - 1] >= 0.35
        assert end - start >= 6
    assert all(before[1] + 16 <= after[0] for before, after in pairwise(regions))


def test_a_quiet_moment_does_not_end_a_region() -> None:
    assert speech_regions([0.9] * 20 + [0.1] * 15 + [0.4] * 10 + [0.9] * 5) == [(0, 50)]
    assert speech_regions([0.9] * 20 + [0.1] * 16 + [0.9] * 20) == [(0, 20), (36, 56)]
    assert speech_regions([0.45] * 100) == []


def spoken(*words: tuple[str, float, float]) -> Utterance:
    timed = tuple(Word(Span(a, b), text) for text, a, b in words)
    return Utterance(Span(words[0][1], words[-1][2]), "".join(text for text, _, _ in words).strip(), timed)


def test_utterances_end_with_sentences_and_at_pauses() -> None:
    found = split([spoken((" It", 0, 1), (" rains.", 1, 2), (" We", 2, 3), (" go", 3, 4), (" home", 5, 6))])
    assert [(u.text, u.span) for u in found] == [
        ("It rains.", Span(0, 2)),
        ("We go", Span(2, 4)),
        ("home", Span(5, 6)),
    ]


def test_languages_without_spaces_keep_their_writing() -> None:
    found = split([spoken(("今日", 0, 1), ("は。", 1, 2), ("雨", 2, 3), ("です", 3, 4))])
    assert [u.text for u in found] == ["今日は。", "雨です"]


def test_an_utterance_without_words_stays_whole() -> None:
    whole = Utterance(Span(0, 9), "One. Two. Three.")
    assert split([whole]) == [whole]


SPOKEN_WORDS = st.lists(
    st.tuples(st.text("abc.?é日", min_size=1, max_size=6), st.floats(0, 2), st.floats(0.01, 2)),
    min_size=1,
    max_size=120,
)


@given(SPOKEN_WORDS)
def test_splitting_loses_no_word_and_no_order(timed: list[tuple[str, float, float]]) -> None:
    now, words = 0.0, []
    for text, pause_s, length_s in timed:
        words.append((f" {text}", now + pause_s, now + pause_s + length_s))
        now = words[-1][2]
    whole = spoken(*words)
    found = split([whole])
    assert tuple(word for u in found for word in u.words) == whole.words
    assert " ".join(u.text for u in found).split() == whole.text.split()
    for u in found:
        assert (u.span.start_s, u.span.end_s) == (u.words[0].span.start_s, u.words[-1].span.end_s)
        assert len(u.words) <= 40


def test_shifting_moves_words_too() -> None:
    later = shifted(spoken((" It", 0, 1), (" rains", 1, 2)), 10)
    assert later.span == Span(10, 12)
    assert [word.span for word in later.words] == [Span(10, 11), Span(11, 12)]


def test_an_abbreviation_does_not_end_a_sentence() -> None:
    words = [Word(Span(n, n + 1), f" {text}") for n, text in enumerate("Dr. Miller will see you. Bye.".split())]
    found = split([Utterance(Span(0, 6), "Dr. Miller will see you. Bye.", tuple(words))])
    assert [u.text for u in found] == ["Dr. Miller will see you.", "Bye."]


def test_words_begin_and_end_with_the_voice() -> None:
    words = (Word(Span(0.8, 1.4), "one"), Word(Span(1.4, 1.8), "two"), Word(Span(5.0, 5.5), "three"))
    found = snapped(words, [Span(1.0, 2.0), Span(8.0, 9.0)])
    assert [w.span for w in found] == [Span(1.0, 1.4), Span(1.4, 2.0), Span(5.0, 5.5)]


@given(
    st.lists(st.tuples(st.floats(0, 20), st.floats(0.05, 2)), max_size=8),
    st.lists(st.tuples(st.floats(0, 20), st.floats(0.2, 5)), max_size=4),
)
def test_snapping_moves_no_word_by_more_than_half_a_second(
    said: list[tuple[float, float]], voiced: list[tuple[float, float]]
) -> None:
    words = [Word(Span(start_s, start_s + length_s), "w") for start_s, length_s in sorted(said)]
    found = snapped(words, [Span(start_s, start_s + length_s) for start_s, length_s in voiced])
    for before, after in zip(words, found, strict=True):
        assert abs(before.span.start_s - after.span.start_s) <= 0.5 * len(voiced)
        assert abs(before.span.end_s - after.span.end_s) <= 0.5 * len(voiced)
