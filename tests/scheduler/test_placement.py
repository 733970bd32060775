"""Which worker holds which model before it is asked for."""

from __future__ import annotations

from murakkab_optimizer.policies.placement import Spread


def homes(models: dict[str, int], single: set[str], workers: list[str]) -> dict[str, list[str]]:
    placed: dict[str, list[str]] = {worker: [] for worker in workers}
    for worker, model in Spread().place(models, single, [dict.fromkeys(workers)]):
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
    assert Spread().place({"pen": 1}, (), [{}]) == []


def test_a_large_model_has_a_home_on_every_machine_and_what_is_enough_once_on_the_last_ones() -> None:
    models = {"writer": 400, "voice": 600, "pen": 100, "reader": 50}
    placed = Spread().place(models, {"writer", "reader"}, [{"a1": None, "a2": None}, {"b1": None, "b2": None}])
    assert {name: [m for w, m in placed if w == name] for name, _ in placed} == {
        "a1": ["pen", "reader"],
        "a2": ["voice"],
        "b1": ["voice", "pen"],
        "b2": ["writer", "pen"],
    }


def test_on_each_machine_a_large_model_is_where_it_can_be_used() -> None:
    machines = [{"a1": ["voice"], "a2": ["pen"]}, {"b1": ["pen"]}, {"c1": None}]
    assert sorted(Spread().place({"voice": 600, "sole": 900}, ["sole"], machines)) == [
        ("a1", "voice"),
        ("c1", "sole"),
        ("c1", "voice"),
    ]
