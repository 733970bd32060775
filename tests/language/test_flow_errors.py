"""Mistakes in loops, conditions, types, functions and used workflows are told at their place."""

from __future__ import annotations

from pathlib import Path

import pytest

from murakkab.language import WorkflowError, load_workflow

from .flows import INNER, complaints
from .texts import parsed, problems_of, workflow_text


@pytest.mark.parametrize(
    ("node", "complaint"),
    [
        ("{function: 'tols.py:count', text: x}", "there is no file 'tols.py'"),
        ("{function: 'tools.py:cont', text: x}", "has no function 'cont'; did you mean 'count'?"),
        ("{function: 'tools.py:count'}", "needs the argument 'text'"),
        ("{function: 'tools.py:count', txt: x}", "takes no argument 'txt'; did you mean 'text'?"),
        ("{function: 'nowhere_at_all.tools:count'}", "there is no module 'nowhere_at_all.tools'"),
        ("{function: count}", "write the file and the function: tools.py:name"),
        ("{function: '__main__:count'}", "there is no module '__main__'"),
        ("{function: 'os.path.:join'}", "there is no module 'os.path.'"),
        ('{function: "to\\0ls.py:count"}', "there is no file 'to?ls.py'"),
        ('{uses: "in\\0ner.yaml"}', "cannot be used: there is no such file"),
        ("{uses: ''}", "this is empty"),
        ("{uses: ./iner.yaml, text: x}", "cannot be used"),
        ("{uses: ./inner.yaml}", "the input 'text' of the workflow 'inner' is missing"),
        ("{uses: ./inner.yaml, text: x, lod: true}", "has no input 'lod'; did you mean 'loud'?"),
        ("{uses: ./inner.yaml, text: x, attempts: 3}", "'attempts' means nothing beside 'uses'"),
        ("{uses: ./inner.yaml, text: 5}", "expected a text, got the number 5; 'text' is an input of the workflow"),
        ("{uses: ./inner.yaml, text: x, tries: two}", "expected a whole number, got the text 'two'"),
        ("{uses: ./inner.yaml, text: x, tries: 200}", "'tries' cannot be 'attempts' of 'all': expected a whole number"),
        ("{uses: ./inner.yaml, text: x, tries: '${{ inputs.topic }}'}", "does not fit inputs.topic: an integer is"),
        ("{uses: ./inner.yaml, text: x, tries: '${{ inputs.none }}'}", "from 1 to 100, got the number 0"),
        ("{uses: ./inner.yaml, text: x, tries: '${{ nodes.m.n }}'}", "it must be known before the run"),
        ("{uses: ./inner.yaml, text: '${{ inputs.film }}'}", "'text' of 'n' does not fit inputs.film: text is wanted"),
        ("{uses: ./inner.yaml, text: '${{ nodes.s }}'}", "text is wanted, a list is given"),
        ("{uses: ./inner.yaml, text: '${{ nodes.s.text }}'}", "'nodes.s' is the list of all its items here"),
        ("{uses: ./inner.yaml, text: x, when: '${{ nodes.m.o }}'}", "'nodes.m' is an object, which has no field 'o'"),
        ("{uses: ./flow.yaml}", "it uses itself"),
        ("{uses: pdcast}", "did you mean 'podcast'?"),
    ],
)
def test_what_is_wrong_with_a_function_or_a_used_workflow(tmp_path: Path, node: str, complaint: str) -> None:
    others = "m: {capability: text-generation, prompt: x, returns: {n: integer}}\ns: {capability: x, streams: y}"
    inputs = "film: document\ntopic: text\nnone: {type: integer, default: 0}"
    told = complaints(tmp_path, f"n: {node}\n{others}", inputs=inputs)
    assert len([one for one in told if complaint in one]) == 1


def test_an_output_that_a_used_workflow_does_not_have(tmp_path: Path) -> None:
    nodes = "n: {uses: ./inner.yaml, text: x}\nm: {capability: x, a: '${{ nodes.n.hole }}'}"
    (told,) = complaints(tmp_path, nodes)
    assert told == "the workflow 'inner' has no output 'hole'; did you mean 'whole'?"


