"""Blocks of a workflow: what runs over items, what runs only where a condition holds, what runs in rounds."""

from __future__ import annotations

from collections.abc import Iterator
from types import TracebackType
from typing import Any, TypeVar, cast, overload

from .recorder import EachBlock, Recorder, Setting, WhenBlock, recorder_for
from .references import Meaning, Ref, words_of
from .source import Site, refuse, site_in

_T = TypeVar("_T")


@overload
def each(items: Iterator[_T], /) -> Iterator[_T]: ...
@overload
def each(items: list[_T], /) -> Iterator[_T]: ...
@overload
def each(items: _T, /) -> Iterator[_T]: ...
def each(items: object, /) -> Iterator[Any]:
    """Run the steps in the body of a ``for`` once for each item, as soon as the item exists.

    ``for turn in each(script):`` The body is gone through once, with a reference to the item.

    Args:
        items: what a task gives that streams, or that runs over items itself.

    Raises:
        WorkflowError: it stands outside of a workflow, or is given something else.
    """
    recorder, site = recorder_for("each()"), site_in()
    if not isinstance(items, Ref):
        hint = "over values that are there already an ordinary 'for' goes"
        refuse(f"each() runs over what a task gives, not over a {type(items).__name__}", hint)
    if site.end in recorder.source.comprehended and site.file == recorder.file:
        refuse("each() goes with a 'for' statement, not inside brackets", "for item in each(...):")
    recorder.check_owner(items)
    return _body(recorder, EachBlock(site, items))


def _body(recorder: Recorder, block: EachBlock) -> Iterator[Ref]:
    recorder.open(block)
    try:
        yield _item(recorder, block)
    except GeneratorExit:
        hint = "remove break and return from the body; for steps that run only sometimes: with when(...)"
        recorder.note(block.site, "the body of each() was left, but it is gone through only once for all items", hint)
    finally:
        recorder.close(block)


def _item(recorder: Recorder, block: EachBlock) -> Ref:
    def spell() -> str:
        if not block.open:
            hint = "use it there; after the 'for', a step of the body stands for the list of all"
            refuse("this item is only known in the body of its 'for ... in each(...)'", hint)
        return words_of(block.items)

    return Ref(Meaning(recorder, spell))


class when:  # noqa: N801 - a statement of the language
    """Run the steps in the body of a ``with`` only where a condition holds; elsewhere they leave null.

    ``with when(turn.kind == "code"):``

    Args:
        condition: made of references with ``== != < <= > >= & | ~``.
    """

    def __init__(self, condition: object, /) -> None:
        self._site = site_in()
        if not isinstance(condition, Ref | bool):
            refuse(f"when() takes a condition, not a {type(condition).__name__}", 'when(turn.kind == "code")')
        self._condition = condition
        self._recorder = recorder_for("when()")

    def __enter__(self) -> None:
        self._block = WhenBlock(self._site, self._condition)
        self._recorder.open(self._block)

    def __exit__(self, kind: type[BaseException] | None, fault: object, trace: TracebackType | None) -> None:
        self._recorder.close(self._block)


class loop:  # noqa: N801 - a statement of the language
    """Run the steps in the body of a ``with`` in rounds.

    ``with loop("solve", times=4) as solve:`` After the loop, a step of the body stands for its value in the last round.

    Args:
        name: of the loop.
        times: rounds at most.
    """

    def __init__(self, name: str, /, *, times: int) -> None:
        self._name = name
        self._site: Site = site_in()
        self._recorder = recorder_for("loop()")
        self._block = self._recorder.loop(name, Setting(times, self._site, "times"), self._site)
        self._reference = self._recorder.node_reference(name)

    def __enter__(self) -> loop:
        self._recorder.open(self._block)
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: object, trace: TracebackType | None) -> None:
        self._recorder.close(self._block)

    @property
    def previous(self) -> Any:  # noqa: ANN401 - fields of any name and kind
        """The values of the round before: ``solve.previous.attempt.text``; null in the first round."""
        return Ref(Meaning(self._recorder, self._spell_previous))

    def _spell_previous(self) -> str:
        if not self._block.open or self._recorder.loops[-1] is not self._block:
            refuse(f"the round before is only known in the body of the loop '{self._name}'", "use it there")
        return "previous"

    def until(self, condition: object, /) -> None:
        """End the loop after a round for which the condition holds."""
        site = site_in()
        if not self._block.open:
            refuse("until() stands behind its loop", "put it into the body, behind the steps that it looks at")
        if not isinstance(condition, Ref | bool):
            refuse(f"until() takes a condition, not a {type(condition).__name__}", "until(check.correct)")
        self._recorder.until(self._block, Setting(condition, site, 0))

    def _as_reference(self) -> Ref:
        return self._reference


def previous() -> Any:  # noqa: ANN401 - fields of any name and kind
    """What the run before gave of a step with ``join``: it takes the items one at a time."""
    return Ref(Meaning(recorder_for("previous()"), lambda: "previous"))


def collect(items: _T, /) -> list[_T]:
    """What a step of a ``for ... in each(...)`` gives, as the list of all: nothing but its type changes.

    Outside the ``for``, such a step always stands for the list of all; a type checker cannot know and is told so.
    """
    return cast("list[_T]", items)
