"""Which worker holds which model before it is asked for."""

from __future__ import annotations

from murakkab_optimizer.policies.placement import Spread


def homes(models: dict[str, int], single: set[str], workers: list[str]) -> dict[str, list[str]]:
    placed: dict[str, list[str]] = {worker: [] for worker in workers}
    for worker, model in Spread().place(models, single, workers):
        placed[worker].append(model)
    return placed


def test_large_models_get_a_worker_each_and_small_ones_all_the_others() -> None:
    models = {"writer": 400, "voice": 600, "pen": 100, "ink": 50}
    assert homes(models, {"writer"}, ["w1", "w2", "w3", "w4"]) == {
        "w1": ["pen", "ink"],
        "w2": ["ink", "pen"],
        "w3": ["voice"],
        "w4": ["writer"],
    }


def test_a_model_of_one_task_at_a_time_is_held_once() -> None:
    placed = homes({"reader": 50, "pen": 100, "packer": 60}, {"reader", "packer"}, ["w1", "w2"])
    assert placed == {"w1": ["pen", "reader"], "w2": ["pen", "packer"]}


def test_one_worker_holds_everything_and_none_holds_nothing() -> None:
    assert homes({"writer": 400, "pen": 100}, set(), ["w1"]) == {"w1": ["writer", "pen"]}
    assert Spread().place({"pen": 1}, (), []) == []
