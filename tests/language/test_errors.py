"""Every mistake is told at its place, all of a file at once, with what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from murakkab.language import WorkflowError, load_workflow, parse_workflow

from .texts import HEAD, parsed, problems_of, told, workflow_text

STREAM = "turns:\n  capability: writing\n  streams: turn\n"
INPUTS = "topic: {type: text}\npaper: {type: document, optional: true}\ncount: {type: integer, default: 2}"

# nodes (from line 5 on), line, column, marked characters, part of the message, part of the hint
REFERENCES = [
    ("a:\n  capability: x\n  t: ${{ inputs.topik }}", 7, 19, "topik", "no input 'topik'", "did you mean 'topic'?"),
    (
        "a:\n  capability: x\n  t: ${{inputs.turns}}",
        7,
        18,
        "turns",
        "no input 'turns'",
        "there is a node 'turns': write nodes.turns",
    ),
    ("a:\n  capability: x\n  t: ${{ nodes.trns }}", 7, 18, "trns", "no node 'trns'", "did you mean 'turns'?"),
    ("a:\n  capability: x\n  t: ${{ nodes.topic }}", 7, 18, "topic", "no node 'topic'", "write inputs.topic"),
    ("a:\n  capability: x\n  t: ${{ input.topic }}", 7, 12, "input", "'input' is nothing", "did you mean 'inputs'?"),
    ("a:\n  capability: x\n  t: ${{ inputs }}", 7, 12, "inputs", "needs a name", "inputs.name"),
    ("a:\n  capability: x\n  t: ${{ inputs.topic.x }}", 7, 25, "x", "has no fields", "write ${{ inputs.topic }}"),
    ("a:\n  capability: x\n  t: ${{ item.text }}", 7, 12, "item", "there is no item", "add for_each"),
    ("a:\n  capability: x\n  t: Hi ${{ item.text", 7, 11, "${{", "not closed", "}}"),
    ("a:\n  capability: x\n  t: ${{ }}", 7, 8, "${{ }}", "empty", "look like"),
    ("a:\n  capability: x\n  t: ${{ inputs.topic + 1 }}", 7, 25, "+", "expected '.' or '}}'", "look like"),
    ("a:\n  capability: x\n  t: ${{ inputs.topic. }}", 7, 26, "}}", "missing behind the dot", "look like"),
    ("a:\n  capability: x\n  t: ${{ nodes.a }}", 7, 18, "a", "refers to itself", "another node"),
    ("a:\n  capability: x\n  t: [1, 'on ${{ inputs.paper }}']", 7, 27, "paper", "cannot stand inside", "own"),
    ("a:\n  capability: x\n  t: ${{ nodes.turns.text }}", 7, 24, "text", "list of all its items", "for_each"),
    ("a:\n  capability: x\n  t: {$node: turns}", 7, 9, "$node", "starts with '$'", "another name"),
    ("a:\n  capability: x\n  join: ordered", 7, 5, "join", "join needs for_each", "add for_each"),
    (
        "a:\n  capability: x\n  for_each: ${{ inputs.topic }}",
        7,
        15,
        "${{ inputs.topic }}",
        "takes a node",
        "nodes.name",
    ),
    ("a:\n  capability: x\n  for_each: turns", 7, 15, "turns", "takes a node", "write for_each"),
    ("a:\n  capability: x\n  attempts: ${{ inputs.topic }}", 7, 26, "topic", "of type 'text'", "integer"),
    ("a:\n  capability: x\n  attempts: 0", 7, 15, "0", "from 1 to 100", "3"),
    ("a:\n  capability: x\n  join: orderly", 7, 11, "orderly", "expected 'ordered'", "ordered"),
    ("a:\n  capability: x\n  streams: true", 7, 14, "true", "expected a text", "quotes"),
    ("a:\n  capabilty: x", 5, 3, "a", "'capability' is missing", "'capabilty'"),
    ("a:\n  capability: x\n  where: {model: 3}", 7, 20, "3", "expected a text or a list, got the number 3", "quotes"),
    ("a: text-to-speech", 5, 6, "text-to-speech", "expected a group", "indented"),
    ("1a: {capability: x}", 5, 3, "1a", "no valid name", "starts with a letter"),
]


@pytest.mark.parametrize(("nodes", "line", "column", "marked", "message", "hint"), REFERENCES)
def test_a_mistake_in_a_node(nodes: str, line: int, column: int, marked: str, message: str, hint: str):
    text = workflow_text(nodes + "\n" + STREAM, inputs=INPUTS)
    first = next(p for p in problems_of(text) if message in p.message)
    found = first.source_line[first.column - 1 :][: first.length]
    assert (first.line, first.column, found) == (line, column, marked)
    assert hint in first.hint


INPUT_MISTAKES = [
    ("a: {type: txt}", 13, "txt", "no input type 'txt'", "did you mean 'text'?"),
    ("a: {default: 1}", 3, "a", "'type' is missing", "text, number"),
    ("a: {type: boolean, default: yes}", 31, "yes", "expected true or false, got the text 'yes'", "without quotes"),
    ("a: {type: boolean, default: off}", 31, "off", "expected true or false", "write true or false"),
    ("a: {type: text, default: true}", 28, "true", "expected a text, got true", "quotes"),
    ("a: {type: text, default: 5}", 28, "5", "expected a text, got the number 5", "quotes"),
    ("a: {type: number, default: '5'}", 30, "'5'", "expected a number", "without quotes"),
    ("a: {type: number, default: .nan}", 30, ".nan", "is not a number", "finite"),
    ("a: {type: number, default: 1e999}", 30, "1e999", "too large", "1e308"),
    ("a: {type: integer, default: 1.5}", 31, "1.5", "expected a whole number", ""),
    ("a: {type: integer, default: 99999999999999999999}", 31, "99999999999999999999", "too large", "quotes"),
    ("a: {type: number, default: 1, minimum: 2}", 30, "1", "out of range", "a number from 2"),
    ("a: {type: number, minimum: 3, maximum: 2}", 30, "3", "minimum is above", "swap"),
    ("a: {type: choice, choices: []}", 21, "choices", "empty", "at least one"),
    ("a: {type: choice, choices: [b, c], default: d}", 47, "d", "not one of the choices", "b, c"),
    ("a: {type: text, minimum: 3}", 19, "minimum", "'minimum' is not known here", "description"),
    ("a: {type: text, defalt: b}", 19, "defalt", "not known here", "did you mean 'default'?"),
    ("a: {type: text, default: '${{ inputs.a }}'}", 28, "'${{ inputs.a }}'", "cannot refer", "value itself"),
    ("a-b: {type: text}", 3, "a-b", "no valid name", ""),
]


@pytest.mark.parametrize(("declared", "column", "marked", "message", "hint"), INPUT_MISTAKES)
def test_a_mistake_in_an_input(declared: str, column: int, marked: str, message: str, hint: str):
    text = HEAD + f"inputs:\n  {declared}\nnodes:\n  n: {{capability: x}}\n"
    first = next(p for p in problems_of(text) if message in p.message)
    found = first.source_line[first.column - 1 :][: first.length]
    assert (first.line, first.column, found) == (5, column, marked)
    assert hint in first.hint


TOP_MISTAKES = [
    ("kind: Workflow", "kind: Job", 2, 7, "expected 'Workflow'"),
    ("murakkab/v1", "murakkab/v2", 1, 13, "expected 'murakkab/v1'"),
    ("name: small", "nam: small", 3, 12, "'nam' is not known here"),
    ("name: small", "name: on air", 3, 18, "no valid name"),
    ("kind: Workflow", "kid: Workflow", 2, 1, "'kid' is not known here"),
    ("slo:", "slo: {ttff: soon}\nslow:", 6, 13, "expected a time above 0"),
    ("slo:", "slo: {realtime: yes}\nslow:", 6, 17, "expected true or false"),
    ("slo:", "slo: {ttf: 1s}\nslow:", 6, 7, "'ttf' is not known here"),
    ("slo:", "outputs: {stream: '${{ nodes.n }}'}\nslow:", 6, 19, "neither streams nor has for_each"),
    ("slo:", "outputs: {episode: n}\nslow:", 6, 20, "an output is a node"),
    ("slo:", "outputs: {episode: '${{ nodes.m }}'}\nslow:", 6, 31, "no node 'm'"),
]


@pytest.mark.parametrize(("old", "new", "line", "column", "message"), TOP_MISTAKES)
def test_a_mistake_at_the_top(old: str, new: str, line: int, column: int, message: str):
    text = (HEAD + "nodes:\n  n: {capability: x}\nslo: {}\n").replace(old, new)
    places = [(p.line, p.column) for p in problems_of(text) if message in p.message]
    assert places == [(line, column)]


SYNTAX = [
    ("a: {b: ${{ x }}}", 1, 9, "put an expression in quotes"),
    ("a:\n\t- b", 2, 1, "spaces, not with tabs"),
    ("a: b: c", 1, 5, "put a text that holds ': ' in quotes"),
    ("a: @b", 1, 4, "in quotes"),
    ("a: [1, 2", 1, 9, "brackets"),
    ("", 1, 1, "apiVersion"),
    ("# nothing\n", 1, 1, "apiVersion"),
    ("a: 1\n---\nb: 1\n", 2, 1, "one workflow in each file"),
    ("- a\n", 1, 1, "indented"),
    ("a: \x1b[2J", 1, 4, "is this a text file?"),
    ("a: " + "[" * 40 + "]" * 40, 1, 35, "flatten"),
]


@pytest.mark.parametrize(("text", "line", "column", "hint"), SYNTAX)
def test_text_that_is_no_workflow(text: str, line: int, column: int, hint: str):
    (problem, *_) = [p for p in problems_of(text) if hint in p.hint]
    assert (problem.line, problem.column) == (line, column)


NOT_READ = [
    ("a: {capability: x, capability: y}", 5, 22, "capability", "stands twice"),
    ("a: {capability: !!str x}", 5, 19, "!!str x", "tags"),
    ("a: &one {capability: x}", 5, 6, "&one {", "anchors"),
    ("a: {capability: x, b: *one}", 5, 25, "*one", "aliases"),
    ("a: {capability: x, <<: {y: 1}}", 5, 22, "<<", "merge keys"),
    ("a: {capability: x, [1]: 2}", 5, 22, "[1]", "plain name"),
]


@pytest.mark.parametrize(("nodes", "line", "column", "marked", "message"), NOT_READ)
def test_yaml_that_a_workflow_has_no_use_for(nodes: str, line: int, column: int, marked: str, message: str):
    text = HEAD + f"nodes:\n  {nodes}\n"
    (problem, *_) = [p for p in problems_of(text) if message in p.message or message in p.hint]
    assert (problem.line, problem.column) == (line, column)
    assert marked.startswith(problem.source_line[problem.column - 1 :][: problem.length])


def test_an_alias_bomb_costs_no_time():
    lines = ["a0: &a0 [x]"] + [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 30)]
    assert any("aliases" in p.message for p in problems_of("\n".join(lines)))


def test_words_that_yaml_1_1_takes_for_booleans_stay_text():
    arguments = parsed("n: {capability: x, a: yes, b: No, c: on, d: off, e: y, f: true, on: 1, g: 1:30}").nodes["n"]
    assert arguments.arguments == {
        "a": "yes", "b": "No", "c": "on", "d": "off", "e": "y", "f": True, "on": 1, "g": "1:30",
    }  # fmt: skip


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file():
    text = workflow_text(
        """
        a:
          capability: x
          t: ${{ inputs.topik }}
          u: ${{ nodes.c }}
        b:
          for_each: ${{ nodes.a }}
        """,
        inputs="topic: {type: txt}",
        slo="ttff: -1",
        outputs="stream: ${{ nodes.b.x }}",
    )
    assert told(text) == [
        (7, 19, "topik"),
        (8, 18, "c"),
        (9, 3, "b"),
        (10, 15, "${{ nodes.a }}"),
        (12, 17, "txt"),
        (14, 9, "-1"),
        (16, 11, "${{ nodes.b.x }}"),
        (16, 21, "b"),
    ]


@pytest.mark.parametrize(
    "quote", ["'{}'", '"\\u00fc{}"', "ü {}", ">-\n      folded\n      {}\n", "|\n      one\n\n      {}\n"]
)
def test_the_caret_finds_the_word_in_any_kind_of_text(quote: str):
    text = workflow_text(
        "a:\n  capability: x\n  t: " + quote.format("${{ inputs.a }} and ${{ inputs.none }}"), inputs="a: {type: text}"
    )
    (problem,) = problems_of(text)
    assert text.splitlines()[problem.line - 1][problem.column - 1 :].startswith("none }}")


def test_a_problem_is_printed_with_its_line_and_a_caret():
    (problem,) = problems_of(
        workflow_text("a:\n  capability: x\n  t: 漢 ${{ inputs.topik }}", inputs="topic: {type: text}")
    )
    assert str(problem).splitlines() == [
        "flow.yaml:7:21: there is no input 'topik'",
        "    7 |     t: 漢 ${{ inputs.topik }}",
        "      | " + " " * 21 + "^^^^^",
        "    did you mean 'topic'?",
    ]


def test_a_long_line_is_shown_around_the_place():
    text = workflow_text(f"a: {{capability: x, t: {'y' * 5000}, u: '${{{{ inputs.b }}}}', v: {'z' * 5000}}}")
    (problem,) = problems_of(text)
    lines = str(problem).splitlines()
    assert max(map(len, lines)) < 140
    assert lines[1][lines[2].index("^")] == "b"


def test_circles_are_named():
    text = workflow_text(
        """
        a: {capability: x, t: "${{ nodes.b }}"}
        b: {capability: x, t: "${{ nodes.c }}"}
        c: {capability: x, t: "${{ nodes.a }}"}
        d: {capability: x, for_each: "${{ nodes.e }}"}
        e: {capability: x, for_each: "${{ nodes.d }}"}
        """
    )
    messages = sorted(p.message.split(": ", 1)[1] for p in problems_of(text))
    assert len(messages) == 2
    first, second = (message.split(" -> ") for message in messages)
    assert first[0] == first[-1]
    assert "".join(first[:-1]) in ("abc", "bca", "cab")
    assert sorted(second[:-1]) == ["d", "e"]


def test_for_each_needs_a_node_with_items():
    (problem,) = problems_of(
        workflow_text("a: {capability: x}\nb: {capability: x, for_each: '${{ nodes.a }}'}\n" + STREAM)
    )
    assert "neither streams nor has for_each" in problem.message
    assert "turns" in problem.hint
    assert (problem.line, problem.column) == (6, 32)


def test_unused_parts_are_warnings():
    workflow = parsed(
        "a: {capability: x, stream: y, foreach: z}\nb: {capability: x}",
        inputs="topic: {type: text, default: ''}",
        outputs="out: ${{ nodes.a }}",
    )
    assert [(w.line, w.column, w.message.split(" ", 2)[-1]) for w in workflow.warnings] == [
        (5, 22, "read as an argument"),
        (5, 33, "read as an argument"),
        (6, 3, "the node 'b'"),
        (8, 3, "the input 'topic'"),
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\xff\xfe\x00", "not UTF-8"),
        (b"\x00" * 10, "U+0000"),
        (b"a: b\n" * 300_000, "larger than 1 MiB"),
        (None, "no such file"),
    ],
)
def test_files_that_are_no_text(tmp_path: Path, content: bytes | None, message: str):
    file = tmp_path / "flow.yaml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(WorkflowError, match=message.replace("+", r"\+")):
        load_workflow(file)


def test_a_folder_is_no_workflow(tmp_path: Path):
    with pytest.raises(WorkflowError, match="it is not a file"):
        load_workflow(tmp_path)


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(tmp_path: Path):
    file = tmp_path / "flow.yaml"
    file.write_bytes(
        b"\xef\xbb\xbf" + workflow_text("a: {capability: x, t: '${{ inputs.b }}'}").replace("\n", "\r\n").encode()
    )
    with pytest.raises(WorkflowError) as caught:
        load_workflow(file)
    assert [(p.line, p.column) for p in caught.value.problems] == [(5, 37)]


def test_many_mistakes_are_cut_in_print_only():
    text = workflow_text("\n".join(f"n{i}: {{capability: x, t: '${{{{ inputs.q{i} }}}}'}}" for i in range(400)))
    with pytest.raises(WorkflowError) as caught:
        parse_workflow(text)
    assert len(caught.value.problems) == 400
    assert str(caught.value).endswith("... and 375 more problems")


def test_what_a_terminal_would_act_on_is_never_printed():
    text = workflow_text('a: {capability: x, t: "${{ inputs.q }}"}', inputs='"q\\e[2J": {type: text}')
    with pytest.raises(WorkflowError) as caught:
        parse_workflow(text, "a\x1b[2J.yaml")
    assert "inputs: q?[2J" in str(caught.value)
    assert "\x1b" not in str(caught.value)


def test_streams_inside_each_other_have_an_end():
    nodes = ["n0: {capability: x, streams: a}"]
    nodes += [f"n{i}: {{capability: x, streams: a, for_each: '${{{{ nodes.n{i - 1} }}}}'}}" for i in range(1, 20)]
    assert parsed("\n".join(nodes[:17]), outputs="last: ${{ nodes.n16 }}").warnings == ()
    (problem,) = problems_of(workflow_text("\n".join(nodes)))
    assert "more than 16 streams" in problem.message
    assert (problem.line, problem.source_line.split(":")[0]) == (22, "  n17")


def test_what_viewers_see_comes_in_one_order():
    nodes = "a: {capability: x, streams: t}\nb: {capability: x, for_each: '${{ nodes.a }}'%s}"
    assert told(workflow_text(nodes % "", outputs="stream: ${{ nodes.b }}"))[0][2] == "${{ nodes.b }}"
    assert parse_workflow(workflow_text(nodes % ", join: ordered", outputs="stream: ${{ nodes.b }}")).outputs
