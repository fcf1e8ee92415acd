"""Looking for what is like a picture, a sound or a film: what it shows, and what is said in it.

The moments that several stills or sentences of the example find are taken together; the likeliest of these searches
says how likely a moment is, since they are not independent of each other.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from playhead.errors import QueryError, UnreadableMediaError
from playhead.index.compose import ranked
from playhead.index.listen import Listener
from playhead.index.query import Query
from playhead.index.workers import Workers
from playhead.media.decode import Sample, SoundPiece, Wants, decode, probe
from playhead.media.files import open_file
from playhead.media.formats import kind_of
from playhead.media.images import read_image, write_picture
from playhead.types import PICTORIAL, Channel, SearchResult

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from playhead.media.files import MediaFile
    from playhead.models.registry import Models
    from playhead.models.roles import Image
    from playhead.types import Limits, Moment, Utterance

_STILLS = 3
_LISTENED_S = 60.0
_SENTENCES = 5


@dataclass(frozen=True, slots=True)
class Example:
    """What is looked for: stills, and sentences that are said."""

    name: str
    stills: tuple[Image, ...] = ()
    sentences: tuple[str, ...] = ()

    def queries(self, channels: frozenset[Channel], folder: Path) -> list[Query]:
        """One for each still and sentence, as far as `channels` are wanted; stills are put into `folder`.

        Raises `QueryError` where it has nothing on these channels.
        """
        found: list[Query] = []
        sights = channels.intersection(PICTORIAL)
        if sights or not channels:
            for number, still in enumerate(self.stills):
                write_picture(still, path := folder / f"{number}.jpg")
                found.append(Query(image=path).on(*sights))
        if not channels or Channel.SPEECH in channels:
            found += [Query(sentence).on(Channel.SPEECH) for sentence in self.sentences]
        if not found:
            why = f"{self.name} has nothing on {' and '.join(sorted(channels))}"
            raise QueryError("Nothing to search for", why, "Name picture, thermal, depth or speech")
        return found


def read_example(path: Path, models: Models, limits: Limits) -> Example:
    """A picture as it is; of a film three stills, and of a film or a sound what is said in its first minute.

    Raises `MediaError`, and `QueryError` where there is nothing in it that can be looked for.
    """
    if kind_of(path) == "picture" or path.suffix.lower() == ".gif":
        return Example(path.name, (read_image(path, [path.parent], limits),))
    with open_file(path, [path.parent], limits) as file:
        said = probe(file, limits)
        stills = _stills(file, said.start_s, said.stated_duration_s or 0.0, limits) if said.video else ()
        heard = _spoken(file, models, limits) if said.audio else ()
    spoken = sorted((utterance.text for utterance in heard), key=len, reverse=True)
    if not stills and not spoken:
        why = "nobody speaks in it, and other sounds are not looked for"
        raise QueryError(f"Nothing can be like {path.name}", why, "Give a picture, a film, or a sound with speech")
    return Example(path.name, stills, tuple(spoken[:_SENTENCES]))


def _stills(file: MediaFile, start_s: float, length_s: float, limits: Limits) -> tuple[Image, ...]:
    times = tuple(start_s + length_s * (n + 0.5) / _STILLS for n in range(_STILLS if length_s else 1))
    events = decode(file, Wants(sound=False, subtitles=False, keys=False, at_s=times), limits)
    stills = tuple(event.image for event in events if isinstance(event, Sample))
    if not stills:
        raise UnreadableMediaError(f"{file.name} cannot be read", "not one picture in it can be decoded")
    return stills


def _spoken(file: MediaFile, models: Models, limits: Limits) -> tuple[Utterance, ...]:
    """What is said in the first minute."""
    with Workers(models.threads) as workers:
        listener, begins_s = Listener(models.voice_activity, models.speech, workers), None
        for event in decode(file, Wants(picture=False, keys=False, subtitles=False), limits):
            if not isinstance(event, SoundPiece):
                continue
            begins_s = event.start_s if begins_s is None else begins_s
            if event.start_s - begins_s >= _LISTENED_S:
                break
            listener.hear(event)
        return listener.finish()


def taken_together(name: str, found: Sequence[SearchResult], limit: int, per_video: int) -> SearchResult:
    """Several searches as one: moments that overlap are one, as likely as the likeliest of them."""
    notes = tuple(dict.fromkeys(note for result in found for note in result.notes))
    moments = _kept(_joined([m for result in found for m in result.moments]), limit, per_video)
    nearest = () if moments else _kept(_joined([m for result in found for m in result.nearest]), limit, per_video)
    return SearchResult(f"[{name}]", moments, not moments, notes, nearest)


def _joined(moments: Sequence[Moment]) -> list[Moment]:
    kept: list[Moment] = []
    for moment in ranked(list(moments)):
        same = next((n for n, other in enumerate(kept) if _overlap(other, moment)), None)
        if same is None:
            kept.append(moment)
        else:
            known = {one.id for one in kept[same].evidence}
            more = tuple(one for one in moment.evidence if one.id not in known)
            kept[same] = replace(kept[same], evidence=(*kept[same].evidence, *more))
    return kept


def _overlap(one: Moment, other: Moment) -> bool:
    return one.video.id == other.video.id and one.span.overlap_s(other.span) > 0


def _kept(moments: Sequence[Moment], limit: int, per_video: int) -> tuple[Moment, ...]:
    kept: list[Moment] = []
    for moment in moments:
        if not per_video or sum(m.video.id == moment.video.id for m in kept) < per_video:
            kept.append(moment)
    return tuple(kept[:limit])
