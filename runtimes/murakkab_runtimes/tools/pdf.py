"""Readable text of a PDF, page by page, without running heads and page numbers."""

from __future__ import annotations

import logging
import re
import time
from collections import Counter
from pathlib import Path
from typing import Any

from murakkab_runtimes.base import InputError
from murakkab_runtimes.tools.passages import Paragraph, join_lines

MOST_PAGES = 400
MOST_SECONDS = 30.0
MOST_CHARACTERS = 2_000_000
LONGEST_HEAD = 90
"""Characters of a running head."""


def read_pdf(path: Path) -> tuple[str, list[Paragraph], str | None]:
    """Return title, paragraphs and a note on what was left out (None when nothing was).

    Raises:
        InputError: the file is encrypted, corrupt or holds no text (a scan).
    """
    from pypdf.errors import PyPdfError

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    try:
        reader = _open(path)
        pages, note = _pages(reader)
        title = str((reader.metadata.title if reader.metadata else None) or "").strip()
    except InputError:
        raise
    except (PyPdfError, ValueError, KeyError, TypeError, IndexError, AttributeError, OSError, RecursionError) as fault:
        raise InputError(f"{path.name}: this PDF is damaged ({fault}); open it, save it anew and try again") from None
    if not any(text.strip() for text in pages):
        raise InputError(
            f"{path.name}: no text in its {len(pages)} pages, it seems to be a scan; run OCR on it and give the result"
        )
    return title, _paragraphs(pages), note


def _open(path: Path) -> Any:  # noqa: ANN401 - pypdf's reader; importing its type here would load it
    from pypdf import PdfReader
    from pypdf.errors import DependencyError

    reader = PdfReader(path, strict=False)
    if reader.is_encrypted:
        try:
            opened = bool(reader.decrypt(""))
        except (DependencyError, NotImplementedError):
            opened = False
        if not opened:
            raise InputError(f"{path.name}: this PDF is encrypted; save a copy without a password and give that")
    if not len(reader.pages):
        raise InputError(f"{path.name}: this PDF has no pages; give one with text")
    return reader


def _pages(reader: Any) -> tuple[list[str], str | None]:  # noqa: ANN401 - see _open
    total = len(reader.pages)
    texts: list[str] = []
    start, size = time.monotonic(), 0
    for number in range(total):
        if number >= MOST_PAGES or size > MOST_CHARACTERS or time.monotonic() - start > MOST_SECONDS:
            return texts, f"only the first {number} of {total} pages were read"
        texts.append(str(reader.pages[number].extract_text() or ""))
        size += len(texts[-1])
    return texts, None


def _paragraphs(pages: list[str]) -> list[Paragraph]:
    running = _running_lines(pages)
    found: list[Paragraph] = []
    for number, text in enumerate(pages, start=1):
        lines = [line.rstrip() for line in text.split("\n") if _shape(line) not in running]
        body = "\n".join(
            line for line in lines if not re.fullmatch(r"\s*(?:[Pp]age\s*)?\d{1,4}(?:\s*(?:/|of)\s*\d+)?\s*", line)
        )
        for part in re.split(r"\n\s*\n", body):
            if joined := join_lines(part):
                found.append(Paragraph(joined, number))
    return found


def _running_lines(pages: list[str]) -> set[str]:
    """Shapes of first and last lines that stand on most pages and are no sentences: running heads and feet."""
    counts: Counter[str] = Counter()
    for text in pages:
        lines = [line for line in text.split("\n") if line.strip()]
        edges = {*lines[:1], *lines[-1:]}
        counts.update({_shape(line) for line in edges if len(line) <= LONGEST_HEAD and not line.rstrip().endswith(".")})
    return {shape for shape, count in counts.items() if len(pages) >= 3 and count > len(pages) / 2}


def _shape(line: str) -> str:
    return re.sub(r"\d+", "#", " ".join(line.split()).lower())
