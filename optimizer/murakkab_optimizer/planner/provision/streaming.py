"""What a plan gives if stages overlap: each hands on what it has made, and all work at the same time.

The published model adds the stages up. In a stream, stage ``m`` shows its first chunk ``first_s`` after the stages
before it did, and then works at its own pace: all its work lasts ``t``, so the last chunk leaves it no earlier than
``t - first_s`` later than the first. With equal chunks the slowest stage sets the pace of all behind it (a max-plus
pipeline)::

    total_s = first_chunk_s + max over models of (t - first_s)

All devices are held for that time. What this leaves out: chunks of different lengths, and stages that begin before the
script's first scene is whole.
"""

from __future__ import annotations

from collections.abc import Iterable

from murakkab_optimizer.planner.provision.evaluate import by_model, model_time, outcome, rent
from murakkab_optimizer.planner.provision.nouns import Instances, Job, Offers, Option, Outcome


def evaluate_streamed(job: Job, option: Option, offers: Offers, instances: Iterable[Instances]) -> Outcome:
    """What the instances give if stages overlap.

    Raises:
        ValueError: as ``evaluate``.

    """
    groups = by_model(option, instances)
    times = [model_time(g) for g in groups.values()]
    first = sum(f for _, f in times)
    last = max(t - f for t, f in times)
    return outcome(job, first + last, first, rent(offers, [group for g in groups.values() for group in g]))
