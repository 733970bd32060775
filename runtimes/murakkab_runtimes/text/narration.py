"""When each piece of a slide appears while the slide's narration is spoken."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from murakkab_runtimes.text.words import content, sentences, stem, tokens

Reveal = dict[str, int]
"""``{"step", "word"}``: the step of the slide that appears with that word of the line (from 0)."""

SHORT = 32
"""Characters below which a sentence is spoken together with the next."""

STRAY = 0.15
"""How much of a match it is worth to stay where the pieces would stand if they were evenly spread."""


def lines_of(notes: str) -> list[str]:
    """The sentences of notes, very short ones joined with their neighbours."""
    lines: list[str] = []
    for paragraph in notes.split("\n"):
        for sentence in sentences(paragraph):
            if lines and (len(lines[-1]) < SHORT or len(sentence) < SHORT // 2):
                lines[-1] += " " + sentence
            else:
                lines.append(sentence)
    return lines


def reveals(lines: Sequence[str], steps: Sequence[str]) -> list[list[Reveal]]:
    """For each line the steps that appear with it, in order.

    Args:
        lines: what is spoken.
        steps: the text of each step, the first one being step 1; an empty one goes with its neighbours.

    Every step appears in the line that shares the most words with it, as far as the order of the steps allows, at the
    first of these words; steps that share none are spread evenly.
    """
    found: list[list[Reveal]] = [[] for _ in lines]
    for number, place in enumerate(_places(lines, steps)):
        word = _first_shared(lines[place], steps[number])
        before = max((reveal["word"] for reveal in found[place]), default=0)
        found[place].append({"step": number + 1, "word": max(word, before)})
    return found


def _places(lines: Sequence[str], steps: Sequence[str]) -> list[int]:
    """The line of each step: never before that of the step before it, with the largest sum of matches."""
    best: list[list[tuple[float, list[int]]]] = []
    for number, step in enumerate(steps):
        row: list[tuple[float, list[int]]] = []
        for place, line in enumerate(lines):
            score = _match(line, step) - STRAY * abs(place / len(lines) - number / len(steps))
            before = max(best[-1][: place + 1], key=lambda entry: entry[0]) if best else (0.0, [])
            row.append((before[0] + score, [*before[1], place]))
        best.append(row)
    return max(best[-1], key=lambda entry: entry[0])[1] if best else []


def _match(line: str, step: str) -> float:
    wanted = content(step)
    return len(wanted & content(line)) / len(wanted) ** 0.5 if wanted else 0.0


def _first_shared(line: str, step: str) -> int:
    """The first word of the line that the step has, too; 0 where there is none."""
    wanted = content(step)
    for place, word in enumerate(line.split()):
        if any(stem(token) in wanted for token in tokens(word)):
            return place
    return 0


def spoken_block(block: dict[str, Any]) -> str:
    """What a block says by itself, as one sentence; a program's words, and nothing that the block does not hold."""
    says = str(block["says"]).strip()
    match block["kind"]:
        case "code":
            language = str(block["language"])
            return f"Here is an example in {language.capitalize()}." if language.isalpha() else "Here is an example."
        case "table":
            return f"The table shows {says}." if says else "Here is a table."
        case "image":
            return (
                f"The picture shows {says[:1].lower() + says[1:]}.".replace("..", ".") if says else "Here is a picture."
            )
    return ended(says)


def ended(text: str) -> str:
    """The text with a mark at its end."""
    return text if not text or text[-1] in ".!?…" else text.rstrip(" ,;:-") + "."
