"""A run that was stopped is gone on with on its page."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import httpx
import pytest

from tests.browser.test_play import program
from tests.server.hosting import hosted

pytestmark = pytest.mark.browser


def test_the_button_goes_on_with_a_stopped_run(tmp_path: Path) -> None:
    browser = program("chromium")
    with hosted(tmp_path / "runs", tmp_path / "show", pace=0.1) as server:
        run = server.start()
        httpx.post(f"{server.address}/api/runs/{run}/cancel", timeout=10)
        command = ["node", "resume.mjs", "chromium", browser, f"{server.address}/runs/{run}", str(tmp_path / "profile")]
        done = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True, timeout=180)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"before": "stopped", "after": "finished", "fault": False}
