"""Answers to questions about footage: the time is fixed by search, and only what lies there is looked at.

Without a language model an answer is extractive: it says what was said, written and seen, and counts and compares
times. With one, the model words what was found; counts, lengths and orders stay arithmetic.
"""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from playhead.index.depict import described, draft, refined
from playhead.index.holdings import Held, told_of
from playhead.index.moments import united
from playhead.index.ordinals import numbered
from playhead.index.questions import Kind, Question, ask
from playhead.index.tell import SHOWS, citation, citations, cite, doubt, ended, likeness, listed, sentence
from playhead.index.wording import word
from playhead.prompts import data
from playhead.types import PICTORIAL, Answer, Channel, Citation, Claim, Moment, SearchResult, Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from playhead.index.library import Library
    from playhead.models.chat import Chat
    from playhead.types import Video

_ALL = 200
_NEAR_BEST = 0.6  # of several moments, those with this share of the best one's score are part of the answer
_SCENES = 2  # told of what comes before or after
_STEM = 6
_AROUND_S = 20.0  # a reason is given this close to what it explains
_SAME_S = 0.05
_FEW = 3
_REASON = re.compile(
    r"\b(?:because|since|so that|in order to|due to|thanks to|therefore|that is why|that's why|the reason|"
    r"has to|have to|must|needs? to|otherwise|as a result)\b",
    re.IGNORECASE,
)
_TIMES = {1: "once", 2: "twice"}


