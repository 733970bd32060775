"""Two browsers watch one run at once; the second joins late and leaves early."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import httpx
import pytest

from tests.browser.test_play import LEAD_S, SHOW_S, program
from tests.server.hosting import hosted

pytestmark = [pytest.mark.browser, pytest.mark.alone]


def test_a_second_viewer_comes_and_goes_and_the_first_sees_nothing_of_it(tmp_path: Path) -> None:
    browser = program("chromium")
    with hosted(tmp_path / "runs", tmp_path / "show", lead_s=LEAD_S, pace=0.9) as server:
        command = ["node", "two.mjs", "chromium", browser, server.address, str(tmp_path / "profile")]
        done = subprocess.run(
            command, cwd=Path(__file__).parent, capture_output=True, text=True, timeout=180, check=False
        )
        assert done.returncode == 0, done.stderr
        seen, reports = json.loads(done.stdout), server.engine.reports
        assert httpx.get(f"{server.address}/api{seen['url']}", timeout=10).json()["status"] == "succeeded"

    first, second = seen["first"], seen["second"]
    assert first[-1]["ended"]
    assert first[-1]["time"] == pytest.approx(SHOW_S, abs=0.2)
    assert [s["time"] for s in first] == sorted(s["time"] for s in first)
    assert second[-1]["time"] > 0.5
    assert {s["width"] for s in second if s["time"] > 0} == {640}

    positions = [told["position_s"] for told in reports]
    assert positions == sorted(positions)  # the second viewer, who was behind, never set the run back
    measured = [told["ttff_s"] for told in reports if told["ttff_s"] is not None]
    # Its wait for the first frame is not that of the run; each event says a little better when that was asked for.
    assert max(measured) - min(measured) < 0.1
    assert reports[-1]["stall_s"] == pytest.approx(0, abs=0.05)
