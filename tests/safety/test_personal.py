"""Personal data in words: what is found, what only looks like it, and what is left after masking."""

import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playhead.safety.personal.finding import Kind, found, masked
from playhead.safety.texts import file_changed, lines_of, words_changed

ALL = tuple(Kind)

PRESENT = {
    Kind.MAIL: """
        jane@example.com
        jane.doe+film@mail.example.co.uk
        o'brien@example.ie
        jürgen.müller@beispiel.de
        x_1@sub.sub.example.museum
        jane [at] example dot com
        jane (at) example.com
        jane.doe [at] example [dot] org
        jane dot doe at example dot co dot uk
        max punkt muster ät beispiel punkt de
        jane underscore doe at example dot com
        luis arroba ejemplo punto es
        JANE@EXAMPLE.COM
    """,
    Kind.PHONE: """
        +49 171 1234567
        +49 (0)30 123456
        +44 20 7946 0958
        (+49) 171 1234567
        +44 (0) 20 7946 0958
        +1 555 123 4567
        +1-555-123-4567
        +33612345678
        0049 30 1234567
        030 1234567
        030/123 45 67
        0171-1234567
        01711234567
        06 12 34 56 78
        06.12.34.56.78
        0612345678
        07911 123456
        07911123456
        020 7946 0958
        (020) 7946 0958
        (555) 123-4567
        555-123-4567
        555.123.4567
        1-800-555-0199
        612 34 56 78
        138 1234 5678
        (11) 91234-5678
        03-1234-5678
        0412 345 678
        0 6 1 2 3 4 5 6 7 8
        0 1 7 1 5 5 0 2 3 4 4
        5 5 5 8 6 7 5 3 0 9
        0 6 12 34 56 78
    """,
    Kind.CARD: """
        4111 1111 1111 1111
        4111-1111-1111-1111
        4111111111111111
        5500 0000 0000 0004
        3782 822463 10005
        378282246310005
        6011 1111 1111 1117
        30569309025904
        4111, 1111, 1111, 1111
        4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1
    """,
    Kind.IBAN: """
        DE89 3704 0044 0532 0130 00
        DE89370400440532013000
        GB29 NWBK 6016 1331 9268 19
        FR14 2004 1010 0505 0001 3M02 606
        NL91ABNA0417164300
        de89 3704 0044 0532 0130 00
        D E 8 9 3 7 0 4 0 0 4 4 0 5 3 2 0 1 3 0 0 0
    """,
    Kind.PLATE: """
        B-MA 1234
        M-AB 123E
        HH-XY 42
        AB12 CDE
        AB12CDE
        7ABC123
        123-ABC
        AB-123-CD
        12-AB-34
        AB-12-CD
    """,
    Kind.ADDRESS: """
        192.168.0.17
        8.8.8.8
        255.255.255.255
        2001:db8::8a2e:370:7334
        fe80::1ff:fe23:4567:890a
        2001:0db8:85a3:0000:0000:8a2e:0370:7334
    """,
}

ABSENT = """
    0:30–1:45
    [0:10.6–0:14.9]
    [1:02:10.6–1:02:14.9]
    12:34:56.7
    01:23:45:12
    00:01:23,456 --> 00:01:25,789
    00.12.34.56
    at 01.23.45.12 and 02.33.45.12
    2024-03-15
    2024-03-15 12:30
    03.05.2024 12:30
    03.05.2024 10 Uhr
    05/03/2024
    05/03/2024-06/03/2024
    between 1998 and 2004
    2019-2020 2021-2022
    1920x1080
    3840 × 2160 at 59.94 fps
    ISBN 978-3-16-148410-0
    ISBN 0-306-40615-2
    ISBN 0306406152
    ISBN: 0712345678
    ISBN 0306-40615-2
    clip 0123 05.03.2024
    frame 0612 12.50 13.75
    +48.858370
    1 2 3 4 5 6 7 8 1 2 3
    hiring at the dot com in 1999
    the plate is 12 AB
    IMG-0612345678.jpg
    0612345678-a1b2
    0612345678.25
    id 123456789012
    frame 1234567890
    1700000000000
    1 234 567 890
    1,234,567,890
    1 000 000 000 000
    612 345 678 viewers
    0.123456789
    48.858370, 2.294481
    4111 1111 1111 1112
    4242 4242 4242 4241
    1234 5678 9012 3456
    DE89 3704 0044 0532 0130 01
    9 8 7 6 5 4 3 2 1 0
    0 1 2 3 4 5 6 7 8 9
    1 2 3 4 1 2 3 4 1 2 3 4
    5 6 7 8
    01 02 03 04 05
    0 5 10 15 20 25 30
    06.25 07.50 08.75
    1 1 1 1 1 1 1 1 1 1
    MP4-2024
    S01E02
    A4
    H264
    COVID-19
    AK-47
    B-52
    F-16
    IMG-1234
    CVE-2024-12345
    120-FPS
    12-MAY-24
    LP-E6
    DVD-R 16
    EOS-R 5
    HD24 FPS
    4K60
    5.1.2
    version 1.2.3.4
    opencv==5.0.0.93
    v10.0.0.1
    section 2.1.3.4
    300.1.2.3
    1.2.3.4.5
    std::vector
    12:34:56:78:90:12:34:56
    look at example.com
    look at example dot com
    visit us at example dot com
    she worked at the dot com in 1999
    logo@2x.png
    @handle
    jane@localhost
    meet me @ 5.30
    lat 052.123456 lon 013.456789
    0930 1030 1145 1300
    NBC-TV 1972
    meet at noon dot com
    550e8400-e29b-41d4-a716-071234567890
    IMG_0612345678.jpg
    ten o'clock, 3 to 1, 20 %
"""


