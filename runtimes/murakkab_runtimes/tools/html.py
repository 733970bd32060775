"""Readable text of an HTML page: headings and paragraphs, without scripts, navigation and other furniture."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from murakkab_runtimes.tools.passages import Paragraph

_HIDDEN = frozenset({"script", "style", "noscript", "template", "svg", "iframe", "object", "canvas", "math"})
_FURNITURE = frozenset({"nav", "header", "footer", "aside", "form", "button", "select", "menu", "dialog", "figure"})
_BLOCKS = frozenset(
    {
        "p",
        "div",
        "section",
        "article",
        "main",
        "li",
        "ul",
        "ol",
        "td",
        "th",
        "tr",
        "table",
        "blockquote",
        "br",
        "pre",
        "dd",
        "dt",
    }
)
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_VOID = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
)
_FURNITURE_NAME = re.compile(
    r"(?:^|[\s_-])(?:nav|navbar|navigation|menu|footer|sidebar|cookie|cookies|advert|ads|banner|breadcrumbs?|share|social"
    r"|comments|related|newsletter|toc|skip)(?:$|[\s_-])",
    re.I,
)
FEWEST_WORDS = 20


class _Reader(HTMLParser):
    def __init__(self, strict: bool) -> None:
        super().__init__(convert_charrefs=True)
        self.title = ""
        self.heading: str | None = None
        self.found: list[tuple[Paragraph, bool]] = []
        self._strict = strict
        self._skip: list[str] = []
        self._main = 0
        self._words: list[str] = []
        self._in_title = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "title" and not self.title:
            self._in_title = True
        if self._skip:
            if tag == self._skip[-1]:
                self._skip.append(tag)
            return
        if tag not in _VOID and self._skipped(tag, dict(attrs)):
            self._flush()
            self._skip.append(tag)
        elif tag in _BLOCKS or tag in _HEADINGS:
            self._flush()
        self._main += tag in {"main", "article"}

    def _skipped(self, tag: str, attrs: dict[str, str | None]) -> bool:
        if tag in _HIDDEN:
            return True
        if not self._strict or tag in {"html", "body", "main", "article"}:
            return False
        names = f"{attrs.get('class') or ''} {attrs.get('id') or ''}"
        hidden = attrs.get("aria-hidden") == "true" or attrs.get("role") in {"navigation", "banner", "contentinfo"}
        return tag in _FURNITURE or hidden or "hidden" in attrs or bool(_FURNITURE_NAME.search(names))

    def handle_endtag(self, tag: str) -> None:
        if tag == "title":
            self._in_title = False
        if self._skip:
            if tag == self._skip[-1]:
                self._skip.pop()
            return
        if tag in _HEADINGS:
            self._flush(heading=True)
        elif tag in _BLOCKS:
            self._flush()
        if tag in {"main", "article"}:
            self._main = max(0, self._main - 1)

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self.title += data
        elif not self._skip:
            self._words.append(data)

    def _flush(self, heading: bool = False) -> None:
        text = " ".join("".join(self._words).split())
        self._words = []
        if heading and text:
            self.heading = text
        elif text:
            self.found.append((Paragraph(text, None, self.heading), self._main > 0))

    def close(self) -> None:
        super().close()
        self._flush()


def read_html(text: str) -> tuple[str, list[Paragraph]]:
    """Return title and paragraphs; of ``main`` or ``article`` where the page has enough text in one."""
    for strict in (True, False):
        reader = _Reader(strict)
        reader.feed(text)
        reader.close()
        parts = [p for p, _ in reader.found]
        inside = [p for p, main in reader.found if main]
        if _words(inside) >= FEWEST_WORDS:
            parts = inside
        if _words(parts) >= FEWEST_WORDS:
            break
    heading = next((p.heading for p in parts if p.heading), None)
    return " ".join(reader.title.split()) or heading or "", parts


def _words(parts: list[Paragraph]) -> int:
    return sum(len(p.text.split()) for p in parts)
