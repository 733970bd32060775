"""Tasks that are made only when a condition holds, and values that need no worker."""

from __future__ import annotations

from murakkab_optimizer.graph import NULL, Edge, Graph, Node
from murakkab_optimizer.scheduler import commands as cmd
from murakkab_optimizer.scheduler import events as ev
from tests.scheduler.hand import Hand

WHEN = {"$is": "==", "of": [{"$item": ["kind"]}, "long"]}
SOURCE = Node("source", "write", streams=True)
PICKED = Node("picked", "draw", {}, (Edge("source", 1),), "source", depth=1, when=WHEN)


def test_a_skipped_task_has_no_item_its_readers_get_null_and_lists_leave_it_out() -> None:
    behind = Node("behind", "work", {}, (Edge("picked", 1),), "picked", depth=1)
    beside = Node("beside", "work", {}, (Edge("source", 1), Edge("behind", 1)), "source", depth=1)
    last = Node("last", "work", {}, (Edge("picked", 0, many=True), Edge("beside", 0, many=True)))
    hand = Hand()
    hand.submit(Graph("some", (SOURCE, PICKED, behind, beside, last), publish="picked"))
    hand.emit("source", (), "a", "b")
    assert hand.asked["picked", (0,), "when"] == cmd.Evaluate("r", "picked", (0,), "when", 0, "a", {"source": "a"})
    assert ("picked", (0,)) not in hand.started
    hand.answer("picked", (0,), "when", holds=False)
    assert hand.started["beside", (0,)].inputs == {"source": "a", "behind": NULL}
    hand.answer("picked", (1,), "when", holds=True)
    hand.finish("picked", (1,), "picture")
    assert hand.shown == [cmd.Publish("r", "picked", (1,), 0, "picture")]
    hand.finish("behind", (1,), "frame")
    assert ("behind", (0,)) not in hand.started
    assert hand.started["beside", (1,)].inputs == {"source": "b", "behind": "frame"}
    hand.finish("source", (), "")
    for path in ((0,), (1,)):
        hand.finish("beside", path, f"beside {path}")
    assert hand.started["last", ()].inputs == {"picked": ("picture",), "beside": ("beside (0,)", "beside (1,)")}


def test_a_skipped_stream_emits_nothing_and_a_skipped_last_node_leaves_null() -> None:
    stream = Node("stream", "write", streams=True, when=WHEN)
    reader = Node("reader", "work", {}, (Edge("stream", 1),), "stream", depth=1)
    once = Node("once", "work", {}, (Edge("stream", 0, many=True),), when=WHEN)
    hand = Hand()
    hand.submit(Graph("none", (stream, reader, once)))
    hand.answer("stream", (), "when", holds=False)
    assert hand.asked["once", (), "when"].inputs == {"stream": ()}
    hand.answer("once", (), "when", holds=False)
    assert hand.end == cmd.FinishRun("r", "succeeded", outputs={"reader": (), "once": NULL})
    assert not hand.started


def test_an_ordered_join_passes_over_what_was_skipped_before_it_and_in_it() -> None:
    picked = Node("picked", "draw", {}, (Edge("source", 1),), "source", depth=1, when=WHEN)
    join = Node("join", "pack", {}, (Edge("picked", 1),), "picked", depth=1, join="ordered", when=WHEN)
    hand = Hand()
    hand.submit(Graph("joined", (SOURCE, picked, join)))
    hand.emit("source", (), *"abcd")
    for number, holds in ((3, True), (1, False), (2, True), (0, True)):
        hand.answer("picked", (number,), "when", holds=holds)
    hand.finish("picked", (3,), "D")
    hand.finish("picked", (2,), "C")
    assert not hand.asked
    hand.finish("picked", (0,), "A")
    hand.answer("join", (0,), "when")
    hand.finish("join", (0,), "first")
    assert hand.asked["join", (2,), "when"].previous == "first"
    hand.answer("join", (2,), "when", holds=False)
    hand.answer("join", (3,), "when")
    assert hand.started["join", (3,)].previous == "first"