def lines(block: str) -> list[str]:
    return [line.strip() for line in block.strip().splitlines()]


POSITIVES = [(kind, text) for kind, block in PRESENT.items() for text in lines(block)]
SURROUNDINGS = [
    "{}",
    "So {} it is.",
    "({})",
    "„{}“",
    "日本語 {}、",
    "See [0:10.6–0:14.9]: {}, she said.",
    "😀 {}\n{}",
]


@pytest.mark.parametrize("around", SURROUNDINGS)
@pytest.mark.parametrize(("kind", "text"), POSITIVES)
def test_what_is_there_is_masked_whole_and_nothing_else(kind: Kind, text: str, around: str) -> None:
    assert masked(around.replace("{}", text), ALL) == around.replace("{}", f"[{kind}]")


@pytest.mark.parametrize("text", lines(ABSENT))
def test_what_only_looks_like_it_is_left_alone(text: str) -> None:
    assert found(text, ALL) == ()
    assert masked(f"So {text} it is.", ALL) == f"So {text} it is."


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Call me at 5551234567 tonight", "Call me at [phone] tonight"),
        ("tel. 12 34 56 78", "tel. [phone]"),
        ("Handy: 98765 43210", "Handy: [phone]"),
        ("Phone 555-0123", "Phone [phone]"),
        ("call on 2024-03-15", "call on 2024-03-15"),
        ("phone 20240315", "phone 20240315"),
        ("the plate is ABC 1234 I think", "the plate is [plate] I think"),
        ("Kennzeichen: ABC1234", "Kennzeichen: [plate]"),
        ("a plate of 12 eggs", "a plate of 12 eggs"),
        ("Room 12, 4111 1111 1111 1111 123", "Room 12, [card] 123"),
        ("in 2024 4111 1111 1111 1111", "in 2024 [card]"),
        ("06 12 34 56 78 06 87 65 43 21", "[phone] [phone]"),
        ("0171 1234567, 0172 7654321", "[phone], [phone]"),
        ("DE89 3704 0044 0532 0130 00 and 0:30", "[iban] and 0:30"),
        ("http://10.0.0.1:8080/x and 10.0.0.0/24", "http://[address]:8080/x and [address]/24"),
        ("a@b.de;c@d.fr", "[mail];[mail]"),
        ("+49\u00a0171\u00a01234567", "[phone]"),
    ],
)
def test_what_stands_beside_it_decides(text: str, left: str) -> None:
    assert masked(text, ALL) == left


def test_only_the_kinds_asked_for_are_found_and_one_place_has_one_kind() -> None:
    text = "jane@example.com, 4111 1111 1111 1111"
    assert [each.kind for each in found(text, ALL)] == [Kind.MAIL, Kind.CARD]
    assert masked(text, [Kind.CARD]) == "jane@example.com, [card]"
    assert found(text, [Kind.PHONE]) == ()
    assert found(text, []) == ()


def test_places_are_counted_in_characters() -> None:
    text = "😀é jane@example.com"
    (only,) = found(text, ALL)
    assert text[only.start : only.end] == "jane@example.com"


PIECES = st.sampled_from([text for _, text in POSITIVES] + lines(ABSENT))
NOISE = st.text(alphabet="0123456789 +-./:()@ABdot,[]\n", max_size=12)
WORDS = st.lists(st.one_of(PIECES, NOISE, st.text(max_size=8)), max_size=6)
GLUE = st.sampled_from(["", " ", ", ", "-", "\n"])
KINDS = st.sets(st.sampled_from(ALL))


