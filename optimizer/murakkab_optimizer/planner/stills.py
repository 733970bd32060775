"""Ways in which nothing moves: a last resort of the scheduler, and of a plan where nothing else keeps what is promised.

They are set aside before a plan is made (``Ways.stills``), however cheap and fast they are. What is set aside stands
behind the other ways when it is taken back, so that the numbers of the others stay as they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from murakkab_optimizer.planner.candidates import Way, Ways
from murakkab_optimizer.planner.regions import with_moves
from murakkab_optimizer.planner.ties import ties

if TYPE_CHECKING:
    from murakkab_optimizer.planner.build import Built


def static(way: Way) -> bool:
    """Whether nothing moves in the pictures that are made in this way."""
    still = way.card.still
    return bool(still) and all(way.candidate.knobs.get(name) == value for name, value in still.items())


def set_aside(found: Ways) -> None:
    """Set the still ways aside where others are left."""
    moving = [way for way in found.ways if not static(way)]
    if moving:
        found.stills = [way for way in found.ways if static(way)]
        found.ways = moving


def with_stills(built: Built) -> Built:
    """The same problem with what was set aside; the very same one where nothing was."""
    if not any(found.stills for found in built.ways.values()):
        return built
    ways = {
        name: msgspec.structs.replace(found, ways=[*found.ways, *found.stills], stills=[])
        for name, found in built.ways.items()
    }
    steps = tuple(
        msgspec.structs.replace(step, candidates=tuple(way.candidate for way in ways[step.name].ways))
        if step.name in ways
        else step
        for step in built.problem.steps
    )
    problem = msgspec.structs.replace(built.problem, steps=steps, ties=tuple(ties(built.graph, ways)))
    return msgspec.structs.replace(built, ways=ways, problem=with_moves(problem, built.graph, built.work))