def test_an_evaluated_node_needs_no_worker_and_its_condition_is_read_first() -> None:
    both = Node("both", "", {"value": {}}, (Edge("source", 0, many=True),), when=WHEN)
    hand = Hand()
    hand.submit(Graph("value", (SOURCE, both), publish="both"))
    hand.emit("source", (), "a", "b")
    hand.finish("source", (), "")
    assert list(hand.asked) == [("both", (), "when")]
    hand.answer("both", (), "when")
    assert hand.asked["both", (), "value"].inputs == {"source": ("a", "b")}
    hand.answer("both", (), "value", "pair")
    assert hand.shown == [cmd.Publish("r", "both", (), 0, "pair")]
    assert hand.end == cmd.FinishRun("r", "succeeded", outputs={"both": "pair"})


def test_what_cannot_be_evaluated_fails_the_run_and_an_answer_to_nothing_has_no_effect() -> None:
    hand = Hand()
    hand.submit(Graph("wrong", (SOURCE, PICKED)))
    hand.emit("source", (), "a")
    assert hand.tell(ev.Evaluated("r", "picked", (0,), "value", value="x")) == []
    assert hand.tell(ev.Evaluated("r", "picked", (7,), "when")) == []
    assert hand.tell(ev.Evaluated("gone", "picked", (0,), "when")) == []
    hand.tell(ev.Evaluated("r", "picked", (0,), "when", error="a text is not less than a number"))
    assert hand.end is not None
    assert (hand.end.status, hand.end.error) == ("failed", "picked 0: a text is not less than a number")


def test_an_unordered_join_gives_each_the_value_of_the_one_that_finished_before() -> None:
    slow = Node("slow", "work", {}, (Edge("source", 1),), "source", depth=1)
    total = Node("total", "add", {}, (Edge("slow", 1),), "slow", depth=1, join="unordered")
    hand = Hand()
    hand.submit(Graph("sum", (SOURCE, slow, total)))
    hand.emit("source", (), *"abc")
    hand.finish("slow", (2,), "C")
    assert hand.started["total", (2,)].previous is None
    hand.finish("slow", (1,), "B")
    hand.finish("slow", (0,), "A")
    assert not hand.started.keys() & {("total", (0,)), ("total", (1,))}
    hand.finish("total", (2,), "c")
    assert hand.started["total", (1,)].previous == "c"
    assert ("total", (0,)) not in hand.started
    hand.finish("total", (1,), "bc")
    assert hand.started["total", (0,)].previous == "bc"


def test_a_resumed_unordered_join_goes_on_with_what_had_begun_and_the_value_made_last() -> None:
    total = Node("total", "add", {}, (Edge("source", 1),), "source", True, "unordered", depth=1)
    hand = Hand()
    hand.resume(
        Graph("sum", (SOURCE, total)),
        [*(("source", (index,), f"item {index}") for index in range(4)), ("total", (2, 0), "part")],
        [("total", (3,), "first"), ("total", (1,), "second")],
    )
    assert hand.started.keys() == {("source", ()), ("total", (2,))}
    assert (hand.started["total", (2,)].previous, hand.started["total", (2,)].first_item) == ("second", 1)
    hand.finish("total", (2,), "third")
    assert hand.started["total", (0,)].previous == "third"


def test_a_condition_that_was_read_is_not_read_again_by_a_resumed_run() -> None:
    hand = Hand()
    items = [("source", (index,), f"item {index}") for index in range(3)]
    read = [ev.Decision("picked", (0,), False), ev.Decision("picked", (1,), True)]
    hand.resume(Graph("some", (SOURCE, PICKED)), items, [("source", (), "all")], *read)
    assert list(hand.started) == [("picked", (1,))]
    assert list(hand.asked) == [("picked", (2,), "when")]
