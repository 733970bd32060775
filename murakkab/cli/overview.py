"""What a checked workflow does, as data and as a few lines for someone who sees it for the first time."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import typer

from murakkab.cli.wording import printable
from murakkab.drawing.sketch import Box, Frame, Picture, item_names, sketch, sketched_graph
from murakkab.language import Workflow
from murakkab.language.flat import FlatNode
from murakkab.language.kinds import KindError, signature
from murakkab.language.model import AnyInput
from murakkab_optimizer.graph import Slo

if TYPE_CHECKING:
    from murakkab.language.matching import Match

Facts = dict[str, Any]
_WIDEST = 44
"""Characters of a column at most; longer texts push what follows to the right."""


def overview(workflow: Workflow) -> Facts:
    """Everything that ``murakkab check`` tells of a workflow, as JSON."""
    picture, graph = sketch(workflow), sketched_graph(workflow)
    names = item_names(graph, workflow)
    over = {node.name: names[node.for_each] for node in graph.nodes if node.for_each}
    steps = _steps(picture, workflow, over)
    return {
        "name": workflow.name,
        "description": workflow.metadata.description,
        "inputs": {name: _input(declared) for name, declared in workflow.inputs.items()},
        "steps": steps,
        "outputs": {name: _output(name, *found, graph.publish) for name, found in graph.outputs.items()},
        "promises": list(promises(graph.slo)),
    }


def _input(declared: AnyInput) -> Facts:
    facts = {
        "type": declared.type,
        "required": declared.required,
        "default": getattr(declared, "default", None),
        "description": declared.description,
    }
    if declared.type in ("number", "integer"):
        facts["range"] = declared.range_text().removeprefix("a number").strip()
    if declared.type == "choice":
        facts["choices"] = declared.choices
    return facts


def _steps(picture: Picture, workflow: Workflow, over: Mapping[str, str]) -> list[Facts]:
    """Boxes and frames in the order of the file, each behind the frame that it stands in."""
    order = list(dict.fromkeys([*(name for name in workflow.nodes), *workflow.flat.nodes]))
    frames = {frame.name: frame for frame in picture.frames}
    boxes = {box.name: box for box in picture.boxes}
    found: list[Facts] = []

    def visit(name: str) -> None:
        if name in frames:
            found.append(_frame(frames[name], picture, over))
            for inner in dict.fromkeys(n for n in [*order, *frames, *boxes] if picture.parent(n) == name):
                visit(inner)
        elif name in boxes:
            found.append(_step(boxes[name], picture, workflow.flat.nodes[name], over))

    for name in order:
        if not picture.parent(name):
            visit(name)
    return found


def _frame(frame: Frame, picture: Picture, over: Mapping[str, str]) -> Facts:
    facts = {"name": frame.name, "inside": picture.parent(frame.name), "does": frame.kind, "note": frame.note}
    return facts | {"for_each": over.get(frame.name, ""), "when": frame.when, "gives": ""}


def _step(box: Box, picture: Picture, node: FlatNode, over: Mapping[str, str]) -> Facts:
    facts: Facts = {
        "name": box.name,
        "inside": picture.parent(box.name),
        "does": box.does,
        "for_each": over.get(box.name, "") if box.repeated else "",
        "join": node.join,
        "when": box.when,
        "streams": node.streams,
        "gives": gives(node),
    }
    return facts | ({"task": _matched(node, node.match)} if node.match else {})


def gives(node: FlatNode) -> str:
    """The type of what a step gives: of its items where it streams, else of its value; empty when nothing is known."""
    from murakkab_runtimes.catalog import load_capabilities

    if node.returns is not None:
        return _notation(node.returns)
    try:
        known = signature(load_capabilities().get(node.capability), node.arguments)
    except KindError:
        return ""
    kind = known.emits if node.streams else known.returns
    return "" if kind is None or str(kind) in ("any", "json") else str(kind)


def _notation(returns: Any) -> str:  # noqa: ANN401 - a type as it is written
    match returns:
        case dict():
            return "{" + ", ".join(f"{name}: {_notation(inner)}" for name, inner in returns.items()) + "}"
        case list():
            return "[" + ", ".join(map(_notation, returns)) + "]"
    return str(returns)


def _matched(node: FlatNode, match: Match) -> Facts:
    """The words of a task, what they were understood as, and what comes next."""
    from murakkab.language.matching import match_task
    from murakkab_runtimes.catalog import load_capabilities

    written = node.spot.document.data
    for key in node.spot.place:
        written = written[key]
    words = str(written.get("task") or "")
    others = [other for other in match_task(words, load_capabilities()) if other != match]
    return {
        "words": words,
        "capability": match.capability,
        "form": match.form,
        "score": match.score,
        "next": [{"capability": o.capability, "form": o.form, "score": o.score} for o in others[:1]],
    }


def _output(name: str, node: str, path: Iterable[str], publish: str | None) -> Facts:
    return {"from": ".".join([node, *map(str, path)]), "shown": name == "stream" and node == publish}


def promises(slo: Slo) -> Iterator[str]:
    """Promises in words."""
    if slo.ttff_s is not None:
        yield f"first item within {slo.ttff_s:g} s"
    if slo.realtime:
        yield "never behind the viewer"
    bounds = {"latency": ("all done within", " s"), "cost": ("costs at most", " US$"), "energy": ("at most", " Wh")}
    for name, (words, unit) in bounds.items():
        if (bound := getattr(slo, name)) is not None:
            yield f"{name}: {bound}" if isinstance(bound, str) else f"{words} {bound:g}{unit}"
    if slo.quality is not None:
        yield f"quality: {slo.quality}" if isinstance(slo.quality, str) else f"quality of at least {slo.quality:g}"
    if slo.objective:
        yield f"then the best {', then '.join(slo.objective)}"


def overview_lines(facts: Facts) -> Iterator[str]:
    """The overview as lines for a terminal."""
    about = f": {printable(facts['description'])}" if facts["description"] else ""
    yield typer.style(facts["name"], bold=True) + about
    yield from _section("Inputs", [_input_cells(name, item) for name, item in facts["inputs"].items()])
    yield from _section("Steps", [_step_cells(step) for step in facts["steps"]])
    tasks = [step for step in facts["steps"] if "task" in step]
    yield from _section("Plain words (score: 0 to 1)", [_task_cells(step["name"], step["task"]) for step in tasks])
    outputs = facts["outputs"].items()
    yield from _section("Outputs", [(name, _output_words(output)) for name, output in outputs])
    yield from _section("Promises", [(promise,) for promise in facts["promises"]])


def _section(title: str, rows: list[tuple[str, ...]]) -> Iterator[str]:
    """A title and its rows in columns; nothing where there are no rows."""
    if not rows:
        return
    yield ""
    yield typer.style(title, bold=True)
    columns = range(max(map(len, rows)) - 1)
    widths = [min(_WIDEST, max(len(row[i]) for row in rows if i < len(row))) for i in columns]
    for row in rows:
        cells = [cell.ljust(widths[i]) if i < len(row) - 1 else cell for i, cell in enumerate(row)]
        yield "  " + "  ".join(cells).rstrip()


def _input_cells(name: str, item: Facts) -> tuple[str, ...]:
    kind = " ".join(filter(None, [item["type"], item.get("range"), "|".join(item.get("choices", []))]))
    if item["required"]:
        state = "needed"
    else:
        state = "optional" if item["default"] is None else json.dumps(item["default"], ensure_ascii=False)
    return name, kind, printable(state), printable(item["description"])


def _step_cells(step: Facts) -> tuple[str, ...]:
    indent = "  " * (step["inside"].count(".") + 1 if step["inside"] else 0)
    name = indent + step["name"].rpartition(".")[2]
    does = {"loop": f"loop, {step.get('note')}", "uses": str(step.get("note"))}.get(step["does"], str(step["does"]))
    gives = f"stream of {step['gives'] or step['streams']}" if step.get("streams") else step["gives"]
    return name, printable(does), _how_often(step), f"-> {printable(gives)}" if gives else ""


def _task_cells(name: str, task: Facts) -> tuple[str, ...]:
    following = [f"next {_capability(other)}" for other in task["next"]]
    return name, f'"{printable(task["words"])}"', f"-> {_capability(task)}", *following


def _capability(match: Facts) -> str:
    form = f": {match['form']}" if match["form"] else ""
    return f"{match['capability']}{form} {match['score']:.2f}"


def _how_often(step: Facts) -> str:
    often = f"for each {step['for_each']}" if step["for_each"] else "once"
    join = {"ordered": ", in order", "unordered": ", one at a time"}.get(step.get("join", ""), "")
    return often + join + (f", if {printable(step['when'])}" if step["when"] else "")


def _output_words(output: Facts) -> str:
    return f"{output['from']}, shown item by item while it is made" if output["shown"] else str(output["from"])
