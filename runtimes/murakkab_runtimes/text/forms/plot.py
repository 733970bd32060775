"""The form ``plot``: the scenes of a short story, planned by the program so that words and pictures fit together.

The program owns what happens: a hero with a wish finds a thing, meets a difficulty, is helped and comes home. Each
scene says what is to be drawn and how its sentences begin; the model finishes them (form ``story``).
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

from murakkab_runtimes.base import InputError, Output, Task
from murakkab_runtimes.text.model import LanguageModel
from murakkab_runtimes.text.premise import Premise, first_sentence, read_premise

Beat = dict[str, str]
"""``{"stem", "spare"}``: how a sentence begins, and what is said where the model's is at fault; without a stem,
``spare`` is what is said."""

Scene = dict[str, Any]

BEAT_S, FRAME_S = 4.9, 14.0
"""Expected seconds of a sentence; of title, first and last sentence and the closing card."""

ROUND = 7
"""Sentences of one adventure: something found, a difficulty, a helper."""

DEFAULT_DURATION_S, DURATIONS = 60.0, (20.0, 600.0)
NOTICE = "A story told by a machine"

_PLACES = (
    ("forest", "deep in the forest"), ("sea", "by the wide sea"), ("mountains", "high in the mountains"),
    ("hills", "in the green hills"), ("river", "by a winding river"), ("desert", "at the edge of the desert"),
    ("city", "in an old city"),
)  # fmt: skip
_THINGS = (
    ("lantern", "an old lantern"), ("key", "a small golden key"), ("map", "a faded map"),
    ("feather", "a white feather"),
    ("shell", "a singing shell"), ("book", "a forgotten book"), ("balloon", "a red balloon"), ("kite", "a lost kite"),
    ("gem", "a shining gem"), ("compass", "a brass compass"), ("umbrella", "a bright umbrella"),
    ("crown", "a little crown"), ("hourglass", "an old hourglass"), ("envelope", "a sealed letter"),
    ("guitar", "an old guitar"), ("gift", "a small parcel"), ("bulb", "a glowing lamp"), ("flower", "a blue flower"),
)  # fmt: skip
_HELPERS = (
    ("bird", "a small bird"), ("cat", "a grey cat"), ("dog", "a friendly dog"), ("snail", "a wise snail"),
    ("butterfly", "a blue butterfly"), ("bee", "a busy bee"),
    ("elephant", "an old elephant"), ("rabbit", "a quick rabbit"), ("bear", "a kind bear"),
    ("whale", "a great whale"), ("robot", "a little robot"),
)  # fmt: skip
_SWIMMERS = ("whale", "fish", "dolphin", "mermaid", "octopus", "crab")
"""Helpers who are met by the sea."""

_TROUBLES = (
    ("Night", "moon stars night", "But when night fell, {the}", "But when night fell, {the} could not see the way."),
    ("The storm", "bolt storm cloud", "But then a storm came, and {the}", "But then a storm came, and {the} hid."),
    ("Lost", "signpost path", "But soon {the} was lost, and", "But soon {the} was lost, and nobody was near."),
    ("The long way", "stairs mountain", "But the way was long, and {the}", "But the way was long, and {the} tired."),
)  # fmt: skip


@dataclass(frozen=True)
class Adventure:
    """Where it happens, what is found, what goes wrong and who helps."""

    place: tuple[str, str]
    thing: tuple[str, str]
    trouble: tuple[str, str, str, str]
    helper: tuple[str, str]


def plot(task: Task, model: LanguageModel) -> Output:
    """Emit the scenes of a story on ``prompt`` of about ``duration`` seconds.

    A scene is ``{"index", "count", "title", "episode", "hero", "pronouns", "about", "beats", "picture"}``; ``picture``
    is what a text-to-image node takes as ``section``.

    Returns:
        ``{"episode": title, "scenes": count}``.

    Raises:
        InputError: the prompt is empty.
    """
    del model  # the program owns what happens, whoever writes it
    prompt = " ".join(str(task.arguments.get("prompt") or "").split())
    if not prompt:
        raise InputError(
            "there is nothing to tell a story about; give --prompt, such as 'a fox who is afraid of the dark'"
        )
    rng = random.Random(f"plot {task.seed} {prompt}")
    low, high = DURATIONS
    duration = min(high, max(low, float(task.arguments.get("duration") or DEFAULT_DURATION_S)))
    scenes = plan(read_premise(prompt, rng), duration, rng)
    for scene in scenes:
        task.emit(scene)
    return Output({"episode": scenes[0]["episode"], "scenes": len(scenes)})


def plan(premise: Premise, duration: float, rng: random.Random) -> list[Scene]:
    """All scenes of a story."""
    beats = max(2, round((duration - FRAME_S) / BEAT_S))
    adventures = _adventures(premise, max(1, round((beats - 4) / ROUND)), rng)
    near = [place for place in _PLACES if place[0] == premise.place]
    home = rng.choice(near or [place for place in _PLACES if place != adventures[0].place])
    title = titled(f"{premise.the} and {_known(premise.companion or adventures[0].thing[1])}")
    frame = _Frame(premise, title, rng)
    scenes = [frame.opening(home), frame.home(home)]
    for adventure in adventures:
        scenes += frame.adventure(adventure)
    scenes.append(frame.ending(home, adventures[0]))
    return _numbered(_shortened(scenes, beats))


def _adventures(premise: Premise, count: int, rng: random.Random) -> list[Adventure]:
    def drawn(options: tuple[Any, ...]) -> list[Any]:
        return [option for _ in range(count // len(options) + 1) for option in rng.sample(options, len(options))]

    helpers = drawn(tuple(helper for helper in _HELPERS if helper[0] not in premise.text.lower()))
    if premise.companion:
        helpers.insert(0, (premise.companion.split()[-1], premise.companion))
    things = drawn(tuple(thing for thing in _THINGS if thing[0] != premise.noun))
    places = drawn(tuple(place for place in _PLACES if place[0] != premise.place))
    rows = list(zip(places, things, drawn(_TROUBLES), helpers, strict=False))[:count]
    return [Adventure(_PLACES[1] if row[3][0] in _SWIMMERS else row[0], *row[1:]) for row in rows]


class _Frame:
    """Makes the scenes of one story."""

    def __init__(self, premise: Premise, title: str, rng: random.Random) -> None:
        self.premise, self.title, self.hero, self.rng = premise, title, premise.the.removeprefix("the "), rng

    def opening(self, home: tuple[str, str]) -> Scene:
        spoken = {"stem": "", "spare": f"{self.title}. {NOTICE}."}
        return self._scene(self.title, [spoken], [self.hero, home[0]], "dreamy", about=self.premise.text)

    def home(self, home: tuple[str, str]) -> Scene:
        beats = [
            {"stem": "", "spare": first_sentence(self.premise, home[1])},
            self._beat("Every morning, {the} would", "Every morning, {the} would look at the sky and wait."),
            self._beat(
                "More than anything, {the} wanted to", "More than anything, {the} wanted to see the wide world."
            ),
        ]
        return self._scene("Once upon a time", beats, [home[0], "house", self.hero], "calm")

    def adventure(self, adventure: Adventure) -> list[Scene]:
        place, thing, helper = adventure.place, adventure.thing, adventure.helper
        name, drawn, stem, spare = adventure.trouble
        a, the = thing[1], _known(thing[1])
        found = [
            self._beat(f"One day, {place[1]}, {{the}} found {a}, and", f"One day, {place[1]}, {{the}} found {a}."),
            self._beat(f"With {the}, {{the}} could", f"With {the}, {{the}} could go where nobody had been."),
        ]
        trouble = [
            self._beat(stem, spare),
            self._beat("For a long while, {the}", "For a long while, {the} sat still and listened."),
        ]
        helped = [
            self._beat(
                f"Then {helper[1]} came by and told {{the}} that",
                f"Then {helper[1]} came by and told {{the}} not to worry.",
            ),
            self._beat("So {the} took a deep breath and", "So {the} took a deep breath and went on."),
            self._beat(
                f"Together, {{the}} and {_known(helper[1])}",
                f"Together, {{the}} and {_known(helper[1])} found the way.",
            ),
        ]
        return [
            self._scene(_capital(_known(a)), found, [place[0], thing[0], self.hero], "bright"),
            self._scene(name, trouble, [*drawn.split(), place[0], self.hero], "thoughtful"),
            self._scene(_capital(helper[1]), helped, [helper[0], place[0], self.hero], "playful"),
        ]

    def ending(self, home: tuple[str, str], adventure: Adventure) -> Scene:
        beats = [
            self._beat("From that day on, {the} was happy, and", "From that day on, {the} was happy, and never alone."),
            {"stem": "", "spare": f"And that was the story of {self.premise.the} and {self._other(adventure)}."},
        ]
        return self._scene("Home again", beats, ["sun", home[0], adventure.thing[0], self.hero], "warm")

    def _other(self, adventure: Adventure) -> str:
        return _known(self.premise.companion or adventure.thing[1])

    def _beat(self, stem: str, spare: str) -> Beat:
        the = self.premise.the
        return {"stem": stem.format(the=the), "spare": spare.format(the=the)}

    def _scene(self, title: str, beats: list[Beat], keywords: list[str], mood: str, about: str = "") -> Scene:
        return {
            "title": title,
            "episode": self.title,
            "hero": self.premise.the,
            "pronouns": self.premise.pronouns,
            "about": self.premise.spoken or self.premise.hero,
            "beats": beats,
            "picture": {"title": about, "keywords": keywords, "mood": mood, "composition": "standing"},
        }


_SPARED = ((1, 2), (2, 1), (3, 1), (4, 2), (1, 1), (4, 1), (3, 0), (4, 0))
"""Which sentences go first where there is little time: scene and beat, of a story with one adventure."""


def _shortened(scenes: list[Scene], beats: int) -> list[Scene]:
    """Leave sentences out until ``beats`` are left for the model, and with them the scenes that have none."""
    for scene, beat in _SPARED:
        if sum(bool(b["stem"]) for s in scenes for b in s["beats"]) <= beats:
            break
        scenes[scene]["beats"][beat] = {"stem": "", "spare": ""}
    for one in scenes:
        one["beats"] = [beat for beat in one["beats"] if beat["spare"]]
    return [scene for scene in scenes if scene["beats"]]


def _numbered(scenes: list[Scene]) -> list[Scene]:
    return [{"index": index, "count": len(scenes), **scene} for index, scene in enumerate(scenes)]


def _known(thing: str) -> str:
    """As a thing is called once it is known: "the old lantern" for "an old lantern"."""
    return "the " + thing.split(" ", 1)[1] if thing.split()[0] in ("a", "an", "the") else thing


def titled(text: str) -> str:
    """Words with capital letters as in a title."""
    words = [word if word in ("and", "the", "a", "an", "of") else word[:1].upper() + word[1:] for word in text.split()]
    return _capital(" ".join(words))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
