"""Tasks: what the steps of a workflow do. Called in a workflow, a task becomes a step of it."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable, Mapping
from typing import Any, Literal, ParamSpec, Protocol, TypeVar, cast, overload

from murakkab.language.problems import nearest

from .declared import defaults_of, function_name, given, is_declaration
from .recorder import Recorder, Setting, current, recorder_for
from .references import Meaning, Ref
from .source import Site, assigned_name, refuse, site_in

_P = ParamSpec("_P")
_R = TypeVar("_R", covariant=True)
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_UNSET: Any = object()

OPTIONS = ("name", "streams", "join", "when", "attempts", "timeout", "cache", "slo", "where", "returns")
"""What ``.options(...)`` takes."""

Slo = Mapping[str, Any]
Settings = dict[str, Setting]


class Work:
    """What a task does and how it is asked for.

    Args:
        key: ``capability``, ``task``, ``function`` or ``uses``.
        target: what stands behind that key.
        settings: other reserved keys, and ``name``.
        fixed: arguments that are the same in every call.
        function: that declares the arguments or does the work, if any.
        site: where the task was made.
    """

    def __init__(
        self,
        key: str,
        target: str,
        settings: Settings,
        fixed: Settings,
        function: Callable[..., Any] | None,
        site: Site,
    ) -> None:
        self.key, self.target, self.settings, self.fixed = key, target, settings, fixed
        self.function, self.site = function, site

    def optioned(self, site: Site, given_settings: Mapping[str, object]) -> Work:
        """The same work, asked for otherwise."""
        for key in given_settings:
            if key not in OPTIONS:
                refuse(f"there is no option '{key}'", nearest(key, OPTIONS, what="options"))
        settings = {**self.settings, **settings_of(site, given_settings)}
        return Work(self.key, self.target, settings, self.fixed, self.function, self.site)

    @property
    def label(self) -> str:
        """A name for a step that does it."""
        if self.function is not None:
            return self.function.__name__
        words = re.findall(r"[A-Za-z0-9]+", self.target.rpartition(":")[2] or self.target)
        return "-".join(words[:4]).lower() if words and words[0][0].isalpha() else "step"

    def add(self, recorder: Recorder, arguments: tuple[object, ...], named: Mapping[str, object]) -> Ref:
        """Write a step that does it into a workflow."""
        site = site_in(recorder.file)
        settings = dict(self.settings)
        own = settings.pop("name", None)
        name = str(own.value) if own else assigned_name()
        if not _NAME.fullmatch(name):
            name = own.value if own else self.label  # type: ignore[assignment]
        if self.function is not None:
            bound = given(self.function, arguments, named)
        elif arguments:
            refuse("the arguments of this task have no order", "give each by its name: task(text=...)")
        else:
            bound = {key: (value, key) for key, value in named.items()}
        work = {self.key: Setting(self._target(recorder, settings), self.site, self.key)}
        passed = {key: Setting(value, site, argument) for key, (value, argument) in bound.items()}
        return recorder.add(name, work, settings, {**self.fixed, **passed, **self._defaults(passed)}, site)

    def _defaults(self, passed: Settings) -> Settings:
        if self.function is None or self.key not in ("capability", "task"):
            return {}
        left = {key: value for key, value in defaults_of(self.function).items() if key not in passed}
        return settings_of(self.site, left)

    def _target(self, recorder: Recorder, settings: Settings) -> str:
        if self.function is None:
            return self.target
        if self.key == "function":
            if inspect.isgeneratorfunction(self.function) and "streams" not in settings:
                settings["streams"] = Setting(self.function.__name__, self.site, "streams")
            return function_name(self.function, recorder.file, self.site)
        if self.target == "text-generation" and "returns" not in settings and "form" not in self.fixed:
            from .answers import answer_of

            returns = answer_of(self.function, self.site)
            if returns is not None:
                settings["returns"] = Setting(returns, self.site, "returns")
        return self.target


def settings_of(site: Site, given_settings: Mapping[str, object]) -> Settings:
    """Those that were given, with the call they stand in."""
    return {key: Setting(value, site, key) for key, value in given_settings.items() if value is not _UNSET}


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
        name: str = _UNSET,
        streams: str = _UNSET,
        join: Literal["ordered", "unordered"] = _UNSET,
        when: object = _UNSET,
        attempts: object = _UNSET,
        timeout: object = _UNSET,
        cache: object = _UNSET,
        slo: Slo = _UNSET,
        where: Mapping[str, Any] = _UNSET,
        returns: object = _UNSET,
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
    what: object = _UNSET,
    /,
    *,
    capability: str = _UNSET,
    name: str = _UNSET,
    streams: str = _UNSET,
    join: str = _UNSET,
    attempts: object = _UNSET,
    timeout: object = _UNSET,
    cache: object = _UNSET,
    slo: Slo = _UNSET,
    where: Mapping[str, Any] = _UNSET,
    returns: object = _UNSET,
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
    if what is not _UNSET and not isinstance(what, str):
        refuse(f"a task is a function or a text, not a {type(what).__name__}", '@task, or task("read it aloud")')
    if what is not _UNSET and capability is not _UNSET:
        refuse("a capability and plain words exclude each other", "keep one of them")
    if what is _UNSET and capability is _UNSET:
        return Asked(Work("function", "", settings, fixed, None, site))
    key, target = ("task", what) if capability is _UNSET else ("capability", capability)
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
        self, *, name: str = _UNSET, when: object = _UNSET, cache: object = _UNSET, where: Mapping[str, Any] = _UNSET
    ) -> Use:
        """The same with other settings."""
        settings = settings_of(site_in(), {"name": name, "when": when, "cache": cache, "where": where})
        return Use({**self._settings, **settings})


class Compose:
    """``compose``: see ``__call__``."""

    def __init__(self, settings: Settings | None = None) -> None:
        self._settings = settings or {}

    def __call__(self, value: object = _UNSET, /, **fields: object) -> Any:  # noqa: ANN401 - what is put together
        """Put a value together: ``compose(title=topic, parts=[one, two])`` or ``compose([one, two])``."""
        recorder, site = recorder_for("compose()"), site_in()
        if value is not _UNSET and fields:
            refuse("compose() takes one value or fields by name, not both", "compose(title=topic)")
        made = Setting(fields, site, "value") if value is _UNSET else Setting(value, site, 0)
        settings = dict(self._settings)
        own = settings.pop("name", None)
        name = str(own.value) if own else assigned_name() or "value"
        return recorder.add(name, {"value": made}, settings, {}, site)

    def options(self, *, name: str = _UNSET, when: object = _UNSET) -> Compose:
        """The same with other settings."""
        return Compose({**self._settings, **settings_of(site_in(), {"name": name, "when": when})})


use, compose = Use(), Compose()


def secret(name: str, /) -> Any:  # noqa: ANN401 - stands for a text
    """The environment variable of that name, read where a step runs and nowhere written down."""
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        refuse(f"{name!r} cannot be the name of a secret", "letters, digits and '_'")
    return Ref(Meaning(None, lambda: f"secrets.{name}", plain=f"the secret '{name}'"))
