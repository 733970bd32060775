"""What a worker does, as spans of OpenTelemetry: an attempt, the load of its model, its items.

Spans are sent (OTLP over HTTP) where the standard variables say, ``OTEL_EXPORTER_OTLP_ENDPOINT`` or
``OTEL_EXPORTER_OTLP_TRACES_ENDPOINT``. Where none is set, nothing of OpenTelemetry is imported.
"""

from __future__ import annotations

import contextlib
import logging
import os
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span

ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
"""Either says where spans go."""

_SEND_MS = 1000

_GIVE_UP_S = 2.0
"""A collector that does not answer within this time gets none of what it was sent (``OTEL_EXPORTER_OTLP_TIMEOUT``)."""


def make_provider(service: str, **facts: str) -> TracerProvider | None:
    """What makes spans and sends them; None where nobody asked for them, or the packages are missing (which is told).

    Args:
        service: ``service.name`` of the spans.
        facts: further attributes of the resource.
    """
    if not any(os.environ.get(name) for name in ENDPOINTS) or os.environ.get("OTEL_SDK_DISABLED", "") == "true":
        return None
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        logging.getLogger(__name__).warning("no spans are sent: pip install 'murakkab[tracing]'")
        return None
    exporter = OTLPSpanExporter(timeout=None if os.environ.get("OTEL_EXPORTER_OTLP_TIMEOUT") else _GIVE_UP_S)
    provider = TracerProvider(resource=Resource.create({"service.name": service, **facts}), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=_SEND_MS))
    return provider


class NoSpans:
    """Nobody asked for spans."""

    def attempt(self, lease: str, model: str, trace: str) -> AbstractContextManager[None]:
        """While entered, what is done is part of an attempt.

        Args:
            lease: of the attempt.
            model: that does it.
            trace: context of the engine's span (W3C ``traceparent``).
        """
        return contextlib.nullcontext()

    def load(self, model: str) -> AbstractContextManager[None]:
        """While entered, a model is loaded."""
        return contextlib.nullcontext()

    def item(self, index: int) -> None:
        """An item is made."""

    def progress(self, done: float) -> None:
        """A share of the attempt is done."""

    def close(self) -> None:
        """Send what was not sent."""


class Spans(NoSpans):
    """Makes the spans of one worker.

    Args:
        provider: makes and sends them.

    """

    def __init__(self, provider: TracerProvider) -> None:
        self._provider = provider
        self._tracer = provider.get_tracer("murakkab.worker")
        self._attempt: Span | None = None
        self._since = 0

    @contextlib.contextmanager
    def attempt(self, lease: str, model: str, trace: str) -> Iterator[None]:
        """As the base says; an attempt outside any trace has no spans."""
        if not trace:
            yield
            return
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        above = TraceContextTextMapPropagator().extract({"traceparent": trace})
        facts = {"murakkab.lease": lease, "murakkab.model": model}
        with self._tracer.start_as_current_span(f"work {model}", context=above, attributes=facts) as span:
            self._attempt, self._since = span, time.time_ns()
            try:
                yield
            finally:
                self._attempt = None

    @contextlib.contextmanager
    def load(self, model: str) -> Iterator[None]:
        """As the base says."""
        with self._tracer.start_as_current_span(f"load {model}", attributes={"murakkab.model": model}):
            yield
        self._since = time.time_ns()

    def item(self, index: int) -> None:
        """A span from the item before, or the beginning, to now."""
        if self._attempt is None:
            return
        now = time.time_ns()
        made = self._tracer.start_span(f"item {index}", start_time=self._since, attributes={"murakkab.item": index})
        made.end(now)
        self._since = now

    def progress(self, done: float) -> None:
        """An event of the attempt."""
        if self._attempt is not None:
            self._attempt.add_event("progress", {"murakkab.done": done})

    def close(self) -> None:
        """Send what was not sent; a collector that does not answer is not waited for."""
        self._provider.shutdown()


def worker_spans(name: str, **facts: Any) -> NoSpans:  # noqa: ANN401 - strings and numbers
    """The spans of a worker of that name."""
    provider = make_provider("murakkab-worker", **{"murakkab.slot": name, **facts})
    return NoSpans() if provider is None else Spans(provider)
