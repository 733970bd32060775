"""Inputs to plan with: those that are given, and placeholders for the others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from murakkab.cli.plan_words import told
from murakkab.language import Workflow, check_inputs
from murakkab.language.model import AnyInput, BooleanInput, ChoiceInput, DocumentInput, IntegerInput, NumberInput
from murakkab.language.units import shown


def planned_inputs(workflow: Workflow, given: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """A value for every input, and in words those that nobody gave.

    No placeholder of a document is ever opened: a plan rests on there being one, not on what is in it.

    Raises:
        InputProblem: a given one is not as the workflow declares it.
    """
    missing = {n: _placeholder(n, d) for n, d in workflow.inputs.items() if d.required and given.get(n) in (None, "")}
    files = {name for name in missing if isinstance(workflow.inputs[name], DocumentInput)}
    others = {name: declared for name, declared in workflow.inputs.items() if name not in files}
    raw = {name: value for name, value in {**given, **missing}.items() if name not in files}
    checked = check_inputs(workflow.model_copy(update={"inputs": others}), raw)
    values = {name: missing[name] if name in files else checked[name] for name in workflow.inputs}
    return values, [*_placed(missing, workflow), *_defaults(workflow, given, values)]


def _placeholder(name: str, declared: AnyInput) -> Any:  # noqa: ANN401 - as the input declares
    match declared:
        case BooleanInput():
            return False
        case NumberInput() | IntegerInput():
            bounds = (bound for bound in (1, declared.minimum, declared.maximum) if bound is not None)
            return next((bound for bound in bounds if declared.holds(bound)), 1)
        case ChoiceInput():
            return declared.choices[0]
        case DocumentInput():
            return f"({name})"
    return f"({name})"


def _placed(missing: Mapping[str, Any], workflow: Workflow) -> Iterator[str]:
    for name, value in missing.items():
        declared = workflow.inputs[name]
        if isinstance(declared, DocumentInput):
            yield f"--{_flag(name)} is needed to run; planned for a file of a usual length"
        elif isinstance(value, str) and not isinstance(declared, ChoiceInput):
            yield f"--{_flag(name)} is needed to run; planned for a text of a usual length"
        else:
            yield f"--{_flag(name)} is needed to run; planned with {shown(value) if _counts(value) else value}"


def _defaults(workflow: Workflow, given: Mapping[str, Any], values: Mapping[str, Any]) -> Iterator[str]:
    parts = []
    for name, declared in workflow.inputs.items():
        value = values[name]
        if name not in given and not declared.required and value not in (None, ""):
            unit = str(getattr(declared, "unit", "")).replace("1/s", "a second")
            parts.append(f"{name} {shown(value, unit) if _counts(value) else told(value)}")
    if parts:
        yield f"inputs at their defaults: {', '.join(parts)}"


def _counts(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _flag(name: str) -> str:
    return name.replace("_", "-")
