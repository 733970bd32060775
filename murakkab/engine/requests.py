"""What a worker is told of an attempt."""

from __future__ import annotations

from murakkab.engine.run import LiveRun
from murakkab.engine.submission import FUNCTION
from murakkab_optimizer.graph import TIMEOUT_S, Node
from murakkab_optimizer.scheduler.commands import StartTask
from murakkab_runtimes.workers.messages import Run


def request(live: LiveRun, command: StartTask, trace: str) -> Run:
    """The request to make an attempt.

    Args:
        live: the run.
        command: of the scheduler.
        trace: context of the trace that the attempt is part of; empty for none.

    """
    chosen, node = command.configuration, live.graph.node(command.node)
    return Run(
        lease=command.lease,
        store=live.place,
        card=live.cards[chosen.model],
        knobs=chosen.knobs,
        threads=chosen.needs.threads,
        arguments=node.arguments,
        seed=live.record.seed,
        path=command.path,
        item=command.item,
        inputs=command.inputs,
        previous=command.previous,
        first_item=command.first_item,
        streams=node.streams,
        secrets=live.secrets,
        trace=trace,
    )


def silence_s(node: Node) -> float:
    """How long an attempt may be silent: a user's function says nothing, and a timeout that was set is meant."""
    return node.timeout_s if node.capability == FUNCTION or node.timeout_s != TIMEOUT_S else 0.0
