"""The state of a run as its events tell it: plan, counts of every node, shots. No output, no clock."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Event = dict[str, Any]
Path = tuple[int, ...]

HIT = "hit"
"""What ``cache`` of a ``task.started`` event says where nothing had to be made; else it is the reason."""


@dataclass
class NodeState:
    """What is known of one node.

    Attributes:
        plan: its entry in ``run.planned``.
        busy: path of each task in hand -> share done.
        finished: tasks that have ended.
        skipped: tasks whose condition did not hold.
        items: items emitted while streaming.
        retries: attempts that failed.
        hits: tasks whose results an earlier run had made.
        seconds: work done, summed over tasks.
    """

    plan: dict[str, Any]
    busy: dict[Path, float] = field(default_factory=dict)
    finished: set[Path] = field(default_factory=set)
    skipped: set[Path] = field(default_factory=set)
    items: int = 0
    retries: int = 0
    hits: int = 0
    seconds: float = 0.0

    @property
    def done(self) -> int:
        """Tasks of which no more is to come."""
        return len(self.finished) + len(self.skipped)

    @property
    def yields(self) -> int:
        """Items that other nodes can run over."""
        return self.items if self.plan.get("streams") else len(self.finished)


@dataclass
class Shot:
    """One turn on its way to the screen."""

    path: Path
    speaker: str
    text: str
    stage: str = "written"
    shown_s: float = 0.0


class Progress:
    """Collects the events of one run."""

    def __init__(self) -> None:
        self.title = ""
        self.now_s = 0.0
        self.nodes: dict[str, NodeState] = {}
        self.shots: dict[Path, Shot] = {}
        self.made_s = 0.0
        self.made_before_s = 0.0
        self.ttff_s: float | None = None
        self.stall_s = 0.0
        self.position_s: float | None = None
        self.planned: Event = {}
        self.finished: Event | None = None

    @property
    def speed(self) -> float:
        """Seconds of episode made in a second since the request (or since the run was resumed)."""
        return (self.made_s - self.made_before_s) / self.now_s if self.now_s else 0.0

    def expected(self, node: str) -> int:
        """Tasks of a node that are known by now."""
        state = self.nodes[node]
        over = self.nodes.get(state.plan.get("for_each") or "")
        return max(over.yields if over else 1, state.done + len(state.busy))

    def cache_summary(self) -> str:
        """How much was taken from the cache; empty when nothing was."""
        hits = sum(node.hits for node in self.nodes.values())
        tasks = sum(len(node.finished) for node in self.nodes.values())
        return f"{hits} of {tasks} tasks from the cache" if hits else ""

    def add(self, event: Event) -> None:
        """Take one event; kinds that are not known are passed over."""
        self.now_s = max(self.now_s, event["t"])
        handler = getattr(self, "_on_" + event["event"].replace(".", "_"), None)
        if handler is not None:
            handler(event)

    def _on_run_submitted(self, event: Event) -> None:
        self.title = event["title"] or event["workflow"]

    def _on_run_resumed(self, event: Event) -> None:
        self._on_run_submitted(event)
        self.now_s, self.made_before_s = event["t"], self.made_s
        for node in self.nodes.values():
            node.busy.clear()

    def _on_run_planned(self, event: Event) -> None:
        self.planned = event
        self._on_run_replanned(event)

    def _on_run_replanned(self, event: Event) -> None:
        for plan in event["nodes"]:
            self.nodes.setdefault(plan["node"], NodeState(plan)).plan = plan

    def _on_item_emitted(self, event: Event) -> None:
        self._node(event).items += 1

    def _on_task_started(self, event: Event) -> None:
        path = tuple(event["path"])
        node = self._node(event)
        node.busy[path] = 0.0
        node.hits += event.get("cache") == HIT
        shot = self._shot_of(path)
        if shot is not None and shot.stage != "shown":
            shot.stage = event["node"]

    def _on_task_progressed(self, event: Event) -> None:
        busy = self._node(event).busy
        path = tuple(event["path"])
        if path in busy:
            busy[path] = event["done"]

    def _on_task_finished(self, event: Event) -> None:
        node, path = self._node(event), tuple(event["path"])
        node.busy.pop(path, None)
        node.finished.add(path)
        node.seconds += event.get("seconds") or 0.0
        shot = self._shot_of(path)
        if shot is not None and shot.stage == event["node"]:
            shot.stage = "made"

    def _on_task_skipped(self, event: Event) -> None:
        self._node(event).skipped.add(tuple(event["path"]))

    def _on_loop_round(self, event: Event) -> None:
        node = self._node(event)
        node.items += 1
        node.finished.add((*event["path"], event["round"]))

    def _on_task_failed(self, event: Event) -> None:
        node = self._node(event)
        node.busy.pop(tuple(event["path"]), None)
        node.retries += 1

    def _on_turn_written(self, event: Event) -> None:
        path = tuple(event["path"])
        self.shots[path] = Shot(path, event["speaker"], event["text"])

    def _on_segment_published(self, event: Event) -> None:
        self.made_s = max(self.made_s, event["start"] + event["seconds"])
        label = event["shot"]
        shot = self._shot_of(tuple(map(int, label.split("."))) if label != "-" else ())
        if shot is not None:
            shot.stage = "shown"
            shot.shown_s += event["seconds"]

    def _on_run_first_segment(self, event: Event) -> None:
        self.ttff_s = event["ttff_s"]

    def _on_playback_moved(self, event: Event) -> None:
        self.position_s = event["position_s"]
        self.stall_s = event["stall_s"] or 0.0
        self.ttff_s = event["ttff_s"] if event["ttff_s"] is not None else self.ttff_s

    def _on_run_finished(self, event: Event) -> None:
        self.finished = event

    def _node(self, event: Event) -> NodeState:
        """The node of an event; one that no plan names is known from then on."""
        return self.nodes.setdefault(event["node"], NodeState({"node": event["node"]}))

    def _shot_of(self, path: Path) -> Shot | None:
        """The shot that a task at ``path`` works on, if its turn is written."""
        lengths = range(len(path), 0, -1)
        return next((self.shots[path[:n]] for n in lengths if path[:n] in self.shots), None)
