"""A strict type checker accepts natural use of the Python door, and finds what is wrong before anything runs."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "python.md").read_text()
USE = """\
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from murakkab import collect, each, loop, task, use, when, workflow


class Turn(BaseModel):
    text: str
    loud: bool


@task(capability="text-generation", streams="turn")
def script(topic: str, source: Path | None = None) -> Iterator[Turn]:
    raise NotImplementedError


@task("read the text aloud")
def speak(text: str, speed: float = 1.0) -> dict[str, Any]:
    raise NotImplementedError


@task
def join(texts: list[str]) -> str:
    return " ".join(texts)


@workflow(slo={"ttff": 1})
def flow(topic: str = "bees", source: Path | None = None) -> dict[str, Any]:
    turns = script(topic=topic, source=source)
    for turn in each(turns):
        with when((turn.text != "x") & ~turn.loud):
            spoken = speak.options(cache=False, name="s")(turn.text, speed=1.5)
        same = join([turn.text])
        speak(turn.loud)  # type: ignore[arg-type]
        speak(txt=turn.text)  # type: ignore[call-arg]
        speak(turn.txt)  # type: ignore[attr-defined]
        speak.options(nme="x")  # type: ignore[call-arg]
        speak.options(join="sorted")  # type: ignore[arg-type]
    with loop("rounds", times=2) as rounds:
        attempt = join(rounds.previous.attempt)
        rounds.until(attempt == "done")
    whole = join(texts=collect(same))
    join(texts=same)  # type: ignore[arg-type]
    show = use("podcast", topic=topic)
    return {"spoken": spoken, "whole": whole, "show": show.episode, "attempt": attempt}


reveal: dict[str, Any] = flow.run(topic="x", source=Path("y"))
text: str = join(["a"])
flow.run(topik="x")  # type: ignore[call-arg]
flow.options(seed="x")  # type: ignore[arg-type]
"""


def test_a_strict_type_checker(tmp_path: Path):
    (tmp_path / "use.py").write_text(USE)
    for name, block in re.findall(r"```python\n# (\w+\.py)\n(.*?)```", PAGE, re.DOTALL):
        (tmp_path / name).write_text(block)
    files = [*sorted(tmp_path.glob("*.py")), *sorted((ROOT / "examples" / "python").glob("*.py"))]
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--disable-error-code=empty-body", *map(str, files)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert done.returncode == 0, done.stdout
