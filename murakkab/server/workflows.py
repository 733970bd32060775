"""The workflows that the page offers: those installed with the package, by name, never by path."""

from __future__ import annotations

from functools import cache
from typing import Any

from murakkab.language import Workflow, load_workflow, workflow_folder
from murakkab.server.errors import Refusal


@cache
def shipped_workflows() -> dict[str, Workflow]:
    """The installed workflows by name."""
    found = (load_workflow(path) for path in sorted(workflow_folder().glob("*.yaml")))
    return {workflow.name: workflow for workflow in found}


def shipped_workflow(name: str) -> Workflow:
    """The installed workflow of that name; a Refusal names the others when there is none."""
    workflows = shipped_workflows()
    if name not in workflows:
        raise Refusal(404, f"no workflow is called '{name}'", f"choose one of: {', '.join(workflows)}")
    return workflows[name]


def describe(workflow: Workflow) -> dict[str, Any]:
    """A workflow as the page needs it: its name, its description and its typed inputs."""
    inputs = {name: item.model_dump(mode="json") for name, item in workflow.inputs.items()}
    return {"name": workflow.name, "description": workflow.metadata.description, "inputs": inputs}


def document_inputs(workflow: Workflow) -> set[str]:
    """Names of the inputs that are files."""
    return {name for name, item in describe(workflow)["inputs"].items() if item["type"] == "document"}
