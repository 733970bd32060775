"""Any workflow written through the Python door, printed as YAML and read again, gives the same graph."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from murakkab import compose, each, loop, secret, task, when, workflow
from murakkab.language import check_inputs, compile_graph, parse_workflow

HERE = str(Path(__file__).with_suffix(".yaml"))
TEXTS = ["", "yes", "1:30", "null", "a 'b' \"c\"", "é\u2028\n- x: y", "$${{ kept }}", "#", "2e3", "*a", "x" * 130]
VALUES = st.sampled_from([*TEXTS, 0, -1, 1.5, 1e-7, 1e300, True, None]) | st.text(
    st.characters(exclude_categories=("Cs", "Cc")), max_size=8
).filter(lambda text: "${{" not in text)
PICK = st.integers(0, 1000)

toys = [task(capability="toy-one"), task(capability="toy-two", fixed=1), task("read the text aloud")]


@task
def measure(one: Any, two: Any = None) -> Any:
    """Never called: the graph names it."""
    return [one, two]


@dataclass
class Step:
    kind: int
    picks: list[int]
    value: Any
    streams: bool
    options: dict[str, Any]


@dataclass
class Group:
    kind: str
    pick: int
    value: Any
    body: list[Any] = field(default_factory=list)


OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "attempts": st.integers(1, 9),
        "timeout": st.sampled_from(["30s", 2.5]),
        "cache": st.booleans(),
        "slo": st.just({"quality": "good", "latency": 2}),
        "where": st.just({"device": "cpu", "model": ["a", "b"]}),
    },
)
STEPS = st.builds(Step, st.integers(0, 4), st.lists(PICK, max_size=3), VALUES, st.booleans(), OPTIONS)
PROGRAMS = st.recursive(
    STEPS,
    lambda inner: st.builds(
        Group, st.sampled_from(["each", "loop", "when"]), PICK, VALUES, st.lists(inner, max_size=3)
    ),
    max_leaves=10,
)


class Writer:
    """Writes a drawn program through the door; every program is a right workflow."""

    def __init__(self, topic: Any) -> None:
        self.values: list[Any] = [topic]
        self.fields: list[Any] = [topic]
        self.streams: list[Any] = []
        self.looped: list[Any] = []
        self.steps = 0

    def write(self, program: Any) -> None:
        if isinstance(program, Step):
            self.step(program)
        elif program.kind == "loop":
            self.loop(program)
        elif program.kind == "when":
            left = self.fields[program.pick % len(self.fields)]
            value = program.value if "${{" not in str(program.value) else ""
            with when(~(left == value) & (left != self.fields[0]) | (left < 3)):
                self.body(program.body)
        elif self.streams:
            self.each(program)

    def body(self, body: list[Any]) -> None:
        for program in body:
            self.write(program)

    def step(self, step: Step) -> Any:
        self.steps += 1
        name, chosen = f"s{self.steps}", [self.values[pick % len(self.values)] for pick in step.picks]
        arguments = {"one": step.value, "two": {"in": [f"{c} and {step.value}" for c in chosen], "all": chosen}}
        if step.kind == 4:
            made = compose.options(name=name)({"name": name, **arguments})
            return self.keep(made, streams=False)
        if step.kind == 3:
            made = measure.options(name=name, **step.options)(**arguments)
            return self.keep(made, streams=False)
        options = {**step.options, **({"streams": "toy"} if step.streams and step.kind < 2 else {})}
        given = {"text": "x"} if step.kind == 2 else {**arguments, "when": chosen, "key": secret("KEY")}
        return self.keep(toys[step.kind].options(name=name, **options)(**given), streams="streams" in options)

    def keep(self, made: Any, *, streams: bool) -> Any:
        self.values.append(made)
        if streams:
            self.streams.append(made)
        return made

    def each(self, group: Group) -> None:
        before, made = len(self.fields), len(self.values)
        for item in each(self.streams[group.pick % len(self.streams)]):
            self.fields.append(item.field)
            self.values.append(item.field)
            kept = len(self.values) - 1
            self.body(group.body)
        del self.fields[before:]
        del self.values[kept]
        # Outside, a step inside a loop inside it would be a field of a list.
        self.values[made:] = [one for one in self.values[made:] if not any(one is other for other in self.looped)]

    def loop(self, group: Group) -> None:
        """What an outer loop gave in the round before is not known inside."""
        streams, around = self.streams, self.values
        self.streams, self.values = [], [one for one in around if not str(one).startswith("${{ previous")]
        made = len(self.values)
        with loop(f"s{self.steps + 1}_loop", times=group.pick % 9 + 1) as rounds:
            first = self.step(Step(0, [group.pick], group.value, False, {}))
            self.values.append(getattr(rounds.previous, f"s{self.steps}").field)
            self.body(group.body)
            rounds.until((first == group.pick) | (first.field >= 0.5))
            inside = [one for one in self.values[made:] if not str(one).startswith("${{ previous")]
        self.looped += inside
        self.streams, self.values = streams, [*around, *inside, rounds]


@settings(max_examples=40)
@given(st.lists(PROGRAMS, min_size=1, max_size=5))
def test_yaml_and_back(programs: list[Any]):
    @workflow(slo={"ttff": 1})
    def flow(topic: str = "bees") -> dict[str, Any]:
        writer = Writer(topic)
        writer.step(Step(0, [], 1, True, {}))
        writer.body(programs)
        return {"last": writer.values[1]}

    again = parse_workflow(flow.yaml, HERE)
    inputs = check_inputs(again, {})
    assert compile_graph(again, inputs) == compile_graph(flow.workflow, inputs)
    assert again.outputs == flow.workflow.outputs
