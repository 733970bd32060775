"""What is done about attempts that fail, lose their worker or take too long."""

from __future__ import annotations

from collections.abc import Callable

from murakkab_optimizer.scheduler import events as ev
from murakkab_optimizer.scheduler.attempts import Attempts
from murakkab_optimizer.scheduler.filming import Filming
from murakkab_optimizer.scheduler.runs import RunState, place
from murakkab_optimizer.scheduler.state import Status, TaskState
from murakkab_optimizer.scheduler.timers import Timers

BACKOFF_S = 0.2
"""Wait before the second attempt after a failure; it doubles with every further one."""


class Failures:
    """Tries tasks again, up to the attempts that their nodes have; then their runs fail.

    Args:
        attempts: at tasks.
        filming: how good shots are made.
        timers: of attempts that take too long and of tasks that wait for the next one.
        fail: ends a run, with what went wrong and whether its input is at fault.

    """

    def __init__(
        self, attempts: Attempts, filming: Filming, timers: Timers, fail: Callable[[RunState, str, bool], None]
    ) -> None:
        self._attempts, self._filming, self._timers, self._fail = attempts, filming, timers, fail

    def failed(self, state: RunState, task: TaskState, failure: ev.TaskFailed, now: float) -> None:
        """An attempt ended without a result; where memory lacked, a lower rung may do."""
        if failure.memory and (made := self._filming.eased(state, task, now)) is not None:
            self._attempts.out.append(made)
            self._attempts.queue(state, task, now)
        else:
            self._retry(state, task, failure, now)

    def lost(self, state: RunState, task: TaskState, loss: ev.WorkerLost, now: float) -> None:
        """The worker of an attempt is gone; the attempt counts where it may have been what it died of."""
        if loss.blame:
            self._retry(state, task, ev.TaskFailed(task.lease or "", f"its worker died: {loss.reason}"), now)
        else:
            self._attempts.queue(state, task, now)

    def fired(self, name: str, now: float) -> None:
        """A time has come: to try tasks again, or to stop attempts that take too long."""
        for state, task in self._timers.fired(name, now):
            if state.ended:
                continue
            if task.status is Status.BACKOFF:
                self._attempts.wake(state, task, now)
            else:
                self._time_out(state, task, now)

    def _time_out(self, state: RunState, task: TaskState, now: float) -> None:
        """Stop an attempt that takes too long; its worker is free when it says so."""
        lease = task.lease or ""
        self._attempts.cancel(lease)
        self._retry(state, task, ev.TaskFailed(lease, f"took longer than {task.node.timeout_s:g} s"), now)

    def _retry(self, state: RunState, task: TaskState, failure: ev.TaskFailed, now: float) -> None:
        task.failures += 1
        if not failure.retry or task.failures >= task.node.attempts:
            tried = f" (tried {task.failures} times)" if task.failures > 1 else ""
            self._fail(state, f"{place(task)}: {failure.error}{tried}", failure.input_fault)
            return
        task.status, task.lease = Status.BACKOFF, None
        self._timers.wait(state, task, now + BACKOFF_S * 2 ** (task.failures - 1))
