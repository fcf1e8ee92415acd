"""Words made comparable: stems, groups of words that ask for the same, and nouns that name a type of medium.

The tables are general English, not any catalogue's. A word counts as its `sense`: `@type` for a medium, `~word` for
a group of like words, `>` and `<` for what leads from one thing to another and back, `!` for "the", `+` for "with",
else its stem.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

_REMEMBERED = 10_000
INTO, OUT_OF, DEFINITE, WITH = ">", "<", "!", "+"
_ENDINGS = re.compile(
    r"(?:i[sz]ations?|ifications?|i[sz](?:ing|ed|ers?|es?)|ations?|at(?:ing|ed|ors?|es?|ive)|ions?|ings?|ically|"
    r"ical|ied|iers?|ies|ively|ive|ments?|ers?|ors?|(?<!e)ed|ness|ly|es|s|e|y|al)$"
)
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*|[\U000F0000-\U000FFFFD]")
_IRREGULAR = {
    "sped": "speed", "spun": "spin", "made": "make", "found": "find", "written": "write", "rewritten": "rewrite",
    "shorter": "shorten", "longer": "lengthen", "visual": "sight", "visuals": "sight", "visually": "sight",
}  # fmt: skip
_PARTICIPLES = frozenset({"written", "rewritten", "spun", "sped"})
_SAME_STEM = {"reduct": "reduc", "transcript": "transcrib"}
_ALIKE = (
    "create make generate produce build design compose craft prepare generation",
    "find search look seek locate discover browse",
    "combine merge join mix blend concatenate splice append",
    "convert turn transform conversion",
    "remove reduce eliminate suppress minimize lessen clean filter denoise reduction",
    "correct fix proofread",
    "analyze analysis evaluate assess determine understand identify detect",
    "adjust modify change alter",
    "extract pull grab capture retrieve",
    "similar alike resemble resembling",
    "related relevant",
    "add apply insert put",
    "internet online web",
    "noise hiss noisy",
    "summarize summary condense",
    "simplify simple easier easy simplification",
    "detailed descriptive elaborate",
    "represent visualize depict representation",
    "narrate speak spoken aloud narration",
    "grammar grammatical grammatically",
    "color colour",
    "synchronize sync align",
    "paraphrase rephrase reword",
)
_MEDIA = {
    "audio": "audio sound recording song music podcast soundtrack audios recordings sounds wav mp3",
    "image": "image picture photo photograph images pictures photos photographs jpg png photography logo",
    "video": "video clip footage film movie videos clips films movies mp4",
    "text": "text article essay paragraph sentence script document passage texts articles story description paper "
    "textual sentences statement lyrics writing scripts paragraphs email review quote",
    "url": "url link website webpage urls links websites",
}
_VERBS = frozenset(
    "add adjust align analyze apply brainstorm build caption change check clean colorize combine compare compose "
    "compress condense convert copy correct create crop cut delete describe detect determine download draw edit "
    "elaborate enhance ensure estimate evaluate expand explain extract fetch filter find fix generate get give "
    "grab have identify illustrate improve insert join listen locate look lower make match merge mix modify "
    "narrate obtain overlay paraphrase perform produce proofread put raise read receive record reduce remove "
    "rename render rephrase replace represent retrieve return rewrite save scan search see segment send separate "
    "shorten show simplify slow smooth speed spin splice split stabilize stitch suggest summarize sync "
    "synchronize tell trace track transcribe transfer transform translate trim turn upload use visualize watch "
    "write".split()
)
_SILENT = frozenset(
    "a an at by for as is are be been being was were i me we our you your he she it its this that these those "
    "them they their and or but so such some any will would can could should like want need please have has had do "
    "does did given then there here which who what if let us input output file files not no more when once up off "
    "out help i'd i'll new two single various another both same provide provided based".split()
)
_WEAK = frozenset("version content list form format way".split())
_INTO_WORDS, _OUT_WORDS = frozenset({"to", "into"}), frozenset({"from", "of", "in", "on", "using"})
_FORMS = frozenset({"format", "form"})
_DEFINITE_WORDS = frozenset({"the", "existing", "original", "my", "those"})
_SOUNDS = frozenset({"like", "more", "as", "less"})  # "make it sound like": no audio is made
_FINDERS = frozenset({"i", "we", "have", "be", "recently", "just"})  # else "found" tells: "an image found online"
_MADE = frozenset({"it", "them", "the", "sure", "use", "this", "that"})  # "make it simpler": nothing is created


@dataclass(frozen=True, slots=True)
class Token:
    """A word that counts: its `sense`, the word, and where it stands among all the words of its text."""

    sense: str
    word: str
    at: int

    @property
    def is_medium(self) -> bool:
        """Whether it names a type of medium, or stands for a file or link of that type."""
        return self.sense.startswith("@")

    @property
    def is_content(self) -> bool:
        """Whether it says what is asked for, beside media and the small words between."""
        return self.sense[0] not in "@<>!+"

    @property
    def is_participle(self) -> bool:
        """Whether it may tell what was done: "transcribed", "rewritten"."""
        return self.word.endswith("ed") or self.word in _PARTICIPLES

    @property
    def is_general(self) -> bool:
        """Whether it names what many tools do: "created", "found"."""
        return self.sense in _GENERAL

    @property
    def is_action(self) -> bool:
        """Whether it has the stem of a verb of media work, whatever its form."""
        return stem(self.word) in _ACTIONS


def words(text: str) -> list[str]:
    """The words of a text in small letters; a hyphen parts as a space does."""
    return _WORD.findall(text.lower().replace("’", "'"))


@lru_cache(maxsize=_REMEMBERED)
def stem(word: str) -> str:
    """The word without its ending: "summarized", "summarizer" and "summary" are one."""
    word = _IRREGULAR.get(word, word)
    bare = _ENDINGS.sub("", word)
    bare = bare if len(bare) >= 3 else word
    if len(bare) > 4 and bare[-1] == bare[-2] and bare[-1] not in "ls":
        bare = bare[:-1]
    return _SAME_STEM.get(bare, bare)


_GROUP = {stem(word): f"~{group.split()[0]}" for group in _ALIKE for word in group.split()}
_MEDIUM = {word: f"@{kind}" for kind, names in _MEDIA.items() for word in names.split()}
_ACTIONS = frozenset(stem(verb) for verb in _VERBS)
_GENERAL = frozenset(_GROUP[stem(verb)] for verb in "create find combine adjust extract remove".split()) | {
    "download"
}


@lru_cache(maxsize=_REMEMBERED)
def sense(word: str) -> str:
    """What a word counts as, or `""` when it says nothing by itself."""
    if word in _INTO_WORDS:
        return INTO
    if word in _OUT_WORDS:
        return OUT_OF
    if word in _DEFINITE_WORDS:
        return DEFINITE
    if word == "with":
        return WITH
    if word in _SILENT or word.isdigit():
        return ""
    return _MEDIUM.get(word) or _GROUP.get(stem(word), stem(word))


def is_weak(meaning: str) -> bool:
    """Whether a sense says little whatever the catalogue ("version", "content")."""
    return meaning in _WEAK_SENSES


_WEAK_SENSES = frozenset(sense(word) for word in _WEAK)


def is_verb(word: str) -> bool:
    """Whether a word may ask for an action: such a verb in its plain form or with -ing."""
    return stem(word) in _ACTIONS and (word in _VERBS or word.endswith("ing"))


def is_plain_verb(word: str) -> bool:
    """Whether a word is such a verb in its plain form."""
    return word in _VERBS


def tokens(text: str) -> list[Token]:
    """The words of a text that count, in order."""
    found = words(text)
    return [
        Token(_led_into(found, at) or meaning, word, at)
        for at, word in enumerate(found)
        if (meaning := sense(word)) and not _idle(word, meaning, *_beside(found, at))
    ]


def _led_into(found: list[str], at: int) -> str:
    """`>` for the "in" of "in audio format"."""
    return INTO if found[at] == "in" and not _FORMS.isdisjoint(found[at + 1 : at + 4]) else ""


def _beside(found: list[str], at: int) -> tuple[str, str]:
    return found[at - 1] if at else "", found[at + 1] if at + 1 < len(found) else ""


def _idle(word: str, meaning: str, before: str, following: str) -> bool:
    """Whether the words beside take the sense away: "sound like", "make it", "the generated image"."""
    if word == "sound":
        return following in _SOUNDS
    if word in {"make", "making", "makes"}:
        return following in _MADE
    if word == "found":
        return before not in _FINDERS
    tells = word.endswith("ed") and before not in {"a", "an"}
    return tells and meaning in _GENERAL and (sense(following) or " ")[0] not in "<>!+ "
