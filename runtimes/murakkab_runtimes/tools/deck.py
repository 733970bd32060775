"""Slides written in Markdown: what stands on each, and what is to be said about it."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml
from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

Run = dict[str, Any]
"""A stretch of text in one style: ``{"text", "bold", "italic", "code"}``."""

Block = dict[str, Any]
"""What is shown at one step: ``kind``, ``step``, ``says`` (its plain text) and the fields of its kind.

``text``, ``quote``, ``heading``: ``runs``. ``bullet``: ``runs``, ``level``, ``number`` (None for a disc).
``code``: ``text``, ``language``. ``table``: ``head`` and ``rows`` of cells (runs), ``align``, ``rows_say``;
its rows appear at the steps behind its own.
``image``: ``alt``, ``link``, ``data`` (the picture's bytes, where the link holds them).
"""

MOST_ROWS = 12
"""Rows of a table that a slide shows."""

LARGEST_PICTURE = 4_000_000
"""Bytes of a picture that stands in the text itself (a ``data:`` link)."""

_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.*?)\n---[ \t]*(?:\n|\Z)", re.S)
_COMMENT = re.compile(r"<!--(.*?)-->", re.S)
_DIRECTIVE = re.compile(r"\s*[_$]?[a-zA-Z][\w-]*\s*:\s*\S*[^\n]*\s*\Z")
_NOTES = re.compile(r"(?:(?:speaker )?notes?:|\?\?\?)\s*", re.I)
_NOTES_LINE = re.compile(r"^(?:(?:[Ss]peaker )?[Nn]otes?:|\?\?\?)(?:\s|$)")
_FENCE = re.compile(r"^\s{0,3}(```+|~~~+)")
_TITLE_PARAGRAPHS = 3


@dataclass
class Slide:
    """One slide.

    Attributes:
        title: its first heading; empty where it has none.
        blocks: what stands below, in order.
        notes: what the author wants said, as plain text.
    """

    title: str = ""
    blocks: list[Block] = field(default_factory=list)
    notes: str = ""

    @property
    def kind(self) -> str:
        """``title`` for a slide of a heading and a few lines at most, else ``content``."""
        plain = all(block["kind"] in ("text", "heading") for block in self.blocks)
        return "title" if self.title and plain and len(self.blocks) <= _TITLE_PARAGRAPHS else "content"


@dataclass
class Deck:
    """All slides, the title and what the front matter says of them."""

    title: str
    author: str
    slides: list[Slide]


def read_deck(text: str) -> Deck:
    """Split Markdown into slides: at ``---`` lines, or at headings of the first two levels where there are none."""
    facts, body = _front_matter(text.replace("\r\n", "\n"))
    tree = SyntaxTreeNode(_parser().parse(_apart(body)))
    slides = [_slide(nodes) for nodes in _split(tree.children)]
    slides = [slide for slide in slides if slide.title or slide.blocks or slide.notes]
    titles = [slide.title for slide in slides if slide.title]
    title = str(facts.get("title") or (titles or [""])[0])
    return Deck(" ".join(title.split()), " ".join(str(facts.get("author") or "").split()), slides)


def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark").enable(["table", "strikethrough"]).disable("lheading")


def _front_matter(text: str) -> tuple[dict[str, Any], str]:
    match = _FRONT_MATTER.match(text)
    if match is None:
        return {}, text
    try:
        facts = yaml.safe_load(match[1])
    except yaml.YAMLError:
        return {}, text
    return (facts, text[match.end() :]) if isinstance(facts, dict) else ({}, text)


def _apart(text: str) -> str:
    """Notes begin a paragraph of their own, also where no blank line stands before them."""
    lines: list[str] = []
    fence = ""
    for line in text.split("\n"):
        mark = _FENCE.match(line)
        if mark and not fence:
            fence = mark[1]
        elif mark and mark[1].startswith(fence):
            fence = ""
        if not fence and _NOTES_LINE.match(line):
            lines.append("")
        lines.append(line)
    return "\n".join(lines)


def _split(nodes: Sequence[SyntaxTreeNode]) -> Iterator[list[SyntaxTreeNode]]:
    ruled = any(node.type == "hr" for node in nodes)
    part: list[SyntaxTreeNode] = []
    for node in nodes:
        if node.type == "hr" if ruled else node.type == "heading" and node.tag in ("h1", "h2"):
            yield part
            part = []
        if node.type != "hr":
            part.append(node)
    yield part


def _slide(nodes: Sequence[SyntaxTreeNode]) -> Slide:
    slide, notes, aside = Slide(), [], False
    for node in nodes:
        if node.type == "html_block":
            notes += _comments(node.content)
            continue
        text = plain(node)
        marked = node.type == "paragraph" and _NOTES.match(text)
        if marked:
            aside, text = True, text[marked.end() :]
        if aside:
            notes.append(text)
        elif node.type == "heading" and not slide.title:
            slide.title = text
        else:
            slide.blocks += _blocks(node)
    _number(slide.blocks)
    slide.notes = "\n".join(note for note in notes if note.strip())
    return slide


def _number(blocks: list[Block]) -> None:
    """Give every block its step: a bullet below another has that one's, and each row of a table one of its own."""
    last = 0
    for block in blocks:
        hangs = block["kind"] == "bullet" and block["level"] > 0 and last
        block["step"] = last if hangs else last + 1
        last = block["step"] + len(block.get("rows", ()))


def _comments(html: str) -> list[str]:
    """What HTML comments say; those that set an option of a slide program (``class: lead``) are left out."""
    return [" ".join(text.split()) for text in _COMMENT.findall(html) if not _DIRECTIVE.fullmatch(text)]


def _blocks(node: SyntaxTreeNode) -> list[Block]:
    match node.type:
        case "bullet_list" | "ordered_list":
            return list(_bullets(node, 0))
        case "fence" | "code_block":
            language = node.info.split()[0] if node.info.split() else ""
            return [{"kind": "code", "text": node.content.rstrip("\n"), "language": language, "says": ""}]
        case "table":
            return [_table(node)]
        case "paragraph":
            return _paragraph(node)
        case "heading" | "blockquote":
            kind = "heading" if node.type == "heading" else "quote"
            runs = runs_of(node)
            return [{"kind": kind, "runs": runs, "says": text_of(runs)}] if runs else []
    return []


def _bullets(node: SyntaxTreeNode, level: int) -> Iterator[Block]:
    start = int(node.attrs.get("start", 1)) if node.type == "ordered_list" else None
    for place, item in enumerate(node.children):
        lists = [child for child in item.children if child.type in ("bullet_list", "ordered_list")]
        runs = [run for child in item.children if child not in lists for run in runs_of(child)]
        number = None if start is None else f"{start + place}."
        if runs:
            yield {"kind": "bullet", "runs": runs, "level": min(level, 2), "number": number, "says": text_of(runs)}
        for inner in lists:
            yield from _bullets(inner, level + 1)


def _table(node: SyntaxTreeNode) -> Block:
    rows = [[runs_of(cell) for cell in row.children] for part in node.children for row in part.children]
    align = [_alignment(cell) for cell in node.children[0].children[0].children]
    shown = rows[1 : 1 + MOST_ROWS]
    if len(rows) - 1 > MOST_ROWS:
        shown[-1] = [[_run(f"and {len(rows) - MOST_ROWS} more", False, True)], *([] for _ in rows[0][1:])]
    says, *rows_say = [", ".join(filter(None, map(text_of, row))) for row in (rows[0], *shown)]
    return {"kind": "table", "head": rows[0], "rows": shown, "align": align, "says": says, "rows_say": rows_say}


def _alignment(cell: SyntaxTreeNode) -> str:
    style = str(cell.attrs.get("style", ""))
    return "end" if "right" in style else "center" if "center" in style else "start"


def _paragraph(node: SyntaxTreeNode) -> list[Block]:
    """A paragraph's pictures, each a block, and its text."""
    inline = node.children[0].children if node.children else []
    blocks: list[Block] = [_image(child) for child in inline if child.type == "image"]
    runs = runs_of(node)
    if runs:
        blocks.insert(0, {"kind": "text", "runs": runs, "says": text_of(runs)})
    return blocks


def _image(node: SyntaxTreeNode) -> Block:
    link, alt = str(node.attrs.get("src", "")), " ".join(node.content.split())
    data = _held(link)
    return {"kind": "image", "alt": alt, "link": "" if data else link, "data": data, "says": alt}


def _held(link: str) -> bytes | None:
    """The picture that a ``data:`` link holds."""
    head, comma, content = link.partition(",")
    if not comma or not head.startswith("data:image/") or not head.endswith(";base64") or len(link) > LARGEST_PICTURE:
        return None
    try:
        return base64.b64decode(content, validate=True)
    except (binascii.Error, ValueError):
        return None


def runs_of(node: SyntaxTreeNode, bold: bool = False, italic: bool = False) -> list[Run]:
    """The text of a node in stretches of one style."""
    if node.type in ("text", "code_inline"):
        return [_run(node.content, bold, italic, code=node.type == "code_inline")] if node.content else []
    if node.type in ("softbreak", "hardbreak"):
        return [_run(" ", bold, italic)]
    if node.type in ("image", "html_inline", "html_block", "fence", "code_block"):
        return []
    bold, italic = bold or node.type == "strong", italic or node.type == "em"
    found = [run for child in node.children for run in runs_of(child, bold, italic)]
    return found if any(run["text"].strip() for run in found) else []


def _run(text: str, bold: bool, italic: bool, *, code: bool = False) -> Run:
    return {"text": text, "bold": bold, "italic": italic, "code": code}


def text_of(runs: Sequence[Run]) -> str:
    """The plain text of runs."""
    return " ".join("".join(run["text"] for run in runs).split())


def plain(node: SyntaxTreeNode) -> str:
    """The text of a node, code blocks left out."""
    return text_of(runs_of(node))
