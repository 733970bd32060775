"""Adapter ``function``: a Python function of the user as a step."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import inspect
import os
import random
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from murakkab_optimizer.catalog import ModelCard
from murakkab_runtimes.base import Cancelled, InputError, Output, Runtime, RuntimeFault, Task, Value
from murakkab_runtimes.tools.user_modules import UserModules, describe, user_line


class Function(Runtime):
    """Calls ``function`` with ``arguments`` by name.

    Arguments are checked and converted by the function's annotations, as pydantic does. What it returns may hold
    pydantic models, dataclasses and files (``pathlib.Path``). A generator's yields are items as they come, and what it
    returns is the value; both may be ``async``. It runs in an empty folder of its own and finds the modules beside its
    file. An argument ``previous`` is what the task before returned, in a join. ``random`` is seeded with the run's seed
    and the task's path.
    """

    def __init__(self, card: ModelCard, threads: int) -> None:
        super().__init__(card, threads)
        self._modules = UserModules()

    def warm(self) -> None:
        """Load what checks arguments."""
        import pydantic

        pydantic.TypeAdapter(int)

    def run(self, task: Task) -> Output:
        """Call the function.

        Raises:
            InputError: there is no such function, or the arguments do not fit it.
            RuntimeFault: it raised something else; the message says where.
        """
        spec = task.arguments["function"]
        file: Path | None = spec.get("file")
        origin = None if file is None else _origin(file, spec.get("folder"))
        with self._modules.folder(origin.parent if origin else None), _inside(task.scratch):
            random.seed(f"{task.seed} {task.path}")
            module = (
                _import(spec["module"]) if file is None or origin is None else self._modules.load_file(file, origin)
            )
            source = Path(module.__file__ or spec["name"])
            function = _find(module, spec["name"], source)
            try:
                return Output(plain(_call(function, _given(function, task), task)))
            except (RuntimeFault, Cancelled):
                raise
            except BaseException as fault:
                raise _explained(fault, spec["name"], source) from fault


def _origin(file: Path, folder: str | None) -> Path:
    """The user's own file, of which ``file`` is a copy; the copy where that folder is on another machine."""
    return Path(folder) / file.name if folder is not None and Path(folder).is_dir() else file


def plain(value: Any) -> Value:  # noqa: ANN401 - whatever users return
    """JSON with paths of what a function gave: models, dataclasses, dates, sets and so on become JSON.

    Raises:
        InputError: a path is no file, or something has no JSON.
    """
    import pydantic_core
    from pydantic import TypeAdapter

    if isinstance(value, Path):
        if not value.is_file():
            raise InputError(f"the function gave the path {value}, and there is no such file")
        return value.absolute()
    if isinstance(value, str | int | float | bool | None):
        return value
    if isinstance(value, dict):
        return {key if isinstance(key, str) else str(plain(key)): plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(inner) for inner in value]
    opened = TypeAdapter(Any).dump_python(value, warnings=False)
    if isinstance(opened, dict):
        return plain(opened)
    try:
        return pydantic_core.to_jsonable_python(value)
    except pydantic_core.PydanticSerializationError:
        raise InputError(
            f"the function gave a {type(value).__name__}, which is no JSON; return text, numbers, lists, "
            "dicts, dataclasses, pydantic models or paths of files"
        ) from None


def _find(module: ModuleType, name: str, source: Path) -> Callable[..., Any]:
    """The function, with its arguments checked by its annotations."""
    from pydantic import ConfigDict, validate_call

    found = getattr(module, name, None)
    if not inspect.isroutine(found):
        raise InputError(f"{source.name} has no function '{name}'; check the name behind the colon")
    return validate_call(config=ConfigDict(arbitrary_types_allowed=True))(found)


def _given(function: Callable[..., Any], task: Task) -> dict[str, Any]:
    """The arguments; ``previous``, where the function takes it and nothing is given, is what it gave before."""
    given = dict(task.arguments.get("arguments") or {})
    if "previous" in inspect.signature(function).parameters:
        given.setdefault("previous", task.previous)
    return given


def _call(function: Callable[..., Any], arguments: dict[str, Any], task: Task) -> Any:  # noqa: ANN401
    result = function(**arguments)
    if inspect.isgenerator(result):
        return _drain(result, task)
    if inspect.isasyncgen(result):
        return asyncio.run(_drain_async(result, task))
    return asyncio.run(_awaited(result)) if inspect.isawaitable(result) else result


def _drain(generator: Generator[Any, Any, Any], task: Task) -> Any:  # noqa: ANN401 - whatever users return
    """Emit each yield and return the generator's value."""
    with contextlib.closing(generator):
        while True:
            try:
                item = next(generator)
            except StopIteration as end:
                return end.value
            task.emit(plain(item))


async def _drain_async(items: AsyncIterator[Any], task: Task) -> None:
    async for item in items:
        task.emit(plain(item))


async def _awaited(result: Any) -> Any:  # noqa: ANN401 - whatever users return
    return await result


def _import(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as fault:
        raise InputError(f"there is no module '{fault.name}'; install it, or write the path of a file") from None
    except BaseException as fault:
        raise InputError(f"cannot load {name}: {describe(fault, Path(name).absolute())}") from fault


def _explained(fault: BaseException, name: str, source: Path) -> RuntimeFault:
    """The fault in words. One about the arguments has no line of the function in its trace."""
    from pydantic import ValidationError

    if isinstance(fault, ValidationError) and user_line(fault, source) is None:
        return InputError(f"{name}(): {'; '.join(_argument_fault(error) for error in fault.errors())}")
    return RuntimeFault(f"{name}() failed at {describe(fault, source)}")


def _argument_fault(error: Any) -> str:  # noqa: ANN401 - pydantic's ErrorDetails
    where = ".".join(map(str, error["loc"]))
    match error["type"]:
        case "missing_argument" | "missing_keyword_only_argument":
            return f"the argument '{where}' is missing"
        case "unexpected_keyword_argument":
            return f"there is no argument '{where}'"
    given = repr(error["input"])
    return f"argument '{where}': {error['msg']}, got {given if len(given) <= 60 else given[:59] + '…'}"


@contextlib.contextmanager
def _inside(folder: Path) -> Iterator[None]:
    """Let relative paths begin in ``folder``."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)
