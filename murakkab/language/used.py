"""A workflow as another one sees it that uses it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from murakkab_optimizer.graph import NODE_KEY

from .document import Data
from .flat import Flat
from .model import AnyInput


@dataclass(frozen=True)
class Parameter:
    """An input of a used workflow."""

    required: bool
    default: Data
    description: str


@dataclass(frozen=True)
class Used:
    """A checked workflow that a step ``uses``."""

    name: str
    flat: Flat
    declared: Mapping[str, AnyInput]

    @property
    def inputs(self) -> dict[str, Parameter]:
        """Its inputs by name."""
        return {
            name: Parameter(one.required, getattr(one, "default", None), one.description)
            for name, one in self.declared.items()
        }

    @property
    def outputs(self) -> dict[str, Data]:
        """Its outputs by name, each the mark of what it stands for."""
        return self.flat.outputs


def prefixed(outputs: Mapping[str, Data], step: str) -> dict[str, Data]:
    """The outputs of a used workflow as marks of the workflow that uses it.

    Args:
        outputs: by name.
        step: flat name of the step that uses it.
    """
    return {name: {**mark, NODE_KEY: f"{step}.{mark[NODE_KEY]}"} for name, mark in outputs.items()}