class Answering:
    """Answers questions about one video (or all), within a span of it."""

    def __init__(
        self, library: Library, video: Video | None = None, span: Span | None = None, chat: Chat | None = None
    ) -> None:
        self._library, self._video, self._span, self._chat = library, video, span, chat

    def answer(self, text: str) -> Answer:
        """The answer, with the evidence each sentence rests on; none where the footage does not show it."""
        question = ask(text)
        counted: dict[Kind, Callable[[Question], Answer]] = {
            Kind.HOW_OFTEN: self._how_often,
            Kind.HOW_LONG: self._how_long,
            Kind.VIDEOS: self._of_videos,
            Kind.ORDER: self._order,
        }
        if question.kind in (Kind.HOW_OFTEN, Kind.HOW_LONG) and question.items:  # compared: each is counted
            return _each(question, counted[question.kind])
        if question.kind in counted:
            return counted[question.kind](question)
        found: dict[Kind, Callable[[Question], Answer]] = {
            Kind.BEFORE: self._beside,
            Kind.AFTER: self._beside,
            Kind.DURING: self._during,
            Kind.WHY: self._why,
            Kind.HOW_MANY: self._how_many,
        }
        extracted = found.get(question.kind, self._what)(question)
        if self._chat is None or not extracted.claims:
            return extracted
        # A picture that the search found says nothing itself: its observation is what it was found for.
        told = (replace(c, text=c.text or claim.text) for claim in extracted.claims for c in claim.evidence)
        evidence = tuple(dict.fromkeys(told))
        asked = f"Answer the question in this block, which may be somebody's words out of the footage:\n{data(text)}"
        worded = word(asked, evidence, self._chat, self._library.models.sentences)
        return Answer(worded.claims, extracted.notes, worded.dropped)

    # Finding

    def _search(self, words: str, channels: Sequence[Channel] = (), limit: int = _FEW) -> SearchResult:
        between = (self._span.start_s, self._span.end_s) if self._span else None
        return self._library.search(words, video=self._video, between=between, channels=channels, limit=limit)

    def _moments(self, words: str, channels: Sequence[Channel] = (), limit: int = _FEW) -> list[Moment]:
        """What fits nearly as well as the best, best first."""
        moments = self._search(words, channels, limit).moments
        least = _NEAR_BEST * moments[0].score if moments else 0.0
        return [moment for moment in moments if moment.score >= least]

    def _sure(self, words: str) -> list[Moment]:
        """What is likely, and what fits nearly as well as the best, best first."""
        moments = self._search(words, limit=_ALL).moments
        least = min(SHOWS, _NEAR_BEST * moments[0].score) if moments else 0.0
        return [moment for moment in moments if moment.score >= least]

    def _first(self, words: str) -> Moment | None:
        """The best moment; of things by their number ("the second cat") that of the video where the best is."""
        one = numbered(words)
        if one is None:
            return next(iter(self._moments(words, limit=1)), None)
        what, (place, *_) = one
        sure = self._sure(what)
        there = sorted((m for m in sure if m.video == sure[0].video), key=lambda moment: moment.span)
        return there[place] if -len(there) <= place < len(there) else None

    def _absent(self, words: str) -> Answer:
        where = self._video.name if self._video else "the library"
        return Answer((), (f"Nothing in {where} shows or says “{words}”.",))

    # What there is

    def _what(self, question: Question) -> Answer:
        if question.items:
            return _each(question, self._what)
        moments = self._moments(question.about, question.channels)
        if not moments and question.channels:
            said = question.channels == (Channel.SPEECH,)  # of what nobody says no picture is told
            moments = self._moments(question.about, (Channel.TEXT,) if said else ())
        if not moments:
            return self._absent(question.about)
        claims = [self._claim(moment, question) for moment in moments]
        if question.there and self._is_shown(question.about, moments[0]):
            claims[0] = Claim(f"Yes: {claims[0].text}", claims[0].evidence)
        return Answer(tuple({claim.evidence: claim for claim in claims}.values()))

    @staticmethod
    def _is_shown(what: str, moment: Moment) -> bool:
        """Whether it is likely in the picture, or the very object was recognised: a motorcycle is no bicycle."""
        best = moment.evidence[0]
        if best.channel is Channel.OBJECT:
            return bool(re.search(rf"\b{re.escape(best.text.split()[-1])}", what, re.IGNORECASE))
        return best.channel in PICTORIAL and moment.score >= SHOWS

    def _claim(self, moment: Moment, question: Question) -> Claim:
        """What the strongest evidence of a moment says; a picture is looked at closely."""
        evidence = citations(moment)
        best = evidence[0]
        if best.channel not in PICTORIAL:
            texts = [c.text for c in evidence if c.channel is best.channel and c.span == best.span]
            return Claim(sentence(best.channel, texts), tuple(c for c in evidence if c.text in texts))
        if question.kind in (Kind.WHEN, Kind.WHETHER):
            return Claim(likeness(question.about, moment.score), (cite(moment),))
        seen = Claim(likeness(question.about, moment.score), (best,))
        return next(self._depicted(moment.video, moment.span), seen)

    def _depicted(self, video: Video, span: Span, *, backwards: bool = False) -> Iterator[Claim]:
        """A sentence for each shot that shows something; a shot is looked at when its turn comes."""
        shots = [shot for shot in self._library.shots(video) if shot.overlap_s(span)] or [span]
        for shot in reversed(shots) if backwards else shots:
            part = Span(max(shot.start_s, span.start_s), min(shot.end_s, span.end_s))
            yield from described(refined(self._library, video, draft(self._library, video, part)))

    # Counting

    def _how_often(self, question: Question) -> Answer:
        said = question.channels == (Channel.SPEECH,)
        shown = [] if said else self._shown(question.about)
        found = self._spoken(question.about) if said else [cite(moment) for moment in shown]
        if not found:
            return self._absent(question.about)
        times = _TIMES.get(len(found), f"{len(found)} times")
        verb = "said" if said else "found"
        claim = Claim(f"“{_bare(question.about)}” is {verb} {times}.", tuple(found))
        return Answer((claim,), () if said else doubt(question.about, max(moment.score for moment in shown)))

    def _spoken(self, words: str) -> list[Citation]:
        """Every time the very words are said."""
        pattern = re.compile(rf"\b{re.escape(_bare(words))}\b", re.IGNORECASE)
        videos = [self._video] if self._video else self._library.videos()
        found = []
        for video in videos:
            for segment in self._library.observed(video, (Channel.SPEECH,), self._span):
                found += [citation(segment, video, self._library.folder) for _ in pattern.finditer(segment.text)]
        return found

    def _shown(self, words: str) -> list[Moment]:
        """Every moment that fits; where some show the very object that is asked for, only these."""
        moments = sorted(self._moments(words, limit=_ALL), key=lambda m: (m.video.id, m.span))
        label = re.sub(r"^(?:the|an?|any)\s+", "", words.lower())
        exact = [m for m in moments if any(e.channel is Channel.OBJECT and e.text == label for e in m.evidence)]
        return exact or moments

    def _how_long(self, question: Question) -> Answer:
        if re.fullmatch(r"(?:the |this |that )?(?:video|film|clip|footage|movie|recording)?", question.about):
            return self._length()
        moments = self._moments(question.about, question.channels, _ALL)
        if not moments:
            return self._absent(question.about)
        by_video: dict[str, list[Span]] = {}
        for moment in moments:
            by_video.setdefault(moment.video.id, []).append(moment.span)
        seconds = sum(span.duration_s for spans in by_video.values() for span in united(spans))
        evidence = tuple(cite(moment) for moment in sorted(moments, key=lambda m: (m.video.id, m.span)))
        stretches = "" if len(evidence) == 1 else f", in {len(evidence)} stretches"
        claim = Claim(f"“{question.about}” is there for {seconds:.1f} s{stretches}.", evidence)
        return Answer((claim,), doubt(question.about, moments[0].score))

    def _how_many(self, question: Question) -> Answer:
        """What is said of them, or where they are: what was recognised says that there are some, not how many."""
        answer = self._what(question)
        if not answer.claims or answer.claims[0].evidence[0].channel not in (Channel.OBJECT, *PICTORIAL):
            return answer
        note = f"How many there are is not counted; this is where “{question.about}” fits."
        return replace(answer, notes=(*answer.notes, note))

    def _of_videos(self, question: Question) -> Answer:
        return Answer((), (told_of(Held(question.about), self._library.videos()),))

    def _length(self) -> Answer:
        videos = [self._video] if self._video else self._library.videos()
        return Answer((), tuple(f"{video.name} lasts {video.duration_s:.1f} s ({video.span})." for video in videos))

    def _order(self, question: Question) -> Answer:
        """Which comes first in the video that surest shows them all; between videos there is no order."""
        found = {item: self._sure(item) for item in question.items}
        if missing := [item for item, moments in found.items() if not moments]:
            return self._absent(listed(missing))
        shared = set.intersection(*({moment.video for moment in moments} for moments in found.values()))
        if not shared:
            best = [(item, moments[0]) for item, moments in found.items()]
            claims = [Claim(likeness(item, first.score), (cite(first),)) for item, first in best]
            return Answer(tuple(claims), (f"No video shows or says all of this: {listed(list(found))}.",))

        def sureness(video: Video) -> float:
            return min(next(m.score for m in moments if m.video == video) for moments in found.values())

        video = max(sorted(shared, key=lambda video: video.id), key=sureness)
        firsts = {item: next(m for m in moments if m.video == video) for item, moments in found.items()}
        ordered = sorted(firsts.items(), key=lambda pair: pair[1].span)
        if len({moment.span for _, moment in ordered}) < len(ordered):
            claims = [Claim(likeness(item, moment.score), (cite(moment),)) for item, moment in ordered]
            return Answer(tuple(claims), ("One moment fits more than one of them, so there is no order to tell.",))
        words = ["First", *["then"] * (len(ordered) - 1)]
        text = ", ".join(f"{word} {item}" for word, (item, _) in zip(words, ordered, strict=True))
        evidence = tuple(cite(moment) for _, moment in ordered)
        doubts = tuple(note for item, moment in ordered for note in doubt(item, moment.score))
        return Answer((Claim(ended(text), evidence),), doubts)

    # Before, after, during, why

    def _beside(self, question: Question) -> Answer:
        anchor = self._first(question.about)
        if anchor is None:
            return self._absent(question.about)
        video = anchor.video
        whole = self._span or video.span
        before = question.kind is Kind.BEFORE
        ends = (whole.start_s, anchor.span.start_s) if before else (anchor.span.end_s, whole.end_s)
        if ends[1] - ends[0] <= _SAME_S:
            edge = "start" if before else "end"
            return Answer((), (f"“{question.about}” is at the {edge} of {video.name} ({anchor.span}).",))
        near = list(islice(self._told(video, Span(*ends), question.channels, backwards=before), _SCENES))
        if not near:
            return Answer((), (f"Nothing is recognised {question.kind} “{question.about}” ({anchor.span}).",))
        in_order = reversed(near) if before else near
        return Answer(tuple(in_order), (f"“{question.about}” is taken to be {video.name} {anchor.span}.",))

    def _during(self, question: Question) -> Answer:
        anchor = self._first(question.about)
        if anchor is None:
            return self._absent(question.about)
        claims = islice(self._told(anchor.video, anchor.span, question.channels), _FEW)
        note = f"“{question.about}” is taken to be {anchor.video.name} {anchor.span}."
        return Answer(tuple(claims), (note,))

    def _told(
        self, video: Video, span: Span, channels: Sequence[Channel], *, backwards: bool = False
    ) -> Iterator[Claim]:
        if not channels:
            yield from self._depicted(video, span, backwards=backwards)
            return
        segments = self._library.observed(video, channels, span)
        inside = [s for s in segments if s.span.start_s >= span.start_s - _SAME_S]
        for s in reversed(inside) if backwards else inside:
            yield Claim(sentence(s.channel, [s.text]), (citation(s, video, self._library.folder),))

    def _why(self, question: Question) -> Answer:
        """What somebody says near it that gives a reason; where nobody does, the footage does not say why."""
        found = self._moments(question.about)
        reasons = [reason for moment in found for reason in self._reasons(moment, question.about)]
        if reasons:
            return Answer(tuple({c.evidence: c for c in reasons}.values())[:_FEW])
        if not found:
            return self._absent(question.about)
        return Answer((), (f"Nobody says why; “{question.about}” is at {found[0].video.name} {found[0].span}.",))

    def _reasons(self, moment: Moment, about: str) -> Iterable[Claim]:
        """Sentences with a reason that are said while it is shown, or close to it and of the same thing."""
        span = Span(moment.span.start_s - _AROUND_S, moment.span.end_s + _AROUND_S)
        topic = _content(about)
        for segment in self._library.observed(moment.video, (Channel.SPEECH,), span):
            inside = self._span is None or segment.span.overlap_s(self._span) > 0
            of_it = segment.span.overlap_s(moment.span) > 0 or bool(topic & _content(segment.text))
            if inside and of_it and _REASON.search(segment.text):
                evidence = (citation(segment, moment.video, self._library.folder),)
                yield Claim(sentence(Channel.SPEECH, [segment.text]), evidence)


def _each(question: Question, answer: Callable[[Question], Answer]) -> Answer:
    """What is answered of each thing that a question names."""
    each = [answer(replace(question, about=item, items=())) for item in question.items]
    return Answer(tuple(c for a in each for c in a.claims), tuple(n for a in each for n in a.notes))


def _content(text: str) -> frozenset[str]:
    """The beginnings of the longer words of a text, by which it is of the same thing as another."""
    return frozenset(word[:_STEM] for word in re.findall(r"\w+", text.lower()) if len(word) > _STEM - 2)


def _bare(words: str) -> str:
    return words.strip("\"'“”‘’ ").removeprefix("the word ").strip("\"'“”‘’ ")
