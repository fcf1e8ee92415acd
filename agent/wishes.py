"""What a clause says is to be made, of what, and how.

What is to be made comes first in such a clause and is left out of what is looked for; how it is to be made ("with
subtitles", "with two seconds before and after") is read before anything else, so that it is not taken for a time.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from playhead.agent.anchors import bare_moment, is_back, looked_for
from playhead.agent.language import tidy
from playhead.agent.pieces import SAYING, commands, is_video_words, polite_less, unquoted, without_names
from playhead.agent.times import LENGTH, NUMBER, length

_FADE_S = 0.5
_SUBTITLED = re.compile(
    r",?\s*\b(?:and\s+)?(?:with|add(?:ing)?|plus|including)\s+(?:(?:burn(?:ed|t)|drawn)[\s-]+in\s+|\w+\s+)?(?:subtitles|"
    r"captions)\b"
    r"(?:\s+(?:burn(?:ed|t)|drawn)? ?in)?",
    re.IGNORECASE,
)
_AROUND = (
    r"(?:(?:both\s+)?before and after(?: (?:it|them|each))?|(?:on|at) (?:either|both|each) (?:sides?|ends?)|"
    r"either side|around (?:it|them|each))"
)
_HANDLES = re.compile(
    rf",?\s*\b(?:and\s+)?(?:with|plus|keep|add|leave)\s+(?P<t>{LENGTH})\s*(?:of\s+)?"
    rf"(?:(?:extra|handles?|slack|padding|room)(?:\s+{_AROUND})?|{_AROUND})(?=\W|$)",
    re.IGNORECASE,
)
_FADE = re.compile(
    rf",?\s*\b(?:(?:and|with)\s+(?:an?\s+)?(?:(?P<t>{LENGTH})\s+)?fad(?:e|es|ing)\b(?:\s+(?:it|them))?(?:[\s-]+in)?"
    rf"(?:\s+and)?(?:[\s-]+out)?(?:\s+at the (?:end|start|beginning))?|(?:(?P<u>{LENGTH})\s+)?fad(?:e|es|ing|ed)"
    r"[\s-]+(?:(?:it|them)\s+)?(?:in|out)\b(?:\s+and\s+out)?)",
    re.IGNORECASE,
)
_WAYS = {"in": "in", "start": "in", "beginning": "in", "out": "out", "end": "out"}
_SILENT = re.compile(
    r",?\s*\b(?:and\s+)?(?:without (?:the |any )?(?:sound|audio)|mute it|muted|silent(?:ly)?|no (?:sound|audio))\b",
    re.IGNORECASE,
)
_COPIED = re.compile(
    r",?\s*\b(?:and\s+)?(?:without re-?encoding|(?:don'?t|do not) re-?encode(?: it)?|"
    r"(?:just\s+)?copy(?:ing)? the streams?|"
    r"(?:as a )?stream ?copy|lossless(?:ly)?|without loss)\b",
    re.IGNORECASE,
)
_REVERSED = re.compile(
    r",?\s*\b(?:(?:but|and)\s+)?(?:in (?:the )?(?:reversed?|opposite) order|the other way (?:a)?round)\b",
    re.IGNORECASE,
)
_ONE = r"in(?:to)? (?:a single|one)(?: (?:film|video|movie|clip|reel|file|piece|go))?"
_TOGETHER = re.compile(
    r",?\s*\b(?:and\s+)?(?:put|join|glue|splice|string|stitch|merge|edit|cut)\s+(?:(?:it|them|those|these|all)\s+)*"
    rf"(?:together|back to back|one after (?:the other|another)|{_ONE})\b(?:\s+{_ONE}\b)?"
    rf"|(?<=\w)\s+(?:together\s+)?{_ONE}\s*$",
    re.IGNORECASE,
)
_PUT_TOGETHER = re.compile(
    r"^(?:put|bring|join|glue|splice|string|stitch|merge|edit|combine)\b.*(?P<how>\s+together)\s*$", re.IGNORECASE
)
_AS_FILE = re.compile(
    r"\s*\b(?:(?:and\s+)?(?:save|keep|export|store|give)\s+(?:me\s+)?(?:it|them|that|those|the rest)\b.*|"
    r"(?:as|in(?:to)?|to) (?:an?|its|their|separate|single|new)?\s*(?:own\s+|new\s+|separate\s+)?(?:files?|"
    r"clips?|mp4s?|videos?))\s*$",
    re.IGNORECASE,
)
_MAKE = re.compile(
    r"^(?:(?:cut|clip|trim|snip|chop|extract|export|save|make|create|build|produce|give|get|put|splice|join|combine|"
    r"compile|edit|assemble|string|stitch|merge|write|render|turn|compose|tell|draw|paint|generate|sketch|"
    r"imagine|illustrate|"
    r"synthesi[sz]e|animate|show|do|prepare|design|invent|record|film|narrate|i need|i want)\b\s*"
    r"(?:(?:me|us|out|up|down|away|together|all|both|of)\b\s*)*)+",
    re.IGNORECASE,
)
_PRODUCT = re.compile(
    r"^(?:(?:the|a|an|one|some|my|its|his|her|another)\s+)?(?:[\w-]+\s+){0,3}?(?:(?:video|film|sound|picture|photo|"
    r"story|highlight|contact|narrated)\s+)?(?:clips?|cuts?|super-?cuts?|montages?|compilations?|highlights?|reels?|"
    r"films?|videos?|movies?|edits?|sheets?|story ?boards?|stor(?:y|ies)|slide ?shows?|tales?|documentar(?:y|ies)|"
    r"pictures?|images?|photos?|drawings?|paintings?|illustrations?|icons?|sketch(?:es)?|sounds?|noises?|"
    r"audio|music|songs?|sound effects?|soundtracks?|animations?|grids?|overviews?|mosaics?)\b\s*"
    r"(?:(?:of|from|with|for|showing|where|when|about|that (?:shows?|tells?|is)|in which|on|out of|like)\s+|$)",
    re.IGNORECASE,
)
_MADE = re.compile(
    r"\b(?:subtitles?|captions|srt|vtt|edl|fcp ?xml|otio|timeline|cut list|clips?|super-?cut|montage|"
    r"compilation|best-of|"
    r"reel|contact sheet|thumbnails|story ?board|overview|mosaic|grid|drawing|painting|illustration|"
    r"sound effect|music|"
    r"animation|voice-?over|stor(?:y|ies)|slide ?show|documentary|diary|chapters|together|aloud|film)\b",
    re.IGNORECASE,
)
_TOLD = re.compile(
    r"^(?:what|who|whom|whose|when|where|which|why|how|is|are|was|were|does|do|did|has|have|had|whether|if|somewhere|"
    r"(?:the|this|that|my|our|these) .* (?:is|are|was|were|has|have|speaks?|talks?)\b)",
    re.IGNORECASE,
)
_JUDGED = re.compile(
    r"(?:(?:the|all|any|its|most|two|three|four|five|ten|\d+)\s+)*(?:boring|dull|bad|worst|best|good|great|interesting|useless|empty|funniest|nicest|slow)"
    r"\s+(?:bits?|parts?|moments?|scenes?|middle|stuff|shots?|ones?|passages?|stretches)",
    re.IGNORECASE,
)
_SMALL = re.compile(r"(?:(?:and|at|both|for|from|in|it|of|on|them|to|together|with)(?:\s+|$))+", re.IGNORECASE)
_OUT_OF_IT = re.compile(
    r"\s+out of (?:it|this|(?:the|this|that|my) (?:video|film|clip|footage|recording|file))$", re.IGNORECASE
)
_IT_OUT = re.compile(r"^(it|them|that|those|this|these)\s+(?:out|off|down|up|away|over|together)\b", re.IGNORECASE)
_PICTURED = re.compile(
    r"\s*\b(?:with|in|as|of)\s+(?:(?:one|an?)\s+)?(?:\d+\s+|small\s+|many\s+)*(?:pictures?|thumbnails?|frames?|images?|stills?|tiles|times|"
    r"words and pictures)(?:\s+and times)?\b",
    re.IGNORECASE,
)
_MANY = re.compile(
    r"\b(?:every(?:\s+(?:single\s+)?(?:time|one))?|all|each|any time|whenever|moments|scenes|parts|bits|times|"
    r"highlights|super-?cut|compilation|montage)\b",
    re.IGNORECASE,
)


_NAMED_FILE = re.compile(
    r"\b(?:as|to|into|called|named)\s+[\"'“]?(?P<file>[\w./~-]*[\w-]\.(?:txt|srt|vtt|json|md|csv|html?|png|jpe?g|gif|"
    r"webp|pdf|docx?|edl|otio|xml))\b",
    re.IGNORECASE,
)
_OTHER_FORM = re.compile(
    r"\b(?:as|into|to)\s+(?:an?\s+)?(?:animated\s+)?(?P<kind>gif|webm|mov|avi|mkv|wmv|flv)s?\b(?!\.)", re.IGNORECASE
)


_EFFECT = re.compile(
    r"\b(?:in (?:slow[\s-]motion|slo-?mo|reverse(?! order)|black and white|gr[ae]yscale|sepia|portrait(?: format)?)|"
    r"(?:twice|half|\w+ times) as (?:fast|slow)|at (?:double|half|twice the) speed|(?:sped|slowed) (?:up|down)|"
    r"rotated(?: by \d+ degrees)?|mirrored|flipped|upside down|vertically|backwards|cropped|zoomed in)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Wishes:
    """How something is to be made; `text` is the rest of the clause."""

    text: str
    subtitled: bool = False
    together: bool = False
    many: bool = False
    backwards: bool = False  # the last of what is joined first
    options: tuple[tuple[str, Any], ...] = ()


def read_wishes(text: str) -> Wishes:
    """What a clause says of how, taken out of its text."""
    options: list[tuple[str, Any]] = []
    rest = text

    def take(pattern: re.Pattern[str]) -> re.Match[str] | None:
        nonlocal rest
        if found := pattern.search(rest):
            rest = f"{rest[: found.start()]} {rest[found.end() :]}"
        return found

    subtitled = bool(take(_SUBTITLED))
    if found := take(_HANDLES):
        options.append(("handles_s", length(found["t"])))
    if found := take(_FADE):
        spoken = found["t"] or found["u"]
        options.append(("fade_s", length(spoken) if spoken else _FADE_S))
        ways = {_WAYS[way] for way in re.findall(r"\b(?:in|out|start|beginning|end)\b", found[0].lower())}
        options += [("fade", way) for way in ways if len(ways) == 1]
    if take(_SILENT):
        options.append(("sound", "drop"))
    if take(_COPIED):
        options.append(("as_stored", True))
        rest = _COPIED.sub("", rest)
    backwards = bool(take(_REVERSED))
    together = bool(take(_TOGETHER))
    take(_AS_FILE)
    if found := _PUT_TOGETHER.match(tidy(rest)):
        together, rest = True, tidy(rest)[: found.start("how")]
    return Wishes(tidy(rest), subtitled, together, bool(_MANY.search(rest)), backwards, tuple(options))


def thing(text: str, *, back: bool = True) -> str:
    """What something is to be made of or about: "a cat jumps" of "make a supercut of every time a cat jumps".

    Nothing where it is named by what was found before ("it", and with `back` "the second goal").
    """
    if quoted := unquoted(text):
        return quoted
    bare = re.sub(r"\s+(?:of|from|with|for|in|on)$", "", _PICTURED.sub("", _OUT_OF_IT.sub("", polite_less(text))))
    bare = _PRODUCT.sub("", _IT_OUT.sub(r"\1", _MAKE.sub("", bare, count=1)), count=1)
    found = looked_for(bare_moment(without_names(bare)))
    found = re.sub(
        r"^(?:the\s+)?(?:every|each|all|any)\s+(?:of\s+|the\s+|single\s+)*(?:times?\s+)?",
        "",
        found,
        flags=re.IGNORECASE,
    )
    if _JUDGED.fullmatch(found):  # nobody can see that
        return ""
    if _SMALL.fullmatch(found):
        return ""
    named_before = is_back(found) and (back or len(found.split()) == 1)
    return "" if named_before or is_video_words(found) or not re.search(r"\w{2}", found) else found


def prompt(text: str) -> str:
    """What a new picture, sound or film is to be of, in the words that were used."""
    if quoted := unquoted(text):
        return quoted
    bare = _PRODUCT.sub("", _MAKE.sub("", polite_less(text), count=1), count=1).strip(" .!?")
    return "" if is_back(bare) or is_video_words(bare) else bare


def left_out(request: str) -> list[str]:
    """What to say of names and forms of files that were asked for: nobody but `--out` decides where things go."""
    files = [found["file"] for found in _NAMED_FILE.finditer(request)]
    kinds = [found["kind"].upper() for found in _OTHER_FORM.finditer(request)]
    named = "what is made is named by what it shows, in the folder of --out, and the rest is printed"
    return [f"“{file}” was left out: {named}." for file in files] + [f"No {kind}: films are MP4." for kind in kinds]


def effects_left_out(request: str, used: str) -> list[str]:
    """What to say of effects that no tool has, unless their words were `used` to look for something."""
    effects = dict.fromkeys(found[0] for found in _EFFECT.finditer(request))
    missing = [effect for effect in effects if effect.removeprefix("in ") not in used]
    return [
        f"“{effect}” was left out: pictures are shown as they were taken, at the same speed." for effect in missing
    ]


INTO_PIECES = re.compile(
    rf"\s*\b(?:in(?:to)?|as)\s+(?:(?:(?P<length>{LENGTH})|(?P<count>{NUMBER}))(?:[\s-]+long)?(?:\s+(?:equal(?:ly "
    r"long)?|even|separate|single|different))?[\s-]+(?:pieces|parts|clips|chunks|segments|files|bits|sections)\b"
    r"(?:\s+of\s+(?:the same|equal) (?:length|size))?|(?:(?:two|three|four|equal)\s+)*(?P<share>half|halves|thirds|"
    r"quarters)\b)",
    re.IGNORECASE,
)
"""Into so many pieces, or into pieces so long."""
ALL_BUT = re.compile(
    r"\b(?:everything|all(?: of it)?|the (?:rest|whole (?:film|video|thing)))\s+"
    r"(?:except|but|other than|apart from|without)\b",
    re.IGNORECASE,
)
"""What is to be left out of the whole stands behind it."""
_PLAINLY = tuple(
    (tool, re.compile(pattern, re.IGNORECASE))
    for tool, pattern in (
        ("speak", rf"^{SAYING.pattern}"),
        ("speak", r"^(?:say|read|announce)\s+[\"“][^\"”]+[\"”](?:\s+(?:to|for) (?:me|us))?\W*$"),
        ("contact_sheet", r"\bcontact sheets?\b|\b(?:a|one) story ?board\b"),
        (
            "make_supercut",
            r"\b(?:super-?cut|montage|compilation|highlight reel|best-of)\b|"
            r"^(?:join|glue|splice|stitch|merge|combine)\b",
        ),
        (
            "export_timeline",
            r"\b(?:edl|fcp ?-?xml|final cut|premiere|davinci|otio|open ?timeline(?:io)?|(?:for )?you ?tube)\b",
        ),
        ("export_subtitles", r"\b(?:srt|vtt|webvtt|subtitles?|closed captions)\b"),
        (
            "generate_image",
            r"^(?:draw(?! up\b)|paint|sketch|illustrate)\b|^(?:generate|create|make|imagine)\b.{0,24}\b"
            r"(?:images?|pictures?|photos?|drawings?|paintings?|illustrations?) of\b",
        ),
        ("generate_audio", r"^(?:generate|create|make|compose)\b.{0,24}\b(?:sounds?|sound effects?|noises?|music)\b"),
        ("speak", r"\b(?:aloud|out loud|voice-?over)\b|^(?:speak|pronounce)\b"),
        ("compose_story", r"\b(?:stor(?:y|ies)|narrated|slide ?show)\b"),
        ("cut_clip", r"^(?:remove|drop|lose|get rid of)\b.*(?:\d|\b(?:first|last|beginning|end|intro|outro)\b)"),
        (
            "cut_clip",
            rf"^(?:split|divide|slice)\b.*{INTO_PIECES.pattern}",
        ),
        ("cut_clip", r"^(?:cut|clip|trim|snip|chop)\b(?! list)|\bclips? of (?:every|each|all|the|a)\b"),
    )
)
"""What is named so plainly that nothing else can be meant; the first that fits."""
_SO_LONG = re.compile(rf"(?:it (?:is|should be|shall be) )?(?:about |around |roughly )?{LENGTH} long", re.IGNORECASE)
_UNDER = re.compile(r"\bmusic\b.*\b(?:under|over|behind|beneath|onto|to (?:the|this|my|it))\b", re.IGNORECASE)


def plainly(text: str) -> str:
    """The tool that makes what a clause names outright, or an empty string; `edit` is what no tool does."""
    bare = polite_less(text)
    if _UNDER.search(bare):
        return "edit"
    wishes = read_wishes(bare)
    for tool, pattern in _PLAINLY:
        if pattern.search(wishes.text if tool == "export_subtitles" else bare):
            return tool
    return ""


def only_how(text: str) -> bool:
    """Whether a piece of a request only says how something is to be made: "a minute long", "with 2 s before it"."""
    if _SO_LONG.fullmatch(text.strip(" .!?")):
        return True
    wishes = read_wishes(text)
    return bool(wishes.options or wishes.subtitled) and not re.search(r"\w{2}", wishes.text)


def asks_to_make(text: str) -> bool:
    """Whether a clause commands, or names what is made; a question or a remark that speaks of it does not."""
    bare = polite_less(text)
    if _TOLD.match(bare) or re.match(r"\W*(?:i \w* ?|i'm )?wonder", text, re.IGNORECASE):
        return False
    return commands(text) or bool(_MADE.search(bare))
