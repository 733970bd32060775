"""Adapters ``best-of`` and ``majority``: one answer out of several, by a field or by a vote."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from murakkab_runtimes.base import InputError, Output, Runtime, Task


class BestOf(Runtime):
    """Picks the item with the highest value of one field."""

    def run(self, task: Task) -> Output:
        """Return the item of ``items`` whose field ``by`` is highest; of equals the first one.

        The items are objects, and lists of them; null ones are left out.

        Raises:
            InputError: there is no item, or one has no number or truth value in that field.
        """
        name = str(task.arguments.get("by") or "score")
        items = _items(task.arguments)
        for item in items:
            if not isinstance(item, dict) or not isinstance(item.get(name), int | float):
                raise InputError(f"every item must have a number or true or false in '{name}'")
        if not items:
            raise InputError("there is nothing to choose from: 'items' is empty")
        return Output(max(items, key=lambda item: item[name]))


class Majority(Runtime):
    """Counts equal answers."""

    def run(self, task: Task) -> Output:
        """Vote over ``items``: the most frequent value of their field ``of``, of equals the first one.

        Items in which it is null or empty, or where the field ``valid`` (a name, optional) is not true, do not vote.

        Returns:
            ``{"answer", "votes", "voters", "sure", "counts"}``: the value (null without voters), how many are for it,
            how many voted, the share of all items that are for it, and all values with their votes.
        """
        name, valid = str(task.arguments.get("of") or "answer"), task.arguments.get("valid")
        items = _items(task.arguments)
        counts: dict[str, int] = {}
        for item in items:
            value = item.get(name) if isinstance(item, dict) else item
            if value in (None, "") or (valid and isinstance(item, dict) and item.get(str(valid)) is not True):
                continue
            key = json.dumps(value, sort_keys=True)
            counts[key] = counts.get(key, 0) + 1
        best = max(counts, key=lambda key: counts[key], default="null")
        votes = counts.get(best, 0)
        rows = [{"answer": json.loads(key), "votes": count} for key, count in counts.items()]
        return Output(
            {
                "answer": json.loads(best),
                "votes": votes,
                "voters": sum(counts.values()),
                "sure": round(votes / len(items), 4) if items else 0.0,
                "counts": sorted(rows, key=lambda row: -row["votes"]),
            }
        )


def _items(arguments: Mapping[str, Any]) -> list[Any]:
    items = arguments.get("items")
    if not isinstance(items, list):
        raise InputError("'items' must be a list, for example all items of a step: items: ${{ nodes.tries }}")
    return list(_flat(items))


def _flat(items: list[Any]) -> Iterator[Any]:
    for item in items:
        if isinstance(item, list):
            yield from _flat(item)
        elif item is not None:
            yield item
