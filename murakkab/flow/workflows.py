"""Workflows: functions that are gone through once to learn which steps there are."""

from __future__ import annotations

import ast
import functools
import inspect
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar, overload

from murakkab.language.document import Data
from murakkab.language.problems import WorkflowError

from .declared import function_name
from .inputs import inputs_of, references_to
from .recorder import Recorder, current
from .references import Ref
from .source import Site, refuse, site_in
from .work import Work

if TYPE_CHECKING:
    from murakkab.language import Workflow

_P = ParamSpec("_P")
_R = TypeVar("_R")
API_VERSION = "murakkab/v1"


class Flow(Generic[_P, _R]):
    """A function as a workflow.

    Calling it makes a step of the workflow whose function runs, as ``uses:`` does in a file; elsewhere it is refused,
    because it would run nothing: ``run`` makes a run.
    """

    __name__: str

    def __init__(
        self, function: Callable[_P, _R], settings: Mapping[str, Any], site: Site, making: Mapping[str, Any]
    ) -> None:
        functools.update_wrapper(self, function)
        self._function, self._settings, self._site, self._making = function, settings, site, making

    def __call__(self, *args: _P.args, **kwargs: _P.kwargs) -> _R:
        """Use the workflow as a step of another one."""
        name, recorder = self._function.__name__, current()
        if recorder is None:
            refuse(f"{name}() runs nothing", f"to make a run: {name}.run(...)")
        target = function_name(self._function, recorder.file, self._site)
        target = f"./{target}" if target.rpartition(":")[0].endswith(".py") and "/" not in target else target
        work = Work("uses", target, {}, {}, self._function, site_in())
        return work.add(recorder, args, kwargs)  # type: ignore[return-value]

    @cached_property
    def workflow(self) -> Workflow:
        """The checked workflow.

        Raises:
            WorkflowError: with every problem, at its line of the Python file.
        """
        from .checking import check

        recorder = Recorder(self._function.__code__.co_filename)
        try:
            data = self._recorded(recorder)
        except WorkflowError as fault:
            raise WorkflowError({*recorder.problems, *fault.problems}) from None
        document = recorder.document(data)
        document.problems += recorder.problems
        return check(document)

    @property
    def yaml(self) -> str:
        """The workflow as the text of a workflow file."""
        return self.workflow.source_text

    def run(self, *args: _P.args, **kwargs: _P.kwargs) -> dict[str, Any]:
        """Make a run here, wait for its end and return its outputs by name: JSON values, and paths of files.

        Raises:
            InputProblem: an input does not fit.
            UserError: the run failed, or cannot be made here.
        """
        from .running import make_run

        given = inspect.signature(self._function).bind_partial(*args, **kwargs).arguments
        return make_run(self.workflow, given, **self._making)

    def options(
        self,
        *,
        runs: str | Path | None = None,
        seed: int | None = None,
        use: Iterable[str] | None = None,
        llm: str | None = None,
    ) -> Flow[_P, _R]:
        """The same workflow, run otherwise.

        Args:
            runs: folder of the runs; ``runs`` by default.
            seed: repeats a run; a fresh one by default.
            use: what the planner must use, for example ``["speech=kokoro"]``.
            llm: base URL of an OpenAI-compatible server to write with.
        """
        given = {"runs": runs, "seed": seed, "use": None if use is None else tuple(use), "llm": llm}
        making = {**self._making, **{key: value for key, value in given.items() if value is not None}}
        return Flow(self._function, self._settings, self._site, making)

    def _recorded(self, recorder: Recorder) -> dict[str, Data]:
        """Go through the function once."""
        inputs = inputs_of(self._function, recorder, self._site)
        with recorder.recording():
            returned = self._called(references_to(inputs, recorder))
            outputs = self._outputs(recorder, returned)
        metadata = {"name": self._name(), "description": self._description()}
        recorder.marks.append((("metadata", "name"), self._site, "name"))
        recorder.marks.append((("slo",), self._site, "slo"))
        recorder.marks.append((("nodes",), self._site, None))
        parts: dict[str, Data] = {"inputs": inputs, "slo": dict(self._settings.get("slo") or {})}
        return {
            "apiVersion": API_VERSION,
            "kind": "Workflow",
            "metadata": {key: value for key, value in metadata.items() if value},
            **{key: value for key, value in parts.items() if value},
            "nodes": recorder.nodes,
            "outputs": outputs,
        }

    def _called(self, references: Mapping[str, Ref]) -> object:
        bound = inspect.signature(self._function).bind_partial()
        bound.arguments.update(references)
        return self._function(*bound.args, **bound.kwargs)

    def _name(self) -> str:
        return str(self._settings.get("name") or self._function.__name__.replace("_", "-"))

    def _description(self) -> str:
        paragraph = (inspect.getdoc(self._function) or "").partition("\n\n")[0]
        return str(self._settings.get("description") or " ".join(paragraph.split()))

    def _outputs(self, recorder: Recorder, returned: object) -> dict[str, Data]:
        node = recorder.source.function(self._function.__code__)
        last = next((n for n in ast.walk(node) if isinstance(n, ast.Return)), None) if node else None
        site = _site_of(last, self._site) if last else self._site
        if not isinstance(returned, Mapping) or not len(returned):
            got = "nothing" if returned is None or isinstance(returned, Mapping) else "no names for what it gives"
            hint = 'name what the run leaves: return {"episode": episode}'
            refuse(f"the workflow '{self._function.__name__}' returns {got}", hint, site)
        sites = {key: _site_of(value, self._site) for key, value in _keys(last)}
        recorder.marks += [(("outputs", key), where, None) for key, where in sites.items()]
        found = {str(key): _output(recorder, str(key), one, sites.get(key, site)) for key, one in returned.items()}
        return {key: text for key, text in found.items() if text}


