"""Every machine has a thread budget of its own, which grows and shrinks with its workers."""

from __future__ import annotations

import sys
from collections import Counter
from types import FrameType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from murakkab_optimizer.catalog import Needs
from murakkab_optimizer.graph import Graph, Node, Slo
from murakkab_optimizer.plan import Configuration, NodePlan, Plan
from murakkab_optimizer.scheduler import Scheduler
from murakkab_optimizer.scheduler import commands as cmd
from murakkab_optimizer.scheduler import events as ev
from murakkab_optimizer.scheduler.backlog import Backlog
from murakkab_optimizer.scheduler.workers import Fleet


def test_workers_bring_threads_and_take_them_away() -> None:
    fleet = Fleet(0)
    for name, machine, cores in (("a1", "a", 1), ("a2", "a", 1), ("b1", "b", 3), ("b2", "b", 0)):
        fleet.joined(name, machine, cores)
    assert (fleet.cores, fleet.widest("m"), fleet.free_threads) == (5, 3, 3)
    fleet.lost("b1")
    assert (fleet.cores, fleet.widest("m")) == (2, 2)
    fleet.lost("b2")
    assert (fleet.cores, fleet.widest("m")) == (2, 2)


def test_a_task_goes_where_enough_threads_are_free() -> None:
    fleet = Fleet(0)
    for name, machine in (("a1", "a"), ("a2", "a"), ("b1", "b"), ("b2", "b")):
        fleet.joined(name, machine, 1)
    first = fleet.route("m", 1)
    assert first is not None
    fleet.assign(first, "l1", "m", 1)
    second = fleet.route("m", 2)
    assert second is not None
    assert second.machine is not first.machine
    fleet.assign(second, "l2", "m", 2)
    third = fleet.route("m", 1)
    assert third is not None
    assert third.machine is first.machine
    fleet.assign(third, "l3", "m", 1)
    assert fleet.route("m", 1) is None
    assert fleet.route("m", 0) is not None
    fleet.release(second)
    assert fleet.route("m", 2) is second


def test_the_freest_machine_is_known_whatever_happens() -> None:
    fleet = Fleet(2)
    for name, machine, cores in (("n1", "", 0), ("a1", "a", 3), ("a2", "a", 0), ("b1", "b", 3)):
        fleet.joined(name, machine, cores)
    for lease, threads, left in (("l1", 3, 3), ("l2", 2, 3), ("l3", 2, 1)):
        worker = fleet.route("m", threads)
        assert worker is not None
        fleet.assign(worker, lease, "m", threads)
        assert fleet.free_threads == left
    for name, left in (("a1", 1), ("a2", 1), ("b1", 0), ("n1", 2)):
        fleet.lost(name)
        assert fleet.free_threads == left


def test_an_event_costs_no_more_steps_on_many_machines() -> None:
    assert steps_of_an_event(200) < 1.5 * steps_of_an_event(10)


def steps_of_an_event(machines: int) -> float:
    """Calls of Python functions for a task that ends and one that begins, all machines being at work."""
    scheduler = Scheduler(0)
    for number in range(machines):
        scheduler.handle(ev.WorkerJoined(f"w{number}", f"m{number}", 1), 0.0)
    leases = [command.lease for number in range(2 * machines) for command in begun(scheduler, f"r{number}")]
    assert len(leases) == machines
    steps = 0

    def count(frame: FrameType, what: str, argument: object) -> None:
        nonlocal steps
        steps += what == "call"

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        for number in range(10):
            scheduler.handle(ev.TaskFinished(leases[number], "v", {}, 1.0), 1.0)
            begun(scheduler, f"s{number}")
    finally:
        sys.setprofile(before)
    return steps / 10


def begun(scheduler: Scheduler, run: str, model: str = "m", threads: int = 1) -> list[cmd.StartTask]:
    """Submit a run of one task and return what starts; a model is loaded at once."""
    graph = Graph("one", (Node("one", "work"),), slo=Slo(latency=100.0))
    plan = Plan({"one": NodePlan(Configuration(model, needs=Needs(threads, 900), seconds=1.0), "")})
    started = []
    commands = scheduler.handle(ev.RunSubmitted(run, graph, plan), 0.5)
    while commands:
        command = commands.pop(0)
        if isinstance(command, cmd.LoadModel):
            commands += scheduler.handle(ev.ModelLoaded(command.worker, command.model), 0.5)
        elif isinstance(command, cmd.StartTask):
            started.append(command)
    return started