def test_the_mistakes_of_a_used_file_are_told_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "broken.yaml").write_text(INNER.replace("inputs.text", "inputs.txt"))
    (tmp_path / "flow.yaml").write_text(workflow_text("n: {uses: ./broken.yaml, text: x}"))
    with pytest.raises(WorkflowError) as caught:
        load_workflow(tmp_path / "flow.yaml")
    assert {Path(problem.file).name for problem in caught.value.problems} == {"broken.yaml", "flow.yaml"}


@pytest.mark.parametrize(
    ("nodes", "marked", "message", "hint"),
    [
        ("a: {task: make the coffee}", "make the coffee", "these words", "0."),
        ("a: {capability: text-to-spech, text: x}", "text-to-spech", "no capability", "'text-to-speech'"),
        ("a: {capability: text-to-speech, txt: x}", "txt", "takes no argument 'txt'", "did you mean 'text'"),
        ("a: {capability: text-to-speech}", "a", "the argument 'text' of 'text-to-speech' is missing", "text"),
        ("a: {capability: text-to-speech, text: 5}", "5", "text is wanted, an integer is given", "argument"),
        ("a: {capability: text-to-speech, text: '${{ inputs.film }}'}", "${{ inputs.film }}", "a file is given", ""),
        ("a: {capability: text-to-speech, text: x, streams: y}", "streams", "gives no items", "for_each"),
        ("a: {capability: text-to-speech, text: x, returns: text}", "returns", "cannot be told what to return", ""),
        (
            "a: {capability: text-to-speech, text: x}\nb: {capability: text-to-speech, text: '${{ nodes.a.audio }}'}",
            "nodes.a.audio",
            "'text' of 'b' does not fit nodes.a.audio: text is wanted, an audio file is given",
            "text-to-speech",
        ),
        (
            "a: {capability: text-to-speech, text: x}\nb: {capability: x, s: 'of ${{ nodes.a.secnds }}'}",
            "secnds",
            "has no field 'secnds'",
            "did you mean 'seconds'?",
        ),
        (
            "a: {capability: text-generation, prompt: x, returns: {answer: numbr}}",
            "numbr",
            "no type 'numbr'",
            "'number'",
        ),
        (
            "a: {capability: text-generation, prompt: x, returns: {answer: number}}\n"
            "b: {capability: text-to-speech, text: '${{ nodes.a.answr }}'}",
            "answr",
            "has no field 'answr'",
            "did you mean 'answer'?",
        ),
        (
            "a: {capability: text-to-speech, text: x, when: '${{ inputs.n > 1 }}'}\n"
            "b: {capability: x, c: '${{ nodes.a.audio }}'}\n"
            "d: {capability: text-to-speech, text: '${{ nodes.a.voice }}'}",
            "nodes.a.voice",
            "it may be null",
            "",
        ),
        ("a: {repeat: 3}", "repeat", "'repeat' needs 'nodes'", "repeat: 4"),
        ("a: {nodes: {b: {capability: x}}, capability: x}", "nodes", "'nodes' needs 'repeat'", ""),
        ("a: {repeat: 3, text: x, nodes: {b: {capability: x}}}", "text", "'text' means nothing beside", "remove"),
        ("a: {repeat: 0, nodes: {b: {capability: x}}}", "0", "from 1 to 100", ""),
        ("a: {capability: x, value: 1}", "value", "exclude each other", "keep one"),
        ("a: {capability: x, b: '${{ previous.c }}'}", "c", "there is nothing before", "repeat"),
        (
            "a: {repeat: 2, nodes: {b: {capability: x, c: '${{ previous.d }}'}}}",
            "d",
            "the loop has no step 'd'",
            "its steps: b",
        ),
        (
            "a: {repeat: 2, nodes: {b: {capability: x, c: '${{ nodes.a }}'}}}",
            "a",
            "cannot wait for the whole loop",
            "previous",
        ),
        (
            "a: {repeat: 2, nodes: {b: {capability: x}}}\nc: {capability: x, d: '${{ nodes.a.e }}'}",
            "e",
            "the loop 'a' has no step 'e'",
            "its steps: b",
        ),
        (
            "a: {capability: x, streams: y}\nl: {repeat: 2, nodes: {b: {capability: x, for_each: '${{ nodes.a }}'}}}",
            "${{ nodes.a }}",
            "cannot run over 'nodes.a', which is outside",
            "put for_each on the loop",
        ),
        (
            "a: {repeat: 2, until: '${{ nodes.c.d }}', nodes: {b: {capability: x}}}\nc: {capability: x}",
            "c",
            "'until' sees the steps of the loop",
            "compare",
        ),
        (
            "a: {repeat: 2, nodes: {b: {capability: x, c: '${{ nodes.d }}'}}}\nd: {capability: x, e: '${{ nodes.a }}'}",
            "d",
            "wait for each other in a circle",
            "remove",
        ),
        (
            "a: {repeat: 2, nodes: {b: {capability: x}}}\nc: {capability: x, for_each: '${{ nodes.a }}'}",
            "${{ nodes.a }}",
            "cannot run over the loop 'a'",
            "put the step into the loop",
        ),
        (
            "a: {capability: x, streams: y}\n"
            "l: {repeat: 2, for_each: '${{ nodes.a }}', nodes: {b: {capability: x}}}\n"
            "c: {capability: x, for_each: '${{ nodes.l }}'}",
            "${{ nodes.l }}",
            "cannot run over the loop 'l'",
            "for_each: ${{ nodes.a }}",
        ),
        (
            "a: {capability: x, streams: y}\n"
            "l: {repeat: 2, for_each: '${{ nodes.a }}', nodes: {b: {capability: x}}}\n"
            "c: {capability: x, d: '${{ nodes.l.b }}'}",
            "b",
            "'nodes.l' is the list of all its items here",
            "for_each: ${{ nodes.a }}",
        ),
        (
            "a: {repeat: 2, nodes: {b: {capability: x, streams: y}}}\nc: {capability: x, for_each: '${{ nodes.a.b }}'}",
            "${{ nodes.a.b }}",
            "for_each takes a node",
            "let a step stream",
        ),
        (
            "a: {repeat: 2, until: '${{ nodes.b.god }}', nodes: {b: {capability: text-generation, prompt: x, "
            "returns: {good: boolean}}}}",
            "god",
            "has no field 'god'",
            "did you mean 'good'?",
        ),
        (
            "a: {repeat: 2, until: '${{ nodes.b.text }}', nodes: {b: {capability: text-generation, prompt: x}}}",
            "${{ nodes.b.text }}",
            "'until' takes a condition: a boolean is wanted, text is given",
            "compare it",
        ),
        ("a: {capability: x, when: '${{ inputs.n }}'}", "${{ inputs.n }}", "a boolean is wanted, a number", "compare"),
        ("a: {capability: x, b: 1, with: {b: 2}}", "b", "the argument 'b' stands twice", "keep one"),
        ("a: {value: {b: [{$node: c}]}}", "$node", "starts with '$'", "another name"),
        (f"a: {{capability: x, t: '${{{{ {'9' * 5000} > 1 }}}}'}}", "9" * 5000, "too large", "64 bits"),
        (f"a: {{capability: x, t: '${{{{ {'9' * 400}.0 > 1 }}}}'}}", "9" * 400 + ".0", "too large", "64 bits"),
        ("a: {capability: x, t: '${{ 1e5 > 1 }}'}", "1", "expected a name", "write numbers as"),
        (
            "a: {repeat: 2, nodes: {b: {capability: text-to-speech, text: 'so ${{ previous.b.voic }}'}}}",
            "voic",
            "has no field 'voic'",
            "did you mean 'voice'?",
        ),
        (
            "a: {capability: text-generation, prompt: x, returns: {film: video}}",
            "{film: video}",
            "an answer cannot hold a file",
            "step behind it",
        ),
        ("a: {capability: x, when: yes}", "yes", "expected a condition", "item.kind"),
        ("a: {capability: x, when: 'if ${{ inputs.n }}'}", "'if ${{ inputs.n }}'", "takes one expression", "write"),
        ("a: {capability: x, where: {divice: gpu}}", "divice", "not known here", "did you mean 'device'?"),
        ("a: {capability: x, slo: {quality: 2}}", "2", "from 0 to 1 or a tier", "best"),
        ("a: {capability: x, slo: {cost: cheap}}", "cheap", "above 0 or a tier", "fair"),
        ("a: {capability: x, timeout: soon}", "soon", "expected a time", "500ms"),
        ("a: {capability: x, t: '${{ item == \"a\" }}'}", '"', "expected a name", "single quotes"),
        ("a: {capability: x, t: '${{ (inputs.n }}'}", "(", "not closed", "')'"),
    ],
)
def test_a_mistake_is_told_at_its_place(nodes: str, marked: str, message: str, hint: str) -> None:
    text = workflow_text(nodes, inputs="film: document\nn: {type: number, default: 1}")
    found = [p for p in problems_of(text) if message in p.message]
    assert found, [p.message for p in problems_of(text)]
    first = found[0]
    shown = first.source_line[first.column - 1 :][: first.length]
    assert shown.strip("'") == marked.strip("'")
    assert hint in first.hint


