"""Shapes written as text, kept once they are read."""

from __future__ import annotations

import re
from functools import lru_cache

import skia

_WORD = re.compile(r"[MLQCZ]|-?[0-9.]+")
_ARITY = {"M": 2, "L": 2, "Q": 4, "C": 6, "Z": 0}


@lru_cache(2048)
def path_of(outline: str) -> skia.Path:
    """The path of absolute ``M L Q C Z`` commands, numbers parted by blanks."""
    path = skia.Path()
    words = _WORD.findall(outline)
    draw = {"M": path.moveTo, "L": path.lineTo, "Q": path.quadTo, "C": path.cubicTo, "Z": path.close}
    index, command = 0, "M"
    while index < len(words):
        if words[index] in _ARITY:
            command, index = words[index], index + 1
        count = _ARITY[command]
        draw[command](*(float(word) for word in words[index : index + count]))
        index += count
    return path
