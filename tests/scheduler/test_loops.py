"""Rounds of a loop."""

from __future__ import annotations

import msgspec

from murakkab_optimizer.graph import NULL, Edge, Graph, Node, Slo
from murakkab_optimizer.plan import Configuration, NodePlan, Plan
from murakkab_optimizer.scheduler import commands as cmd
from murakkab_optimizer.scheduler.clock import PlaybackClock
from tests.scheduler.hand import Hand

MARKS = {name: {"$node": f"loop.{name}", "path": []} for name in ("try", "judge")}
UNTIL = {"$is": "==", "of": [{"$node": "loop.judge", "path": ["verdict"]}, "right"]}


def refine(over: str | None = None, depth: int = 0, *more: str) -> tuple[Node, ...]:
    """A loop of an attempt and a judgement, at most three rounds, and a node behind it."""
    edges = (Edge(over, depth),) if over else ()
    body = ("loop.try", "loop.judge", *more)
    round_edge = Edge("loop", depth + 1)
    return (
        Node("loop", "", {"value": MARKS}, edges, over, True, depth=depth, repeat=3, until=UNTIL, body=body),
        Node("loop.try", "write", {}, (round_edge,), "loop", depth=depth + 1),
        Node("loop.judge", "judge", {}, (round_edge, Edge("loop.try", depth + 1)), "loop", depth=depth + 1),
        Node("after", "read", {}, (Edge("loop", depth, final=True), *edges), over, depth=depth),
    )


def play_round(hand: Hand, path: tuple[int, ...], index: int, holds: bool = False) -> None:
    here = (*path, index)
    hand.finish("loop.try", here, f"try {index}")
    assert hand.started["loop.judge", here].inputs["loop.try"] == f"try {index}"
    hand.finish("loop.judge", here, f"judged {index}")
    asked = hand.asked["loop", path, "round"]
    assert asked.index == index
    assert asked.inputs.items() >= {"loop.try": f"try {index}", "loop.judge": f"judged {index}"}.items()
    hand.answer("loop", path, "round", f"round {index}", holds)


def test_each_round_is_given_the_value_of_the_one_before_until_the_condition_holds() -> None:
    hand = Hand()
    hand.submit(Graph("refine", refine()))
    assert hand.started["loop.try", (0,)].item == NULL
    play_round(hand, (), 0)
    assert hand.started["loop.try", (1,)].item == "round 0"
    assert ("after", ()) not in hand.started
    play_round(hand, (), 1, holds=True)
    assert hand.started["after", ()].inputs == {"loop": "round 1"}
    hand.finish("after", (), "end")
    assert hand.end == cmd.FinishRun("r", "succeeded", outputs={"after": "end"})


def test_a_loop_ends_after_its_last_round_whatever_the_condition() -> None:
    hand = Hand()
    hand.submit(Graph("refine", refine(), outputs={"best": ("loop", ("try",))}))
    for index in range(3):
        play_round(hand, (), index)
    assert ("loop.try", (3,)) not in hand.started
    hand.finish("after", (), "end")
    assert hand.end == cmd.FinishRun("r", "succeeded", outputs={"after": "end", "loop": "round 2"})


def test_loops_over_items_go_on_apart_and_a_list_holds_their_last_values() -> None:
    sections = Node("sections", "write", streams=True)
    whole = Node("whole", "pack", {}, (Edge("loop", 0, many=True, final=True),))
    over_values = Node("each", "show", {}, (Edge("loop", 1, final=True),), "loop", depth=1)
    hand = Hand()
    hand.submit(Graph("refine", (sections, *refine("sections", 1), whole, over_values)))
    hand.emit("sections", (), "a", "b")
    play_round(hand, (1,), 0, holds=True)
    assert hand.started["after", (1,)].inputs == {"loop": "round 0", "sections": "b"}
    assert hand.started["each", (1,)].item == "round 0"
    play_round(hand, (0,), 0)
    play_round(hand, (0,), 1, holds=True)
    assert ("whole", ()) not in hand.started
    hand.finish("sections", (), "")
    assert hand.started["whole", ()].inputs == {"loop": ("round 1", "round 0")}