def _output(recorder: Recorder, name: str, value: object, site: Site) -> str:
    text = str(recorder.plain(value)) if isinstance(value, Ref) or hasattr(value, "_as_reference") else ""
    if text.startswith("${{ nodes."):
        return text
    recorder.note(site, f"the output '{name}' is nothing that a step gives", "return what a task returned")
    return ""


def _keys(node: ast.Return | None) -> Iterable[tuple[str, ast.AST]]:
    if node is not None and isinstance(node.value, ast.Dict):
        for key, value in zip(node.value.keys, node.value.values, strict=True):
            if isinstance(key, ast.Constant):
                yield str(key.value), value


def _site_of(node: ast.AST, near: Site) -> Site:
    line, column = getattr(node, "lineno", near.line), getattr(node, "col_offset", 0)
    return Site(near.file, line, column, getattr(node, "end_lineno", line), getattr(node, "end_col_offset", 0))


@overload
def workflow(function: Callable[_P, _R], /) -> Flow[_P, _R]: ...
@overload
def workflow(
    *, name: str = ..., description: str = ..., slo: Mapping[str, Any] = ...
) -> Callable[[Callable[_P, _R]], Flow[_P, _R]]: ...
def workflow(
    function: Any = None, /, *, name: str = "", description: str = "", slo: Mapping[str, Any] | None = None
) -> Any:
    """Make a workflow of a function whose parameters are the inputs and which returns the outputs by name.

    Args:
        function: it is gone through once, with references instead of values.
        name: of the workflow; by default that of the function, with ``-`` for ``_``.
        description: one sentence; by default the beginning of the docstring.
        slo: promises, for example ``{"ttff": "1s", "realtime": True}``.

    Raises:
        WorkflowError: something else than a function is decorated.
    """
    site, settings = site_in(), {"name": name, "description": description, "slo": slo}

    def decorate(function: Callable[_P, _R]) -> Flow[_P, _R]:
        if not inspect.isfunction(function) or inspect.iscoroutinefunction(function):
            refuse("a workflow is a plain function", "@workflow above 'def name(...):'", site)
        return Flow(function, settings, site, {})

    return decorate if function is None else decorate(function)
