"""Conditions, loops, values, functions and used workflows become nodes of one flat graph."""

from __future__ import annotations

from pathlib import Path

from murakkab.language import load_workflow
from murakkab_optimizer.graph import Edge, Slo, Where

from .flows import INNER, compiled, written
from .texts import parsed, problems_of, workflow_text

LOOP = """
plan: {capability: x, streams: step}
solve:
  repeat: 4
  for_each: ${{ nodes.plan }}
  until: ${{ nodes.judge.good && nodes.judge.score >= 0.5 }}
  nodes:
    write: {capability: x, step: "${{ item.text }}", why: "${{ previous.judge.why }}"}
    judge: {capability: x, answer: "${{ nodes.write }}", plan: "${{ nodes.plan.text }}"}
best: {capability: x, answers: "${{ nodes.solve }}"}
each: {capability: x, for_each: "${{ nodes.plan }}", why: "${{ nodes.solve.judge.why }}"}
"""


def test_a_loop_streams_its_rounds_to_its_steps() -> None:
    graph = compiled(parsed(LOOP))
    loop, write, judge = (graph.node(name) for name in ("solve", "solve.write", "solve.judge"))
    assert (loop.repeat, loop.body, loop.depth, loop.for_each) == (4, ("solve.write", "solve.judge"), 1, "plan")
    assert loop.until == {
        "$is": "and",
        "of": [
            {"$node": "solve.judge", "path": ["good"]},
            {"$is": ">=", "of": [{"$node": "solve.judge", "path": ["score"]}, 0.5]},
        ],
    }
    assert loop.arguments["value"] == {name: {"$node": f"solve.{name}", "path": []} for name in ("write", "judge")}
    assert (write.for_each, write.depth, judge.for_each) == ("solve", 2, "solve")
    assert set(write.edges) == {Edge("solve", 2), Edge("plan", 1)}
    assert write.arguments["step"] == {"$node": "plan", "path": ["text"]}
    assert write.arguments["why"] == {"$node": "solve", "path": ["judge", "why"]}
    assert Edge("solve.write", 2) in judge.edges


def test_what_is_read_of_a_loop_from_outside_is_its_last_round() -> None:
    graph = compiled(parsed(LOOP))
    assert graph.node("best").edges == (Edge("solve", many=True, final=True),)
    assert graph.node("each").edges == (Edge("plan", 1), Edge("solve", 1, final=True))
    names = [node.name for node in graph.nodes]
    assert names.index("solve") < names.index("solve.write") < names.index("best")


def test_a_step_that_belongs_to_a_part_reads_all_below_it() -> None:
    graph = compiled(
        parsed(
            """
            sections: {capability: x, streams: s}
            turns: {capability: x, for_each: "${{ nodes.sections }}", streams: t}
            sum: {capability: x, for_each: "${{ nodes.sections }}", own: "${{ nodes.turns }}"}
            """
        )
    )
    assert graph.node("sum").edges == (Edge("sections", 1), Edge("turns", 1, many=True))


def test_a_used_workflow_is_taken_in_with_its_inputs_bound(tmp_path: Path) -> None:
    workflow = written(
        tmp_path,
        """
        plan: {capability: x, streams: step}
        told: {uses: ./inner.yaml, for_each: "${{ nodes.plan }}", when: "${{ item.say }}", text: "${{ item.text }}?"}
        last: {capability: x, for_each: "${{ nodes.told.parts }}", join: ordered, one: "${{ item.audio }}"}
        """,
        outputs="whole: ${{ nodes.told.whole }}\nlast: ${{ nodes.last }}",
    )
    graph = compiled(workflow)
    parts, speak = graph.node("told.parts"), graph.node("told.speak")
    assert parts.arguments == {"text": {"$join": ["Say: ", {"$node": "plan", "path": ["text"]}, "?!"]}}
    assert (parts.for_each, parts.depth, speak.for_each, speak.depth) == ("plan", 1, "told.parts", 2)
    assert speak.when == {"$node": "plan", "path": ["say"]}
    assert speak.arguments["loud"] is False
    assert graph.node("told.all").attempts == 2
    assert graph.node("told.all").edges == (Edge("plan", 1), Edge("told.speak", 1, many=True))
    assert graph.node("last").for_each == "told.speak"
    assert graph.outputs["whole"] == ("told.all", ("audio",))


def test_a_used_workflow_inside_a_loop(tmp_path: Path) -> None:
    graph = compiled(
        written(
            tmp_path,
            """
            again:
              repeat: 2
              nodes:
                told: {uses: inner.yaml, text: "${{ previous.told.whole }}"}
                judge: {capability: x, audio: "${{ nodes.told.whole }}"}
            """,
        )
    )
    assert graph.node("again.told.parts").for_each == "again"
    assert graph.node("again").body == ("again.told.parts", "again.told.speak", "again.told.all", "again.judge")
    assert graph.node("again.told.parts").arguments["text"]["$join"][1] == {
        "$node": "again",
        "path": ["told", "whole"],
    }
    assert graph.node("again.judge").edges == (Edge("again", 1), Edge("again.told.all", 1))


