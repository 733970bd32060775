"""The greedy planner: the best model for every node, lowered where the machine could not keep up.

It starts from the model of each node that serves its objective best (by default the best-rated one) among those that
keep its promises and may run here. While the work for one second of the show exceeds what the cores can do in one
second (less a reserve), or the whole takes longer than promised, it replaces the choice that saves the most work for
the least quality. Every step leaves its reason. It knows the usual settings of models only, and lighter ones for
accelerators without room for these, but no speed except that of processors: accelerators do what nothing else can, and
what is to be done on them.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable, Mapping, Sequence

from murakkab_optimizer.catalog import ModelCard
from murakkab_optimizer.graph import Graph, Node
from murakkab_optimizer.hardware import DeviceType
from murakkab_optimizer.plan import NodePlan, Pin, Plan
from murakkab_optimizer.planner.alike import uses_otherwise
from murakkab_optimizer.planner.choice import Choice, explained, lower
from murakkab_optimizer.planner.eligible import (
    Eligible,
    Here,
    NoPlanError,
    check_place,
    eligible,
    joined,
    known,
    objectives,
)
from murakkab_optimizer.planner.fitting import Fitting, Place
from murakkab_optimizer.planner.speeds import Speeds
from murakkab_optimizer.planner.tiers import ceiling, floor
from murakkab_optimizer.planner.workload import Workload, workload
from murakkab_optimizer.profiles import Profile, shipped
from murakkab_optimizer.profiles.memory import Memories, Seen

RESERVE = 0.4
"""Share of the cores kept free, so that a busy machine still makes the show faster than it plays."""

_EPSILON = 1e-9
_SAMPLES = 200
"""Plans that are looked at to find out what a tier of the whole means."""


def plan_greedy(
    graph: Graph,
    cards: Sequence[ModelCard],
    cores: int,
    absent: Mapping[str, str] | None = None,
    pins: Mapping[str, Pin] | None = None,
    here: Here | None = None,
    profiles: Iterable[Profile] | None = None,
    memories: Iterable[Seen] = (),
    accelerators: Sequence[DeviceType] = (),
) -> Plan:
    """Choose a configuration for every node that has a capability.

    Args:
        graph: the checked workflow.
        cards: models that are available on this machine.
        cores: threads that may be in use at one time.
        absent: names of models that exist but cannot be used here, each with what it would take.
        pins: what a person asks of single nodes; it holds whatever it costs.
        here: the machine; by default one with a processor only, in no named region.
        profiles: what is known of the speed of models; by default what their cards say.
        memories: memory that configurations were seen to need; those that found no room are not chosen.
        accelerators: types of those that there are.

    Raises:
        NoPlanError: a node has no available model that may run here and keeps its promises, a pin cannot be met, or
            the whole takes longer than promised.

    """
    speeds = Speeds([one for card in cards for one in shipped(card)] if profiles is None else profiles)
    fitting = Fitting(accelerators, Memories(memories))
    return _Greedy(graph, cards, cores, absent or {}, pins or {}, here or Here(), speeds, fitting).plan()


class _Greedy:
    def __init__(
        self,
        graph: Graph,
        cards: Sequence[ModelCard],
        cores: int,
        absent: Mapping[str, str],
        pins: Mapping[str, Pin],
        here: Here,
        speeds: Speeds,
        fitting: Fitting,
    ) -> None:
        self.graph, self.cores, self.speeds, self._fitting = graph, cores, speeds, fitting
        self.work: Workload = workload(graph)
        nodes = [node for node in graph.nodes if node.capability]
        for name in pins:
            known(name, [node.name for node in nodes], "the workflow has no node")
        self.choices: list[Choice] = []
        for node in nodes:
            check_place(node, here)
            pin = pins.get(node.name, Pin())
            changed = any(pins[e.source].knobs for e in node.edges if e.source == node.for_each and e.source in pins)
            found = eligible(node, cards, absent, pin, passing=not changed)
            fitting.keep(node, found, pin)
            self._keep_quality(node, found)
            self._keep_latency(node, found)
            self.choices.append(Choice(node, found, pin, sorted(found.cards, key=self._order(node))))

    def plan(self) -> Plan:
        if self.graph.slo.realtime:
            self._keep_real_time(self.cores * (1 - RESERVE))
        notes = [*self._keep_latency_of_all(), *_not_predicted(self.graph)]
        self._raise_quality()
        places = self._fitting.places([(c.node, c.card, c.pin) for c in self.choices])
        nodes = {c.node.name: self._explained(c, place) for c, place in zip(self.choices, places, strict=True)}
        notes += uses_otherwise((c.node.name, c.card, nodes[c.node.name].chosen) for c in self.choices)
        return Plan(nodes, tuple(notes), workflow=self.graph.name, defaults=self.work.defaults)

    def _explained(self, choice: Choice, place: Place) -> NodePlan:
        return explained(self.graph, choice, self.seconds(choice.node, choice.card), place)

    def seconds(self, node: Node, card: ModelCard) -> float:
        """Expected seconds of one task."""
        profile = self.speeds.on_processor(card, node, card.knobs)
        return profile.seconds(self.work.nodes[node.name].units(profile.unit)) if profile else 0.0

    def measured(self, card: ModelCard, node: Node) -> bool:
        return self.speeds.on_processor(card, node, card.knobs) is not None

    def load(self, choice: Choice, card: ModelCard) -> float:
        """Core-seconds that one second of the show costs at this node; 0 where it runs once."""
        if choice.node.for_each is None:
            return 0.0
        work = self.work.nodes[choice.node.name]
        total = self.seconds(choice.node, card) * work.tasks * work.rounds
        return total / self.work.show_s * max(card.needs.threads, 1)

    def _order(self, node: Node) -> Callable[[ModelCard], tuple[object, ...]]:
        """Sort key: by each objective in turn, then by quality. What was never measured stands behind what was."""

        def key(card: ModelCard) -> tuple[object, ...]:
            values: list[object] = []
            for objective in objectives(self.graph, node):
                if objective == "quality":
                    values.append(-card.quality.value)
                else:
                    threads = 1 if objective in ("latency", "ttff") else max(card.needs.threads, 1)
                    values += [not self.measured(card, node), self.seconds(node, card) * threads]
            return (*values, -card.quality.value, card.name)

        return key

    def _keep_quality(self, node: Node, found: Eligible) -> None:
        bound = node.slo.quality
        if bound is None:
            return
        best = max(found.cards, key=lambda card: card.quality.value)
        least = floor(bound, [card.quality.value for card in found.cards])
        words = f"quality {bound}" if isinstance(bound, str) else f"quality {bound:g}"
        if best.quality.value < least - _EPSILON:
            raise NoPlanError(
                f"node '{node.name}' is promised {words}; the best model that may do it here is {best.name} with "
                f"{best.quality.value:.2f}"
            )
        found.keep(
            lambda card: card.quality.value >= least - _EPSILON,
            lambda card: f"rated {card.quality.value:.2f}, below the promised {words}",
            joined(found.reason, words),
        )

    def _keep_latency(self, node: Node, found: Eligible) -> None:
        """Keep the models whose task is short enough; one that was never measured may be tried."""
        bound = node.slo.latency
        seconds = {card.name: self.seconds(node, card) for card in found.cards if self.measured(card, node)}
        if bound is None or not seconds:
            return
        most = ceiling(bound, list(seconds.values()))
        fastest = min(seconds, key=lambda name: seconds[name])
        if len(seconds) == len(found.cards) and seconds[fastest] > most + _EPSILON:
            raise NoPlanError(
                f"a task of node '{node.name}' is promised within {bound} s; the fastest model that may do it here, "
                f"{fastest}, takes about {seconds[fastest]:.3g} s"
            )
        words = f"latency {bound}" if isinstance(bound, str) else f"latency {bound:g} s"
        found.keep(
            lambda card: seconds.get(card.name, 0.0) <= most + _EPSILON,
            lambda card: f"takes about {seconds[card.name]:.3g} s, above the promised {words}",
            joined(found.reason, words),
        )

    def _keep_real_time(self, capacity: float) -> None:
        """Choose faster models until the cores do all of it and no node takes longer for its items than they last."""
        while sum(self.load(c, c.card) for c in self.choices) > capacity:
            if (found := lower(self.choices, self.load)) is None:
                break
            choice, before, saved = found
            choice.why = f"{before} would need {saved:.2f} more cores than are free to keep real time"
        while found := lower(self.choices, self._late):
            choice, before, saved = found
            late = saved + self._late(choice, choice.card)
            choice.why = f"{before} would fall {late:.2f} s behind in each second of the show, too slow for real time"

    def _late(self, choice: Choice, card: ModelCard) -> float:
        """Seconds by which a node falls behind in a second of the show; 0 where it does all its tasks at once."""
        work, node = self.work.nodes[choice.node.name], choice.node
        instances = 1 if node.join else max(self.cores // max(card.needs.threads, 1), 1)
        if node.for_each is None or work.tasks * work.rounds <= instances:
            return 0.0
        return max(self.seconds(node, card) * work.tasks * work.rounds / instances / self.work.show_s - 1.0, 0.0)

    def _keep_latency_of_all(self) -> list[str]:
        """Choose faster models until the whole is as fast as promised; say so where that cannot be known."""
        bound = self.graph.slo.latency
        if bound is None:
            return []
        if obstacle := self._unpredictable():
            return [f"latency is not predicted: {obstacle}"]

        def seconds(choice: Choice, card: ModelCard) -> float:
            return self.seconds(choice.node, card)

        most = ceiling(bound, self._reachable()) if isinstance(bound, str) else bound
        while (total := self._total([c.card for c in self.choices])) > most + _EPSILON:
            if (found := lower(self.choices, seconds)) is None:
                raise NoPlanError(
                    f"all is promised within {bound} s; the fastest models here take about {total:.3g} s",
                    {"latency": total},
                )
            choice, before, saved = found
            choice.why = f"{before} takes {saved:.2f} s longer, more than the promised latency leaves"
        return [f"latency: about {total:.3g} s"]

    def _total(self, cards: Sequence[ModelCard]) -> float:
        picked = zip(self.choices, cards, strict=True)
        return longest_path(self.graph, {c.node.name: self.seconds(c.node, card) for c, card in picked})

    def _reachable(self) -> list[float]:
        """Seconds of the whole with models drawn at random, and with the fastest ones."""
        rng = random.Random(0)
        fastest = [min(c.ranked, key=lambda card, c=c: self.seconds(c.node, card)) for c in self.choices]  # type: ignore[misc]
        drawn = [[rng.choice(choice.ranked) for choice in self.choices] for _ in range(_SAMPLES)]
        return [self._total(cards) for cards in [fastest, *drawn]]

    def _unpredictable(self) -> str:
        """Why the time of the whole cannot be told before; empty where it can."""
        if several := [node.name for node in self.graph.nodes if node.for_each is not None]:
            return f"how often '{several[0]}' runs is known only when it runs"
        unmeasured = [(c.node, card) for c in self.choices for card in c.ranked if not self.measured(card, c.node)]
        return f"{unmeasured[0][1].name} ('{unmeasured[0][0].name}') was never measured" if unmeasured else ""

    def _raise_quality(self) -> None:
        """Choose better models until the whole is as good as promised, the worst one first."""
        bound = self.graph.slo.quality
        least = self._least_quality(bound) if isinstance(bound, str) else bound or 0.0
        words = f"quality {bound}" if isinstance(bound, str) else f"quality {bound or 0:g}"
        while math.prod(c.share(c.card) for c in self.choices) < least - _EPSILON:
            choice = min(self.choices, key=lambda c: c.share(c.card), default=None)
            if choice is None or choice.share(choice.card) >= 1:
                raise NoPlanError(f"the whole is promised {words}, and the best that can be had is 1", {"quality": 1.0})
            before = choice.card
            better = (i for i, card in enumerate(choice.ranked) if card.quality.value > before.quality.value)
            choice.index = next(better)
            choice.why = f"{before.name} is rated {before.quality.value:.2f}, too low for the promised {words}"

    def _least_quality(self, tier: str) -> float:
        rng = random.Random(0)
        drawn = [math.prod(c.share(rng.choice(c.ranked)) for c in self.choices) for _ in range(_SAMPLES)]
        return floor(tier, [1.0, *drawn])


def longest_path(graph: Graph, seconds: Mapping[str, float]) -> float:
    """Seconds from the beginning to the end where every node runs once and waits for those that it refers to.

    Args:
        graph: nodes stand behind those that they refer to.
        seconds: of one task, by node; nodes that are not named take no time.

    """
    ends: dict[str, float] = {}
    for node in graph.nodes:
        begins = max((ends.get(edge.source, 0.0) for edge in node.edges), default=0.0)
        ends[node.name] = begins + seconds.get(node.name, 0.0)
    return max(ends.values(), default=0.0)


def _not_predicted(graph: Graph) -> list[str]:
    slos = [graph.slo, *(node.slo for node in graph.nodes)]
    notes = []
    if any(slo.cost is not None for slo in slos):
        notes.append("cost is not predicted: this machine has no price")
    if any(slo.energy is not None for slo in slos):
        notes.append("energy is not predicted: nothing here measures it")
    return notes
