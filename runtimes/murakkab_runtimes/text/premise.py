"""What a story is asked to be about: its hero, a companion, and the sentence that it begins with."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass

from murakkab_runtimes.text.phrases import UNSPEAKABLE
from murakkab_runtimes.text.places import GIVEN_NAMES
from murakkab_runtimes.text.topic import SPOKEN_WORDS, read_topic
from murakkab_runtimes.text.words import word_set

HEROES = ("a small bear", "a young fox", "a young girl", "a little boy", "a brave rabbit", "a small robot")
"""Who a story is about whose prompt names nobody."""

_ASKED = re.compile(
    r"^(?:please )?(?:write|tell|make|give)?\s*(?:me |us )?(?:a |an |the )?(?:\w+ ){0,2}?(?:story|tale|fable|fairytale)"
    r"\s+(?:about|of|on)\s+",
    re.I,
)
_DETERMINERS = word_set("a an the one my our his her their this that")
_ENDS = word_set(
    """
    who whom whose that which where when and or but with without in on at from of to for by near under over after
    before is was are were has had can could cannot will would wants learns finds goes loves lives meets gets loses
    makes builds dreams dreaming learning finding looking searching trying going making living lost
    """
)
_SHE = word_set("girl woman queen princess mother grandmother sister aunt witch lady daughter wife mermaid nun")
_HE = word_set("boy man king prince father grandfather brother uncle wizard son husband knight monk")
_PLACES = {
    "sea": word_set(
        "sea ocean whale lighthouse ship boat sailor fish shark octopus island beach pirate mermaid dolphin crab"
    ),
    "forest": word_set("forest wood fox bear tree owl wolf deer rabbit hedgehog squirrel mushroom witch badger"),
    "mountains": word_set("mountain dragon snow snowman goat eagle yeti glacier climber"),
    "desert": word_set("desert camel cactus pyramid sand"),
    "river": word_set("river beaver duck frog otter bridge swan miller"),
    "city": word_set("city town robot train baker street tower clock shop taxi school"),
    "hills": word_set("hill farm farmer sheep cow horse meadow shepherd field windmill"),
}
"""Words that tell where a story happens."""

_IRREGULAR = dict(
    pair.split("/")
    for pair in [
        "is/was",
        "are/were",
        "has/had",
        "does/did",
        "can/could",
        "cannot/could_not",
        "will/would",
        "goes/went",
        "finds/found",
        "makes/made",
        "sees/saw",
        "eats/ate",
        "flies/flew",
        "sings/sang",
        "runs/ran",
        "knows/knew",
        "thinks/thought",
        "tells/told",
        "writes/wrote",
        "reads/read",
        "sleeps/slept",
        "loses/lost",
        "builds/built",
        "gets/got",
        "meets/met",
        "keeps/kept",
        "falls/fell",
        "grows/grew",
        "speaks/spoke",
        "swims/swam",
        "steals/stole",
        "takes/took",
        "gives/gave",
        "feels/felt",
        "leaves/left",
        "comes/came",
        "says/said",
        "wins/won",
        "sits/sat",
        "stands/stood",
        "hears/heard",
        "drives/drove",
        "rides/rode",
        "wakes/woke",
        "fights/fought",
        "buys/bought",
        "brings/brought",
        "teaches/taught",
        "catches/caught",
    ]
)
_CLAUSE = re.compile(r"\b(who|that|which)\s+([a-z]+)\b")
_COMPANION = re.compile(
    r"\band ((?:a|an|the|his|her|their) (?:[a-z-]+ ){0,2}?([a-z-]+))(?=\s+(?:who|that|in|on|from|with|at|of)\b|[.,]|$)",
    re.I,
)


@dataclass(frozen=True)
class Premise:
    """A prompt as a story needs it.

    Attributes:
        text: the prompt on one line, for prompts and pictures.
        spoken: the same for voices.
        hero: as it is met first (``a fox``), ``the``: as it is known (``the fox``); a name is both.
        noun: the last word of the hero, for pictures.
        companion: who comes along (``a whale``), or empty.
        pronouns: ``she`` or ``he`` where the hero's name tells, else empty.
        place: where such a story happens ("sea"), where the prompt tells, else empty.

    """

    text: str
    spoken: str
    hero: str
    the: str
    noun: str
    companion: str
    pronouns: str
    place: str


def read_premise(prompt: str, rng: random.Random) -> Premise:
    """Read a prompt, which must hold at least one printable character."""
    topic = read_topic(_ASKED.sub("", " ".join(prompt.split())) or prompt)
    spoken = topic.spoken.strip(" .,") if topic.spoken != UNSPEAKABLE else ""
    hero, the = _hero(spoken) or _known(rng.choice(HEROES))
    noun = the.split()[-1].lower()
    found = _COMPANION.search(spoken)
    pronouns = "she" if noun in _SHE else "he" if noun in _HE else ""
    companion = found[1].lower() if found else ""
    return Premise(topic.text, spoken, hero, the, noun, companion, pronouns, _place(spoken))


def _place(spoken: str) -> str:
    """The first place that a word of the prompt belongs to."""
    words = {word.strip(".,").lower() for word in spoken.split()}
    both = words | {word.removesuffix("s") for word in words}
    return next((place for place, known in _PLACES.items() if both & known), "")


def first_sentence(premise: Premise, place: str) -> str:
    """How the story begins, in words of the prompt; ``place`` is for example "by the sea"."""
    told = _past(premise.spoken)
    if told.lower().startswith("the ") and told.split()[1:]:
        told = f"{_article(told.split()[1])} {told[4:]}"
    if told and len(told.split()) < SPOKEN_WORDS and told.split()[0] in ("a", "an", "two", "three"):
        return f"Once upon a time, {place}, there lived {told}."
    return f"Once upon a time, {place}, there lived {premise.hero}."


def _hero(spoken: str) -> tuple[str, str] | None:
    """The first thing that a prompt names, as it is met and as it is known; None where it names no one thing."""
    words = spoken.split()
    if not words:
        return None
    if words[0].lower() in GIVEN_NAMES and words[0][0].isupper():
        return words[0], words[0]
    article = words[0].lower() if words[0].lower() in _DETERMINERS else ""
    rest = words[1:] if article else words
    kept: list[str] = []
    for word in rest[:4]:
        if word.lower().strip(",.") in _ENDS:
            break
        kept.append(word.strip(",."))
        if word[-1] in ",.":
            break
    if not kept or len(kept) == 4 or not all(re.fullmatch(r"[A-Za-z'-]+", word) for word in kept):
        return None
    if article:
        return _known(" ".join([article if article in ("a", "an") else _article(kept[0]), *kept]))
    return _one_of(kept)


def _one_of(words: list[str]) -> tuple[str, str] | None:
    """One of a kind that is named in the plural: "dragons" is "a dragon"."""
    last = words[-1]
    if len(words) > 2 or not last.endswith("s") or last.endswith(("ss", "us", "ies", "ness")) or len(last) < 4:
        return None
    kept = [*words[:-1], last[:-1]]
    return _known(" ".join([_article(kept[0]), *kept]).lower())


def _article(word: str) -> str:
    return "an" if word[0].lower() in "aeiou" else "a"


def _known(hero: str) -> tuple[str, str]:
    return hero, "the " + hero.split(" ", 1)[1]


def _past(spoken: str) -> str:
    """The prompt with the verb of its clause in the past; empty where that cannot be done."""
    match = _CLAUSE.search(spoken)
    if match is None:
        return spoken if not set(spoken.lower().split()) & {"is", "are", "wants", "learns", "finds", "can"} else ""
    verb = past(match[2])
    if not verb or set(spoken[match.end() :].lower().split()) & {"is", "are", "wants", "can"}:
        return ""
    return spoken[: match.start(2)] + verb + spoken[match.end(2) :]


def past(verb: str) -> str:
    """The past of a verb in the third person ("loves": "loved"); one in the past stays; empty for what is neither."""
    if verb in _IRREGULAR:
        return _IRREGULAR[verb].replace("_", " ")
    if verb in {part.replace("_", " ") for part in _IRREGULAR.values()} or (verb.endswith("ed") and len(verb) > 4):
        return verb
    if verb.endswith("ies"):
        return verb[:-3] + "ied"
    if verb.endswith(("ches", "shes", "sses", "xes")):
        return verb[:-2] + "ed"
    if verb.endswith("es"):
        return verb[:-1] + "d"
    return verb[:-1] + "ed" if verb.endswith("s") and len(verb) > 3 else ""
