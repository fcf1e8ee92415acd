"""What the models of each role keep to. A contract is a plain class: subclass it with a `Test` name and give it a
fixture called `model`:

    class TestMyDetector(DetectorContract):
        @pytest.fixture
        def model(self):
            return MyDetector()
"""

from __future__ import annotations

import numpy as np

from playhead.models.roles import (
    SAMPLE_RATE_HZ,
    Captioner,
    Detector,
    ImageModerator,
    ImageTextEncoder,
    SentenceEncoder,
    TextModerator,
    TextReader,
    Transcriber,
    Voice,
    VoiceActivity,
)
from playhead.testing.samples import (
    TEXTS,
    assert_alike,
    assert_findings,
    assert_in_order,
    assert_inside,
    assert_unit_rows,
    noise,
    pictures,
)


class SentenceEncoderContract:
    """What every `SentenceEncoder` keeps to."""

    def test_is_a_sentence_encoder(self, model: SentenceEncoder) -> None:
        """It has the role's members and a name."""
        assert isinstance(model, SentenceEncoder)
        assert model.id

    def test_gives_unit_rows(self, model: SentenceEncoder) -> None:
        """Any text gives a row: empty, long, with odd letters."""
        assert_unit_rows(model.encode(TEXTS), len(TEXTS), model.dim)

    def test_nothing_gives_nothing(self, model: SentenceEncoder) -> None:
        """No texts, no rows."""
        assert model.encode([]).shape == (0, model.dim)

    def test_a_text_means_the_same_in_any_company(self, model: SentenceEncoder) -> None:
        """Batching changes no vector."""
        alone = np.concatenate([model.encode([text]) for text in TEXTS])
        np.testing.assert_allclose(model.encode(TEXTS), alone, atol=1e-4)

    def test_says_whether_it_can_read(self, model: SentenceEncoder) -> None:
        """Plain English is readable to all models there are."""
        assert model.unreadable(TEXTS[0]) == ""

    def test_counts_what_came_over_a_bridge(self, model: SentenceEncoder) -> None:
        """None or one or both of two texts; plain English is at home."""
        assert model.crossed(TEXTS[0], TEXTS[2]) == 0
        assert {model.crossed(one, other) for one in TEXTS for other in TEXTS} <= {0, 1, 2}


class ImageTextEncoderContract:
    """What every `ImageTextEncoder` keeps to."""

    def test_is_an_image_text_encoder(self, model: ImageTextEncoder) -> None:
        """It has the role's members and a name."""
        assert isinstance(model, ImageTextEncoder)
        assert model.id

    def test_gives_unit_rows(self, model: ImageTextEncoder) -> None:
        """Pictures of any shape and texts of any length share one space."""
        assert_unit_rows(model.encode_images(pictures()), len(pictures()), model.dim)
        assert_unit_rows(model.encode_texts(TEXTS), len(TEXTS), model.dim)

    def test_nothing_gives_nothing(self, model: ImageTextEncoder) -> None:
        """No pictures or texts, no rows."""
        assert model.encode_images([]).shape == model.encode_texts([]).shape == (0, model.dim)

    def test_a_picture_means_the_same_in_any_company(self, model: ImageTextEncoder) -> None:
        """Batching changes no vector and no order."""
        alone = np.concatenate([model.encode_images([image]) for image in pictures()])
        np.testing.assert_allclose(model.encode_images(pictures()), alone, atol=1e-4)

    def test_says_whether_it_can_read(self, model: ImageTextEncoder) -> None:
        """Plain English is readable to all models there are."""
        assert model.unreadable(TEXTS[0]) == ""

    def test_is_surer_of_what_is_more_alike(self, model: ImageTextEncoder) -> None:
        """A curve, where there is one, rises with similarity and gives chances."""
        fits = model.calibration(model.encode_texts([TEXTS[0]])[0])
        if fits is not None:
            chances = [fits.at(similarity) for similarity in (-1.0, 0.0, 0.2, 0.5, 1.0)]
            assert chances == sorted(chances)
            assert 0 <= chances[0] < chances[-1] <= 1


