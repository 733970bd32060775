"""The form ``outline``: sections of an episode, the opening one before anything is computed.

For a small model the program owns outline and questions; a large one proposes them, and the program's stand in
where its answer cannot be used.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from murakkab_runtimes.base import InputError, Output, Task
from murakkab_runtimes.text import document_questions
from murakkab_runtimes.text.budget import Budget
from murakkab_runtimes.text.document_questions import Answerable
from murakkab_runtimes.text.exchange import FOLLOW_UP, Exchange, exchange
from murakkab_runtimes.text.facets import facets
from murakkab_runtimes.text.forms.proposal import propose
from murakkab_runtimes.text.model import LanguageModel
from murakkab_runtimes.text.script_file import load_script
from murakkab_runtimes.text.source import Source
from murakkab_runtimes.text.speech_time import WORDS_PER_SECOND
from murakkab_runtimes.text.topic import Topic, read_topic
from murakkab_runtimes.text.words import STOPWORDS, key_phrases, tokens

Section = dict[str, Any]

DEFAULT_DURATION_S = 60.0
SPARE = 2
"""Questions that a section may ask when a planned one finds no answer."""

TURNS_PER_SECTION = 6
"""Turns of a given script that make one section where it has no headings."""


@dataclass(frozen=True)
class Episode:
    """What an outline is written for; ``asked`` is False where the document gave the topic."""

    topic: Topic
    budget: Budget
    source: Source | None
    asked: bool = True

    def section(self, index: int, kind: str, title: str, **extra: object) -> Section:
        """One item with the fields that all sections share."""
        return {
            "index": index,
            "kind": kind,
            "title": title,
            "question": None,
            "keywords": keywords(self.topic.spoken),
            "mood": "warm",
            "words": 0,
            "topic": self.topic.text,
            "spoken": self.topic.spoken,
            "about": self.topic.kind,
            "episode": self.topic.title,
            "grounded": self.source is not None,
            "duration": self.budget.duration,
            "plan": [],
            "spare": [],
            "turns": None,
        } | extra


def outline(task: Task, model: LanguageModel) -> Output:
    """Emit the sections of an episode on ``topic``, ``source`` (a reading) or a finished ``script`` (a file).

    Returns:
        ``{"episode": title, "sections": count, "note": str | None}``; the note says what could not be had.

    Raises:
        InputError: there is nothing to talk about, or the script cannot be performed.
    """
    script = task.arguments.get("script")
    if script:
        return _perform(task, Path(script))
    episode = _episode(task)
    task.emit(episode.section(0, "opening", "Welcome", words=_words(episode.budget.opening_s), mood="bright"))
    rng = random.Random(task.seed)
    plan = _plan(episode, model, rng, task)
    sections = _sections(episode, plan)
    for section in sections:
        task.emit(section)
    task.emit(episode.section(len(sections) + 1, "closing", "Goodbye", words=_words(episode.budget.closing_s)))
    return Output({"episode": episode.topic.title, "sections": len(sections) + 2, "note": _note(episode, plan)})


def _episode(task: Task) -> Episode:
    raw = " ".join(str(task.arguments.get("topic") or "").split())
    reading = task.arguments.get("source")
    if not raw and not reading:
        raise InputError("there is nothing to talk about; give --topic or --source (a txt, md, html or pdf file)")
    duration = task.arguments.get("duration")
    budget = Budget(min(3600.0, max(10.0, float(DEFAULT_DURATION_S if duration is None else duration))))
    source = Source(reading) if reading else None
    return Episode(read_topic(raw or (source.title if source else "") or "A document"), budget, source, bool(raw))


def _words(seconds: float) -> int:
    return round(seconds * WORDS_PER_SECOND)


def keywords(*texts: str) -> list[str]:
    """Words of meaning for an illustrator, at most six, without repeats."""
    words = [w for text in texts for w in tokens(text) if w not in STOPWORDS and len(w) > 2]
    return list(dict.fromkeys(words))[:6]


def _plan(episode: Episode, model: LanguageModel, rng: random.Random, task: Task) -> list[Exchange]:
    count = episode.budget.exchanges
    proposed = [] if model.bounded else propose(model, episode.topic.text, episode.source, count, task.seed)
    own = _from_source(episode.source, episode, count, rng) if episode.source else _from_facets(episode, count, rng)
    asked = {p["question"].lower() for p in proposed}
    return proposed + [e for e in own if e["question"].lower() not in asked]


def _from_facets(episode: Episode, count: int, rng: random.Random) -> list[Exchange]:
    """All facets, spare ones last; where they are too few, follow-ups on what was said stand between them."""
    found = facets(episode.topic.kind, episode.topic.subject, rng)
    plan = [exchange(f.title, f.question, f.stem, f.mood) for f in found]
    if len(plan) >= count:
        return plan
    size = episode.budget.section_sizes[0]
    spread: list[Exchange] = []
    for i in range(count):
        opens = i % size == 0
        spread.append(plan.pop(0) if plan and (opens or len(plan) > (count - i) // size) else FOLLOW_UP)
    return spread


def _from_source(source: Source, episode: Episode, count: int, rng: random.Random) -> list[Exchange]:
    """Questions in the document's order, evenly chosen; the others stand behind them as spare ones."""
    topic = episode.topic.spoken if episode.asked else ""
    found = document_questions.plan(source, (1 + SPARE) * count, topic, rng)
    if not found:
        raise InputError("the source holds no full sentences to talk about; give a text of at least a few sentences")
    chosen = document_questions.choose(found, count, topic)
    return [_grounded(source, a) for a in chosen + [a for a in found if a not in chosen]]