def test_what_is_shown_in_order_must_be_a_step_that_can_have_a_join() -> None:
    nodes = "a: {capability: x, streams: y}\nv: {value: '${{ item }}', for_each: '${{ nodes.a }}'}"
    (problem,) = problems_of(workflow_text(nodes, outputs="stream: ${{ nodes.v }}"))
    assert "not in their order" in problem.message
    assert "one with 'join: ordered' that reads 'v'" in problem.hint


@pytest.mark.parametrize(
    ("declared", "complaint"),
    [
        ("{type: integer, default: 0}", "its default does not fit: expected a whole number from 1 to 100"),
        ("{type: integer, optional: true}", "which may be left out"),
    ],
)
def test_an_input_that_cannot_be_a_setting(declared: str, complaint: str) -> None:
    text = workflow_text("a: {capability: x, attempts: '${{ inputs.n }}'}", inputs=f"n: {declared}")
    (problem,) = problems_of(text)
    assert complaint in problem.message
    assert problem.source_line[problem.column - 1 :].startswith("n }}")


def test_workflows_that_use_each_other_have_an_end(tmp_path: Path) -> None:
    for number in range(30):
        inner = f"{{uses: ./w{number + 1}.yaml}}" if number < 29 else "{value: 1}"
        text = workflow_text(f"a: {inner}\nb: {inner}", outputs="c: ${{ nodes.a }}" if number == 29 else "")
        (tmp_path / f"w{number}.yaml").write_text(text)
    for first, complaint in ((0, "more than 16 workflows use each other here"), (17, "more than 5000 steps")):
        with pytest.raises(WorkflowError) as caught:
            load_workflow(tmp_path / f"w{first}.yaml")
        assert any(complaint in problem.message for problem in caught.value.problems)


