"""Says in Python what the checks of a workflow say in YAML."""

from __future__ import annotations

import re
from dataclasses import replace

from murakkab.language.problems import WorkflowError

_SPOKEN = tuple(
    (re.compile(pattern), spoken)
    for pattern, spoken in (
        (r"for_each: \$\{\{ nodes\.([\w.-]+) \}\}", r"for item in each(\1):"),
        (r"\$\{\{ (?:nodes|inputs)\.([\w.-]+) \}\}", r"\1"),
        (r"\$\{\{ (.*?) \}\}", r"\1"),
        (r"'(streams|join|attempts|returns): ([\w-]+)'", r'\1="\2"'),
        (r"'nodes\.([\w.-]+)'", r"'\1'"),
        (r"\bnodes\.([\w.-]+)", r"\1"),
    )
)
"""What stands in YAML, and what stands for it in Python."""


def in_python(fault: WorkflowError) -> WorkflowError:
    """The same problems, told for somebody who writes Python."""
    return WorkflowError(
        replace(problem, message=_spoken(problem.message), hint=_spoken(problem.hint)) for problem in fault.problems
    )


def _spoken(text: str) -> str:
    for pattern, spoken in _SPOKEN:
        text = pattern.sub(spoken, text)
    return text
