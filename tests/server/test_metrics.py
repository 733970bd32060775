"""Metrics stand behind the same door as everything else."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest

from murakkab.engine import Engine, EngineOptions
from murakkab.server.app import create_app
from murakkab.telemetry.exposing import Exposed

pytest.importorskip("prometheus_client")

TOKEN = "a-token-of-the-test-0123456789"


def test_metrics_are_told_to_who_has_the_token(tmp_path: Path) -> None:
    async def go() -> None:
        exposed = Exposed()
        engine = Engine(EngineOptions(tmp_path / "runs", cores=1, cache=False, observers=(exposed,)))
        try:
            await engine.start()
            app = create_app(engine, token=TOKEN, more=[exposed.route()])
            async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as client:
                assert (await client.get("/metrics")).status_code == 401
                told = await client.get("/metrics", headers={"authorization": f"Bearer {TOKEN}"})
                assert told.headers["content-type"].startswith("text/plain; version=0.0.4")
                assert "murakkab_cores 1.0" in told.text.splitlines()
        finally:
            await engine.close()

    asyncio.run(go())
