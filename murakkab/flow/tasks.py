"""Tasks: what the steps of a workflow do. Called in a workflow, a task becomes a step of it."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable, Mapping
from typing import Any, Literal, ParamSpec, Protocol, TypeVar, cast, overload

from .declared import is_declaration
from .recorder import Setting, current, recorder_for
from .references import Meaning, Ref
from .source import assigned_name, refuse, site_in
from .work import OPTIONS, UNSET, Settings, Work, settings_of

_P = ParamSpec("_P")
_R = TypeVar("_R", covariant=True)

Slo = Mapping[str, Any]


class Task(Protocol[_P, _R]):
    """A function as a task: with a body it does the work itself, without one it declares what is asked for.

    In a workflow a call makes a step and returns a reference to what the step will give. Elsewhere the function is
    called like any other.
    """

    __name__: str

    def __call__(self, *args: _P.args, **kwargs: _P.kwargs) -> _R:
        """Make a step of a workflow, or call the function."""
        ...

    def options(
        self,
        *,
        name: str = ...,
        streams: str = ...,
        join: Literal["ordered", "unordered"] = ...,
        when: object = ...,
        attempts: object = ...,
        timeout: object = ...,
        cache: object = ...,
        slo: Slo = ...,
        where: Mapping[str, Any] = ...,
        returns: object = ...,
    ) -> Task[_P, _R]:
        """The same task with other settings; see ``task``."""
        ...


def _function_task(function: Callable[_P, _R], work: Work) -> Task[_P, _R]:
    """A task is a function still, so that whatever takes functions takes it."""

    @functools.wraps(function)
    def call(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        recorder = current()
        if recorder is not None:
            return work.add(recorder, args, kwargs)  # type: ignore[return-value]
        if work.key != "function":
            hint = "call it in a function that @workflow decorates, or give it a body"
            refuse(f"{function.__name__}() only says what is wanted; models do it in a run", hint)
        return function(*args, **kwargs)

    def options(**given_settings: object) -> Task[_P, _R]:
        return _function_task(function, work.optioned(site_in(), given_settings))

    call.options = options  # type: ignore[attr-defined]
    return cast("Task[_P, _R]", call)


class Asked:
    """A task without a function: called in a workflow it takes arguments by name; it may also decorate a function."""

    def __init__(self, work: Work) -> None:
        self._work = work

    @overload
    def __call__(self, function: Callable[_P, _R], /) -> Task[_P, _R]: ...
    @overload
    def __call__(self, **arguments: Any) -> Any: ...  # noqa: ANN401 - of any kind
    def __call__(self, *given: Any, **arguments: Any) -> Any:
        """Make a step of a workflow, or declare what the task takes and gives."""
        if len(given) == 1 and inspect.isfunction(given[0]) and not arguments:
            return _decorated(given[0], self._work)
        what = f"the task '{self._work.target}'"
        if self._work.key == "function":
            refuse("this task does not say what is to be done", 'task(capability="..."), task("plain words") or @task')
        return self._work.add(recorder_for(what), given, arguments)

    def options(
        self,
        *,
        name: str = UNSET,
        streams: str = UNSET,
        join: Literal["ordered", "unordered"] = UNSET,
        when: object = UNSET,
        attempts: object = UNSET,
        timeout: object = UNSET,
        cache: object = UNSET,
        slo: Slo = UNSET,
        where: Mapping[str, Any] = UNSET,
        returns: object = UNSET,
    ) -> Asked:
        """The same task with other settings; see ``task``."""
        values = locals()
        return Asked(self._work.optioned(site_in(), {key: values[key] for key in OPTIONS}))

    def __repr__(self) -> str:
        return f"<task {self._work.key} {self._work.target}>"


@overload
def task(function: Callable[_P, _R], /) -> Task[_P, _R]: ...
@overload
def task(
    words: str = ...,
    /,
    *,
    capability: str = ...,
    name: str = ...,
    streams: str = ...,
    join: Literal["ordered", "unordered"] = ...,
    attempts: object = ...,
    timeout: object = ...,
    cache: object = ...,
    slo: Slo = ...,
    where: Mapping[str, Any] = ...,
    returns: object = ...,
    **arguments: Any,  # noqa: ANN401 - of any kind
) -> Asked: ...
def task(
    what: object = UNSET,
    /,
    *,
    capability: str = UNSET,
    name: str = UNSET,
    streams: str = UNSET,
    join: str = UNSET,
    attempts: object = UNSET,
    timeout: object = UNSET,
    cache: object = UNSET,
    slo: Slo = UNSET,
    where: Mapping[str, Any] = UNSET,
    returns: object = UNSET,
    **arguments: Any,
) -> Any:
    """Say what a step does: by a capability, in plain words, or with a function of one's own.

    ``task(capability="text-to-speech")`` and ``task("read the text aloud")`` can be called as they are, or decorate a
    function without a body that declares what it takes and gives. ``@task`` over a function with a body makes that
    function the step.

    Args:
        what: plain words, or the function.
        capability: of the catalogue.
        name: of the steps; by default the variable that a call is assigned to, else the name of the function.
        streams: what it emits piece by piece, for example ``turn``.
        join: ``ordered`` or ``unordered``: run over the items one at a time, each given what the one before returned.
        attempts: how often it is tried.
        timeout: of an attempt, for example ``"90s"``.
        cache: whether results may be kept for, and taken from, other runs.
        slo: promises of the step, for example ``{"quality": "good"}``.
        where: where it may run, for example ``{"device": "cpu"}``.
        returns: what a text generation must answer, for example ``{"answer": "number"}``.
        **arguments: that are the same in every call, for example ``form="dialogue"``.

    Raises:
        WorkflowError: what is asked for makes no sense.
    """
    site = site_in()
    values = locals()
    settings = settings_of(site, {key: values[key] for key in OPTIONS if key in values})
    fixed = settings_of(site, arguments)
    if inspect.isfunction(what):
        return _decorated(what, Work("function", what.__name__, {}, {}, None, site))
    if what is not UNSET and not isinstance(what, str):
        refuse(f"a task is a function or a text, not a {type(what).__name__}", '@task, or task("read it aloud")')
    if what is not UNSET and capability is not UNSET:
        refuse("a capability and plain words exclude each other", "keep one of them")
    if what is UNSET and capability is UNSET:
        return Asked(Work("function", "", settings, fixed, None, site))
    key, target = ("task", what) if capability is UNSET else ("capability", capability)
    return Asked(Work(key, str(target), settings, fixed, None, site))


def _decorated(function: Callable[_P, _R], work: Work) -> Task[_P, _R]:
    name, empty = function.__name__, is_declaration(function)
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        refuse(f"'{name}' is an async function", "write it with 'def': every task has a process of its own")
    if work.key == "function" and empty:
        hint = 'give it a body, or say what does it: @task(capability="...") or @task("plain words")'
        refuse(f"the task '{name}' has no body and no capability", hint, work.site)
    if work.key != "function" and not empty:
        hint = "write '...' as its body, or leave the capability or words out"
        refuse(f"the task '{name}' has a body, so it does the work itself", hint, work.site)
    return _function_task(function, Work(work.key, work.target, work.settings, work.fixed, function, work.site))


class Use:
    """``use``: see ``__call__``."""

    def __init__(self, settings: Settings | None = None) -> None:
        self._settings = settings or {}

    def __call__(self, workflow: str, /, **inputs: Any) -> Any:  # noqa: ANN401 - its outputs
        """Make a step of another workflow; its outputs are fields of what is returned.

        Args:
            workflow: a shipped name, ``./file.yaml`` or ``./file.py:flow``, relative to the file of this workflow.
            **inputs: of that workflow.
        """
        recorder = recorder_for("use()")
        return Work("uses", workflow, self._settings, {}, None, site_in()).add(recorder, (), inputs)

    def options(
        self, *, name: str = UNSET, when: object = UNSET, cache: object = UNSET, where: Mapping[str, Any] = UNSET
    ) -> Use:
        """The same with other settings."""
        settings = settings_of(site_in(), {"name": name, "when": when, "cache": cache, "where": where})
        return Use({**self._settings, **settings})


class Compose:
    """``compose``: see ``__call__``."""

    def __init__(self, settings: Settings | None = None) -> None:
        self._settings = settings or {}

    def __call__(self, value: object = UNSET, /, **fields: object) -> Any:  # noqa: ANN401 - what is put together
        """Put a value together: ``compose(title=topic, parts=[one, two])`` or ``compose([one, two])``."""
        recorder, site = recorder_for("compose()"), site_in()
        if value is not UNSET and fields:
            refuse("compose() takes one value or fields by name, not both", "compose(title=topic)")
        made = Setting(fields, site, "value") if value is UNSET else Setting(value, site, 0)
        settings = dict(self._settings)
        own = settings.pop("name", None)
        name = str(own.value) if own else assigned_name() or "value"
        return recorder.add(name, {"value": made}, settings, {}, site)

    def options(self, *, name: str = UNSET, when: object = UNSET) -> Compose:
        """The same with other settings."""
        return Compose({**self._settings, **settings_of(site_in(), {"name": name, "when": when})})


use, compose = Use(), Compose()


def secret(name: str, /) -> Any:  # noqa: ANN401 - stands for a text
    """The environment variable of that name, read where a step runs and nowhere written down."""
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        refuse(f"{name!r} cannot be the name of a secret", "letters, digits and '_'")
    return Ref(Meaning(None, lambda: f"secrets.{name}", plain=f"the secret '{name}'"))