def test_a_round_waits_for_streams_and_skipped_nodes_inside_it() -> None:
    marks = {"value": {"parts": {"$node": "loop.parts", "path": []}, "extra": {"$node": "loop.extra", "path": []}}}
    body = ("loop.parts", "loop.voice", "loop.extra")
    nodes = (
        Node("loop", "", marks, streams=True, repeat=2, body=body),
        Node("loop.parts", "write", {}, (Edge("loop", 1),), "loop", True, depth=1),
        Node("loop.voice", "speak", {}, (Edge("loop.parts", 2),), "loop.parts", depth=2),
        Node("loop.extra", "write", {}, (Edge("loop", 1),), "loop", depth=1, when=UNTIL),
    )
    hand = Hand()
    hand.submit(Graph("inside", nodes))
    hand.emit("loop.parts", (0,), "p", "q")
    hand.finish("loop.parts", (0,), "")
    hand.answer("loop.extra", (0,), "when", holds=False)
    hand.finish("loop.voice", (0, 1), "Q")
    assert ("loop", (), "round") not in hand.asked
    hand.finish("loop.voice", (0, 0), "P")
    assert hand.asked["loop", (), "round"].inputs == {"loop.parts": ("p", "q"), "loop.extra": NULL}
    hand.answer("loop", (), "round", "r0")  # without ``until`` the answer ends nothing
    assert hand.started["loop.parts", (1,)].item == "r0"


def test_the_body_belongs_to_its_loop() -> None:
    graph = Graph("refine", (*refine(), Node("apart", "work")))
    assert [node.name for node in graph.readers("loop.judge")] == ["loop"]
    assert graph.ancestors("after") == {"after", "loop", "loop.try", "loop.judge"}
    assert [node.name for node in graph.pruned(["loop.try"]).nodes] == ["loop", "loop.try", "loop.judge"]


def test_rounds_have_no_place_on_the_timeline() -> None:
    sections = Node("sections", "write", streams=True)
    drafts = Node("loop.drafts", "write", {}, (Edge("loop", 2),), "loop", True, "ordered", 2)
    turns = Node("turns", "write", {}, (Edge("sections", 1),), "sections", True, "ordered", 1)
    graph = Graph("show", (sections, turns, *refine("sections", 1, drafts.name), drafts), slo=Slo(ttff_s=2.0))
    seconds = {"loop.try": 3.0, "loop.judge": 1.0, "after": 5.0}
    plan = Plan({name: NodePlan(Configuration("pen", {}, seconds=s), "the only one") for name, s in seconds.items()})
    clock = PlaybackClock(graph, plan, started=10.0)
    for index in range(4):
        clock.scripted("turns", (0, index), {"seconds": 3.0})
        clock.scripted("loop.drafts", (0, 0, index), {"seconds": 7.0})
    rounds = [clock.deadline("loop.try", (0, index)) for index in range(3)]
    assert rounds == [12.0] * 3
    assert clock.deadline("loop.try", (1, 0)) == clock.deadline("loop", (1,)) == 24.0
    alone = PlaybackClock(Graph("alone", (*refine(), *graph.nodes[:2]), slo=Slo(realtime=True)), plan, started=10.0)
    alone.scripted("turns", (0, 0), {"seconds": 3.0})
    assert [alone.deadline("loop.try", (index,)) for index in range(3)] == [10.0] * 3
    assert [clock.remaining(name) for name in ("loop.try", "loop.judge", "after", "loop")] == [9.0, 6.0, 5.0, 9.0]


def test_a_resumed_loop_goes_on_in_its_round() -> None:
    hand = Hand()
    finished = [("loop.try", (0,), "try 0"), ("loop.judge", (0,), "judged 0"), ("loop.try", (1,), "try 1")]
    hand.resume(Graph("refine", refine()), [("loop", (1,), "round 0")], finished)
    assert list(hand.started) == [("loop.judge", (1,))]
    assert hand.started["loop.judge", (1,)].item == "round 0"
    hand.finish("loop.judge", (1,), "judged 1")
    assert hand.asked["loop", (), "round"].index == 1


def test_of_loops_that_run_one_at_a_time_the_one_that_had_begun_goes_on() -> None:
    sections = Node("sections", "write", streams=True)
    loop, *others = refine("sections", 1)
    hand = Hand()
    hand.resume(
        Graph("refine", (sections, msgspec.structs.replace(loop, join="unordered"), *others)),
        [("sections", (index,), "section") for index in range(3)],
        [("loop.try", (1, 0), "try 0")],
    )
    assert hand.started.keys() == {("sections", ()), ("loop.judge", (1, 0))}
    hand.finish("loop.judge", (1, 0), "judged 0")
    hand.answer("loop", (1,), "round", "round 0", holds=True)
    assert ("loop.try", (0, 0)) in hand.started
    assert ("loop.try", (2, 0)) not in hand.started
