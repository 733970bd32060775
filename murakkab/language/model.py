"""The workflow model: what a workflow file says, checked and typed. The JSON Schema is generated from it."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, PrivateAttr, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from .expressions import OPEN, Reference, parse
from .problems import Problem, describe
from .units import parse_number, shown

API_VERSION = "murakkab/v1"
EXPRESSION_SCHEMA = {"type": "string", "pattern": r"^\$\{\{[^{}]*\}\}$", "description": "An expression"}

_NAME = r"^[A-Za-z][A-Za-z0-9_-]*$"
_INPUT_NAME = r"^[A-Za-z][A-Za-z0-9_]*$"


def _wrong(message: str, hint: str, field: str = "") -> PydanticCustomError:
    return PydanticCustomError("workflow", "{message}", {"message": message, "hint": hint, "field": field})


def _is_expression(value: Any) -> bool:
    return isinstance(value, str) and OPEN in value


def check_seconds(value: Any) -> float:
    """A positive, finite time in seconds from a number or a text such as ``1s`` or ``500ms``."""
    number = value if isinstance(value, int | float) and not isinstance(value, bool) else None
    if isinstance(value, str):
        number = parse_number(value, "s")
    if number is None or not math.isfinite(number) or number <= 0:
        raise _wrong(f"expected a time above 0, got {describe(value)}", "write for example 1s, 500ms or 0.5")
    return float(number)


def check_flag(value: Any) -> bool:
    """A boolean and nothing that merely looks like one."""
    if not isinstance(value, bool):
        raise _wrong(f"expected true or false, got {describe(value)}", "write true or false, without quotes")
    return value


def check_attempts(value: Any) -> int:
    """A whole number from 1 to 100."""
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 100:
        raise _wrong(f"expected a whole number from 1 to 100, got {describe(value)}", "write for example 3")
    return value


def _finite(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise _wrong(f"expected a number, got {describe(value)}", "write it without quotes and without its unit")
    return value


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise _wrong(f"expected a whole number, got {describe(value)}", "write it without quotes and without its unit")
    return value


def _or_expression(check: Any) -> PlainValidator:
    return PlainValidator(lambda value: value if _is_expression(value) else check(value))


def _schema(**literal: Any) -> WithJsonSchema:
    return WithJsonSchema({"anyOf": [literal, EXPRESSION_SCHEMA]})


_TIME_PATTERN = r"^\s*[0-9.]+\s*(ms|s|sec|m|min|h)?\s*$"
Seconds = Annotated[
    float | str,
    _or_expression(check_seconds),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "exclusiveMinimum": 0},
                {"type": "string", "pattern": _TIME_PATTERN},
                EXPRESSION_SCHEMA,
            ]
        }
    ),
]
Flag = Annotated[bool | str, _or_expression(check_flag), _schema(type="boolean")]
Attempts = Annotated[int | str, _or_expression(check_attempts), _schema(type="integer", minimum=1, maximum=100)]
Number = Annotated[float, PlainValidator(_finite), WithJsonSchema({"type": "number"})]
Whole = Annotated[int, PlainValidator(_whole), WithJsonSchema({"type": "integer"})]
Expression = Annotated[str, WithJsonSchema(EXPRESSION_SCHEMA)]
InputName = Annotated[str, Field(pattern=_INPUT_NAME)]
NodeName = Annotated[str, Field(pattern=_NAME)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Metadata(_Part):
    """What the workflow is called and does."""

    name: str = Field(pattern=_NAME, description="Name of the workflow: letters, digits, '-' and '_'")
    description: str = Field("", description="One sentence about what it makes")


class _Input(_Part):
    description: str = Field("", description="What the input means; shown as help")
    optional: bool = Field(False, description="Whether it may be left out without a default")

    @property
    def required(self) -> bool:
        """Whether a run must give it."""
        return getattr(self, "default", None) is None and not self.optional


class TextInput(_Input):
    """A text."""

    type: Literal["text"]
    default: str | None = Field(None, description="Used when it is not given")


class _Ranged(_Input):
    unit: str = Field("", description="Unit of the number, for example s or px; it may be written behind the number")

    @model_validator(mode="after")
    def _check_range(self) -> _Ranged:
        low, high = getattr(self, "minimum", None), getattr(self, "maximum", None)
        if low is not None and high is not None and low > high:
            raise _wrong("the minimum is above the maximum", "swap them", "minimum")
        default = getattr(self, "default", None)
        if default is not None and not self.holds(default):
            raise _wrong(f"the default {shown(default)} is out of range", f"write {self.range_text()}", "default")
        return self

    def holds(self, number: float) -> bool:
        """Whether the number is inside the range."""
        low, high = getattr(self, "minimum", None), getattr(self, "maximum", None)
        return (low is None or number >= low) and (high is None or number <= high)

    def range_text(self) -> str:
        """The range in words."""
        low, high = getattr(self, "minimum", None), getattr(self, "maximum", None)
        match low, high:
            case None, None:
                return "any number"
            case _, None:
                return f"a number from {shown(low, self.unit)}"
            case None, _:
                return f"a number up to {shown(high, self.unit)}"
        return f"a number from {shown(low)} to {shown(high, self.unit)}"


class NumberInput(_Ranged):
    """A number."""

    type: Literal["number"]
    default: Number | None = Field(None, description="Used when it is not given")
    minimum: Number | None = Field(None, description="Smallest value")
    maximum: Number | None = Field(None, description="Largest value")


class IntegerInput(_Ranged):
    """A whole number."""

    type: Literal["integer"]
    default: Whole | None = Field(None, description="Used when it is not given")
    minimum: Whole | None = Field(None, description="Smallest value")
    maximum: Whole | None = Field(None, description="Largest value")


class BooleanInput(_Input):
    """True or false."""

    type: Literal["boolean"]
    default: bool | None = Field(None, description="Used when it is not given")


class DocumentInput(_Input):
    """A file of the person who starts the run."""

    type: Literal["document"]


class ChoiceInput(_Input):
    """One of several words."""

    type: Literal["choice"]
    choices: list[str] = Field(min_length=1, description="The words to choose from")
    default: str | None = Field(None, description="Used when it is not given")

    @model_validator(mode="after")
    def _check_choices(self) -> ChoiceInput:
        if len(set(self.choices)) < len(self.choices):
            raise _wrong("a choice stands twice", "keep one of them", "choices")
        if self.default is not None and self.default not in self.choices:
            raise _wrong("the default is not one of the choices", f"choices: {', '.join(self.choices)}", "default")
        return self


Input = Annotated[
    TextInput | NumberInput | IntegerInput | BooleanInput | DocumentInput | ChoiceInput, Field(discriminator="type")
]
INPUT_TYPES: dict[str, type[_Input]] = {
    "text": TextInput,
    "number": NumberInput,
    "integer": IntegerInput,
    "boolean": BooleanInput,
    "document": DocumentInput,
    "choice": ChoiceInput,
}


class Slo(_Part):
    """Promises to the person who starts the run."""

    ttff: Seconds | None = Field(None, description="Time from the request to the first item shown, for example 1s")
    realtime: Flag = Field(False, description="Whether items must be ready before the viewer needs them")


class NodeSpec(BaseModel):
    """One step. Every key that is not listed here is an argument of the capability."""

    model_config = ConfigDict(extra="allow", strict=True, frozen=True)

    capability: str = Field(min_length=1, description="What it does, for example text-generation")
    for_each: Expression | None = Field(None, description="Run once for each item of this node: ${{ nodes.name }}")
    join: Literal["ordered"] | None = Field(
        None, description="ordered: with for_each, run one at a time in the order of the items"
    )
    streams: str | None = Field(
        None, pattern=_NAME, description="Name of what it emits piece by piece while it runs, for example turn"
    )
    attempts: Attempts = Field(3, description="How often a task of it is tried before the run fails")

    @property
    def arguments(self) -> dict[str, Any]:
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
    inputs: dict[InputName, Input] = Field({}, description="What a run is given")
    slo: Slo = Field(default_factory=lambda: Slo(), description="Promises that the planner has to keep")
    nodes: dict[NodeName, NodeSpec] = Field(min_length=1, description="The steps")
    outputs: dict[NodeName, Expression] = Field(
        {}, description="What the run leaves; 'stream' is shown while it is made"
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
