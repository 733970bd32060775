"""What is said of a mistake names the place and what was meant, once."""

from __future__ import annotations

from pathlib import Path

import pytest

from murakkab.language import InputProblem, check_inputs, compile_graph
from murakkab.language.problems import nearest

from .texts import parsed, problems_of, workflow_text


def test_a_misspelt_type_of_an_input_is_named() -> None:
    text = workflow_text("a: {capability: x, t: '${{ inputs.topic }}'}", inputs="topic: {typ: text}")
    (problem,) = problems_of(text)
    assert problem.message == "'type' is missing"
    assert problem.hint.startswith("is 'typ' meant to be it?; types: text, number")


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("nodes.made.lod", "'nodes.made' is an object, which has no field 'lod'"),
        ("nodes.held.in.lod", "'nodes.held.in' is an object, which has no field 'lod'"),
        ("nodes.solve.one.lod", "'nodes.solve.one' is an object, which has no field 'lod'"),
        ("inputs.topic.lod", "the input 'topic' has no fields"),
    ],
)
def test_a_field_that_is_not_there_is_told_with_the_step(reference: str, said: str) -> None:
    nodes = f"""
    made: {{capability: text-generation, prompt: x, returns: {{good: boolean}}}}
    held: {{value: {{in: {{good: true}}}}}}
    solve: {{repeat: 2, nodes: {{one: {{capability: text-generation, prompt: x, returns: {{good: boolean}}}}}}}}
    reader: {{capability: x, t: "${{{{ {reference} }}}}"}}
    """
    assert said in [problem.message for problem in problems_of(workflow_text(nodes))]


def test_circles_with_common_nodes_are_told_once_and_others_too() -> None:
    nodes = """
    solve:
      repeat: 3
      nodes:
        one: {capability: x, t: "${{ nodes.after }}"}
        two: {capability: x, t: "${{ nodes.one }} ${{ nodes.after }}"}
    after: {capability: x, t: "${{ nodes.solve.two }}"}
    d: {capability: x, t: "${{ nodes.e }}"}
    e: {capability: x, t: "${{ nodes.d }}"}
    """
    circles = [p.message for p in problems_of(workflow_text(nodes)) if "circle" in p.message]
    assert len(circles) == 2
    assert sum("after" in message for message in circles) == 1


def test_previous_in_a_join_inside_a_loop_is_of_the_round_where_it_names_a_step() -> None:
    nodes = """
    solve:
      repeat: 3
      nodes:
        list: {capability: x, streams: line}
        each:
          capability: x
          for_each: ${{ nodes.list }}
          join: ordered
          own: ${{ previous.text }}
          round: ${{ previous.end.text }}
        end: {capability: x, t: "${{ nodes.each }}"}
    """
    workflow = parsed(nodes, outputs="a: ${{ nodes.solve.end }}")
    each = compile_graph(workflow, check_inputs(workflow, {})).node("solve.each")
    assert each.arguments["own"] == {"$previous": ["text"]}
    assert each.arguments["round"] == {"$node": "solve", "path": ["end", "text"]}


def test_a_text_in_place_of_a_file_is_told_from_a_wrong_path(tmp_path: Path) -> None:
    workflow = parsed("a: {capability: x, t: '${{ inputs.file }}'}", inputs="file: document")
    for given, hint in (
        (str(tmp_path / "no.txt"), "check the path"),
        ("The tide comes in twice a day.", "write the text into one and give its path"),
        ("word " * 2000, "write the text into one and give its path"),
    ):
        with pytest.raises(InputProblem) as wrong:
            check_inputs(workflow, {"file": given})
        assert hint in wrong.value.messages["file"]


def test_only_what_is_like_a_word_is_suggested() -> None:
    assert nearest("nope", ["openai", "kokoro"]) == "known names: kokoro, openai"
    assert nearest("opnai", ["openai", "kokoro"]) == "did you mean 'openai'?"
