"""The user's Python functions as steps: found and looked at without being run."""

from __future__ import annotations

import ast
import importlib.util
from collections.abc import Mapping
from pathlib import Path

from .document import Data
from .flat import FILE_KEY
from .problems import nearest, quoted


def function_arguments(written: str, folder: Path, arguments: Mapping[str, Data]) -> dict[str, Data]:
    """What the function adapter is given.

    Args:
        written: ``tools.py:name``, the file beside the workflow, or ``package.module:name``.
        folder: of the workflow file.
        arguments: what the step hands over, by name.

    Raises:
        ValueError: (message, hint): there is no such file, module or function, or the arguments do not fit it.
    """
    place, _, name = written.rpartition(":")
    if not place or not name.isidentifier():
        raise ValueError(f"{quoted(written)} names no function", "write the file and the function: tools.py:name")
    if not place.endswith(".py"):
        if not _is_installed(place):
            raise ValueError(f"there is no module {quoted(place)}", "install it, or write the file: tools.py:name")
        return {"function": {"module": place, "name": name}, "arguments": dict(arguments)}
    file = (folder / place.replace("\0", "?")).resolve()
    try:
        tree = ast.parse(file.read_bytes(), filename=place)
    except OSError:
        raise ValueError(f"there is no file {quoted(place)}", f"it is looked for in {folder.resolve()}") from None
    except (SyntaxError, ValueError, RecursionError, MemoryError) as fault:
        line = getattr(fault, "lineno", None)
        where = f" in line {line}" if line else ""
        message = f"{quoted(place)} is not valid Python{where}: {fault.args[0] if fault.args else 'it nests too deep'}"
        raise ValueError(message, "correct the file") from None
    known = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    if name not in known:
        raise ValueError(f"{quoted(place)} has no function {quoted(name)}", nearest(name, known, what="its functions"))
    _check_arguments(known[name], arguments)
    return {"function": {"file": {FILE_KEY: str(file)}, "name": name}, "arguments": dict(arguments)}


def _is_installed(module: str) -> bool:
    top, *inner = module.split(".")
    try:
        return all(map(str.isidentifier, [top, *inner])) and importlib.util.find_spec(top) is not None
    except ValueError:
        return False


def _check_arguments(function: ast.FunctionDef | ast.AsyncFunctionDef, given: Mapping[str, Data]) -> None:
    """Compare argument names; positional-only parameters cannot be given."""
    spec = function.args
    names = [argument.arg for argument in (*spec.args, *spec.kwonlyargs)]
    defaults = [None] * (len(spec.args) - len(spec.defaults)) + list(spec.defaults) + list(spec.kw_defaults)
    for key in given:
        if key not in names and spec.kwarg is None:
            hint = nearest(key, names, what="its arguments")
            raise ValueError(f"the function '{function.name}' takes no argument {quoted(key)}", hint)
    for key, default in zip(names, defaults, strict=True):
        if default is None and key not in given and key != "previous":
            raise ValueError(f"the function '{function.name}' needs the argument '{key}'", f"add '{key}: ...'")
