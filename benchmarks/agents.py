"""How often the embedded model's code passes its tests and its sums are right: at once, and after the loop.

python -m benchmarks.agents [--rounds 3] [--only code|math] [--out FILE]

It goes through the adapters in the order of ``workflows/code-debate.yaml`` and ``workflows/math-reflect.yaml`` and
reads their arguments from those files, without an engine, so that a busy machine changes times only.
"""

from __future__ import annotations

import argparse
import ast
import tempfile
import time
from pathlib import Path
from typing import Any

import yaml

from benchmarks.harness import write
from murakkab_runtimes.base import Output, Runtime, RuntimeFault, Task, runtime_class
from murakkab_runtimes.catalog import load_catalog

ROOT = Path(__file__).parent.parent
NAMES = ("smollm2", "sandbox", "best-of", "calculator", "majority")
DIRECT = {"type": "object", "properties": {"answer": {"type": "number"}}, "required": ["answer"]}


class Bench:
    """The adapters, loaded once."""

    def __init__(self) -> None:
        cards = load_catalog()
        self.parts: dict[str, Runtime] = {name: runtime_class(cards[name].adapter)(cards[name], 1) for name in NAMES}
        self.parts["smollm2"].warm()

    def do(self, part: str, path: tuple[int, ...] = (), /, **arguments: Any) -> tuple[Any, list[Any]]:  # noqa: ANN401
        """Value and items of one task."""
        items: list[Any] = []
        with tempfile.TemporaryDirectory() as folder:
            task = Task(arguments, Path(folder), seed=1, path=path, on_item=lambda value, meta: items.append(value))
            output = self.parts[part].run(task)
        assert isinstance(output, Output)
        return output.value, items


def body(name: str, loop: str) -> dict[str, Any]:
    """The steps of a loop as the shipped file has them."""
    nodes: dict[str, Any] = yaml.safe_load((ROOT / "workflows" / f"{name}.yaml").read_text())["nodes"]
    steps: dict[str, Any] = nodes[loop]["nodes"]
    return steps


def literal(step: dict[str, Any]) -> dict[str, Any]:
    """The arguments that stand in the file as they are."""
    keep = ("form", "candidates", "temperature", "warmest", "system", "examples", "words")
    return {key: step[key] for key in keep if key in step}


def debate(bench: Bench, file: Path, rounds: int) -> dict[str, Any]:
    """One task of code-debate: whether the first version passed, the best of round 1, and the best of all."""
    steps, problem = body("code-debate", "debate"), ast.get_docstring(ast.parse(file.read_text()))
    asked = {"problem": problem, "name": file.stem, "tests": file}
    best: dict[str, Any] | None = None
    scores: list[float] = []
    first, began = False, time.perf_counter()
    for turn in range(rounds):
        before = {} if best is None else {"code": best["code"], "failures": best["failures"]}
        trials = []
        for writer in ("careful", "bold"):
            more = before if writer == "careful" else {}
            for version in bench.do("smollm2", (turn,), **literal(steps[writer]), **asked, **more)[1]:
                trials.append(bench.do("sandbox", code=version["code"], tests=file)[0])
        first = trials[0]["passed"] if turn == 0 else first
        best = bench.do("best-of", items=[best, *trials], by="score")[0]
        assert best is not None
        scores.append(best["score"])
        if best["passed"]:
            break
    assert best is not None
    took = round(time.perf_counter() - began, 1)
    row = {"task": file.stem, "first": first, "scores": scores, "passed": best["passed"], "seconds": took}
    print(row, flush=True)
    return row


def reckon(bench: Bench, problem: dict[str, Any], rounds: int) -> dict[str, Any]:
    """One problem of math-reflect: answered at once without the tool, one sum, the vote of round 1, and of all."""
    step = body("math-reflect", "reflection")["attempts"]
    schema = {"type": "object", "properties": {n: {"type": "string"} for n in step["returns"]}}
    schema["required"] = list(step["returns"])
    wanted, hint, sums, votes = str(problem["answer"]), "", [], []
    began = time.perf_counter()
    shown = [e | {"answer": {"answer": _value(bench, e)}} for e in step["examples"]]
    plain = _answer(bench, problem["problem"], shown)
    for turn in range(rounds):
        prompt = f"{problem['problem']} {hint}"
        try:
            attempts = bench.do("smollm2", (turn,), **literal(step), prompt=prompt, returns=schema)[1]
        except RuntimeFault:
            attempts = []
        sums += [bench.do("calculator", expression=a["expression"])[0] for a in attempts]
        votes.append(bench.do("majority", items=sums, of="exact", valid="ok")[0])
        if votes[-1]["sure"] >= 0.6:
            break
        hint = _hint(bench, problem["problem"], votes[-1], turn)
    row = {
        "problem": problem["problem"],
        "direct": plain == problem["answer"],
        "one": bool(sums) and sums[0]["exact"] == wanted,
        "vote": votes[0]["answer"] == wanted,
        "loop": votes[-1]["answer"] == wanted,
        "any": any(s["exact"] == wanted for s in sums),
        "sure": votes[-1]["sure"],
        "rounds": len(votes),
        "seconds": round(time.perf_counter() - began, 1),
    }
    print(row, flush=True)
    return row


def _value(bench: Bench, example: dict[str, Any]) -> Any:  # noqa: ANN401 - a number
    return bench.do("calculator", expression=example["answer"]["expression"])[0]["value"]


def _answer(bench: Bench, problem: str, examples: list[dict[str, Any]]) -> Any:  # noqa: ANN401 - a number or None
    arguments = {"prompt": problem, "examples": examples, "returns": DIRECT, "temperature": 0, "words": 10}
    try:
        return bench.do("smollm2", **arguments)[0]["answer"]
    except RuntimeFault:
        return None


def _hint(bench: Bench, problem: str, vote: dict[str, Any], turn: int) -> str:
    step = body("math-reflect", "reflection")["doubt"]
    schema = {"type": "object", "properties": {"hint": {"type": "string"}}, "required": ["hint"]}
    prompt = f"{problem} The attempts found: {vote['counts']}"
    try:
        return str(bench.do("smollm2", (turn,), **literal(step), prompt=prompt, returns=schema)[0]["hint"])
    except RuntimeFault:
        return ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=["code", "math"])
    parser.add_argument(
        "--part", type=int, nargs=2, metavar=("I", "N"), default=(0, 1), help="every Nth problem from I"
    )
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    bench, facts = Bench(), {}
    if options.only != "math":
        files = sorted((ROOT / "examples" / "code-debate").glob("*.py"))
        rows = [debate(bench, file, options.rounds) for file in files]
        counts = {"first version": "first", "after the loop": "passed"}
        facts["code"] = {name: sum(r[key] for r in rows) for name, key in counts.items()}
        facts["code"] |= {"round 1": sum(r["scores"][0] == 1 for r in rows), "of": len(rows), "rows": rows}
    if options.only != "code":
        problems = yaml.safe_load((ROOT / "examples" / "math-reflect" / "problems.yaml").read_text())
        problems = problems[options.part[0] :: options.part[1]]
        rows = [reckon(bench, problem, min(2, options.rounds)) for problem in problems]
        facts["math"] = {key: sum(r[key] for r in rows) for key in ("direct", "one", "vote", "loop", "any")}
        facts["math"] |= {"of": len(rows), "rows": rows}
    for name, found in facts.items():
        print(name, {key: value for key, value in found.items() if key != "rows"})
    write("agents" if options.only is None else f"agents-{options.only}", facts, options.out)


if __name__ == "__main__":
    main()
