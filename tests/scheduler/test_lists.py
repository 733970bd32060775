"""Lists of all items, and of those of a part."""

from __future__ import annotations

from murakkab_optimizer.graph import Edge, Graph, Node
from tests.scheduler.hand import Hand

SECTIONS = Node("sections", "write", streams=True)
TURNS = Node("turns", "write", {}, (Edge("sections", 1),), "sections", streams=True, depth=1)
SUMMARY = Node("summary", "write", {}, (Edge("sections", 1), Edge("turns", 1, many=True)), "sections", depth=1)


def test_a_list_of_a_part_is_ready_when_that_part_is_closed() -> None:
    hand = Hand()
    hand.submit(Graph("show", (SECTIONS, TURNS, SUMMARY)))
    hand.emit("sections", (), "a", "b")
    hand.emit("turns", (1,), "b0", "b1")
    hand.emit("turns", (0,), "a0")
    assert not {place for place in hand.started if place[0] == "summary"}
    hand.finish("turns", (1,), "all of b")
    assert hand.started["summary", (1,)].inputs == {"sections": "b", "turns": ("b0", "b1")}
    assert ("summary", (0,)) not in hand.started
    hand.finish("turns", (0,), "all of a")
    assert hand.started["summary", (0,)].inputs == {"sections": "a", "turns": ("a0",)}


def test_a_list_is_in_path_order_however_its_items_come() -> None:
    hand = Hand()
    voices = Node("voices", "speak", {}, (Edge("turns", 2),), "turns", depth=2)
    hand.submit(Graph("show", (SECTIONS, TURNS, voices, Node("all", "pack", {}, (Edge("voices", 0, many=True),)))))
    hand.emit("sections", (), "a", "b")
    for path in ((1,), (0,)):
        hand.emit("turns", path, "x", "y")
        hand.finish("turns", path, "")
    for path in ((1, 1), (0, 1), (1, 0), (0, 0)):
        hand.finish("voices", path, f"voice {path}")
    assert ("all", ()) not in hand.started
    hand.finish("sections", (), "")
    assert hand.started["all", ()].inputs == {
        "voices": ("voice (0, 0)", "voice (0, 1)", "voice (1, 0)", "voice (1, 1)"),
    }


def test_a_list_without_items_is_empty() -> None:
    hand = Hand()
    hand.submit(Graph("show", (SECTIONS, TURNS, SUMMARY, Node("all", "pack", {}, (Edge("turns", 0, many=True),)))))
    hand.emit("sections", (), "a")
    hand.finish("turns", (0,), "")
    assert hand.started["summary", (0,)].inputs["turns"] == ()
    hand.finish("sections", (), "")
    assert hand.started["all", ()].inputs == {"turns": ()}