@given(st.lists(st.tuples(st.sampled_from("jlar"), st.integers(0, 7), st.integers(0, 2)), max_size=60))
def test_threads_in_use_never_exceed_a_machine(steps: list[tuple[str, int, int]]) -> None:
    """Whoever joins, leaves, takes a task or ends one; only a machine that lost workers may be over for a while."""
    fleet = Fleet(0)
    for count, (step, number, threads) in enumerate(steps):
        name = f"w{number}"
        worker = fleet.workers.get(name)
        if step == "j" and worker is None:
            fleet.joined(name, f"m{number % 3}", number % 2)
        elif step == "l" and worker is not None:
            fleet.lost(name)
        elif step == "r" and worker is not None and worker.lease:
            fleet.release(worker)
        elif step == "a" and (found := fleet.route("m", threads)) is not None:
            assert found.machine.free >= threads
            fleet.assign(found, f"l{count}", "m", threads)
    used: Counter[object] = Counter()
    for worker in fleet.workers.values():
        used[worker.machine] += worker.threads
    for machine, threads in used.items():
        assert machine.free == machine.cores - threads
    assert fleet.cores == sum(worker.brings for worker in fleet.workers.values())


def test_a_task_goes_only_where_its_model_can_be_used() -> None:
    fleet = Fleet(0)
    fleet.joined("a1", "a", 4, ["voice"])
    fleet.joined("b1", "b", 1, ["pen", "voice"])
    assert (fleet.widest("voice"), fleet.widest("pen")) == (4, 1)
    pen = fleet.route("pen", 1)
    assert pen is not None
    assert pen.name == "b1"
    fleet.assign(pen, "l1", "pen", 1)
    assert fleet.route("pen", 0) is None
    voice = fleet.route("voice", 2)
    assert voice is not None
    assert voice.name == "a1"
    fleet.lost("b1")
    assert fleet.route("pen", 0) is None
    fleet.joined("c1", "c", 2)
    assert fleet.route("pen", 2) is fleet.workers["c1"]


@given(st.lists(st.sets(st.sampled_from(["large", "huge", "small", "tiny"])), min_size=1, max_size=6))
def test_models_are_loaded_ahead_only_where_they_can_be_used(usable: list[set[str]]) -> None:
    """Each that any worker can hold is loaded somewhere, whatever the others can hold."""
    fleet = Fleet(0)
    for number, models in enumerate(usable):
        fleet.joined(f"w{number}", f"m{number}", 1, models)
    fleet.want({"large": 400, "huge": 900, "small": 10, "tiny": 1}, ["tiny"])
    loaded = set()
    while commands := fleet.load_commands():
        for command in commands:
            assert command.model in usable[int(command.worker[1:])]
            loaded.add(command.model)
            fleet.loaded(command.worker, command.model, "")
    assert loaded == set().union(*usable)


def test_a_large_model_is_loaded_and_used_once_on_every_machine() -> None:
    fleet = Fleet(0)
    for machine in "abc":
        for number in (1, 2):
            fleet.joined(f"{machine}{number}", machine, 1)
    fleet.want({"voice": 600})
    assert load(fleet) == {("a2", "voice"), ("b2", "voice"), ("c2", "voice")}
    homes = [fleet.route("voice", 1)]
    while (home := homes[-1]) is not None:
        fleet.assign(home, f"l{len(homes)}", "voice", 1)
        homes.append(fleet.route("voice", 1))
    assert [home.name for home in homes if home is not None] == ["a2", "b2", "c2"]
    fleet.joined("d1", "d", 1)
    assert load(fleet) == {("d1", "voice")}
    assert fleet.route("voice", 1) is fleet.workers["d1"]


