"""``workflows/code-debate.yaml`` in Python: ``murakkab run examples/python/code_debate.py:code_debate``."""

from pathlib import Path
from typing import Annotated, Any

from murakkab import Input, each, loop, task, when, workflow

program = task(capability="text-generation", form="code", streams="version")
execute = task(capability="code-execution")
select = task(capability="selection", by="score")
write = task(capability="text-generation")

SYSTEM = "You review code. You say in one or two sentences what is wrong and how to correct it."


@workflow
def code_debate(
    problem: Annotated[str, Input("What the function must do")],
    name: Annotated[str, Input("Name of the function")],
    tests: Annotated[Path, Input("Python with lines such as assert f(1) == 2, or functions test_...")],
    rounds: Annotated[int, Input("Rounds of the debate at most", minimum=1, maximum=10)] = 3,
) -> dict[str, Any]:
    """Two writers propose a function, tests try it out, a critic reads what failed, and they try again."""
    with loop("debate", times=rounds) as debate:
        before = debate.previous
        careful = program(
            problem=problem,
            name=name,
            tests=tests,
            code=before.judge.code,
            failures=before.judge.failures,
            critique=before.critic.text,
            candidates=3,
            temperature=0,
            warmest=0.6,
        )
        bold = program(problem=problem, name=name, tests=tests, candidates=2, temperature=0.8)
        for version in each(careful):
            careful_trial = execute.options(name="careful-trial")(code=version.code, tests=tests)
        for version in each(bold):
            bold_trial = execute.options(name="bold-trial")(code=version.code, tests=tests)
        judge = select(items=[before.judge, careful_trial, bold_trial])
        debate.until(judge.passed)
        with when(~judge.passed):
            prompt = f"{problem}\n\n{judge.code}\n\nWhat failed: {judge.failures}"
            write.options(name="critic")(system=SYSTEM, prompt=prompt, words=60)
    return {"code": judge.code, "passed": judge.passed, "failures": judge.failures}
