"""The workflows that the page offers: the shipped ones and those of one folder, by name, never by path."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from murakkab.language import Workflow, WorkflowError, load_workflow, workflow_folder
from murakkab.outputs import STREAM
from murakkab.server.errors import Refusal
from murakkab.server.shapes import InputInfo, WorkflowInfo


class Shelf:
    """Workflows by name; files that change are read again.

    Args:
        folder: of more workflows than those that are shipped; one of the same name replaces a shipped one.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folders = [workflow_folder(), *([folder] if folder else [])]
        self._read: dict[Path, tuple[int, Workflow | WorkflowError]] = {}

    def workflows(self) -> dict[str, Workflow]:
        """Those that can run."""
        found = (self._load(path) for path in self._files())
        return {workflow.name: workflow for workflow in found if isinstance(workflow, Workflow)}

    def broken(self) -> dict[str, str]:
        """File name -> what is wrong with it."""
        found = ((path.name, self._load(path)) for path in self._files())
        return {name: str(fault) for name, fault in found if isinstance(fault, WorkflowError)}

    def workflow(self, name: str) -> Workflow:
        """The workflow of that name; a Refusal names the others when there is none."""
        workflows = self.workflows()
        if name not in workflows:
            raise Refusal(404, f"no workflow is called '{name}'", f"choose one of: {', '.join(workflows)}")
        return workflows[name]

    def _files(self) -> Iterator[Path]:
        for folder in self._folders:
            yield from sorted(folder.glob("*.yaml"))

    def _load(self, path: Path) -> Workflow | WorkflowError:
        changed = path.stat().st_mtime_ns
        known = self._read.get(path)
        if known is None or known[0] != changed:
            known = self._read[path] = changed, _loaded(path)
        return known[1]


def _loaded(path: Path) -> Workflow | WorkflowError:
    try:
        return load_workflow(path)
    except WorkflowError as fault:
        return fault


def describe(workflow: Workflow) -> WorkflowInfo:
    """A workflow as the page needs it: its name, its description, its typed inputs and what it leaves."""
    inputs = {
        name: {**item.model_dump(mode="json"), "required": item.required} for name, item in workflow.inputs.items()
    }
    return WorkflowInfo(
        name=workflow.name,
        description=workflow.metadata.description,
        inputs=msgspec.convert(inputs, dict[str, InputInfo]),
        outputs=list(workflow.outputs),
        stream=STREAM in workflow.outputs,
    )


def document_inputs(workflow: Workflow) -> set[str]:
    """Names of the inputs that are files."""
    return {name for name, item in workflow.inputs.items() if item.type == "document"}
