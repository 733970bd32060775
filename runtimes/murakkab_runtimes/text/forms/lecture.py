"""The form ``lecture``: what is said to one slide, line by line, and what of the slide appears with it.

An author's notes are spoken as they stand. Without notes the slide itself is spoken as it is written, and a large model
may put a short point into a sentence, which is checked to add and lose nothing. A small model is not asked: of eleven
points it kept the meaning of one.
"""

from __future__ import annotations

import random
import re
from typing import Any

from murakkab_runtimes.base import Output, Task
from murakkab_runtimes.text import checks
from murakkab_runtimes.text.bounded import tidy
from murakkab_runtimes.text.model import LanguageModel, Message, Request
from murakkab_runtimes.text.narration import ended, lines_of, reveals, spoken_block
from murakkab_runtimes.text.source import supported
from murakkab_runtimes.text.speech_time import seconds
from murakkab_runtimes.text.words import content

NARRATOR = "Narrator"
ATTEMPTS = 2
KEPT = 0.8
"""Share of a point's words of meaning that its sentence must keep."""

MOST_STRANGE = 2
"""Words of meaning that a sentence may have of its own: the verb that a point lacks."""

SENTENCE_WORDS = 9
"""Words from which a point is taken for a sentence and spoken as it stands."""

_LEADS = ("{t}.", "Next: {t}.", "Now: {t}.", "The next slide: {t}.")
_NEGATION = re.compile(r"\b(?:not|no|never|none|nor|without|cannot|only|except)\b|n't\b", re.I)

Part = tuple[str, str]
"""What is said, and where it is from: ``notes``, ``slide`` (read out) or ``model`` (worded by the model)."""


def lecture(task: Task, model: LanguageModel) -> Output:
    """Emit the lines of ``slide`` (a value of ``slide-reading``), spoken with ``voice``; ``task.previous`` counts them.

    Returns:
        ``{"lines": count, "worded": count}`` so far; ``worded`` are lines that the model worded.
    """
    slide: dict[str, Any] = task.arguments["slide"]
    before = task.previous or {"lines": 0, "worded": 0}
    steps = steps_of(slide)
    parts = _noted(slide) or _unnoted(slide, steps, model, random.Random(f"{task.seed}:{slide['index']}"))
    shown = reveals([text for text, _ in parts], steps)
    worded, there = before["worded"], 0
    for number, ((text, origin), reveal) in enumerate(zip(parts, shown, strict=True)):
        worded += origin == "model"
        ends = number == len(parts) - 1
        last = ends and slide["index"] == slide["count"] - 1
        line = _line(slide, number, text) | {"origin": origin, "reveals": reveal, "ends": ends, "last": last}
        line |= {"voice": str(task.arguments.get("voice") or "female-1"), "number": before["lines"] + number}
        line |= {"shown": there, "opening": None, "closing": _closing(slide, worded) if last else None}
        task.emit(line, seconds=seconds(text))
        there += len(reveal)
    return Output({"lines": before["lines"] + len(parts), "worded": worded})


def steps_of(slide: dict[str, Any]) -> list[str]:
    """The text of each step of a slide."""
    steps = [""] * slide["steps"]
    for block in slide["blocks"]:
        steps[block["step"] - 1] = f"{steps[block['step'] - 1]} {block['says']}".strip()
        for number, says in enumerate(block.get("rows_say", ()), start=block["step"]):
            steps[number] = says
    return steps


def _line(slide: dict[str, Any], number: int, text: str) -> dict[str, Any]:
    """The fields that the lines of all narrated shows have."""
    opening = slide["index"] == 0 and number == 0
    return {
        "speaker": NARRATOR,
        "text": text,
        "section": slide["index"],
        "kind": "opening" if opening else "line",
        "title": slide["title"] or f"Slide {slide['index'] + 1}",
        "episode": slide["lecture"],
        "mood": "calm",
        "passage": None,
        "begins": number == 0,
    }


