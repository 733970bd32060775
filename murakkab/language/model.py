"""The workflow model: what a workflow file says, checked and typed. The JSON Schema is generated from it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, model_validator

from .document import Data
from .expressions import Reference, parse
from .fields import Attempts, Expression, Flag, InputName, Name, Number, Seconds, Whole, wrong
from .problems import Problem
from .units import shown

_N = TypeVar("_N", bound=float)


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Metadata(_Part):
    """What the workflow is called and does."""

    name: Name = Field(description="Name of the workflow: letters, digits, '-' and '_'")
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


class Slo(_Part):
    """Promises to the person who starts the run."""

    ttff: Seconds | None = Field(default=None, description="Time from the request to the first item, for example 1s")
    realtime: Flag = Field(default=False, description="Whether items must be ready before the viewer needs them")


class NodeSpec(BaseModel):
    """One step. Every key that is not listed here is an argument of the capability."""

    model_config = ConfigDict(extra="allow", strict=True, frozen=True)

    capability: Name = Field(description="What it does, for example text-generation")
    for_each: Expression | None = Field(default=None, description="Run once for each item of this node")
    join: Literal["ordered"] | None = Field(
        default=None, description="ordered: with for_each, run one at a time in the order of the items"
    )
    streams: Name | None = Field(default=None, description="What it emits piece by piece, for example turn")
    attempts: Attempts = Field(default=3, description="How often a task of it is tried before the run fails")

    @property
    def arguments(self) -> dict[str, Data]:
        """The keys beside the reserved ones; texts may hold expressions."""
        return dict(self.model_extra or {})


RESERVED = tuple(NodeSpec.model_fields)
"""Keys of a node that are no arguments."""


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
    metadata: Metadata
    inputs: dict[InputName, Annotated[AnyInput, Field(discriminator="type")]] = Field(
        default={}, description="What a run is given"
    )
    slo: Slo = Field(default=Slo(), description="Promises that the planner has to keep")
    nodes: dict[Name, NodeSpec] = Field(min_length=1, description="The steps")
    outputs: dict[Name, Expression] = Field(
        default={}, description="What the run leaves; 'stream' is shown while it is made"
    )

    _source_text: str = PrivateAttr("")
    _file: Path | None = PrivateAttr(None)
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
    def warnings(self) -> tuple[Problem, ...]:
        """What is odd but allowed, for example an input that nothing uses."""
        return self._warnings

    def output_references(self) -> dict[str, Reference]:
        """Output name -> the node (and field of its value) that it stands for."""
        found = {name: parse(text).sole for name, text in self.outputs.items()}
        return {name: reference for name, reference in found.items() if reference is not None}