class DetectorContract:
    """What every `Detector` keeps to."""

    def test_is_a_detector(self, model: Detector) -> None:
        """It has the role's members and a name."""
        assert isinstance(model, Detector)
        assert model.id

    def test_finds_objects_best_first(self, model: Detector) -> None:
        """One result a picture, each sorted, labelled and inside the picture."""
        found = model.detect(pictures())
        assert len(found) == len(pictures())
        for objects in found:
            assert [o.score for o in objects] == sorted((o.score for o in objects), reverse=True)
            assert all(o.label for o in objects)
            assert_inside(objects)

    def test_nothing_gives_nothing(self, model: Detector) -> None:
        """No pictures, no results."""
        assert model.detect([]) == []

    def test_a_picture_shows_the_same_in_any_company(self, model: Detector) -> None:
        """Batching changes no object."""
        alone = [model.detect([image])[0] for image in pictures()]
        together = model.detect(pictures())
        assert [[o.label for o in objects] for objects in together] == [
            [o.label for o in objects] for objects in alone
        ]


class TextReaderContract:
    """What every `TextReader` keeps to."""

    def test_is_a_text_reader(self, model: TextReader) -> None:
        """It has the role's members and a name."""
        assert isinstance(model, TextReader)
        assert model.id

    def test_reads_nothing_where_nothing_is(self, model: TextReader) -> None:
        """An empty picture has no lines, whatever its shape."""
        for shape in ((240, 320, 3), (1, 40, 3), (40, 1, 3)):
            assert model.read(np.zeros(shape, np.uint8)) == ()

    def test_lines_lie_inside_the_picture(self, model: TextReader) -> None:
        """Boxes are fractions."""
        for image in pictures():
            assert_inside(model.read(image))


class CaptionerContract:
    """What every `Captioner` keeps to."""

    def test_is_a_captioner(self, model: Captioner) -> None:
        """It has the role's members and a name."""
        assert isinstance(model, Captioner)
        assert model.id

    def test_one_caption_a_picture(self, model: Captioner) -> None:
        """Each a text, the same every time."""
        images = pictures()[:2]
        captions = model.caption(images)
        assert len(captions) == len(images)
        assert all(isinstance(caption.text, str) for caption in captions)
        assert model.caption(images) == captions

    def test_nothing_gives_nothing(self, model: Captioner) -> None:
        """No pictures, no captions."""
        assert model.caption([]) == []


class TextModeratorContract:
    """What every `TextModerator` keeps to."""

    def test_is_a_text_moderator(self, model: TextModerator) -> None:
        """It has the role's members, a name and something to look for."""
        assert isinstance(model, TextModerator)
        assert model.id
        assert model.categories

    def test_judges_any_text_in_every_category(self, model: TextModerator) -> None:
        """Empty, long, with odd letters: one finding a category, most likely first."""
        found = model.moderate(TEXTS)
        assert len(found) == len(TEXTS)
        for findings in found:
            assert_findings(findings, model.categories)

    def test_nothing_gives_nothing(self, model: TextModerator) -> None:
        """No texts, no findings."""
        assert model.moderate([]) == []

    def test_a_text_is_judged_the_same_in_any_company(self, model: TextModerator) -> None:
        """Batching changes no score."""
        assert_alike(model.moderate(TEXTS), [model.moderate([text])[0] for text in TEXTS])


class ImageModeratorContract:
    """What every `ImageModerator` keeps to."""

    def test_is_an_image_moderator(self, model: ImageModerator) -> None:
        """It has the role's members, a name and something to look for."""
        assert isinstance(model, ImageModerator)
        assert model.id
        assert model.categories

    def test_judges_any_picture_in_every_category(self, model: ImageModerator) -> None:
        """Pictures of any shape: one finding a category, most likely first."""
        found = model.moderate(pictures())
        assert len(found) == len(pictures())
        for findings in found:
            assert_findings(findings, model.categories)

    def test_nothing_gives_nothing(self, model: ImageModerator) -> None:
        """No pictures, no findings."""
        assert model.moderate([]) == []

    def test_a_picture_is_judged_the_same_in_any_company(self, model: ImageModerator) -> None:
        """Batching changes no score."""
        assert_alike(model.moderate(pictures()), [model.moderate([image])[0] for image in pictures()])


