"""Readable text of Markdown: headings and paragraphs, without code, tables, pictures and marks."""

from __future__ import annotations

import re

from murakkab_runtimes.tools.passages import Paragraph, join_lines

_FRONT_MATTER = re.compile(r"\A---\n.*?\n---\n", re.S)
_CODE = re.compile(r"^(```|~~~).*?^\1[^\n]*$|<!--.*?-->", re.S | re.M)
_HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*$")
_UNDERLINE = re.compile(r"^(.+)\n(?:=+|-{3,})$", re.M)
_ITEM = re.compile(r"^\s*(?:[-*+]|\d+[.)])\s+")


def read_markdown(text: str) -> tuple[str, list[Paragraph]]:
    """Return title (the first heading, else empty) and paragraphs."""
    text = _CODE.sub("\n\n", _FRONT_MATTER.sub("", text.replace("\r\n", "\n")))
    text = _UNDERLINE.sub(r"\n# \1\n", text)
    title, heading = "", None
    found: list[Paragraph] = []
    for block in re.split(r"\n\s*\n|\n(?=\s*(?:[-*+]|\d+[.)])\s)|\n(?=#)|(?<=\n)(?=#)", text):
        for part in _heading_first(block):
            if match := _HEADING.match(part.strip()):
                heading = inline(match[1])
                title = title or heading
            elif plain := _prose(part):
                found.append(Paragraph(plain, None, heading))
    return title, found


def _heading_first(block: str) -> list[str]:
    """A heading and the lines right under it are two parts."""
    first, _, rest = block.strip("\n").partition("\n")
    return [first, rest] if _HEADING.match(first.strip()) else [block]


def _prose(block: str) -> str:
    lines = [re.sub(r"^\s*>+\s?", "", line) for line in block.split("\n")]
    kept = [_ITEM.sub("", line) for line in lines if not re.match(r"^\s*(?:\||[-*_]{3,}\s*$|\[[^\]]+\]:)", line)]
    return inline(join_lines("\n".join(kept)))


def inline(text: str) -> str:
    """Drop marks inside a line: pictures, link targets, emphasis, code marks and tags."""
    text = re.sub(r"!\[[^\]]*\]\([^)]*\)", "", text)
    text = re.sub(r"\[([^\]]*)\](?:\([^)]*\)|\[[^\]]*\])", r"\1", text)
    text = re.sub(r"<https?://[^>]+>|</?[a-zA-Z][^>]*>", "", text)
    text = re.sub(r"(\*\*|__|\*|`+)(?=\S)(.+?)(?<=\S)\1", r"\2", text)
    return " ".join(re.sub(r"(?<!\w)_(.+?)_(?!\w)", r"\1", text).split())
