"""Works out conditions and the values of nodes that no model does."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from murakkab_optimizer.graph import Node
from murakkab_optimizer.scheduler.commands import Evaluate
from murakkab_optimizer.scheduler.events import Evaluated
from murakkab_runtimes.artifacts import ArtifactStore
from murakkab_runtimes.operators import holds
from murakkab_runtimes.references import fill
from murakkab_runtimes.secrets import Mask


class Evaluator:
    """Answers ``Evaluate`` commands one by one, in their order, beside the event loop.

    Args:
        answer: called in the loop with each answer.

    """

    def __init__(self, answer: Callable[[Evaluated], None]) -> None:
        self._answer = answer
        self._pool = ThreadPoolExecutor(1, "evaluation")

    def ask(self, command: Evaluate, node: Node, store: ArtifactStore, mask: Mask) -> None:
        """Have a command answered."""
        self._pool.submit(self._work, asyncio.get_running_loop(), command, node, store, mask)

    def close(self) -> None:
        """Answer no more."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _work(
        self, loop: asyncio.AbstractEventLoop, command: Evaluate, node: Node, store: ArtifactStore, mask: Mask
    ) -> None:
        answer = evaluate(command, node, store, mask)
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(self._answer, answer)


def evaluate(command: Evaluate, node: Node, store: ArtifactStore, mask: Mask) -> Evaluated:
    """Answer one command; whatever goes wrong is the answer's ``error``. No secret gets into the answer."""
    reply = partial(Evaluated, command.run, command.node, command.path, command.what, command.index)
    try:
        value, ends = _worked_out(command, node, store)
        if command.what == "when":
            return reply(holds=ends)
        return reply(store.put_json(mask.value(value)), holds=ends)
    except Exception as fault:
        return reply(error=mask.text(str(fault) or type(fault).__name__))


def _worked_out(command: Evaluate, node: Node, store: ArtifactStore) -> tuple[Any, bool]:
    """The value, if one is asked for, and whether the condition holds."""
    item = None if command.item is None else store.load(command.item)
    previous = None if command.previous is None else store.load(command.previous)

    def filled(value: Any) -> Any:  # noqa: ANN401 - JSON of any shape
        return fill(value, item, command.inputs, store.load, previous)

    match command.what:
        case "when":
            return None, holds(filled(node.when))
        case "round":
            return filled(node.arguments["value"]), holds(filled(node.until))
    return filled(node.arguments["value"]), True
