"""Whether files that hosts and scripts are read from can be read, before a run is begun for them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from murakkab.engine.errors import UserError
from murakkab_optimizer.graph import Graph

_READS = "cast-reading"
"""The capability whose files are small, and hold up everything else."""


def check_files(graph: Graph, inputs: Mapping[str, Any]) -> None:
    """Refuse files of hosts and scripts that a node could not read.

    Raises:
        UserError: one cannot be; the message gives the option, the file and the line.
    """
    for node in graph.nodes:
        if node.capability == _READS:
            hosts, script = (_file(node.arguments.get(name)) for name in ("file", "script"))
            _check(hosts, script, inputs)


def _file(argument: object) -> str:
    """The path of an argument that is a file of the inputs; empty for any other."""
    return str(argument.get("$file", "")) if isinstance(argument, dict) else ""


def _check(hosts: str, script: str, inputs: Mapping[str, Any]) -> None:
    if not (hosts or script):
        return
    from murakkab_runtimes.base import InputError
    from murakkab_runtimes.tools.cast import cast_script, read_hosts

    asked = hosts
    try:
        found = read_hosts(Path(hosts)) if hosts else None
        if script:
            asked = script
            cast_script(Path(script), found)
    except InputError as fault:
        flag = next((name for name, value in inputs.items() if value == asked), "hosts").replace("_", "-")
        raise UserError(f"--{flag}: {fault}", "Correct the file, or name another one.") from None