def _grounded(source: Source, answerable: Answerable) -> Exchange:
    passage = source.passage(answerable.answer[0].passage)
    lines = [{"text": s.text, "passage": source.passage(s.passage)} for s in answerable.answer]
    title = str(passage["heading"] or _capital(answerable.phrase))
    planned = exchange(title, answerable.question, "", "calm", passage, answerable.phrase)
    return planned | {"lines": lines}


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _sections(episode: Episode, everything: list[Exchange]) -> list[Section]:
    plan, spare = everything[: episode.budget.exchanges], everything[episode.budget.exchanges :]
    sections: list[Section] = []
    done = 0
    sizes = episode.budget.section_sizes
    while done < len(plan):
        size = sizes[min(len(sections), len(sizes) - 1)]
        part = plan[done : done + size]
        start, done = episode.budget.until(done, episode.budget.exchanges), done + len(part)
        until = episode.budget.until(done, episode.budget.exchanges)
        section = _question_section(episode, len(sections) + 1, part, start, until)
        section["spare"] = [spare.pop(0) for _ in range(min(SPARE, len(spare)))]
        sections.append(section)
    return sections


def _question_section(episode: Episode, index: int, part: list[Exchange], start: float, until: float) -> Section:
    first = part[0]
    title = first["title"] or f"More on {episode.topic.spoken}"
    texts = [p["passage"]["text"] for p in part if p["passage"]]
    return episode.section(
        index,
        "question",
        title,
        question=first["question"] or None,
        keywords=keywords(first["phrase"], episode.topic.spoken, title, *(" ".join(key_phrases(t)[:3]) for t in texts)),
        mood=first["mood"],
        words=_words(until - start),
        until=until,
        plan=part,
    )


def _note(episode: Episode, plan: list[Exchange]) -> str | None:
    if len(plan) >= episode.budget.exchanges:
        return None
    return f"the source has material for {len(plan)} of {episode.budget.exchanges} questions; the episode is shorter"


def _perform(task: Task, path: Path) -> Output:
    """Sections of a finished script: one for each heading, or one for every few turns."""
    hosts = task.arguments["cast"]["hosts"]
    lines = load_script(path, [h["name"] for h in hosts])
    topic = read_topic(str(task.arguments.get("topic") or "").strip() or lines[0].title or lines[0].text)
    episode = Episode(topic, Budget(float(task.arguments.get("duration") or DEFAULT_DURATION_S)), None)
    groups: list[list[dict[str, Any]]] = []
    title: str | None = None
    for line in lines:
        if not groups or line.title != title or (title is None and len(groups[-1]) >= TURNS_PER_SECTION):
            groups.append([])
        title = line.title
        groups[-1].append({"speaker": line.speaker, "host": line.host, "text": line.text, "title": line.title})
    for index, turns in enumerate(groups):
        kind = "opening" if index == 0 else "closing" if index == len(groups) - 1 else "question"
        text = " ".join(t["text"] for t in turns)
        task.emit(
            episode.section(
                index,
                kind,
                turns[0]["title"] or f"Part {index + 1}",
                turns=turns,
                ends=index == len(groups) - 1,
                words=len(text.split()),
                keywords=keywords(topic.spoken, *key_phrases(text)[:4]),
            )
        )
    return Output({"episode": topic.title, "sections": len(groups), "note": None})
