"""Subtitles as speech: found beside the video, read whatever their dialect, written so that they read back."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playhead.errors import InputError, MediaError, PlayheadError, UnsafeMediaError
from playhead.media.subtitles import find_sidecar, plain_text, read_subtitles, write_subtitles
from playhead.types import Span, Utterance

SRT = """1
00:00:01,000 --> 00:00:02,500
<i>Hello</i> <font color="red">there</font>

2
00:00:03,000 --> 00:00:04,000
{\\an8}Two
lines

"""
VTT = """WEBVTT - a title

STYLE
::cue { color: red }

NOTE nobody says this

intro
00:01.000 --> 00:02.500 align:start position:0%
<v Anna>Hello <00:01.500>there</v>

NOTE
nor this

second cue
00:00:03.000 --> 00:00:04.000
<c.loud>salt &amp; pepper</c>
"""


def read(folder: Path, name: str, data: str | bytes, start_s: float = 0.0) -> list[tuple[float, float, str]]:
    path = folder / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return [(u.span.start_s, u.span.end_s, u.text) for u in read_subtitles(path, [folder], start_s)]


def test_srt_is_read_without_its_markup(tmp_path: Path) -> None:
    assert read(tmp_path, "a.srt", SRT) == [(1.0, 2.5, "Hello there"), (3.0, 4.0, "Two lines")]


def test_vtt_is_read_without_notes_names_and_markup(tmp_path: Path) -> None:
    assert read(tmp_path, "a.vtt", VTT) == [(1.0, 2.5, "Hello there"), (3.0, 4.0, "salt & pepper")]


def test_times_are_shifted_to_the_clock_of_the_video(tmp_path: Path) -> None:
    assert [start for start, _, _ in read(tmp_path, "a.srt", SRT, 1.4)] == pytest.approx([2.4, 4.4])


@pytest.mark.parametrize("newline", ["\r\n", "\r"])
@pytest.mark.parametrize(("name", "text"), [("a.srt", SRT), ("a.vtt", VTT)])
def test_line_ends_of_other_systems(newline: str, name: str, text: str, tmp_path: Path) -> None:
    assert read(tmp_path, name, text.replace("\n", newline)) == read(tmp_path, name, text)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_encodings(encoding: str, tmp_path: Path) -> None:
    said = "naïve café"
    assert read(tmp_path, "a.srt", SRT.replace("Two", said).encode(encoding))[1][2] == f"{said} lines"


def test_cues_come_in_order_of_time_and_empty_ones_are_left_out(tmp_path: Path) -> None:
    text = "1\n00:00:05,000 --> 00:00:06,000\nlater\n\n2\n00:00:01,000 --> 00:00:02,000\nfirst\n\n"
    text += "3\n00:00:03,000 --> 00:00:04,000\n<b></b>\n\n4\n00:00:09,000 --> 00:00:08,000\nbackwards\n"
    assert [said for _, _, said in read(tmp_path, "a.srt", text)] == ["first", "later"]


@pytest.mark.parametrize("text", ["a < b and c > d", "I <3 you, 5 > 4", "{laughs}", "[door]", "50% -> 60%", "x <- y"])
def test_signs_that_are_not_markup_stay(text: str, tmp_path: Path) -> None:
    assert plain_text(text) == text
    assert read(tmp_path, "a.srt", SRT.replace("Two\nlines", text))[1][2] == text


def test_text_that_is_no_subtitle_gives_nothing_or_an_error_of_ours(tmp_path: Path) -> None:
    for data in (b"hello", bytes(range(1, 256)), b"WEBVTT\n\n", b"1\n99:99:99,999 --> x\n"):
        for name in ("a.srt", "a.vtt"):
            with suppress(InputError):
                assert read(tmp_path, name, data) == []


@given(
    st.binary(min_size=1, max_size=200), st.integers(0, len(SRT)), st.sampled_from([("a.srt", SRT), ("a.vtt", VTT)])
)
def test_damage_never_ends_in_a_traceback(
    tmp_path_factory: pytest.TempPathFactory, junk: bytes, place: int, kind: tuple[str, str]
) -> None:
    text = kind[1].encode()
    try:
        found = read(tmp_path_factory.getbasetemp(), kind[0], text[:place] + junk + text[place + len(junk) :])
    except PlayheadError:
        return
    assert all(0 <= start <= end and text for start, end, text in found)


def test_subtitles_are_opened_as_safely_as_footage(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "out.srt").write_text(SRT)
    (root / "a.srt").symlink_to(tmp_path / "out.srt")
    with pytest.raises(UnsafeMediaError):
        read_subtitles(root / "a.srt", [root])
    (root / "large.srt").write_bytes(b"x" * ((16 << 20) + 1))
    with pytest.raises(MediaError, match="larger than"):
        read_subtitles(root / "large.srt", [root])


def test_the_sidecar_of_a_video(tmp_path: Path) -> None:
    video = tmp_path / "my [talk].v2.mp4"
    assert find_sidecar(video) is None
    assert find_sidecar(tmp_path / "gone" / "x.mp4") is None
    expected = None
    for name in ("other.srt", "my [talk].srt", "my [talk].v2.notes-of-ours.srt", "my [talk].v2.en.vtt"):
        (tmp_path / name).touch()
        expected = tmp_path / name if name.endswith(".en.vtt") else None
    assert find_sidecar(video) == expected
    for name in ("my [talk].v2.de-AT.SRT", "my [talk].v2.vtt", "my [talk].v2.srt"):
        (tmp_path / name).touch()
        first = {"S": "my [talk].v2.de-AT.SRT", "v": "my [talk].v2.vtt", "s": "my [talk].v2.srt"}
        key = "S" if name.endswith("SRT") else name[-3]
        assert find_sidecar(video) == tmp_path / first[key]


MS = st.integers(0, 10**7)
SAID = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1, max_size=40
).map(lambda text: " ".join(text.split()))


@given(
    st.lists(st.tuples(MS, MS, SAID), max_size=5),
    st.sampled_from(["srt", "vtt"]),
)
def test_what_is_written_reads_back(
    tmp_path_factory: pytest.TempPathFactory, spoken: list[tuple[int, int, str]], kind: str
) -> None:
    said = [
        Utterance(Span(min(a, b) / 1000, max(a, b) / 1000), text)
        for a, b, text in sorted(spoken, key=lambda s: (min(s[:2]), max(s[:2])))
        if plain_text(text) == text and text and not text.isdigit() and "\\" not in text
    ]
    path = tmp_path_factory.getbasetemp() / f"written.{kind}"
    path.write_text(write_subtitles(said, kind), encoding="utf-8")
    assert not said or list(read_subtitles(path, [path.parent])) == said


def test_a_written_file_is_what_players_expect() -> None:
    said = [Utterance(Span(0.5, 3661.25), "one\ntwo"), Utterance(Span(3700, 3701), "a < b & {c}")]
    assert write_subtitles(said, "srt") == (
        "1\n00:00:00,500 --> 01:01:01,250\none\ntwo\n\n2\n01:01:40,000 --> 01:01:41,000\na < b & {c}\n\n"
    )
    assert write_subtitles(said, "vtt") == (
        "WEBVTT\n\n1\n00:00:00.500 --> 01:01:01.250\none\ntwo\n\n"
        "2\n01:01:40.000 --> 01:01:41.000\na &lt; b &amp; {c}\n\n"
    )
