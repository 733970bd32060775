"""Spans of an engine: a run, and in it each attempt at a task, of which the worker's spans are part."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from murakkab.engine.run import CACHED
from murakkab_optimizer.scheduler import Command, Event
from murakkab_optimizer.scheduler import commands as cmd
from murakkab_optimizer.scheduler import events as ev
from murakkab_runtimes.workers.spans import make_provider

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span

    from murakkab.engine.run import LiveRun


def engine_spans() -> EngineSpans | None:
    """What makes spans for an engine; None where nobody asked for them."""
    provider = make_provider("murakkab-engine")
    return None if provider is None else EngineSpans(provider)


class EngineSpans:
    """Watches an engine (an ``Observer``) and makes a span of each run and each attempt.

    Args:
        provider: makes and sends spans.

    """

    def __init__(self, provider: TracerProvider) -> None:
        self._provider = provider
        self._tracer = provider.get_tracer("murakkab.engine")
        self._runs: dict[str, Span] = {}
        self._attempts: dict[str, Span] = {}

    def happened(self, event: Event, commands: Sequence[Command], live: LiveRun | None, now: float) -> None:
        """Begin and end spans."""
        match event:
            case ev.RunSubmitted() | ev.RunResumed() if live is not None:
                self._begin(live, resumed=isinstance(event, ev.RunResumed))
            case ev.TaskStarted(lease) if lease in self._attempts:
                self._attempts[lease].add_event("started")
            case ev.TaskFinished(lease, meta=meta, seconds=seconds):
                self._end(lease, "", {"murakkab.seconds": seconds, "murakkab.cached": bool(meta.get(CACHED))})
            case ev.TaskFailed(lease, error):
                self._end(lease, error, {})
            case ev.WorkerLost(worker, reason):
                self._lost(worker, reason)
        for command in commands:
            if isinstance(command, cmd.StartTask):
                self._attempt(command, now)
            elif isinstance(command, cmd.CancelTask) and command.lease in self._attempts:
                self._attempts[command.lease].add_event("cancelled")

    def ended(self, live: LiveRun, now: float) -> None:
        """End the span of a run, and those of its attempts that nobody ended."""
        record = live.record
        for lease in [lease for lease in self._attempts if ev.parse_lease(lease)[0] == record.run]:
            self._end(lease, f"the run {record.status}", {})
        if (span := self._runs.pop(record.run, None)) is not None:
            facts = {"murakkab.ttff_s": record.ttff_s, "murakkab.stall_s": record.stall_s}
            span.set_attributes({name: value for name, value in facts.items() if value is not None})
            _finish(span, "" if record.status == "succeeded" else record.error or record.status)

    def context(self, lease: str) -> str:
        """The W3C ``traceparent`` of an attempt."""
        if (span := self._attempts.get(lease)) is None:
            return ""
        known = span.get_span_context()
        return f"00-{known.trace_id:032x}-{known.span_id:016x}-{known.trace_flags:02x}"

    def close(self) -> None:
        """Send what was not sent; a collector that does not answer is not waited for."""
        self._provider.shutdown()

    def _begin(self, live: LiveRun, *, resumed: bool) -> None:
        record = live.record
        facts: dict[str, str | float] = {
            "murakkab.run": record.run,
            "murakkab.workflow": record.workflow,
            "murakkab.resumed": resumed,
        }
        start = round(live.feed.began * 1e9)
        self._runs[record.run] = self._tracer.start_span(
            f"run {record.workflow}", attributes=facts, start_time=None if resumed else start
        )

    def _attempt(self, command: cmd.StartTask, now: float) -> None:
        from opentelemetry.trace import set_span_in_context

        if (above := self._runs.get(command.run)) is None:
            return
        facts: dict[str, str | float] = {
            "murakkab.node": command.node,
            "murakkab.path": ev.path_label(command.path),
            "murakkab.attempt": command.attempt,
            "murakkab.model": command.configuration.model,
            "murakkab.slot": command.worker,
            "murakkab.predicted_s": command.configuration.seconds,
            "murakkab.slack_s": command.deadline - now,
        }
        self._attempts[command.lease] = self._tracer.start_span(
            f"{command.node} {ev.path_label(command.path)}", set_span_in_context(above), attributes=facts
        )

    def _end(self, lease: str, error: str, facts: dict[str, float | bool]) -> None:
        if (span := self._attempts.pop(lease, None)) is not None:
            span.set_attributes(facts)
            _finish(span, error)

    def _lost(self, worker: str, reason: str) -> None:
        """The attempts of a worker that is gone."""
        for lease, span in list(self._attempts.items()):
            if getattr(span, "attributes", {}).get("murakkab.slot") == worker:
                self._end(lease, f"its worker was lost: {reason}", {})


def _finish(span: Span, error: str) -> None:
    from opentelemetry.trace import Status, StatusCode

    span.set_status(Status(StatusCode.ERROR, error) if error else Status(StatusCode.OK))
    span.end()
