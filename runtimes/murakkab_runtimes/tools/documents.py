"""Adapter ``documents``: the passages of a txt, md, html or pdf file."""

from __future__ import annotations

import codecs
import re
from pathlib import Path
from typing import Any

from murakkab_runtimes.base import InputError, Output, Runtime, Task
from murakkab_runtimes.tools.html import read_html
from murakkab_runtimes.tools.markdown import read_markdown
from murakkab_runtimes.tools.passages import Paragraph, cut, paragraphs
from murakkab_runtimes.tools.pdf import read_pdf

MOST_BYTES = 2_000_000
"""Bytes of a text file that are read: about 350,000 words, where an hour of speech has 9,000."""

KINDS = {
    ".txt": "txt",
    ".text": "txt",
    ".md": "md",
    ".markdown": "md",
    ".html": "html",
    ".htm": "html",
    ".xhtml": "html",
    ".pdf": "pdf",
}
WANTED = "give a txt, md, html or pdf file"


class Documents(Runtime):
    """Reads ``file`` into passages of 60 to 120 words that begin and end with sentences."""

    def run(self, task: Task) -> Output:
        """Return null without a file, else ``{"title", "kind", "passages", "words", "note"}``.

        A passage is ``{"id", "text", "page", "heading"}`` (page of a PDF only); ``note`` says what was left out.

        Raises:
            InputError: the file cannot be read as a document; the message says what to do.
        """
        file = task.arguments.get("file")
        return Output(read_document(Path(file)) if file else None)


def read_document(path: Path) -> dict[str, Any]:
    """Read one document; see ``Documents.run``."""
    if path.is_dir():
        raise InputError(f"{path} is a folder; {WANTED}")
    if not path.is_file():
        raise InputError(f"there is no document at {path}; check the path given as --source")
    if path.stat().st_size == 0:
        raise InputError(f"{path.name} is empty; {WANTED} with text in it")
    kind = _kind(path)
    if kind == "pdf":
        title, parts, note = read_pdf(path)
    else:
        text, note = read_text(path)
        title, parts = {"html": read_html, "md": read_markdown, "txt": _read_plain}[kind](text)
    passages = cut(parts)
    words = sum(len(p["text"].split()) for p in passages)
    if not any(c.isalpha() for p in passages for c in p["text"]):
        raise InputError(f"{path.name} holds no prose; {WANTED} with sentences in it")
    return {"title": _title(title, path, passages), "kind": kind, "passages": passages, "words": words, "note": note}


def _kind(path: Path) -> str:
    """By content for PDF and for names without an ending, else by the name's ending."""
    with path.open("rb") as stream:
        head = stream.read(1024)
    if b"%PDF-" in head:
        return "pdf"
    suffix = path.suffix.lower()
    if suffix in KINDS:
        if KINDS[suffix] == "pdf":
            raise InputError(f"{path.name} is called a PDF but is none; {WANTED}")
        return KINDS[suffix]
    if suffix:
        raise InputError(f"{path.name}: documents of the type '{suffix}' cannot be read; {WANTED}")
    return "html" if re.match(rb"\s*(?:<!doctype html|<html)", head, re.I) else "txt"


def read_text(path: Path) -> tuple[str, str | None]:
    """Decode the beginning of a text file: UTF-8, UTF-16 with a mark, else Latin-1 (Windows-1252).

    Returns:
        The text and a note when only a part was read.
    """
    with path.open("rb") as stream:
        raw = stream.read(MOST_BYTES + 1)
    cut_off = len(raw) > MOST_BYTES
    raw = raw[:MOST_BYTES]
    text = _decode(raw)
    odd = sum(1 for c in text[:20_000] if c < " " and c not in "\t\n\r\f\v") + text[:20_000].count("\ufffd")
    if "\x00" in text[:20_000] or odd > len(text[:20_000]) * 0.01:
        raise InputError(f"{path.name} is no text but binary data; {WANTED}")
    note = f"only the first {MOST_BYTES // 1_000_000} MB of {path.stat().st_size / 1e6:.0f} MB were read"
    return text, note if cut_off else None


def _decode(raw: bytes) -> str:
    if raw[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return codecs.getincrementaldecoder("utf-16")("replace").decode(raw)
    try:
        return codecs.getincrementaldecoder("utf-8-sig")().decode(raw)
    except UnicodeDecodeError:
        return raw.decode("cp1252", errors="replace")


def _read_plain(text: str) -> tuple[str, list[Paragraph]]:
    """A first line that is short and no sentence is the title."""
    parts = paragraphs(text)
    if len(parts) > 1 and len(parts[0]) <= 90 and not parts[0].endswith((".", "!", ":", ",")):
        return parts[0], [Paragraph(p) for p in parts[1:]]
    return "", [Paragraph(p) for p in parts]


def _title(title: str, path: Path, passages: list[dict[str, Any]]) -> str:
    """The document's title, else its file name made readable, else its first words."""
    title = " ".join(title.split())
    stem = re.sub(r"[_-]+", " ", path.stem).strip()
    if not title and not re.fullmatch(r"[0-9a-f]{12,}", path.stem):
        title = stem
    return (title or " ".join(passages[0]["text"].split()[:8]))[:120]
