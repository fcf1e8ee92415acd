"""A story out of what scenes look like and what is said in them, with worked sentences (`prompts/story.yaml`).

Neighbours that look alike are told together, and no sentence says more than its evidence: what only a label speaks
for "looks like" it. The same scenes give the same words.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass, replace
from string import Template
from typing import TYPE_CHECKING

from playhead.index.sights import words
from playhead.index.tell import capital, ended, listed, named, quoted
from playhead.types import Channel, format_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from playhead.index.sights import Seen
    from playhead.types import Citation, Video

_LONG_GAP_S = 8.0
_MOST_THINGS = 4
_LONGEST_QUOTE = 220
_TITLE_NAMES = 3
_LONGEST_TITLE = 60
_PEOPLE = "person"
_RUN = 4  # words in a row that nobody says by chance
_SAYING = frozenset(
    "say says said saying tell tells told ask asks asked speak speaks speaking spoken talk talks talking explain "
    "explains announce announces mention mentions voice voices speaker heard hear hears words quote according".split()
)


@dataclass(frozen=True, slots=True)
class Telling:
    """One page: what is told, and the scenes that it is told of."""

    text: str
    scenes: tuple[Seen, ...]

    @property
    def evidence(self) -> tuple[Citation, ...]:
        """What it rests on, each once."""
        return tuple({c.id: c for scene in self.scenes for c in scene.evidence}.values())


def joined(scenes: Iterable[Seen]) -> list[Seen]:
    """The scenes that can be told; neighbours in one video of which the same would be told are one."""
    found: list[Seen] = []
    for scene in scenes:
        if not scene.evidence:
            continue
        last = found[-1] if found else None
        if last and last.video.id == scene.video.id and (last.look, last.words) == (scene.look, scene.words):
            found[-1] = _both(last, scene)
        else:
            found.append(scene)
    return found


def _both(one: Seen, other: Seen) -> Seen:
    return replace(
        one,
        span=one.span.union(other.span),
        pictures=(*one.pictures, *other.pictures),
        things=tuple(dict.fromkeys((*one.things, *other.things))),
        evidence=(*one.evidence, *other.evidence),
    )


def alike(scenes: Iterable[Seen]) -> list[tuple[Seen, ...]]:
    """Scenes as pages: recordings in a row of which the same would be told are one page. Words stand alone."""
    pages: list[tuple[Seen, ...]] = []
    for scene in scenes:
        same = bool(pages) and pages[-1][0].look == scene.look and not (scene.words or pages[-1][0].words)
        if same and scene.video.id not in {other.video.id for other in pages[-1]}:
            pages[-1] = (*pages[-1], scene)
        else:
            pages.append((scene,))
    return pages


def chosen(pages: Sequence[tuple[Seen, ...]], count: int) -> list[tuple[Seen, ...]]:
    """The `count` pages with most to tell, in their order; what was told already counts for less."""
    told: Counter[str] = Counter()
    left, kept = list(range(len(pages))), list[int]()
    while left and len(kept) < count:
        best = max(left, key=lambda n: (_worth(pages[n]) / (1 + told[pages[n][0].look]), -n))
        told[pages[best][0].look] += 1
        left.remove(best)
        kept.append(best)
    return [pages[n] for n in sorted(kept)]


def _worth(page: tuple[Seen, ...]) -> float:
    scene = page[0]
    worth = (
        2.0 * bool(scene.said) + 2.0 * bool(scene.sight or scene.caption) + bool(scene.written) + bool(scene.place)
    )
    return worth + 0.4 * min(len(scene.things), _MOST_THINGS) + 0.3 * min(len(page), 3)


def titled(pages: Sequence[tuple[Seen, ...]]) -> str:
    """A title of what is most telling: what the most is seen of, without people, who are everywhere."""
    names: dict[str, float] = {}
    for page in pages:
        for name in {name for scene in page for name in _names(scene)}:
            names[name] = names.get(name, 0.0) + math.sqrt(sum(scene.span.duration_s for scene in page))
    best = [name for name, _ in sorted(names.items(), key=lambda item: (-item[1], item[0]))[:_TITLE_NAMES]]
    if best:
        return capital(listed(best))
    scenes = [scene for page in pages for scene in page if scene.said or scene.written]
    if not scenes:
        return "What is to be seen"
    kind, text = ("said", scenes[0].said) if scenes[0].said else ("written", scenes[0].written)
    return Template(words()["titles"][kind]).substitute(text=_cut(text, _LONGEST_TITLE).strip(" .,;:"))


def attributed(text: str, evidence: Sequence[Citation]) -> str:
    """A sentence that somebody wrote about evidence; where it gives what was said there as its own, with who says it.

    Whether it names a speaker is judged by its words beyond those that were said.
    """
    spoken = [_plain(citation.text) for citation in evidence if citation.channel is Channel.SPEECH]
    own = _plain(text)
    taken = len(spoken) == len(evidence) or any(_share(own, said) for said in spoken)
    if not spoken or not taken or (set(own) - {word for said in spoken for word in said}) & _SAYING:
        return text
    return Template(words()["attributed"]).substitute(text=text)


def _plain(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def _share(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether both have the same few words in a row."""
    runs = ({tuple(text[n : n + _RUN]) for n in range(len(text) - _RUN + 1)} for text in (one, other))
    return not set.isdisjoint(*runs)


def _names(scene: Seen) -> list[str]:
    sights = [sight.title for sight in (scene.sight, scene.place) if sight]
    return sights or [named(_thing(thing)) for thing in scene.things if thing != _PEOPLE]


