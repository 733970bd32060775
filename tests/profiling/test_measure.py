"""Measuring real models, with little work."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from murakkab.profiling.machine import this_machine
from murakkab.profiling.measure import Effort, Session, configurations
from murakkab.profiling.messages import Make, marked, unmarked
from murakkab.profiling.probe import probes_of
from murakkab.profiling.probes import EMBEDDED
from murakkab.profiling.process import Failed, ModelProcess
from murakkab.profiling.store import Kept, Record
from murakkab.profiling.todo import keep, todo
from murakkab_optimizer.catalog import Lighter, ModelCard, Needs, Range
from murakkab_optimizer.hardware import DeviceType, Offer
from murakkab_optimizer.profiles.nouns import LoadPoint
from murakkab_runtimes.base import adapters
from murakkab_runtimes.catalog import load_capabilities, load_catalog

CARDS = load_catalog()
LITTLE = Effort(repeats=2, cap_s=0.2, loaded=False)


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    with Session(this_machine(), LITTLE) as session:
        yield session


def measure(session: Session, name: str) -> list[Record]:
    card = CARDS[name]
    found = [record for _, record in session.measure(card, configurations(card))]
    assert all(isinstance(record, Record) for record in found), found
    return found  # type: ignore[return-value]


def test_all_that_an_adapter_can_do_has_a_probe_but_what_a_user_brings() -> None:
    done = {card.capability for card in CARDS.values() if card.adapter in adapters()}
    assert done - EMBEDDED.keys() == {"function"}
    assert EMBEDDED.keys() <= load_capabilities().keys()


def test_a_scene_takes_longer_the_larger_it_is(session: Session) -> None:
    small, large = (record.profile for record in measure(session, "drawn-scene"))
    assert (small.conditions, large.conditions) == ({"height": 360}, {"height": 720})
    assert 0 < small.unit_s < large.unit_s
    assert (small.unit, small.devices, small.energy) == ("image", 1, "estimated")
    assert 0 < small.power_w <= 3.75 * this_machine().cores
    assert 20 < small.memory_mb < 1000
    assert small.provenance.kind == "measured"
    assert small.provenance.samples in (1, 2)
    assert small.provenance.device == str(this_machine())


def test_documents_take_longer_by_the_word(session: Session) -> None:
    (record,) = measure(session, "documents")
    assert record.profile.unit == "word"
    assert 0 < record.profile.unit_s < 1e-4
    assert record.load_s > 0
    assert {"card", "adapter", "pypdf"} <= record.versions.keys()


def test_speech_is_measured_by_the_second_of_audio(session: Session) -> None:
    name = "flite" if shutil.which("flite") else "hibari-joe"
    (record,) = measure(session, name)
    assert record.profile.unit == "audio-second"
    assert 0 < record.profile.unit_s < 5


def test_inputs_that_another_model_makes_are_made_once(session: Session) -> None:
    first = measure(session, "slides") and measure(session, "drawn-slide")
    made = sorted(session.folder.glob("made-*.json"))
    stamps = [path.stat().st_mtime_ns for path in made]
    again = measure(session, "drawn-slide")
    assert made
    assert stamps == [path.stat().st_mtime_ns for path in sorted(session.folder.glob("made-*.json"))]
    assert len(first) == len(again) == 2


def test_streams_tell_when_the_first_item_comes(session: Session) -> None:
    (record,) = measure(session, "slides")
    assert record.profile.first_s is not None
    assert 0 < record.profile.first_s <= record.profile.seconds(1) * 3


def test_a_load_curve_begins_with_one_instance_alone() -> None:
    two = msgspec.structs.replace(this_machine(), cores=2, memory_gib=8)
    with Session(two, Effort(repeats=2, cap_s=0.2)) as session:
        card = CARDS["sandbox"]
        ((_, record),) = session.measure(card, configurations(card))
    assert isinstance(record, Record)
    alone, *together = record.profile.load
    assert alone == LoadPoint(pytest.approx(1 / record.profile.unit_s, rel=1e-3), record.profile.unit_s)  # type: ignore[arg-type]
    assert all(more.rate > alone.rate and more.unit_s >= alone.unit_s for more in together)


def test_several_instances_at_once_are_measured_on_processors_alone() -> None:
    large = msgspec.structs.replace(this_machine(), cores=16, memory_gib=128)
    on_cores = msgspec.structs.replace(CARDS["sandbox"], needs=Needs(threads=1, memory_mb=500))
    with Session(large) as session:
        assert session._counts(on_cores) == [2, 4]
        needy = Needs(threads=1, memory_mb=500, accelerator_mb=8000)
        assert session._counts(msgspec.structs.replace(on_cores, needs=needy)) == []


def test_a_model_on_an_accelerator_is_measured_in_one_instance_and_in_settings_that_have_room(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from murakkab.profiling import measure as measuring

    light = (Lighter({"bits": 8}, Needs(1, 50, 300), "a guess"), Lighter({"bits": 4}, Needs(1, 50, 200), "a guess"))
    missing = Lighter({"bits": 2}, Needs(1, 50, 100), "a guess", packages=("no_such_package",))
    needs = Needs(1, 50, 500)
    card = msgspec.structs.replace(CARDS["sandbox"], needs=needs, knobs={"bits": 16}, lighter=(*light, missing))
    tried = {}
    for room in (600, 350, 250, 100):
        device = DeviceType("G", 0.0, memory_mb=room)
        monkeypatch.setattr(measuring, "accelerator_offers", lambda device=device, **_: [Offer(device, 1, spot=False)])
        tried[room] = [dict(one.knobs) for one in configurations(card)]
    assert tried == {600: [{}], 350: [{"bits": 8}, {"bits": 4}], 250: [{"bits": 4}], 100: [{}]}
    monkeypatch.setattr(measuring, "ANSWER_S", 0.0)  # what holds for processors
    two = msgspec.structs.replace(this_machine(), cores=2, memory_gib=8)
    with Session(two, Effort(repeats=1, cap_s=0.1)) as session:
        ((_, record),) = session.measure(card, configurations(card))
    assert isinstance(record, Record)
    assert (record.profile.device, record.profile.devices, record.profile.load) == ("G", 1, ())


def test_every_choice_of_a_setting_is_a_configuration() -> None:
    card = msgspec.structs.replace(
        CARDS["drawn-hosts"],
        knobs={"detail": "full", "draw_height": 0, "crf": 23},
        ranges={"detail": Range(("full", "simple")), "draw_height": Range((0, 180, 360)), "crf": Range((), 10, 40)},
        measured=(),
    )
    found = configurations(card)
    assert len(found) == 2 * 3 * len(probes_of(card))
    assert len({one.key for one in found}) == len(found)
    assert {*found[0].knobs} == {"detail", "draw_height"}


def test_a_model_that_cannot_be_loaded_is_told(session: Session) -> None:
    card = CARDS["openai"]
    one = configurations(card)[0]
    ((_, told),) = session.measure(card, [one])
    assert "MURAKKAB_LLM_URL" in str(told)


def test_work_that_fails_is_told_and_the_next_goes_on(tmp_path: Path) -> None:
    with ModelProcess("calculator", tmp_path) as process:
        process.loaded()
        process.ask(Make([{}]))
        with pytest.raises(Failed, match="expression"):
            process.reply(30)
        process.ask(Make([{"expression": "6 * 7"}]))
        assert process.reply(30).made[0][0]["value"] == 42  # type: ignore[union-attr]


def test_a_process_that_ends_is_told(tmp_path: Path) -> None:
    with ModelProcess("calculator", tmp_path) as process:
        process.loaded()
        process._process.kill()
        with pytest.raises(Failed, match="ended"):
            process.reply(30)


def test_a_process_that_is_too_slow_answers_nothing_later(tmp_path: Path) -> None:
    with ModelProcess("calculator", tmp_path) as process:
        process.loaded()
        process.ask(Make([{"expression": "1 + 1"}] * 20000))
        with pytest.raises(Failed, match="gave no answer for 0 s"):
            process.reply(0)
        process.ask(Make([{"expression": "6 * 7"}]))
        with pytest.raises(Failed, match="ended"):
            process.reply(30)


def test_paths_pass_between_processes(tmp_path: Path) -> None:
    value = {"a": [tmp_path, {"b": tmp_path / "c"}], "d": 1, "e": None}
    assert unmarked(msgspec.json.decode(msgspec.json.encode(marked(value)))) == value


def test_what_is_kept_is_not_measured_again(session: Session) -> None:
    card = CARDS["calculator"]
    kept = Kept(this_machine())
    assert todo([card], {}, kept, LITTLE).count == 1
    (record,) = measure(session, "calculator")
    keep(record, kept)
    keep(record, kept)
    assert kept.records == [record]
    left = todo([card, CARDS["function"]], {"flite": "no"}, kept, LITTLE)
    assert (left.count, left.kept, left.skipped) == (0, 1, {"function": "no probe: not measured"})
    assert todo([card], {}, kept, LITTLE, again=True).count == 1
    stale = msgspec.structs.replace(record, versions={**record.versions, "adapter": "older"})
    assert todo([card], {}, Kept(this_machine(), records=[stale]), LITTLE).count == 1


def test_a_record_replaces_those_of_other_versions(session: Session) -> None:
    (record,) = measure(session, "calculator")
    other = msgspec.structs.replace(record.profile, conditions={"height": 1})
    stale = msgspec.structs.replace(record, profile=other, versions={**record.versions, "adapter": "older"})
    same = msgspec.structs.replace(record, profile=other)
    kept = Kept(this_machine(), records=[stale, same])
    keep(record, kept)
    assert kept.records == [same, record]


def test_a_plugin_adds_a_probe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bushels.py").write_text(
        "from murakkab.profiling.probe import Piece, Probe\n"
        "def probes(card):\n"
        "    return [Probe('bushel', lambda inputs: [Piece({'of': card.name})])]\n"
    )
    info = tmp_path / "bushels-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: bushels\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[murakkab.probes]\ncounting = bushels:probes\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    card = ModelCard("counter", "counting", "counter", "Counts.", "Apache-2.0", "here")
    (probe,) = probes_of(card)
    assert (probe.unit, probe.pieces(None)[0].arguments) == ("bushel", {"of": "counter"})  # type: ignore[arg-type]
    assert probes_of(msgspec.structs.replace(card, capability="nothing")) == ()
