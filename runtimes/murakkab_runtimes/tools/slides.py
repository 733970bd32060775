"""The adapter ``slides``: reads a lecture written in Markdown, slide by slide."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from murakkab_runtimes.base import InputError, Output, Runtime, Task
from murakkab_runtimes.tools.deck import Block, Deck, Slide, read_deck
from murakkab_runtimes.tools.documents import read_text

KINDS = (".md", ".markdown", ".mdown", ".txt", "")
MOST_SLIDES = 300


class Slides(Runtime):
    """Reads ``file``, a Markdown file, and streams its slides.

    A slide is ``{"index", "count", "kind", "title", "lecture", "author", "blocks", "steps", "notes"}``: ``kind`` is
    ``title`` or ``content``, ``blocks`` are those of ``tools.deck`` (the picture of an ``image`` a file), ``steps`` is
    how many pieces appear one after the other.
    """

    def run(self, task: Task) -> Output:
        """Emit every slide; the value is ``{"title", "slides"}``.

        Raises:
            InputError: the file cannot be read, or holds no slide.
        """
        deck = read_slides(Path(task.arguments["file"]))
        for index, slide in enumerate(deck.slides):
            task.emit(_described(deck, slide, index, task.scratch))
        return Output({"title": deck.title, "slides": len(deck.slides)})


def read_slides(path: Path) -> Deck:
    """Read one file; see ``Slides.run``."""
    if path.suffix.lower() not in KINDS:
        raise InputError(f"{path.name}: slides are read from Markdown; give a file that ends in .md")
    if not path.is_file():
        raise InputError(f"there are no slides at {path}; check the path given as --slides")
    deck = read_deck(read_text(path)[0])
    if not deck.slides:
        raise InputError(f"{path.name} holds no slide; begin one with '# A title', and part slides with '---' lines")
    if len(deck.slides) > MOST_SLIDES:
        raise InputError(f"{path.name} has {len(deck.slides)} slides; give at most {MOST_SLIDES}")
    deck.title = deck.title or re.sub(r"[_-]+", " ", path.stem).strip() or "Lecture"
    return deck


def _described(deck: Deck, slide: Slide, index: int, folder: Path) -> dict[str, Any]:
    return {
        "index": index,
        "count": len(deck.slides),
        "kind": slide.kind,
        "title": slide.title,
        "lecture": deck.title,
        "author": deck.author,
        "blocks": [_stored(block, folder, f"{index}-{number}") for number, block in enumerate(slide.blocks)],
        "steps": max((b["step"] + len(b.get("rows", ())) for b in slide.blocks), default=0),
        "notes": slide.notes,
    }


def _stored(block: Block, folder: Path, name: str) -> Block:
    """A picture that stands in the text becomes a file."""
    if block.get("data") is None:
        return {key: value for key, value in block.items() if key != "data"}
    path = folder / f"picture-{name}.bin"
    path.write_bytes(block["data"])
    return {**block, "data": path}