def test_a_function_is_found_beside_the_file_and_not_run(tmp_path: Path) -> None:
    graph = compiled(written(tmp_path, "n: {function: 'tools.py:count', text: bees, timeout: 5s, cache: false}"))
    node = graph.node("n")
    assert node.capability == "function"
    assert node.arguments == {
        "function": {"file": {"$file": str(tmp_path / "tools.py")}, "name": "count"},
        "arguments": {"text": "bees"},
    }
    assert (node.timeout_s, node.cache) == (5, False)


def test_promises_and_places() -> None:
    workflow = parsed(
        """
        n:
          capability: x
          slo: {latency: "${{ inputs.most }}"}
          where: {model: [a, b], device: gpu, spot: false}
        """,
        inputs="most: {type: number, unit: s}",
        slo="ttff: good\nquality: best\ncost: 0.5\nenergy: 3\nlatency: 2m\nobjective: [quality, cost]",
    )
    graph = compiled(workflow, most="90")
    assert graph.slo == Slo(3.0, False, 120.0, 0.5, 3, "best", ("quality", "cost"))
    assert graph.node("n").slo == Slo(latency=90.0)
    assert graph.node("n").where == Where(("a", "b"), "gpu", "", False)


def test_secrets_stay_names() -> None:
    graph = compiled(parsed("n: {capability: x, key: 'Bearer ${{ secrets.API_KEY }}'}"))
    assert graph.node("n").arguments == {"key": {"$join": ["Bearer ", {"$secret": "API_KEY"}]}}


def test_plain_words_become_a_capability() -> None:
    workflow = parsed("n: {task: read this text aloud, text: Hello.}", outputs="n: ${{ nodes.n }}")
    assert workflow.flat.nodes["n"].capability == "text-to-speech"
    match = workflow.flat.nodes["n"].match
    assert match is not None
    assert 0.3 < match.score <= 1


def test_an_input_may_be_written_in_short() -> None:
    workflow = parsed("n: {capability: x, t: '${{ inputs.topic }}'}", inputs="topic: text")
    assert compiled(workflow, topic="bees").node("n").arguments == {"t": "bees"}


def test_a_workflow_without_a_name_is_called_as_its_file(tmp_path: Path) -> None:
    (tmp_path / "my reader.yaml").write_text(INNER)
    assert load_workflow(tmp_path / "my reader.yaml").name == "my-reader"


def test_reserved_names_are_given_under_with() -> None:
    graph = compiled(
        parsed("n: {capability: x, with: {timeout: 3, value: '${{ inputs.a }}'}}", inputs="a: text"), a="b"
    )
    assert graph.node("n").arguments == {"timeout": 3, "value": "b"}


def test_comparisons_stand_wherever_a_value_does() -> None:
    node = compiled(parsed("m: {capability: x}\nn: {capability: x, a: \"${{ nodes.m.k == 'it''s' || !nodes.m.b }}\"}"))
    assert node.node("n").arguments["a"] == {
        "$is": "or",
        "of": [
            {"$is": "==", "of": [{"$node": "m", "path": ["k"]}, "it's"]},
            {"$is": "not", "of": [{"$node": "m", "path": ["b"]}]},
        ],
    }


def test_a_field_of_all_items_is_an_output_if_they_have_it() -> None:
    nodes = (
        "a: {capability: text-generation, prompt: x, streams: sentence}\n"
        "b: {capability: text-to-speech, text: '${{ item.text }}', for_each: '${{ nodes.a }}'}"
    )
    outputs = "voices: ${{ nodes.b.audio }}\nlost: ${{ nodes.b.adio }}"
    (problem,) = problems_of(workflow_text(nodes, outputs=outputs))
    assert (problem.message, problem.hint) == (
        "'nodes.b' is a speech, which has no field 'adio'",
        "did you mean 'audio'?",
    )


def test_a_used_workflow_is_given_values_as_a_run_is(tmp_path: Path) -> None:
    (tmp_path / "reader.yaml").write_text(
        workflow_text(
            "a: {capability: x, film: '${{ inputs.film }}', wait: '${{ inputs.wait }}'}",
            inputs="film: document\nwait: {type: number, unit: s}",
        )
    )
    graph = compiled(written(tmp_path, "n: {uses: ./reader.yaml, film: tools.py, wait: 1m30s}"))
    assert graph.node("n.a").arguments == {"film": {"$file": str(tmp_path / "tools.py")}, "wait": 90}
