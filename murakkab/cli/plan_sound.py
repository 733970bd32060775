"""Whether a plan from a file agrees with itself: numbers of devices and instances that there can be."""

from __future__ import annotations

from collections.abc import Iterator

from murakkab.cli.plan_words import share
from murakkab_optimizer.hardware import CPU
from murakkab_optimizer.plan import Configuration, Instances, NodePlan, Plan


def unsound(plan: Plan) -> Iterator[str]:
    """What cannot be so in a plan, one sentence each."""
    for name, choice in plan.nodes.items():
        yield from _configuration(f"node '{name}'", choice.chosen)
        yield from _instances(name, choice)
    for rung in plan.rungs:
        for name, chosen in rung.nodes.items():
            if name in plan.nodes:
                yield from _configuration(f"node '{name}' of the rung '{rung.name}'", chosen)
            else:
                yield f"the rung '{rung.name}' has a node '{name}', which the plan does not have"
    held = {group for choice in plan.nodes.values() for group in choice.instances}
    if held and held != set(plan.instances):
        yield "'instances' are not those of the nodes"


def _configuration(what: str, chosen: Configuration) -> Iterator[str]:
    numbers = {"devices": chosen.devices, "seconds": chosen.seconds, "needs.threads": chosen.needs.threads}
    yield from (f"{what}: {name} is {number:g}, less than 0" for name, number in numbers.items() if number < 0)
    on_cores = chosen.device in ("", CPU)
    if on_cores and chosen.devices > 0:
        yield f"{what}: devices is {chosen.devices} and no accelerator is named"
    elif not on_cores and not chosen.devices:
        yield f"{what}: the device is {chosen.device} and devices is 0"


def _instances(name: str, choice: NodePlan) -> Iterator[str]:
    chosen = choice.chosen
    one = Instances(chosen.model, chosen.device, chosen.devices or chosen.needs.threads)
    for group in choice.instances:
        if group.count < 1:
            yield f"node '{name}': the count of instances is {group.count}"
        if (group.model, group.device, group.devices) != (one.model, one.device, one.devices):
            yield (
                f"node '{name}': it is done by {one.model} on {share(one)}, and an instance is {group.model} on "
                f"{share(group)}"
            )
