"""Compiles a checked workflow and the inputs of a run into the graph that the kernel executes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pydantic_core import PydanticCustomError

from murakkab_optimizer.graph import ITEM_KEY, JOIN_KEY, NODE_KEY, Graph, Node, Slo

from .document import Data
from .expressions import Reference, parse
from .fields import check_attempts, check_flag, check_seconds
from .lineage import Lineage, Shape, edge, order, shape_of, task_lineages
from .model import DocumentInput, NodeSpec, Workflow
from .problems import InputProblem
from .units import shown

FILE_KEY = "$file"
"""Mark of a document inside ``Node.arguments``: ``{"$file": absolute path}``."""


def compile_graph(workflow: Workflow, inputs: Mapping[str, Data]) -> Graph:
    """Fill the inputs in and turn references into edges.

    Args:
        workflow: checked.
        inputs: what ``check_inputs`` returned.

    Returns:
        The graph; nodes stand behind those they refer to.

    Raises:
        InputProblem: an input that a promise or a number of attempts is taken from does not fit there.
    """
    compiler = _Compiler(workflow, inputs)
    stream = workflow.output_references().get("stream")
    ttff = workflow.slo.ttff
    return Graph(
        name=workflow.name,
        nodes=tuple(compiler.node(name) for name in compiler.order),
        publish=stream.target if stream else None,
        slo=Slo(
            ttff_s=None if ttff is None else compiler.setting(ttff, check_seconds),
            realtime=compiler.setting(workflow.slo.realtime, check_flag),
        ),
        outputs={name: (ref.target, tuple(ref.path)) for name, ref in workflow.output_references().items()},
    )


class _Compiler:
    def __init__(self, workflow: Workflow, inputs: Mapping[str, Data]) -> None:
        self.workflow = workflow
        self.inputs = inputs
        self.shapes: dict[str, Shape] = {name: _shape(spec) for name, spec in workflow.nodes.items()}
        self.order = order(self.shapes)
        self.tasks: dict[str, Lineage] = task_lineages(self.shapes, self.order)

    def node(self, name: str) -> Node:
        spec = self.workflow.nodes[name]
        shape = self.shapes[name]
        return Node(
            name=name,
            capability=spec.capability,
            arguments={key: self.value(value) for key, value in spec.arguments.items()},
            edges=tuple(edge(source, name, self.shapes, self.tasks) for source in shape.sources),
            for_each=shape.for_each,
            streams=shape.streams,
            join=spec.join or "",
            depth=len(self.tasks[name]),
            attempts=self.setting(spec.attempts, check_attempts),
        )

    def value(self, value: Data) -> Data:
        """Plain data with inputs filled in and marks for the rest."""
        match value:
            case str():
                return self.text(value)
            case dict():
                return {key: self.value(inner) for key, inner in value.items()}
            case list():
                return [self.value(inner) for inner in value]
        return value

    def text(self, text: str) -> Data:
        """A text without its expressions; one expression alone keeps the kind of its value."""
        template = parse(text)
        if template.sole:
            return self.reference(template.sole)
        parts: list[Data] = []
        for part in template.parts:
            filled = self.reference(part) if isinstance(part, Reference) else part
            if not isinstance(filled, dict):
                filled = _spoken(filled)
                if parts and isinstance(parts[-1], str):
                    filled = parts.pop() + filled
            parts.append(filled)
        return parts[0] if len(parts) == 1 and isinstance(parts[0], str) else {JOIN_KEY: parts}

    def reference(self, reference: Reference) -> Data:
        match reference.root.text:
            case "inputs":
                return self.input(reference.target)
            case "nodes":
                return {NODE_KEY: reference.target, "path": reference.path}
        return {ITEM_KEY: reference.path}

    def input(self, name: str) -> Data:
        value = self.inputs.get(name)
        if isinstance(self.workflow.inputs[name], DocumentInput) and value is not None:
            return {FILE_KEY: str(value)}
        return value

    def setting(self, value: Data, check: Callable[[Data], Data]) -> Data:
        """A literal, or the input that it is taken from, checked like a literal."""
        sole = parse(value).sole if isinstance(value, str) else None
        if sole is None:
            return value
        try:
            return check(self.inputs.get(sole.target))
        except PydanticCustomError as fault:
            message = (fault.context or {}).get("message", str(fault))
            raise InputProblem({sole.target: str(message)}) from None


def _shape(spec: NodeSpec) -> Shape:
    return shape_of({"for_each": spec.for_each, "streams": spec.streams, **spec.arguments})


def _spoken(value: Data) -> str:
    """How an input reads inside a text."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int() | float():
            return shown(value)
    return str(value)
