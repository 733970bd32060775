"""The workflow model: what a workflow file says, checked and typed. The JSON Schema is generated from it."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PrivateAttr, WithJsonSchema, model_validator

from murakkab_optimizer.graph import TIMEOUT_S

from .document import Data
from .fields import (
    Amount,
    Attempts,
    Condition,
    Duration,
    Expression,
    Flag,
    InputName,
    Name,
    Number,
    Rounds,
    Seconds,
    Share,
    Whole,
    wrong,
)
from .flat import Flat
from .problems import Problem
from .units import shown

_N = TypeVar("_N", bound=float)

FUNCTION = r"^[^:]+:[A-Za-z_][A-Za-z0-9_]*$"
Text = Annotated[str, Field(min_length=1)]
Objective = Literal["quality", "latency", "ttff", "cost", "energy"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Metadata(_Part):
    """What the workflow is called and does."""

    name: Name = Field(default="workflow", description="Name of the workflow: letters, digits, '-' and '_'")
    description: str = Field(default="", description="One sentence about what it makes")


class _Input(_Part):
    description: str = Field(default="", description="What the input means; shown as help")
    optional: bool = Field(default=False, description="Whether it may be left out without a default")

    @property
    def required(self) -> bool:
        """Whether a run must give it."""
        return getattr(self, "default", None) is None and not self.optional


class TextInput(_Input):
    """A text."""

    type: Literal["text"]
    default: str | None = Field(default=None, description="Used when it is not given")


class _Ranged(_Input, Generic[_N]):
    default: _N | None = Field(default=None, description="Used when it is not given")
    minimum: _N | None = Field(default=None, description="Smallest value")
    maximum: _N | None = Field(default=None, description="Largest value")
    unit: str = Field(default="", description="Unit of the number, for example s or px; may be written behind it")

    @model_validator(mode="after")
    def _check_range(self) -> _Ranged[_N]:
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise wrong("the minimum is above the maximum", "swap them", "minimum")
        if self.default is not None and not self.holds(self.default):
            raise wrong(f"the default {shown(self.default)} is out of range", f"write {self.range_text()}", "default")
        return self

    def holds(self, number: float) -> bool:
        """Whether the number is inside the range."""
        above = self.minimum is None or number >= self.minimum
        return above and (self.maximum is None or number <= self.maximum)

    def range_text(self) -> str:
        """The range in words."""
        if self.minimum is not None and self.maximum is not None:
            return f"a number from {shown(self.minimum)} to {shown(self.maximum, self.unit)}"
        if self.minimum is not None:
            return f"a number from {shown(self.minimum, self.unit)}"
        return f"a number up to {shown(self.maximum, self.unit)}" if self.maximum is not None else "a number"


class NumberInput(_Ranged[Number]):
    """A number."""

    type: Literal["number"]


class IntegerInput(_Ranged[Whole]):
    """A whole number."""

    type: Literal["integer"]


class BooleanInput(_Input):
    """True or false."""

    type: Literal["boolean"]
    default: bool | None = Field(default=None, description="Used when it is not given")


class DocumentInput(_Input):
    """A file of the person who starts the run."""

    type: Literal["document"]


class ChoiceInput(_Input):
    """One of several words."""

    type: Literal["choice"]
    choices: list[str] = Field(min_length=1, description="The words to choose from")
    default: str | None = Field(default=None, description="Used when it is not given")

    @model_validator(mode="after")
    def _check_choices(self) -> ChoiceInput:
        if len(set(self.choices)) < len(self.choices):
            raise wrong("a choice stands twice", "keep one of them", "choices")
        if self.default is not None and self.default not in self.choices:
            raise wrong("the default is not one of the choices", f"choices: {', '.join(self.choices)}", "default")
        return self


AnyInput = TextInput | NumberInput | IntegerInput | BooleanInput | DocumentInput | ChoiceInput
INPUT_TYPES: dict[str, type[AnyInput]] = {
    "text": TextInput,
    "number": NumberInput,
    "integer": IntegerInput,
    "boolean": BooleanInput,
    "document": DocumentInput,
    "choice": ChoiceInput,
}


DeclaredInput = Annotated[
    Annotated[AnyInput, Field(discriminator="type")],
    BeforeValidator(lambda value: {"type": value} if isinstance(value, str) else value),
]
"""``topic: text`` is short for ``topic: {type: text}``."""


class Slo(_Part):
    """Promises to the person who starts the run."""

    ttff: Duration | None = Field(default=None, description="Time from the request to the first item, for example 1s")
    realtime: Flag = Field(default=False, description="Whether items must be ready before the viewer needs them")
    latency: Duration | None = Field(default=None, description="Time until all is made; of a node, of one task")
    cost: Amount | None = Field(default=None, description="US dollars at most")
    energy: Amount | None = Field(default=None, description="Watt-hours at most")
    quality: Share | None = Field(default=None, description="Quality at least, 0 to 1")
    objective: Objective | list[Objective] | None = Field(
        default=None, description="What to make best within the promises; of several, the first one first"
    )


class WhereSpec(_Part):
    """What is asked of the place where a node runs."""

    model: Name | list[Name] | None = Field(default=None, description="The model, or the models to choose from")
    device: Name | None = Field(default=None, description="cpu, gpu, or the name of a device type")
    region: Name | None = Field(default=None, description="Region of the machine")
    spot: bool = Field(default=True, description="Whether machines that may be taken away are allowed")


class NodeSpec(BaseModel):
    """One step. Every key that is not listed here is an argument of what it does."""

    model_config = ConfigDict(extra="allow", strict=True, frozen=True)

    capability: Name | None = Field(default=None, description="What it does, for example text-generation")
    task: Text | None = Field(default=None, description="What it does in plain words, matched to a capability")
    uses: Text | None = Field(default=None, description="Another workflow: a shipped name or ./file.yaml")
    function: Annotated[str, WithJsonSchema({"type": "string", "pattern": FUNCTION})] | None = Field(
        default=None, description="A Python function: tools.py:name, or package.module:name"
    )
    value: Any = Field(default=None, description="A value put together from others")
    repeat: Rounds | None = Field(default=None, description="A loop over 'nodes': rounds at most")
    until: Condition | None = Field(default=None, description="With repeat: the condition that ends the loop")
    nodes: dict[Name, NodeSpec] | None = Field(default=None, min_length=1, description="With repeat: one round")
    for_each: Expression | None = Field(default=None, description="Run once for each item of this node")
    join: Literal["ordered", "unordered"] | None = Field(
        default=None,
        description="With for_each: run one at a time, each given what the one before returned; in the order of the "
        "items, or as they become ready",
    )
    streams: Name | None = Field(default=None, description="What it emits piece by piece, for example turn")
    when: Condition = Field(default=True, description="Run only where this holds; skipped steps leave null")
    returns: Any = Field(default=None, description="What the answer must look like, for example {answer: number}")
    attempts: Attempts = Field(default=3, description="How often a task of it is tried before the run fails")
    timeout: Seconds = Field(default=TIMEOUT_S, description="Time that an attempt may take, for example 90s")
    cache: Flag = Field(default=True, description="Whether results may be kept for, and taken from, other runs")
    slo: Slo = Field(default=Slo(), description="Promises of this step alone")
    where: WhereSpec = Field(default=WhereSpec(), description="Where it may run")
    with_: dict[str, Any] = Field(
        default={}, alias="with", description="Arguments, also those whose names are kept for the language"
    )

    @model_validator(mode="after")
    def _check_work(self) -> NodeSpec:
        works = [name for name in WORKS if name in self.model_fields_set]
        if not works:
            near = difflib.get_close_matches("capability", list(self.model_extra or {}), n=1, cutoff=0.8)
            others = f"say what the step does: 'capability: text-generation', or one of {', '.join(WORKS[1:])}"
            raise wrong("'capability' is missing", f"is '{near[0]}' meant to be it?" if near else others, "")
        if len(works) > 1:
            raise wrong(f"'{works[0]}' and '{works[1]}' exclude each other", "keep one of them", works[1], key=True)
        if ("repeat" in works) != (self.nodes is not None):
            lacking, there = ("nodes", "repeat") if self.nodes is None else ("repeat", "nodes")
            hint = "a loop has 'repeat: 4' and its steps under 'nodes:'"
            raise wrong(f"'{there}' needs '{lacking}'", hint, there, key=True)
        extra = self.model_fields_set & set(type(self).model_fields) - ALLOWED[works[0]]
        if works[0] in ("value", "repeat"):
            extra |= set(self.model_extra or {})
        for key in sorted(extra):
            hint = "remove it, or put it on a step that does the work"
            raise wrong(f"'{key.strip('_')}' means nothing beside '{works[0]}'", hint, key.strip("_"), key=True)
        return self

    @property
    def arguments(self) -> dict[str, Data]:
        """The keys beside the reserved ones, and those of ``with``; texts may hold expressions."""
        return {**(self.model_extra or {}), **self.with_}


WORKS = ("capability", "task", "uses", "function", "value", "repeat")
"""Keys of which a step has exactly one: what it does."""

RESERVED = tuple(field.alias or name for name, field in NodeSpec.model_fields.items())
"""Keys of a node that are no arguments."""

_PLACED = {"for_each", "when"}
_DONE = {*_PLACED, "join", "streams", "attempts", "timeout", "cache", "slo", "where", "with_"}
ALLOWED: dict[str, set[str]] = {
    "capability": {"capability", *_DONE, "returns"},
    "task": {"task", *_DONE, "returns"},
    "function": {"function", *_DONE},
    "uses": {"uses", *_PLACED, "cache", "where", "with_"},
    "value": {"value", *_PLACED},
    "repeat": {"repeat", "until", "nodes", *_PLACED},
}
"""Reserved keys that each kind of step may have."""


class Workflow(_Part):
    """A checked workflow.

    Attributes:
        api_version: of the language, ``murakkab/v1``.
        inputs: name -> what a run may or must give; the order is that of the file.
        nodes: name -> step.
        outputs: name -> expression; ``stream`` is shown to the viewer while it is made.
    """

    api_version: Literal["murakkab/v1"] = Field(alias="apiVersion", description="Version of the workflow language")
    kind: Literal["Workflow"] = Field(description="Always Workflow")
    metadata: Metadata = Field(default=Metadata(), description="Its name and what it does; the file's name if left out")
    inputs: dict[InputName, DeclaredInput] = Field(default={}, description="What a run is given")
    slo: Slo = Field(default=Slo(), description="Promises that the planner has to keep")
    nodes: dict[Name, NodeSpec] = Field(min_length=1, description="The steps")
    outputs: dict[Name, Expression] = Field(
        default={}, description="What the run leaves; 'stream' is shown while it is made"
    )

    _source_text: str = PrivateAttr("")
    _file: Path | None = PrivateAttr(None)
    _flat: Flat = PrivateAttr(default_factory=Flat)
    _warnings: tuple[Problem, ...] = PrivateAttr(())

    @property
    def name(self) -> str:
        """The workflow's name."""
        return self.metadata.name

    @property
    def source_text(self) -> str:
        """The file's text; empty for a workflow that was not read from one."""
        return self._source_text

    @property
    def file(self) -> Path | None:
        """The file it was read from, if any."""
        return self._file

    @property
    def flat(self) -> Flat:
        """Its steps with loops and used workflows dissolved."""
        return self._flat

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """What is odd but allowed, for example an input that nothing uses."""
        return self._warnings
