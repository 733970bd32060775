"""A workflow of functions alone, for runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from murakkab import collect, each, loop, previous, task, when, workflow


class Part(BaseModel):
    index: int
    text: str


@task
def split(text: str) -> Iterator[Part]:
    for index, word in enumerate(text.split()):
        if word == "bad":
            raise ValueError("no good word")
        yield Part(index=index, text=word)


@task
def lengthen(part: Part, before: int | None) -> int:
    return (before or 0) + len(part.text)


@task
def add(numbers: list[int]) -> int:
    return sum(numbers)


@task
def halve(number: int | None, start: int) -> int:
    return (start if number is None else number) // 2


@task
def write(text: str) -> dict[str, Any]:
    Path("note.txt").write_text(text)
    return {"file": Path("note.txt")}


@workflow
def counting(text: str, start: int = 40) -> dict[str, Any]:
    """Counts letters and halves numbers."""
    parts = split(text)
    for part in each(parts):
        with when(part.text != "skipped"):
            length = lengthen.options(join="ordered")(part, before=previous())
    total = add(collect(length))
    with loop("halving", times=9) as halving:
        half = halve(halving.previous.half, start=start)
        halving.until(half < 8)
    note = write(f"{total} {half}")
    return {"lengths": length, "total": total, "half": half, "note": note["file"]}


@workflow
def empty(text: str = "x") -> dict[str, Any]:
    """Uses nothing of its input."""
    return {"total": add([1, 2])}
