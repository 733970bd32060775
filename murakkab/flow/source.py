"""Where things stand in the Python file of a workflow, so that problems are told at the line that made them."""

from __future__ import annotations

import ast
import dis
import linecache
import sys
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from types import CodeType, FrameType
from typing import NoReturn

from murakkab.language.document import Document, Place, Span
from murakkab.language.problems import Problem, WorkflowError

_PACKAGE = __name__.rpartition(".")[0]
_STORES = ("STORE_FAST", "STORE_NAME", "STORE_GLOBAL", "STORE_DEREF")


@dataclass(frozen=True)
class Site:
    """A stretch of a Python file; lines count from 1, columns are bytes from 0, 0-0 where they are not known."""

    file: str
    line: int
    column: int = 0
    end_line: int = 0
    end_column: int = 0

    @property
    def end(self) -> tuple[int, int]:
        """Where it ends, which names a call in its file."""
        return self.end_line, self.end_column


def calling_frames() -> Iterator[FrameType]:
    """The frames outside this package, innermost first."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        name = frame.f_globals.get("__name__", "")
        if name != _PACKAGE and not name.startswith(_PACKAGE + "."):
            yield frame
        frame = frame.f_back


def site_of(frame: FrameType) -> Site:
    """The call that a frame is in."""
    line, end_line, column, end_column = _positions(frame.f_code, frame.f_code.co_linetable)[frame.f_lasti // 2]
    return Site(frame.f_code.co_filename, line or frame.f_lineno, column or 0, end_line or 0, end_column or 0)


def site_in(file: str | None = None) -> Site:
    """The innermost call outside this package, or the innermost one in ``file`` if there is one."""
    frames = list(calling_frames())
    chosen = next((frame for frame in frames if frame.f_code.co_filename == file), frames[0])
    return site_of(chosen)


def assigned_name() -> str:
    """The variable that what is being called is assigned to, as in ``name = call(...)``; empty if there is none."""
    frame = next(calling_frames())
    offsets, names = _stores(frame.f_code)
    following = bisect_right(offsets, frame.f_lasti)
    return names[following] if following < len(names) else ""


@lru_cache(maxsize=64)
def _positions(code: CodeType, _: bytes) -> list[tuple[int | None, int | None, int | None, int | None]]:
    """Where each instruction comes from; code of other lines may be equal but has another table of lines."""
    return list(code.co_positions())


@lru_cache(maxsize=64)
def _stores(code: CodeType) -> tuple[list[int], list[str]]:
    """Where each instruction begins, and the variable that it assigns to."""
    instructions = [i for i in dis.get_instructions(code) if i.opname != "EXTENDED_ARG"]
    names = [str(i.argval) if i.opname in _STORES else "" for i in instructions]
    return [i.offset for i in instructions], names


class Source:
    """The text of a Python file and what stands where in it."""

    def __init__(self, file: str) -> None:
        self.file = file
        linecache.checkcache(file)
        self.lines = linecache.getlines(file)
        self.document = Document(_shown(file), "".join(self.lines))

    @cached_property
    def tree(self) -> ast.Module:
        """The syntax tree; empty when there is no source."""
        with suppress(SyntaxError, ValueError, RecursionError):
            return ast.parse(self.document.text)
        return ast.Module([], [])

    @cached_property
    def _nodes(self) -> list[ast.AST]:
        return list(ast.walk(self.tree))

    @cached_property
    def calls(self) -> dict[tuple[int, int], ast.Call]:
        """Every call by the place where it ends, which no two calls share."""
        return {(n.end_lineno or 0, n.end_col_offset or 0): n for n in self._nodes if isinstance(n, ast.Call)}

    @cached_property
    def comprehended(self) -> set[tuple[int, int]]:
        """Where the iterables of comprehensions end."""
        loops = (loop for node in self._nodes for loop in getattr(node, "generators", ()))
        return {(loop.iter.end_lineno or 0, loop.iter.end_col_offset or 0) for loop in loops}

    def function(self, code: CodeType) -> ast.FunctionDef | None:
        """The definition of a function."""
        named = (n for n in self._nodes if isinstance(n, ast.FunctionDef) and n.name == code.co_name)
        return next((n for n in named if _first_line(n) == code.co_firstlineno), None)

    def _offset(self, line: int, column: int) -> int:
        if not 1 <= line <= len(self.lines):
            return len(self.document.text)
        text = self.lines[line - 1]
        return self._starts[line - 1] + len(text.encode()[:column].decode(errors="ignore"))

    @cached_property
    def _starts(self) -> list[int]:
        starts = [0]
        for line in self.lines:
            starts.append(starts[-1] + len(line))
        return starts

    def span(self, site: Site | None) -> Span:
        """The characters of a site; its whole line when its columns are not known."""
        if site is None or not self.lines:
            return Span(0, 0)
        if site.end_line == 0:
            start = self._offset(site.line, 0)
            text = self.lines[site.line - 1] if site.line <= len(self.lines) else ""
            return Span(start + len(text) - len(text.lstrip()), start + len(text.rstrip()))
        return Span(self._offset(site.line, site.column), self._offset(site.end_line, site.end_column))

    def span_of(self, node: ast.AST) -> Span:
        """The characters of a node of the tree."""
        line, column = getattr(node, "lineno", 0), getattr(node, "col_offset", 0)
        end_line, end_column = getattr(node, "end_lineno", 0), getattr(node, "end_col_offset", 0)
        return Span(self._offset(line, column), self._offset(end_line, end_column))

    def called(self, site: Site) -> Span:
        """What is called at a site, without its arguments."""
        call = self.calls.get(site.end)
        return self.span_of(call.func) if call else self.span(site)

    def keyword(self, site: Site, name: str) -> ast.keyword | None:
        """The argument of that name in the call at a site."""
        call = self.calls.get(site.end)
        return next((k for k in call.keywords if k.arg == name), None) if call else None

    def problem(self, span: Span | Site, message: str, hint: str = "") -> Problem:
        """A problem at a stretch of the file."""
        if isinstance(span, Span):
            return self.document.problem(span, message, hint)
        if not self.lines:
            return Problem(self.document.file, span.line, 1, message, hint)
        return self.document.problem(self.span(span), message, hint)


def _shown(file: str) -> str:
    """The path as it is seen from the working directory, where it is inside of it."""
    path = Path(file)
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else file


def _first_line(node: ast.FunctionDef) -> int:
    return min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])


def place_keyword(document: Document, source: Source, site: Site, name: str, place: Place) -> None:
    """Note where an argument of a call stands, with everything inside it that is written out there."""
    found = source.keyword(site, name)
    if found is None:
        document.keys.setdefault(place, source.called(site))
        return
    start = source._offset(found.lineno, found.col_offset)
    document.keys[place] = Span(start, start + len(name))
    place_value(document, source, found.value, place)


def place_value(document: Document, source: Source, node: ast.AST, place: Place) -> None:
    """Note where a value stands, with everything inside it that is written out there."""
    document.values[place] = source.span_of(node)
    for key, key_node, inner in _inside(node):
        if key_node is not None:
            document.keys[*place, key] = source.span_of(key_node)
        place_value(document, source, inner, (*place, key))


def _inside(node: ast.AST) -> Iterable[tuple[str | int, ast.AST | None, ast.AST]]:
    if isinstance(node, ast.List | ast.Tuple):
        yield from ((index, None, inner) for index, inner in enumerate(node.elts))
    if isinstance(node, ast.Dict):
        for key, inner in zip(node.keys, node.values, strict=True):
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                yield key.value, key, inner


def refuse(message: str, hint: str = "", site: Site | None = None) -> NoReturn:
    """Stop with a problem at a site, by default the innermost call outside this package.

    Raises:
        WorkflowError: always.
    """
    site = site or site_in()
    raise WorkflowError([Source(site.file).problem(site, message, hint)])
