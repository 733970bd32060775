"""The workflow language: YAML in, a checked ``Workflow`` and its ``Graph`` out.

The door: ``find_workflow`` -> ``load_workflow`` -> ``check_inputs`` -> ``compile_graph``.
"""

from __future__ import annotations

from .compile import FILE_KEY, compile_graph
from .inputs import check_inputs
from .load import find_workflow, load_workflow, parse_workflow, workflow_folder
from .model import Workflow
from .problems import InputProblem, Problem, WorkflowError

__all__ = [
    "FILE_KEY",
    "InputProblem",
    "Problem",
    "Workflow",
    "WorkflowError",
    "check_inputs",
    "compile_graph",
    "find_workflow",
    "load_workflow",
    "parse_workflow",
    "workflow_folder",
]