def test_an_output_of_a_loop_has_the_fields_of_its_steps() -> None:
    nodes = "a: {repeat: 2, nodes: {b: {capability: text-to-speech, text: x}}}"
    (problem,) = problems_of(workflow_text(nodes, outputs="o: ${{ nodes.a.b.adio }}"))
    assert "has no field 'adio'" in problem.message
    assert parsed(nodes, outputs="o: ${{ nodes.a.b.audio }}").outputs


def test_a_slip_inside_a_loop_is_warned_of() -> None:
    workflow = parsed("a: {repeat: 2, nodes: {b: {capability: x, foreach: y}}}", outputs="o: ${{ nodes.a }}")
    assert [warning.hint for warning in workflow.warnings] == ["did you mean 'for_each'?"]


def test_what_looks_like_an_expression_is_warned_of() -> None:
    workflow = parsed("a: {capability: x, t: 'so ${ item.text }', u: '$${{ item }}'}", outputs="o: ${{ nodes.a }}")
    assert [warning.message for warning in workflow.warnings] == ["'${ item.text }' is read as plain text"]


def test_a_name_without_its_root_is_understood() -> None:
    (problem,) = problems_of(workflow_text("a: {capability: x}\nb: {capability: x, t: 'of ${{ a }}'}"))
    assert problem.hint == "write ${{ nodes.a }}"
