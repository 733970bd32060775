"""Scripts as files: one turn a paragraph, ``NAME: text``; headings (``# Title``) begin sections.

A file without any ``NAME:`` is read as plain paragraphs, which the hosts say in turn.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from murakkab_runtimes.base import InputError

LARGEST_BYTES = 1_000_000
LONGEST_TURN = 1200
"""Characters of one turn."""

_TURN = re.compile(r"^(?:\*\*)?([^\W\d_][\w.' -]{0,29}?)(?::\*\*|\*\*:|:)(?:\s+(.*))?$")
_HEADING = re.compile(r"^#{1,6}\s+(.*\S)\s*$")


@dataclass(frozen=True)
class Line:
    """One turn of a script file; ``host`` is the index into the cast, ``number`` the line in the file."""

    speaker: str
    host: int
    text: str
    title: str | None
    number: int


def render_script(turns: Iterable[Mapping[str, Any]]) -> str:
    """Write turns (``speaker``, ``text``, optionally ``title``) as a script; ``parse_script`` is the inverse."""
    blocks: list[str] = []
    title: str | None = None
    for turn in turns:
        if turn.get("title") and turn["title"] != title:
            title = str(turn["title"])
            blocks.append(f"# {' '.join(title.split())}")
        blocks.append(f"{turn['speaker']}: {' '.join(str(turn['text']).split())}")
    return "\n\n".join(blocks) + "\n" if blocks else ""


def parse_script(text: str, name: str = "script") -> list[dict[str, Any]]:
    """Read a script into ``{"speaker": str | None, "text", "title": str | None, "line": number}``.

    Args:
        text: the script.
        name: of the file, for messages.

    Raises:
        InputError: with ``file:line`` for a paragraph that is no turn, a turn without text or one that is too long.
    """
    named = any(_TURN.match(line) for line in text.splitlines())
    turns: list[dict[str, Any]] = []
    title: str | None = None
    for number, paragraph in _paragraphs(text):
        if heading := _HEADING.match(paragraph):
            title = heading[1]
            continue
        match = _TURN.match(paragraph) if named else None
        if named and not match:
            raise InputError(
                f"{name}:{number}: expected 'NAME: what they say', got '{paragraph[:40]}'; put a name before every "
                "turn, or take all names out: then the hosts say the paragraphs in turn"
            )
        said = ((match[2] or "") if match else paragraph).strip()
        _check(said, name, number)
        turns.append({"speaker": match[1].strip() if match else None, "text": said, "title": title, "line": number})
    return turns


def _check(said: str, name: str, number: int) -> None:
    if not any(c.isalnum() for c in said):
        raise InputError(f"{name}:{number}: the turn has no words; write what is said behind the name")
    if len(said) > LONGEST_TURN:
        raise InputError(
            f"{name}:{number}: the turn has {len(said)} characters; split it into turns of {LONGEST_TURN} at most"
        )


def _paragraphs(text: str) -> Iterable[tuple[int, str]]:
    """Paragraphs with the number of their first line; a turn or heading also begins one without a blank line."""
    start, parts = 0, list[str]()
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip()
        if parts and (not line or _TURN.match(line) or _HEADING.match(line) or _HEADING.match(parts[0])):
            yield start, " ".join(parts)
            parts = []
        if line:
            start = start if parts else number
            parts.append(line)
    if parts:
        yield start, " ".join(parts)


def load_script(path: Path, hosts: list[str]) -> list[Line]:
    """Read a script file for a cast; speakers are hosts by name, else in the order of their first words.

    Raises:
        InputError: the file is missing, empty, no text, or has a bad line or more speakers than hosts.
    """
    text = _read(path)
    turns = parse_script(text, path.name)
    if not turns:
        raise InputError(f"{path.name}: the script has no turns; write lines such as '{hosts[0]}: Hello and welcome.'")
    places = _places(turns, hosts, path.name)
    lines: list[Line] = []
    for count, turn in enumerate(turns):
        host = count % len(hosts) if turn["speaker"] is None else places[turn["speaker"].lower()]
        lines.append(Line(turn["speaker"] or hosts[host], host, turn["text"], turn["title"], turn["line"]))
    return lines


def speakers_of(path: Path) -> list[str]:
    """The speakers that a script names, in the order of their first words; none for plain paragraphs.

    Raises:
        InputError: the file is missing, no text, or has a bad line.
    """
    first: dict[str, str] = {}
    for turn in parse_script(_read(path), path.name):
        if turn["speaker"]:
            first.setdefault(turn["speaker"].lower(), turn["speaker"])
    return list(first.values())


def _read(path: Path) -> str:
    if not path.is_file():
        raise InputError(f"there is no script at {path}; check the path given as --script")
    if path.stat().st_size > LARGEST_BYTES:
        raise InputError(f"{path.name}: the script is larger than 1 MB; split it into several episodes")
    raw = path.read_bytes()
    try:
        text = raw.decode("utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    if "\x00" in text:
        raise InputError(f"{path.name}: this is no text file; give a txt or md file with lines 'NAME: text'")
    return text


def _places(turns: list[dict[str, Any]], hosts: list[str], name: str) -> dict[str, int]:
    """Index of the host that plays each speaker."""
    own = {h.lower(): i for i, h in enumerate(hosts)}
    places: dict[str, int] = {}
    speakers = dict.fromkeys((t["speaker"].lower(), t["speaker"]) for t in turns if t["speaker"])
    for key, _ in speakers:
        if key in own:
            places[key] = own[key]
    free = [i for i in range(len(hosts)) if i not in places.values()]
    for key, speaker in speakers:
        if key not in places:
            if not free:
                line = next(t["line"] for t in turns if t["speaker"] == speaker)
                raise InputError(
                    f"{name}:{line}: '{speaker}' is one speaker too many for {len(hosts)} hosts; see --hosts"
                )
            places[key] = free.pop(0)
    return places