def test_a_large_model_of_one_task_at_a_time_gets_a_further_home_when_runs_ask_for_it() -> None:
    fleet = Fleet(0)
    for name, machine in (("a1", "a"), ("a2", "a"), ("b1", "b"), ("b2", "b")):
        fleet.joined(name, machine, 2)
    fleet.want({"writer": 700}, ["writer"])
    assert load(fleet) == {("b2", "writer")}
    for lease, worker in (("l1", "b2"), ("l2", "a1")):
        assert fleet.route("writer", 1) is fleet.workers[worker]
        fleet.assign(fleet.workers[worker], lease, "writer", 1)
    assert fleet.route("writer", 1) is None
    fleet.lost("a1")
    assert fleet.route("writer", 1) is fleet.workers["a2"]


def test_a_machine_with_many_cores_gets_as_many_homes_as_there_is_memory_for() -> None:
    fleet = Fleet(0)
    for number in range(8):
        fleet.joined(f"w{number}", "a", 0 if number else 8)
    fleet.want({"voice": 600})
    assert len(load(fleet)) == 1
    for number in range(3):
        worker = fleet.route("voice", 1)
        assert worker is not None
        fleet.assign(worker, f"l{number}", "voice", 1)
    assert fleet.route("voice", 1) is None


def test_a_task_does_not_wait_for_a_home_on_a_machine_that_is_too_small() -> None:
    scheduler = Scheduler(0)
    scheduler.handle(ev.WorkerJoined("a1", "a", 2), 0.0)
    scheduler.handle(ev.WorkerJoined("b1", "b", 1, held=("voice",)), 0.0)
    assert [command.worker for command in begun(scheduler, "r", "voice", 2)] == ["a1"]


def test_what_is_enough_once_is_loaded_ahead_on_the_machine_with_most_cores() -> None:
    fleet = Fleet(0)
    fleet.joined("a1", "a", 4)
    fleet.joined("b1", "b", 1)
    fleet.want({"voice": 600}, ["voice"])
    assert load(fleet) == {("a1", "voice")}


def load(fleet: Fleet) -> set[tuple[str, str]]:
    """Load all that is to be loaded ahead; return (worker, model)."""
    loaded = set()
    while commands := fleet.load_commands():
        for command in commands:
            fleet.loaded(command.worker, command.model, "")
            loaded.add((command.worker, command.model))
    return loaded


@given(st.lists(st.tuples(st.sampled_from("jlarw"), st.integers(0, 7), st.sampled_from(["big", "huge"])), max_size=60))
def test_a_machine_has_one_home_of_a_large_model_and_none_waits_beside_one_without(
    steps: list[tuple[str, int, str]],
) -> None:
    """Whoever joins, leaves, takes a task, ends one or loads ahead."""
    fleet = Fleet(0)
    fleet.want({"big": 400, "huge": 900}, ["huge"])
    for count, (step, number, model) in enumerate(steps):
        name = f"w{number}"
        worker = fleet.workers.get(name)
        if step == "j" and worker is None:
            fleet.joined(name, f"m{number % 3}", 1)
        elif step == "l" and worker is not None:
            fleet.lost(name)
        elif step == "r" and worker is not None and worker.lease:
            fleet.release(worker)
        elif step == "w":
            for command in fleet.load_commands()[: number % 3]:
                fleet.loaded(command.worker, command.model, "failed" if number > 5 else "")
        elif step == "a" and (found := fleet.route(model, 1)) is not None:
            fleet.assign(found, f"l{count}", model, 1)
        homes = Counter((w.machine, held) for w in fleet.workers.values() for held in {*w.models, w.loading} - {None})
        assert max(homes.values(), default=0) <= 1
        for held in ("big", "huge"):
            fit = [w for w in fleet.workers.values() if w.idle and w.machine.free]
            free = any(held in w.models or not homes[w.machine, held] for w in fit)
            assert (fleet.route(held, 1) is not None) == free


