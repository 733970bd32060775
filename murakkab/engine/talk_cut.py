"""How the shipped programs cut a talk of some length, told before anything of it is written.

Opening, exchanges and closing are as long as ``text.budget`` shares them out; a turn is filmed with its pauses and, at
the end, the last card, in clips as ``video.shot`` lays them out. What a model says, and how long a voice takes for it,
is not known: an exchange is a question and an answer as long as there is time for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from murakkab_optimizer.graph import Graph, Node, Path
from murakkab_optimizer.plan import Plan

FILMED_BY = "drawn-hosts"
"""The adapter whose clips are known."""

Lengths = dict[Path, tuple[float, ...]]


class TalkCut(msgspec.Struct, frozen=True):
    """What ``PlannedWork`` takes: items of a task by node, and their seconds by node and path of the task."""

    items: dict[str, int] = {}
    cut: dict[str, Lengths] = {}


def talk_cut(graph: Graph, plan: Plan, adapters: Mapping[str, str]) -> TalkCut:
    """The cut of a talk that is written by an outline and a dialogue; empty where a graph has none.

    Args:
        graph: with its inputs filled in.
        plan: says who films the turns.
        adapters: by model, the adapter that runs it.

    """
    outline = next((node for node in graph.nodes if _form(node) == "outline"), None)
    script = next((node for node in graph.nodes if outline and _dialogue(node, outline)), None)
    duration = outline.arguments.get("duration") if outline else None
    if outline is None or script is None or not isinstance(duration, int | float):
        return TalkCut()
    turns = _turns(float(duration))
    found = TalkCut({outline.name: len(turns)}, {script.name: turns})
    for node in graph.nodes:
        chosen = plan.nodes.get(node.name)
        if node.for_each == script.name and chosen and adapters.get(chosen.chosen.model) == FILMED_BY:
            found.cut[node.name] = _clips(turns, int(node.arguments.get("fps") or 24))
    return found


def _form(node: Node) -> str:
    """The form of text of a node; empty where a finished text takes its place."""
    written = node.capability == "text-generation" and node.streams and not node.arguments.get("script")
    return str(node.arguments.get("form")) if written else ""


def _dialogue(node: Node, outline: Node) -> bool:
    return node.for_each == outline.name and _form(node) == "dialogue"


def _turns(duration: float) -> Lengths:
    """By path of a section, seconds of speech of each of its turns."""
    from murakkab_runtimes.text.budget import EXCHANGE_S, Budget

    budget = Budget(duration)
    one = budget.until(1, budget.exchanges) - budget.until(0, budget.exchanges)
    exchange = tuple(_exchange(min(one, EXCHANGE_S), tiny=budget.tiny))
    middle = (exchange * size for size in budget.section_sizes)
    sections = (_ends(budget.opening_s), *middle, _ends(budget.closing_s))
    return {(index,): turns for index, turns in enumerate(sections)}


def _ends(seconds: float) -> tuple[float, ...]:
    """An opening or a closing: a short turn, and what else there is time for."""
    from murakkab_runtimes.text.budget import Budget

    short = Budget(0.0).opening_s
    return (short, seconds - short) if seconds > short else (seconds,)


def _exchange(seconds: float, *, tiny: bool) -> Iterator[float]:
    from murakkab_runtimes.text.forms.dialogue import MOST_SENTENCES, SENTENCE_S

    answer = min(MOST_SENTENCES * SENTENCE_S, seconds)
    if seconds > answer and not tiny:
        yield seconds - answer
    yield answer


def _clips(turns: Lengths, fps: int) -> Lengths:
    """By path of a turn, seconds of each of its clips."""
    from murakkab_runtimes.video.shot import clip_lengths, time_turn

    paths = [(*section, index) for section, said in turns.items() for index in range(len(said))]
    cut: Lengths = {}
    for path in paths:
        first, last = path == paths[0], path == paths[-1]
        timing = time_turn(turns[path[:-1]][path[-1]], fps, title=first, outro=last)
        cut[path] = tuple(frames / fps for frames in clip_lengths(timing.frames, fps, first=first))
    return cut