class VoiceActivityContract:
    """What every `VoiceActivity` keeps to."""

    def test_is_a_voice_activity_model(self, model: VoiceActivity) -> None:
        """It has the role's members and a name."""
        assert isinstance(model, VoiceActivity)
        assert model.id

    def test_one_probability_a_window(self, model: VoiceActivity) -> None:
        """A window is 512 samples; what does not fill one waits."""
        chances = model.start().feed(noise(1.0))
        assert chances.shape == (SAMPLE_RATE_HZ // 512,)
        assert ((chances >= 0) & (chances <= 1)).all()
        assert model.start().feed(np.zeros(0, np.float32)).shape == (0,)

    def test_pieces_make_the_whole(self, model: VoiceActivity) -> None:
        """However sound is cut into calls, the probabilities are the same."""
        sound, stream = noise(1.0), model.start()
        pieces = [stream.feed(piece) for piece in np.split(sound, [1, 500, 513, 4000, 4000, 9999])]
        np.testing.assert_allclose(np.concatenate(pieces), model.start().feed(sound), atol=1e-4)

    def test_streams_do_not_mix(self, model: VoiceActivity) -> None:
        """Two recordings side by side are as if alone."""
        first, second = model.start(), model.start()
        heard = first.feed(noise(0.5))
        second.feed(noise(0.5, loudness=0.5))
        both = np.concatenate([heard, first.feed(noise(0.5))])
        alone = model.start()
        np.testing.assert_allclose(both, np.concatenate([alone.feed(noise(0.5)), alone.feed(noise(0.5))]), atol=1e-6)


class TranscriberContract:
    """What every `Transcriber` keeps to."""

    def test_is_a_transcriber(self, model: Transcriber) -> None:
        """It has the role's members and a name."""
        assert isinstance(model, Transcriber)
        assert model.id

    def test_silence_says_nothing(self, model: Transcriber) -> None:
        """Nothing, next to nothing, and silence."""
        for samples in (0, 1, 160, SAMPLE_RATE_HZ):
            assert model.transcribe(np.zeros(samples, np.float32)) == ()

    def test_times_lie_inside_and_in_order(self, model: Transcriber) -> None:
        """Whatever is heard has its place in the recording."""
        assert_in_order(model.transcribe(noise(2.0), "en"), 2.0)


class VoiceContract:
    """A sentence becomes sound, the same every time, and a script it does not know is told."""

    def test_is_a_voice(self, model: Voice) -> None:
        """It has a name, a rate, and languages by their codes."""
        assert isinstance(model, Voice)
        assert model.id
        assert model.rate_hz >= 8000
        assert all(len(code) == 2 for code in model.languages)

    def test_a_sentence_is_sound(self, model: Voice) -> None:
        """Finite mono samples that are not silence."""
        said = model.speak("hello there")
        assert said.dtype == np.float32
        assert said.ndim == 1
        assert len(said) > model.rate_hz // 100
        assert np.isfinite(said).all()
        assert 0 < np.abs(said).max() <= 1

    def test_a_seed_gives_the_same_samples(self, model: Voice) -> None:
        """Sample for sample."""
        assert np.array_equal(model.speak("hello there", seed=7), model.speak("hello there", seed=7))

    def test_faster_is_shorter(self, model: Voice) -> None:
        """More than twice the speed takes less time."""
        text = "hello there how are you today"
        assert len(model.speak(text, speed=1.6)) < len(model.speak(text, speed=0.7))

    def test_nothing_gives_nothing(self, model: Voice) -> None:
        """Neither does a mark that nobody says."""
        assert len(model.speak("")) == 0
        assert len(model.speak("…")) == 0

    def test_says_what_it_cannot_read(self, model: Voice) -> None:
        """A script it was not taught; a text without a word."""
        assert model.unreadable("hello there") == ""
        assert model.unreadable("これは読めません")
        assert model.unreadable("…")