@given(WORDS, GLUE, KINDS)
def test_nothing_is_left_after_masking_and_twice_is_once(words: list[str], glue: str, kinds: set[Kind]) -> None:
    once = masked(glue.join(words), kinds)
    assert found(once, kinds) == ()
    assert masked(once, kinds) == once


@given(WORDS, GLUE)
def test_places_are_in_order_and_apart(words: list[str], glue: str) -> None:
    text = glue.join(words)
    places = [(each.start, each.end) for each in found(text, ALL)]
    assert all(0 <= start < end <= len(text) for start, end in places)
    assert all(end <= later for (_, end), (later, _) in pairwise(places))


TENTHS = st.integers(0, 360_000)


def clock(tenths: int) -> str:
    minutes, rest = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    seconds = f"{rest // 10:02}.{rest % 10}"
    return f"{hours}:{minutes:02}:{seconds}" if hours else f"{minutes}:{seconds}"


@given(st.lists(st.tuples(TENTHS, TENTHS), min_size=1, max_size=4), st.sampled_from("–-"), st.sampled_from(["", " "]))
def test_citations_survive(pairs: list[tuple[int, int]], dash: str, glue: str) -> None:
    text = glue.join(f"[{clock(min(pair))}{dash}{clock(max(pair))}]" for pair in pairs)
    assert masked(text, ALL) == text


HOSTILE = """a 1 1␣ 0␣ 01␣ 0␣1␣ +1 + ( @ a@ a. a@a. a␣dot␣ a␣at␣ : a: A-A␣ A A1 DE89 DE89␣ 4111␣ tel␣ tel␣1␣ 555- 1.
    plate␣ 06␣12␣ plate␣A1␣ 1␣2␣ \u00a0 é 0171␣1234567␣ jane@example.com␣"""


def seconds(text: str) -> float:
    started = time.process_time()
    found(text, ALL)
    return time.process_time() - started


@pytest.mark.parametrize("piece", HOSTILE.split())
def test_hostile_text_takes_no_long(piece: str) -> None:
    piece = piece.replace("␣", " ")
    assert seconds(piece * (50_000 // len(piece))) < 2


@pytest.mark.slow
@pytest.mark.parametrize("piece", "a 1 1␣ 0␣ 01␣ 1␣2␣ a@a. a␣at␣ DE89␣ 4111␣ tel␣1␣".split())
def test_the_time_grows_with_the_length_of_hostile_text(piece: str) -> None:
    """Five times the text takes about five times as long, where its square would be twenty-five."""
    piece = piece.replace("␣", " ")
    once, five_times = (seconds(piece * (length // len(piece))) for length in (50_000, 250_000))
    assert five_times < 12 * max(once, 0.02)


def test_the_times_of_subtitles_and_pictures_in_a_page_are_not_words() -> None:
    subtitles = (
        "1\n00:01:02,500 --> 00:01:05,000\nWrite to jane@example.com\n\n2\n03:00:01,123 --> 03:00:04,567\nNow.\n"
    )
    page = "<p>jane@example.com</p><img src='data:image/jpeg;base64,+493012345678=='><p>+49 171 1234567</p>"
    for text in (subtitles, page):
        shown = words_changed(text, lambda words: masked(words, frozenset(ALL)))
        assert "jane@example.com" not in shown
        assert "[mail]" in shown
        assert [line for line in shown.splitlines() if "-->" in line] == [
            line for line in text.splitlines() if "-->" in line
        ]
        assert "base64,+493012345678==" in shown or "base64" not in text
        assert words_changed(text, str) == text


@pytest.mark.parametrize(
    "text",
    [
        '{"a": "jane@example.com", "a": "nobody"}',
        '{"source": "jane@example.com", "id": "x"}',
        '{"jane@example.com": 1}',
        '["jane\\u0040example.com"]',
        '["jane@example.com", {broken',
        "[" * 50_000 + '"jane@example.com"' + "]" * 50_000,
    ],
)
def test_nothing_that_is_judged_in_a_file_is_left_unmasked(text: str) -> None:
    left = file_changed("said.json", text, lambda words: masked(words, frozenset(ALL)))
    assert "[mail]" in left
    assert "jane" not in " ".join(lines_of("said.json", left))


def test_what_says_nothing_of_a_person_stays_in_a_file_as_it_is() -> None:
    text = '{ "sha256" : "' + "4111" * 16 + '",\n"at_s":1.50, "note": "a \\u0026 b"}'
    assert file_changed("said.json", text, lambda words: masked(words, frozenset(ALL))) == text