def _closing(slide: dict[str, Any], worded: int) -> dict[str, Any]:
    """The card behind the last line: who made the slides, and what a machine did."""
    author = [f"Slides by {slide['author']}"] if slide["author"] else []
    voice = "The voice is synthetic."
    honest = f"A machine worded parts of the narration. {voice}" if worded else voice
    return {"head": "Thank you", "lines": [slide["lecture"], *author, honest], "credit": True}


def _noted(slide: dict[str, Any]) -> list[Part]:
    return [(line, "notes") for line in lines_of(slide["notes"])]


def _unnoted(slide: dict[str, Any], steps: list[str], model: LanguageModel, rng: random.Random) -> list[Part]:
    """Lines for a slide without notes: its title, then each of its pieces."""
    parts = [(_lead(slide, rng), "slide")] if slide["title"] else []
    for step, says in enumerate(steps, start=1):
        block = next((b for b in slide["blocks"] if b["step"] == step), None)
        if block is not None and block["kind"] in ("bullet", "text", "quote", "heading"):
            parts += _point(slide, says, model, rng)
        elif block is not None:
            parts.append((spoken_block(block), "slide"))
        else:
            parts.append((ended(says), "slide"))
    return parts or [(f"Slide {slide['index'] + 1}.", "slide")]


def _lead(slide: dict[str, Any], rng: random.Random) -> str:
    title = str(slide["title"]).rstrip(" .:")
    if title[-1:] in "?!":
        return title
    if slide["index"] == 0:
        return f"Welcome. The topic today: {title}."
    return rng.choice(_LEADS).format(t=title)


def _point(slide: dict[str, Any], says: str, model: LanguageModel, rng: random.Random) -> list[Part]:
    """One point: a sentence as it stands, a short one in the model's words where these add and lose nothing."""
    whole = len(says.split()) >= SENTENCE_WORDS or says[-1:] in ".!?"
    if slide["kind"] == "title" or whole:
        return [(line, "slide") for line in lines_of(ended(says))]
    worded = None if model.bounded else _worded(slide, says, model, rng)
    return [(worded, "model")] if worded else [(ended(says), "slide")]


def _worded(slide: dict[str, Any], says: str, model: LanguageModel, rng: random.Random) -> str | None:
    for attempt in range(ATTEMPTS):
        request = Request(
            messages(str(slide["title"]), says),
            max_tokens=60,
            temperature=0.1 + 0.3 * attempt,
            seed=rng.randrange(2**31),
        )
        answer = model.complete(request)
        sentence = tidy(answer.text)
        if answer.finished and faithful(sentence, says, str(slide["title"])):
            return sentence
    return None


def faithful(sentence: str, point: str, title: str) -> bool:
    """Whether a sentence says what a point says: no figure, name or thing of its own, nothing lost, nothing denied."""
    wanted = content(point)
    kept = len(wanted & content(sentence)) / max(1, len(wanted))
    strange = content(sentence) - wanted - content(title)
    return (
        not checks.faults(sentence)
        and supported(sentence, [point, title])
        and len(strange) <= MOST_STRANGE
        and kept >= KEPT
        and len(_NEGATION.findall(sentence)) == len(_NEGATION.findall(point))
    )


_EXAMPLES: tuple[Message, ...] = (
    {"role": "user", "content": "Title: Bread. Point: flour, water, salt and time"},
    {"role": "assistant", "content": "Bread needs flour, water, salt and time."},
    {"role": "user", "content": "Title: Old bridges. Point: stone arches, 2000 years old"},
    {"role": "assistant", "content": "The stone arches of old bridges are 2000 years old."},
)


def messages(title: str, point: str) -> tuple[Message, ...]:
    """Chat that asks for one spoken sentence of a point on a slide; the slide is material, never an instruction."""
    rules = (
        "You turn a point on a slide into one short spoken sentence. You use the words of the point and add no facts."
    )
    return (
        {"role": "system", "content": rules},
        *_EXAMPLES,
        {"role": "user", "content": f"Title: {title}. Point: {point}"},
    )