def test_what_waits_is_told_by_model() -> None:
    scheduler = Scheduler(1)
    configuration = Configuration("m", needs=Needs(threads=2), seconds=3.0)
    graph = Graph("one", (Node("one", "work"),))
    scheduler.handle(ev.RunSubmitted("r", graph, Plan({"one": NodePlan(configuration, "")})), 10.0)
    assert scheduler.backlog(14.0) == [Backlog("m", "cpu", 1, 6.0, 4.0, 3600.0 - 3.0 - 4.0)]
    scheduler.handle(ev.WorkerJoined("w"), 15.0)
    assert scheduler.backlog(15.0) == []


def test_a_worker_that_joins_with_a_model_is_chosen_for_it_and_loads_it_no_more() -> None:
    fleet = Fleet(0)
    fleet.joined("a1", "a", 1)
    fleet.joined("b1", "b", 1, held=["voice"])
    fleet.want({"voice": 100}, ["voice"])
    assert fleet.load_commands() == []
    assert fleet.route("voice", 1) is fleet.workers["b1"]
    fleet.lost("b1")
    assert [(command.worker, command.model) for command in fleet.load_commands()] == [("a1", "voice")]


def small_fleet(workers: int = 4) -> Fleet:
    """Two cores, the last two workers at home with a voice and a writer."""
    fleet = Fleet(2)
    held = {workers - 1: ("voice", "film"), workers: ("writer", "film")}
    for number in range(1, workers + 1):
        fleet.joined(f"w{number}", held=held.get(number, ("film",)))
    fleet.want({"film": 200, "voice": 600, "writer": 400})
    return fleet


def at_home(fleet: Fleet) -> bool:
    """Whether the first home is left to its model."""
    home = next(worker for worker in fleet.workers.values() if worker.large)
    return fleet.spares(home, "film")


def test_homes_are_spared_where_other_workers_are_enough_for_all_cores() -> None:
    fleet = small_fleet()
    assert at_home(fleet)
    assert not fleet.spares(fleet.workers["w1"], "film"), "no home"
    assert not fleet.spares(fleet.workers["w3"], "writer"), "large itself"
    assert not at_home(small_fleet(3))
    for threads, seconds, spared in ((1, 20.0, True), (0, 0.1, True), (0, 0.0, False), (0, 20.0, False)):
        fleet = small_fleet()
        fleet.assign(fleet.workers["w1"], "l", "ask", threads, seconds)
        assert at_home(fleet) == spared
        fleet.release(fleet.workers["w1"])
        assert at_home(fleet)
    fleet.joined("x1", "x", 1)
    assert not at_home(fleet), "a worker of another machine might do as well"


def test_workers_that_come_and_go_are_counted_as_plain_or_not() -> None:
    fleet = small_fleet()
    machine = fleet.workers["w1"].machine
    assert machine.plain.total() == 2
    fleet.assign(fleet.workers["w3"], "l", "voice", 1, 1.0)
    fleet.lost("w3")
    fleet.lost("w2")
    assert machine.plain.total() == 1
    fleet.joined("w5", held=("voice",))
    fleet.joined("w6")
    assert machine.plain.total() == 2
    fleet.want({"film": 400})
    assert machine.plain.total() == 1


def test_a_worker_that_loads_a_large_model_is_not_waited_for() -> None:
    fleet = small_fleet()
    fleet.want({"styles": 500, "film": 200})
    loads = [command for command in fleet.load_commands() if isinstance(command, cmd.LoadModel)]
    assert [command.model for command in loads] == ["styles"]
    machine = fleet.workers["w1"].machine
    assert machine.plain.total() == 1
    fleet.loaded(loads[0].worker, "styles", "")
    assert machine.plain.total() == 1


SMALL = {"film": Needs(1, 200), "pack": Needs(0, 90), "voice": Needs(1, 600), "write": Needs(1, 400)}


def one_task(model: str, seconds: float, latency: float = 1000.0) -> tuple[Graph, Plan]:
    graph = Graph(model, (Node(model, "work"),), slo=Slo(latency=latency))
    return graph, Plan({model: NodePlan(Configuration(model, needs=SMALL[model], seconds=seconds), "")})


