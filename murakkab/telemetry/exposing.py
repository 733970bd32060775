"""Metrics over HTTP: a route of the engine's server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from murakkab.engine.errors import FAILED, UserError

if TYPE_CHECKING:
    from murakkab.engine.driver import Driver
    from murakkab.telemetry.metrics import EngineMetrics


class Exposed:
    """Makes the metrics of an engine (one of ``EngineOptions.observers``), and the route that shows them.

    Raises:
        UserError: the package for it is missing.

    """

    def __init__(self) -> None:
        try:
            from murakkab.telemetry.metrics import CONTENT_TYPE, EngineMetrics
        except ImportError:
            raise UserError("--metrics needs prometheus-client", "pip install 'murakkab[metrics]'", FAILED) from None
        self._kind, self._make = CONTENT_TYPE, EngineMetrics
        self._metrics: EngineMetrics | None = None

    def __call__(self, driver: Driver) -> EngineMetrics:
        """Watch an engine that starts."""
        self._metrics = self._make(driver)
        return self._metrics

    def route(self) -> Route:
        """``GET /metrics``."""

        async def metrics(_request: Request) -> Response:
            text = self._metrics.text() if self._metrics is not None else b""
            return Response(text, headers={"content-type": self._kind, "cache-control": "no-store"})

        return Route("/metrics", metrics)
