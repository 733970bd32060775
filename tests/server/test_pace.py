"""When the page begins to play a show that is still being made: ``mayBegin`` of ``pace.js``, asked in Node."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from murakkab.server.app import STATIC

ASK = """
import { readFileSync } from "node:fs";
const module = await import(`data:text/javascript,${encodeURIComponent(readFileSync(process.argv[1], "utf8"))}`);
const cases = JSON.parse(readFileSync(0, "utf8"));
const answers = cases.map(({ now, rungs, ...state }) =>
  module.mayBegin({ ...state, rungs: new Map(rungs.map((t, shot) => [String(shot), { t }])) }, now));
console.log(JSON.stringify(answers));
"""


@dataclass
class Case:
    """What the page knows at a moment, and whether it is to play.

    Attributes:
        begins: the answer that is right.
        made: seconds of the show after each segment, with the moment at which the segment was there.
        now: seconds since the request.
        shots: moments at which shots were begun.
        status: of the run.
    """

    begins: bool
    made: tuple[tuple[float, float], ...] = ()
    now: float = 1.0
    shots: tuple[float, ...] = ()
    status: str = "running"

    def state(self) -> dict[str, object]:
        ends = [0.0, *(until for until, _ in self.made)]
        segments = [
            {"start": start, "seconds": until - start, "t": t}
            for start, (until, t) in zip(ends, self.made, strict=False)
        ]
        return {
            "status": self.status,
            "segments": segments,
            "madeSeconds": ends[-1],
            "rungs": self.shots,
            "now": self.now,
        }


CASES = {
    "nothing is there": Case(False),
    "nothing is there after a long time": Case(False, now=60.0),
    "a run that ended with nothing": Case(True, status="failed"),
    "a show that is whole, however slowly it was made": Case(True, ((1.0, 50.0),), 50.1, (1.0,), "succeeded"),
    "half a second, made at twice its speed": Case(True, ((0.5, 1.25),), 1.25, (1.0,)),
    "half a second, made a little slower than that": Case(False, ((0.5, 1.3),), 1.3, (1.0,)),
    "a first second, made a quarter faster than it plays": Case(True, ((0.5, 1.3), (1.0, 1.8)), 1.8, (1.0,)),
    "a first second, made a little slower than that": Case(False, ((0.5, 1.4), (1.0, 1.85)), 1.85, (1.0,)),
    "less than two seconds at 1.1 times their speed": Case(False, ((1.0, 1.9), (1.9, 2.7)), 2.7, (1.0,)),
    "two seconds at 1.1 times their speed": Case(True, ((1.0, 1.9), (2.0, 2.8)), 2.8, (1.0,)),
    "two seconds at their own speed": Case(False, ((1.0, 2.0), (2.0, 3.0)), 3.0, (1.0,)),
    "the shot that was begun first counts": Case(False, ((1.0, 1.9), (2.0, 2.8)), 2.8, (2.0, 0.5)),
    "no shot told: the first segment tells no speed": Case(False, ((1.0, 1.5),), 1.5),
    "no shot told: the second one does": Case(True, ((1.0, 1.5), (2.0, 2.3)), 2.3),
    "no shot told: the second one took long": Case(False, ((1.0, 1.5), (2.0, 2.5)), 2.5),
    "slow, and nearly four seconds": Case(False, ((1.0, 3.0), (3.9, 9.0)), 9.0, (1.0,)),
    "slow, and four seconds": Case(True, ((1.0, 3.0), (4.0, 9.0)), 9.0, (1.0,)),
    "slow, nearly ten seconds after the first segment": Case(False, ((1.0, 3.0),), 12.9, (1.0,)),
    "slow, ten seconds after the first segment": Case(True, ((1.0, 3.0),), 13.0, (1.0,)),
    "all at one moment": Case(True, ((1.0, 1.0),), 1.0, (1.0,)),
}


@pytest.fixture(scope="module")
def answers() -> dict[str, bool]:
    """What ``mayBegin`` says of each case."""
    if shutil.which("node") is None:
        pytest.skip("node is missing: run apt-get install nodejs")
    states = json.dumps([case.state() for case in CASES.values()])
    command = ["node", "--input-type=module", "-e", ASK, str(Path(STATIC / "js" / "pace.js"))]
    done = subprocess.run(command, input=states, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return dict(zip(CASES, json.loads(done.stdout), strict=True))


@pytest.mark.parametrize("name", CASES)
def test_a_show_begins_when_what_follows_will_be_there(name: str, answers: dict[str, bool]) -> None:
    assert answers[name] is CASES[name].begins
