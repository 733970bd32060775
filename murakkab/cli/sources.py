"""Where a command's workflow comes from: a shipped name, a file, standard input or a Python module."""

from __future__ import annotations

import os
import re
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from murakkab.language import Workflow

HELP = "A shipped name, a .yaml file, module.py:flow, or - for standard input."

_PYTHON = re.compile(r".*\.py(?::\w+)?|[A-Za-z_][\w.]*:\w+")


def import_language() -> None:
    """Import the language while pydantic looks for no plugins, which takes it a tenth of a second; none is needed."""
    variable = "PYDANTIC_DISABLE_PLUGINS"
    before = os.environ.get(variable)
    os.environ[variable] = before or "__all__"
    try:
        import murakkab.language  # noqa: F401
    finally:
        if before is None:
            del os.environ[variable]


def is_python(source: str) -> bool:
    """Whether a workflow is named as ``module.py:flow``, ``module.py`` or ``package.module:flow``."""
    return bool(_PYTHON.fullmatch(source))


def load(source: str) -> Workflow:
    """Load and check a workflow.

    Args:
        source: what the user wrote; see ``HELP``.

    Raises:
        WorkflowError: there is none, or it has problems.
    """
    import_language()
    if is_python(source):
        from murakkab.flow import find_flow

        return find_flow(source)
    from murakkab.language import find_workflow, load_workflow, parse_workflow

    if source == "-":
        return parse_workflow(sys.stdin.buffer.read().decode("utf-8", "replace"), "<stdin>")
    return load_workflow(find_workflow(source))