class Narrator:
    """Tells pages in order; it remembers what was told, so that it varies and can come back to it."""

    def __init__(self, style: str) -> None:
        self._style = words()["styles"][style]
        self._turns: Counter[str] = Counter()
        self._told: set[str] = set()
        self._before: Seen | None = None

    def tell(self, pages: Sequence[tuple[Seen, ...]]) -> list[Telling]:
        """The story, page by page, with a beginning and an end that frame it."""
        told = []
        for number, page in enumerate(pages):
            place = "first" if number == 0 else "last" if number == len(pages) - 1 else ""
            told.append(Telling(self._page(page, place), page))
        if told:
            begin = self._fill(self._style["begin"], **_frame(pages))
            told[0] = replace(told[0], text=f"{begin} {told[0].text}")
            told[-1] = replace(told[-1], text=f"{told[-1].text} {self._style['end']}")
        return told

    def _page(self, page: tuple[Seen, ...], place: str) -> str:
        shared = tuple(thing for thing in page[0].things if all(thing in other.things for other in page))
        scene, said = replace(page[0], things=shared), _cut(page[0].said, _LONGEST_QUOTE)
        written = _cut(scene.written, _LONGEST_QUOTE)
        clause = self._clause(scene, said, written)
        if len(page) > 1:
            count = _number(len(page))
            sentence = self._one("alike", count=count, clause=clause)
            text = ended(capital(sentence))
        else:
            text = ended(_opened(self._opening(scene, place), clause))
        if scene.look:
            text += f" {self._one('written', written=written)}" if written else ""
            text += f" {_closed(self._one('said', said=said))}" if said else ""
        elif said and written:
            text += f" {_closed(self._one('said', said=said))}"
        self._before = page[-1]
        self._told.add(scene.look)
        return text

    def _clause(self, scene: Seen, said: str, written: str) -> str:
        """What is seen; where nothing is, what is written or said."""
        seen_in = bool(scene.place)
        extra = [t for t in scene.things if t != _PEOPLE and not (scene.sight and t in scene.sight.needs)]
        values = {"place": scene.place.tell if scene.place else "", "sight": scene.sight.tell if scene.sight else ""}
        if scene.caption:
            return self._one("caption", caption=scene.caption.rstrip(". "))
        if scene.sight:
            kind = "sight_in" if seen_in else "sight_with" if extra else "sight"
            return self._one(kind, **values, **_listed_things(extra))
        if scene.things:
            return self._one(
                _kind(scene), **values, **_listed_things(scene.things if scene.place else extra or [_PEOPLE])
            )
        if scene.place:
            return self._one("place", **values)
        if written:
            return f"{self._one('written_only', written=written)}."
        return _closed(self._one("said_only", said=said))

    def _opening(self, scene: Seen, place: str) -> str:
        before = self._before
        kind = place or ("again" if scene.look and scene.look in self._told else "other")
        gap_s = 0.0
        if not place and before and before.video.id == scene.video.id:
            gap_s = scene.span.start_s - before.span.end_s
            kind = "later" if gap_s >= _LONG_GAP_S else "next"
        times = {
            "gap": capital(_length(gap_s)),
            "time": _clock(scene.span.start_s),
            "name": quoted(scene.video.name),
        }
        return self._next(kind, self._style[kind], **times)

    def _one(self, kind: str, **values: str) -> str:
        source = words()["clauses"] if kind in words()["clauses"] else words()
        return self._next(kind, source[kind], **values)

    def _next(self, kind: str, templates: Sequence[str], **values: str) -> str:
        template = templates[self._turns[kind] % len(templates)]
        self._turns[kind] += 1
        return self._fill(template, **values)

    @staticmethod
    def _fill(template: str, **values: str) -> str:
        return Template(template).substitute(values)


def _frame(pages: Sequence[tuple[Seen, ...]]) -> dict[str, str]:
    videos: dict[str, Video] = {scene.video.id: scene.video for page in pages for scene in page}
    count = len(videos)
    told_of = f"{_number(count)} recording{'' if count == 1 else 's'}"
    length_s = sum(scene.span.duration_s for page in pages for scene in page)
    return {"count": told_of, "length": _length(max(1.0, length_s))}


def _kind(scene: Seen) -> str:
    """The sort of sentence that tells of the things in a scene in which nothing is known to happen."""
    if scene.place:
        return "things_in"
    if set(scene.things) == {_PEOPLE}:
        return "people"
    return "people_with" if _PEOPLE in scene.things else "things"


def _listed_things(things: Iterable[str]) -> dict[str, str]:
    in_order = sorted(dict.fromkeys(things), key=lambda thing: thing != _PEOPLE)
    names = [named(_thing(thing)) for thing in in_order[:_MOST_THINGS]]
    plural = len(names) > 1 or any(name.endswith(("skis", "scissors")) for name in names)
    return {"things": listed(names), "is": "are" if plural else "is"}


def _thing(label: str) -> str:
    return str(words()["things"].get(label, label))


def _number(count: int) -> str:
    numbers = words()["numbers"]
    return str(numbers[count]) if count < len(numbers) else str(count)


def _length(seconds: float) -> str:
    minutes = round(seconds / 60)
    count, unit = (round(seconds), "second") if seconds < 90 else (minutes, "minute")
    return f"{_number(max(1, count))} {unit}{'' if count <= 1 else 's'}"


def _clock(seconds: float) -> str:
    return format_time(seconds).partition(".")[0]


def _opened(opening: str, clause: str) -> str:
    return capital(f"{opening}{clause if opening and not opening.endswith('. ') else capital(clause)}")


def _closed(sentence: str) -> str:
    """A quotation that ends as a sentence does."""
    if sentence.endswith("”") and sentence[-2] not in ".!?…":
        return f"{sentence[:-1]}.”"
    return sentence


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most].rsplit(' ', 1)[0].rstrip('.,;: ')} …"