class Busy:
    """Two cores; a film is made on one of two plain workers, and the other one packs something."""

    def __init__(self) -> None:
        self.scheduler = Scheduler(2)
        for number, home in enumerate(((), (), ("voice",), ("write",)), 1):
            self.tell(ev.WorkerJoined(f"w{number}", held=("film", "pack", *home)), 0.0)
        self.leases: dict[str, cmd.StartTask] = {}
        for model in SMALL:  # how large models are, plans say
            assert self.submit(model, model, 0.0, 1.0)
            self.done(model, 0.0)
        assert self.submit("film", "a", 0.0, 2.0) == "w1"
        assert self.submit("pack", "b", 0.0, 0.1) == "w2"

    def tell(self, event: ev.Event, now: float) -> list[cmd.Command]:
        return self.scheduler.handle(event, now)

    def submit(self, model: str, run: str, now: float, seconds: float, latency: float = 1000.0) -> str:
        """The worker of its task; empty where it waits."""
        return self.worker(self.tell(ev.RunSubmitted(run, *one_task(model, seconds, latency)), now))

    def worker(self, commands: list[cmd.Command]) -> str:
        started = [command for command in commands if isinstance(command, cmd.StartTask)]
        self.leases |= {command.run: command for command in started}
        return started[0].worker if started else ""

    def done(self, run: str, now: float) -> str:
        """A task ends; the worker of one that begins then."""
        return self.worker(self.tell(ev.TaskFinished(self.leases[run].lease, "v", {}, 1.0), now))


def test_a_long_task_waits_for_a_plain_worker_and_its_thread_is_kept() -> None:
    busy = Busy()
    assert busy.submit("film", "c", 0.0, 2.0) == ""
    assert busy.submit("voice", "d", 0.1, 60.0, 10**6) == "", "less urgent, it does not take the thread"
    assert busy.done("b", 0.2) == "w2"
    assert busy.leases["c"].worker == "w2"
    assert busy.done("a", 2.0) == "w3"
    assert busy.leases["d"].worker == "w3"


def test_it_waits_for_a_moment_only() -> None:
    busy = Busy()
    commands = busy.tell(ev.RunSubmitted("c", *one_task("film", 2.0)), 1.0)
    (timer,) = [command for command in commands if isinstance(command, cmd.SetTimer)]
    assert timer.at == 1.5
    assert busy.worker(busy.tell(ev.TimerFired(timer.name), 1.5)) == "w3"


@pytest.mark.parametrize(("seconds", "latency"), [(0.1, 1000.0), (2.0, 2.5)])
def test_a_short_task_or_one_that_must_begin_soon_does_not_wait(seconds: float, latency: float) -> None:
    assert Busy().submit("film", "c", 0.0, seconds, latency) == "w3"


@given(st.lists(st.tuples(st.sampled_from("jlarwm"), st.integers(0, 5), st.integers(0, 3)), max_size=60))
def test_plain_workers_are_counted_whatever_happens(steps: list[tuple[str, int, int]]) -> None:
    """Whoever joins, leaves, takes a task, ends one or loads a model, and however large models turn out to be."""
    fleet, models = Fleet(2), ("film", "pack", "voice", "write")
    for count, (step, number, other) in enumerate(steps):
        name, model = f"w{number}", models[other]
        worker = fleet.workers.get(name)
        if step == "j" and worker is None:
            fleet.joined(name, f"m{number % 2}", 1, models[: other + 1] if number % 3 else None, models[:other:2])
        elif step == "l" and worker is not None:
            fleet.lost(name)
        elif step == "r" and worker is not None and worker.lease:
            fleet.release(worker)
        elif step == "a" and (found := fleet.route(model, number % 2)) is not None:
            fleet.assign(found, f"l{count}", model, number % 2, number / 10)
        elif step == "w":
            fleet.want({model: 100 * number})
        elif step == "m":
            loads = [command for command in fleet.load_commands() if isinstance(command, cmd.LoadModel)]
            for load in loads[:other]:
                fleet.loaded(load.worker, load.model, "" if number else "it cannot")
        counted: dict[object, Counter[object]] = {}
        for one in fleet.workers.values():
            counted.setdefault(one.machine, Counter())[one.usable] += one.plain
        assert all(machine.plain == +plain for machine, plain in counted.items())
