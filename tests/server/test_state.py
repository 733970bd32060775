"""What the page makes of the events of a run: ``RunState`` of ``state.js``, asked in Node."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest

from murakkab.server.app import STATIC

ASK = """
import { readFileSync } from "node:fs";
const module = await import(`data:text/javascript,${encodeURIComponent(readFileSync(process.argv[1], "utf8"))}`);
const state = new module.RunState("r");
for (const event of JSON.parse(readFileSync(0, "utf8"))) state.apply(event);
console.log(JSON.stringify(state.measured));
"""


def moved(t: float, ttff_s: float | None, first_speech_s: float | None = None) -> dict[str, object]:
    return {"event": "playback.moved", "t": t, "ttff_s": ttff_s, "first_speech_s": first_speech_s}


@pytest.mark.skipif(shutil.which("node") is None, reason="node is missing; run: apt-get install nodejs")
def test_the_page_shows_what_a_player_measured_in_the_end() -> None:
    told = [moved(1.0, None), moved(2.0, 1.4), moved(3.0, 1.4, 1.9)]
    command = ["node", "--input-type=module", "-e", ASK, str(STATIC / "js" / "state.js")]
    done = subprocess.run(command, input=json.dumps(told), capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == told[-1]
