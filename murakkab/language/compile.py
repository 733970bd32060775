"""Compiles a checked workflow and the inputs of a run into the graph that the kernel executes."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic_core import PydanticCustomError

from murakkab_optimizer.catalog import Yields
from murakkab_optimizer.graph import TIMEOUT_S, Edge, Graph, Node, Slo, Where
from murakkab_runtimes.catalog import load_capabilities, load_types

from .document import Data
from .fields import SETTINGS
from .flat import FILE_KEY, INPUT_KEY, FlatNode, nodes_in, substitute
from .kinds import json_schema, parse_kind
from .lineage import edge, order, shapes_of, task_lineages
from .model import DocumentInput, Workflow
from .problems import InputProblem

__all__ = ["FILE_KEY", "TTFF_TIERS", "compile_graph"]

TTFF_TIERS = {"best": 1.0, "good": 3.0, "fair": 10.0, "basic": 30.0}
"""Seconds to the first item that the tiers of ``ttff`` stand for."""

FUNCTION = "function"
"""Capability of user functions; nobody knows what else they read, so results are kept only where that is asked for."""


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
    outputs = workflow.flat.outputs
    return Graph(
        name=workflow.name,
        nodes=tuple(compiler.node(workflow.flat.nodes[name]) for name in compiler.order),
        publish=next(nodes_in(outputs.get("stream")), None),
        slo=compiler.slo(workflow.flat.promises),
        outputs={name: (mark["$node"], tuple(mark["path"])) for name, mark in outputs.items()},
    )


class _Compiler:
    def __init__(self, workflow: Workflow, inputs: Mapping[str, Data]) -> None:
        self.workflow = workflow
        self.inputs = inputs
        self.shapes = shapes_of(workflow.flat.nodes)
        self.order = order(self.shapes)
        self.tasks = task_lineages(self.shapes, self.order)

    def node(self, flat: FlatNode) -> Node:
        settings = flat.settings
        arguments = self.value(flat.arguments)
        if flat.returns is not None:
            arguments["returns"] = json_schema(parse_kind(flat.returns, load_types()))
        yields = _yields(flat.capability, arguments.get("form"))
        return Node(
            name=flat.name,
            capability=flat.capability,
            arguments=arguments,
            edges=self.edges(flat),
            for_each=flat.for_each,
            streams=bool(flat.streams) or flat.is_loop,
            join=flat.join,  # type: ignore[arg-type]
            depth=len(self.tasks[flat.name]),
            attempts=self.setting("attempts", settings.get("attempts", 3)),
            timeout_s=self.setting("timeout", settings.get("timeout", TIMEOUT_S)),
            when=self.value(flat.when),
            repeat=self.setting("repeat", flat.repeat) if flat.is_loop else 0,
            until=self.value(flat.until),
            body=flat.body,
            cache=self.setting("cache", settings.get("cache", flat.capability != FUNCTION)),
            slo=self.slo(settings),
            where=_where(flat.where),
            yields=yields.items,
            yields_every_s=yields.every_s,
        )

    def edges(self, flat: FlatNode) -> tuple[Edge, ...]:
        return tuple(edge(source, flat.name, self.shapes, self.tasks) for source in flat.sources())

    def value(self, value: Data) -> Data:
        """Plain data with marks, inputs filled in."""
        return substitute(value, self.mark)

    def mark(self, key: str, mark: Data) -> Data:
        if key != INPUT_KEY:
            return mark
        name = mark[INPUT_KEY]
        value = self.inputs.get(name)
        if isinstance(self.workflow.inputs[name], DocumentInput) and value is not None:
            return {FILE_KEY: str(value)}
        return value

    def slo(self, settings: Mapping[str, Data]) -> Slo:
        """The promises among the settings of a node, or of the workflow."""

        def read(name: str) -> Data:
            value = settings.get(f"slo.{name}")
            return None if value is None else self.setting(name, value)

        ttff = read("ttff")
        objective = settings.get("slo.objective") or ()
        return Slo(
            ttff_s=TTFF_TIERS[ttff] if isinstance(ttff, str) else ttff,
            realtime=bool(read("realtime")),
            latency=read("latency"),
            cost=read("cost"),
            energy=read("energy"),
            quality=read("quality"),
            objective=(objective,) if isinstance(objective, str) else tuple(objective),
        )

    def setting(self, setting: str, value: Data) -> Data:
        """The value of a setting: a literal, or the input that it is taken from, checked like a literal."""
        check = SETTINGS[setting].check
        name = value.get(INPUT_KEY) if isinstance(value, dict) else None
        if name is None:
            return check(value)
        try:
            return check(self.inputs.get(name))
        except PydanticCustomError as fault:
            message = (fault.context or {}).get("message", str(fault))
            raise InputProblem({name: str(message)}) from None


def _yields(capability: str, form: Data) -> Yields:
    """How many items the catalogue says that a step emits."""
    known = load_capabilities().get(capability)
    if known is None:
        return Yields()
    variant = known.forms.get(str(form))
    return (variant.yields if variant else None) or known.yields or Yields()


def _where(written: Mapping[str, Data]) -> Where:
    model = written.get("model") or ()
    return Where(
        model=(model,) if isinstance(model, str) else tuple(model),
        device=written.get("device") or "",
        region=written.get("region") or "",
        spot=written.get("spot", True),
    )
