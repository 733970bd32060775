"""What a task does and how it is asked for, and how that becomes a step."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from typing import Any

from murakkab.language.problems import nearest

from .declared import defaults_of, function_name, given
from .recorder import Recorder, Setting
from .references import Ref
from .source import Site, assigned_name, refuse, site_in

UNSET: Any = object()
"""Stands for an option that is not given."""

OPTIONS = ("name", "streams", "join", "when", "attempts", "timeout", "cache", "slo", "where", "returns")
"""What ``.options(...)`` takes."""

Settings = dict[str, Setting]
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")


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
        site, settings = site_in(recorder.file), dict(self.settings)
        name = self._name(settings.pop("name", None))
        passed = self._passed(site, arguments, named)
        work = {self.key: Setting(self._target(recorder, settings), self.site, self.key)}
        return recorder.add(name, work, settings, {**self.fixed, **passed, **self._defaults(passed)}, site)

    def _name(self, own: Setting | None) -> str:
        """The name that is asked for, else the variable that the call is assigned to, else that of the task."""
        if own is not None:
            return str(own.value)
        variable = assigned_name()
        return variable if _NAME.fullmatch(variable) else self.label

    def _passed(self, site: Site, arguments: tuple[object, ...], named: Mapping[str, object]) -> Settings:
        """The arguments of a call by name."""
        if self.function is not None:
            bound = given(self.function, arguments, named)
            return {key: Setting(value, site, argument) for key, (value, argument) in bound.items()}
        if arguments:
            refuse("the arguments of this task have no order", "give each by its name: task(text=...)")
        return settings_of(site, named)

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
    return {key: Setting(value, site, key) for key, value in given_settings.items() if value is not UNSET}
