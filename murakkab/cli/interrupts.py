"""Ctrl-C and its relatives, turned into a clean end."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from types import TracebackType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupts:
    """While entered, the signals cancel what is named by ``cancelling``, else the task that entered.

    A second signal always cancels the task.
    """

    def __enter__(self) -> Interrupts:
        """Take over the signals of the running loop."""
        task = asyncio.current_task()
        assert task is not None
        self._task = task
        self._action: Callable[[], Awaitable[None]] | None = None
        self._pending: asyncio.Future[None] | None = None
        for number in SIGNALS:
            asyncio.get_running_loop().add_signal_handler(number, self._interrupt)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give the signals back."""
        for number in SIGNALS:
            asyncio.get_running_loop().remove_signal_handler(number)

    @contextmanager
    def cancelling(self, action: Callable[[], Awaitable[None]]) -> Iterator[None]:
        """Let the first signal call ``action``."""
        self._action, self._pending = action, None
        try:
            yield
        finally:
            self._action = None

    def _interrupt(self) -> None:
        if self._action is None or self._pending is not None:
            self._task.cancel()
        else:
            self._pending = asyncio.ensure_future(self._action())
