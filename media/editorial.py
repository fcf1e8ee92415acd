"""Timelines in the forms that editors read: OpenTimelineIO, CMX3600 and FCPXML.

OpenTimelineIO writes its own form. Its adapters read back the other two, and tests hold that; they do not write them,
since that for CMX3600 writes neither sound nor whether frames are dropped, and that for FCPXML knows no rate but
whole ones, asks a program for the size of pictures and takes quadratic time.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

from playhead.errors import InputError
from playhead.media.timelines import DROP_RATES, one_line

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TypeAlias

    from playhead.media.timelines import Event, Medium, Timeline

    _Shape: TypeAlias = tuple[Fraction, int, int]

MOST_EVENTS = 999
"""A CMX3600 list numbers its events with three digits."""
_DAY_S = 24 * 3600
_TITLE_LETTERS = 70


def as_otio(timeline: Timeline) -> str:
    """OpenTimelineIO JSON: a track of pictures and, where there is sound, one of sound, with the same cuts."""
    import opentimelineio as otio

    made = otio.schema.Timeline(name=timeline.title)
    made.global_start_time = otio.opentime.RationalTime(0, float(timeline.rate))
    for kind in ("Video", "Audio"):
        track = otio.schema.Track(name=f"{kind[0]}1", kind=kind)
        track.extend(_items(timeline, kind, otio))
        if any(isinstance(item, otio.schema.Clip) for item in track):
            made.tracks.append(track)
    return str(made.to_json_string(indent=1)) + "\n"


def _items(timeline: Timeline, kind: str, otio: Any) -> Iterator[Any]:
    rate, reached = float(timeline.rate), 0
    references = {medium.video.id: _reference(medium, otio) for medium in timeline.media}
    for event in timeline.events:
        if not (_has_sound(event.medium) if kind == "Audio" else _has_picture(event.medium)):
            continue
        if event.begin > reached:
            yield otio.schema.Gap(duration=otio.opentime.RationalTime(event.begin - reached, rate))
        reached = event.end
        yield otio.schema.Clip(
            name=event.title or event.medium.name,
            media_reference=references[event.medium.video.id].clone(),
            source_range=otio.opentime.TimeRange(
                otio.opentime.RationalTime(event.first, float(event.medium.rate)),
                otio.opentime.RationalTime(event.end - event.begin, rate),
            ),
        )


def _reference(medium: Medium, otio: Any) -> Any:
    rate = float(medium.rate)
    made = otio.schema.ExternalReference(
        target_url=medium.video.path.as_uri(),
        available_range=otio.opentime.TimeRange(
            otio.opentime.RationalTime(medium.first_frame, rate), otio.opentime.RationalTime(medium.frames, rate)
        ),
    )
    made.name = medium.name
    made.metadata["playhead"] = {"sha256": medium.video.id}
    return made


def _has_sound(medium: Medium) -> bool:
    return medium.video.has_audio


def _has_picture(medium: Medium) -> bool:
    return medium.video.width > 0 or not medium.video.has_audio


def as_edl(timeline: Timeline) -> list[str]:
    """CMX3600 edit decision lists at a rate of timecode, of 999 events each; record times go on from list to list.

    Raises `InputError` for times past 24 hours, where timecode begins anew.
    """
    count = len(timeline.events)
    lists = [timeline.events[start : start + MOST_EVENTS] for start in range(0, count, MOST_EVENTS)]
    mode = "DROP FRAME" if timeline.rate in DROP_RATES else "NON-DROP FRAME"
    made = []
    for number, events in enumerate(lists, 1):
        of = f" {number} OF {len(lists)}" if len(lists) > 1 else ""
        head = [f"TITLE: {timeline.title[:_TITLE_LETTERS]}{of}", f"FCM: {mode}", ""]
        lines = [line for n, event in enumerate(events, 1) for line in _edit(n, event, timeline.rate)]
        made.append("\n".join([*head, *lines]) + "\n")
    return made


def _edit(number: int, event: Event, rate: Fraction) -> Iterator[str]:
    medium, first = event.medium, event.first_at(rate)
    channel = ("AA/V" if _has_picture(medium) else "AA") if _has_sound(medium) else "V"
    frames = (first, first + event.end - event.begin, event.begin, event.end)
    codes = " ".join(_timecode(frame, rate, medium) for frame in frames)
    yield f"{number:03d}  {medium.reel:8} {channel:5} C        {codes}"
    yield f"* FROM CLIP NAME:  {medium.name}"
    yield f"* FROM CLIP: {medium.video.path.as_uri()}"
    if event.title and event.title != medium.name:
        yield f"* COMMENT: {event.title}"


def _timecode(frame: int, rate: Fraction, medium: Medium) -> str:
    from opentimelineio.opentime import RationalTime, to_timecode

    if frame / rate >= _DAY_S:
        raise InputError(
            f"{medium.name} cannot stand in a CMX3600 list",
            "timecode begins anew after 24 hours",
            "Take the format otio or fcpxml",
        )
    return str(to_timecode(RationalTime(frame, float(rate)), float(rate)))


def as_fcpxml(timeline: Timeline) -> str:
    """FCPXML 1.9 at a rate of timecode. Times are whole frames, written as fractions of a second."""
    root = ET.Element("fcpxml", version="1.9")
    resources = ET.SubElement(root, "resources")
    formats: dict[_Shape, str] = {}
    seen = next((medium for medium in timeline.media if _has_picture(medium)), None)
    of_sequence = _format(_shape(timeline.rate, seen), formats, resources)
    assets = {
        medium.video.id: _asset(n, medium, _format(_shape(medium.rate, medium), formats, resources), resources)
        for n, medium in enumerate(timeline.media, 1)
    }
    event = ET.SubElement(ET.SubElement(root, "library"), "event", name=timeline.title)
    project = ET.SubElement(event, "project", name=timeline.title)
    drops = "DF" if timeline.rate in DROP_RATES else "NDF"
    length = _seconds(Fraction(timeline.end) / timeline.rate)
    told = {"format": of_sequence, "duration": length, "tcStart": "0s", "tcFormat": drops}
    spine = ET.SubElement(ET.SubElement(project, "sequence", told), "spine")
    _fill(spine, timeline, assets)
    ET.indent(root)
    written = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE fcpxml>\n{written}\n'


def _shape(rate: Fraction, medium: Medium | None) -> _Shape:
    return (rate, medium.video.width, medium.video.height) if medium else (rate, 0, 0)


def _format(shape: _Shape, formats: dict[_Shape, str], resources: ET.Element) -> str:
    if shape not in formats:
        rate, width, height = shape
        formats[shape] = f"f{len(formats) + 1}"
        size = {"width": str(width), "height": str(height)} if width and height else {}
        told = {"id": formats[shape], "frameDuration": _seconds(1 / rate, whole=True)} | size
        ET.SubElement(resources, "format", told)
    return formats[shape]


def _asset(number: int, medium: Medium, of: str, resources: ET.Element) -> str:
    told = {
        "id": f"a{number}",
        "name": medium.name,
        "src": medium.video.path.as_uri(),
        "start": _seconds(medium.first_frame / medium.rate),
        "duration": _seconds(medium.frames / medium.rate),
        "format": of,
    }
    told |= {"hasVideo": "1"} if _has_picture(medium) else {}
    told |= {"hasAudio": "1", "audioSources": "1"} if _has_sound(medium) else {}
    ET.SubElement(resources, "asset", told)
    return told["id"]


def _fill(spine: ET.Element, timeline: Timeline, assets: dict[str, str]) -> None:
    rate, reached = timeline.rate, 0
    for event in timeline.events:
        if event.begin > reached:
            gap = {"name": "Gap", "offset": _seconds(reached / rate), "start": "0s"}
            ET.SubElement(spine, "gap", gap | {"duration": _seconds((event.begin - reached) / rate)})
        reached = event.end
        told = {
            "ref": assets[event.medium.video.id],
            "name": one_line(event.title) or event.medium.name,
            "offset": _seconds(event.begin / rate),
            "start": _seconds(event.first / event.medium.rate),
            "duration": _seconds((event.end - event.begin) / rate),
        }
        ET.SubElement(spine, "asset-clip", told)


def _seconds(time_s: Fraction, *, whole: bool = False) -> str:
    if time_s.denominator == 1 and not whole:
        return f"{time_s.numerator}s"
    return f"{time_s.numerator}/{time_s.denominator}s"
