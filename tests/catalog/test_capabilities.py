"""Capabilities and types: what the shipped files say, and what is said of files that are wrong."""

import shutil
from pathlib import Path

import pytest

from murakkab.language import compile_graph, load_workflow
from murakkab_runtimes.base import Task, runtime_class
from murakkab_runtimes.catalog import CatalogError, load_capabilities, load_catalog, load_types, read_catalog

HEAD = "apiVersion: murakkab/v1\nkind: "
BARE = {"function"}
"""Capabilities without a signature: a function has its own."""


def test_every_capability_that_a_model_has_is_described_with_examples():
    known = load_capabilities()
    for card in load_catalog().values():
        capability = known[card.capability]
        assert capability.description, card.capability
        if card.capability not in BARE:
            assert len(capability.examples) >= 2, card.capability
            assert capability.takes is not None, card.capability
        for name, form in capability.forms.items():
            assert name == "plain" or (form.description and len(form.examples) >= 2), (card.capability, name)


def test_a_type_is_known_to_every_capability():
    assert load_types()
    assert all(load_types().items() <= capability.types.items() for capability in load_capabilities().values())


def test_folders_of_the_environment_add_to_the_shipped_ones(tmp_path, monkeypatch):
    (tmp_path / "own.yaml").write_text(
        f"{HEAD}Capability\nname: humming\ntakes: {{tune: tune}}\ntypes: {{word: number}}\n"
        f"---\n{HEAD}Types\ntypes:\n  tune: [number]\n"
    )
    monkeypatch.setenv("MURAKKAB_CATALOG", str(tmp_path))
    humming = load_capabilities()["humming"]
    assert humming.types["tune"] == ["number"]
    assert humming.types["word"] == "number", "its own types go before those of the catalogue"
    assert "text-to-speech" in load_capabilities()
    monkeypatch.delenv("MURAKKAB_CATALOG")
    assert "humming" not in load_capabilities()


def test_a_capability_or_its_form_may_say_how_many_items_a_task_yields(tmp_path, monkeypatch):
    (tmp_path / "own.yaml").write_text(
        f"{HEAD}Capability\nname: humming\ntakes: {{'form?': text}}\nemits: {{bar: integer}}\nyields: {{items: 8}}\n"
        "forms: {long: {emits: {bar: integer}, yields: {every_s: 4}}}\n"
    )
    monkeypatch.setenv("MURAKKAB_CATALOG", str(tmp_path))
    nodes = ["{capability: humming, streams: bar}", "{capability: humming, form: long, streams: bar}"]
    nodes.append("{capability: text-to-speech, text: hum}")
    found = []
    for number, node in enumerate(nodes):
        (tmp_path / "flows").mkdir(exist_ok=True)
        file = tmp_path / "flows" / f"hum{number}.yaml"
        file.write_text(f"{HEAD}Workflow\nnodes:\n  hum: {node}\noutputs: {{hums: '${{{{ nodes.hum }}}}'}}\n")
        node = compile_graph(load_workflow(file), {}).node("hum")
        found.append((node.yields, node.yields_every_s))
    assert found == [(8, 0.0), (0, 4.0), (0, 0.0)]


def test_a_capability_without_a_document_is_described_by_its_cards(tmp_path):
    card = f"{HEAD}Model\ncapability: humming\nadapter: hum\nlicence: MIT\nsource: here\n"
    (tmp_path / "own.yaml").write_text(
        f"{card}name: a\ndescription: Hums low.\n---\n{card}name: b\ndescription: Hums high.\n"
    )
    found = read_catalog(tmp_path).capabilities["humming"]
    assert (found.description, found.takes, found.returns) == ("Hums low. Hums high.", None, None)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (f"{HEAD}Capability\nname: x\n---\n{HEAD}Capability\nname: x\n", "the capability 'x' is described twice"),
        (f"{HEAD}Capability\nname: x\ntake: {{}}\n", "x: .*unknown field .take."),
        (f"{HEAD}Capability\nname: x\nexamples: speak\n", "x: Expected `array`"),
        (
            f"{HEAD}Types\ntypes: {{a: text}}\n---\n{HEAD}Types\ntypes: {{a: number}}\n",
            "the type 'a' is declared twice",
        ),
        (f"{HEAD}Capability\nname: x\nyields: {{items: 0}}\n", "x: 'yields' must say 'items' or 'every_s'"),
        (f"{HEAD}Capability\nname: x\nyields: {{items: 2, every_s: 1}}\n", "x: 'yields' must say"),
        (f"{HEAD}Types\na: text\n", "holds 'types:', a mapping"),
        (f"{HEAD}Types\ntypes: [text]\n", "holds 'types:', a mapping"),
        (f"{HEAD}Capabilities\nname: x\n", "'kind:' Model, Capability, Types, Profiles or Device"),
        (f"{HEAD}Model: x\n", "this is no YAML: .*line 2"),
        ("kind: [Model\n", "this is no YAML"),
        ("just words\n", "expected a mapping"),
    ],
)
def test_a_file_that_is_wrong_is_named(tmp_path, text, complaint):
    (tmp_path / "odd.yaml").write_text(text)
    with pytest.raises(CatalogError, match=rf"(?s)odd\.yaml: .*{complaint}"):
        read_catalog(tmp_path)


@pytest.mark.parametrize("name", ["documents", "flite"])
def test_a_model_that_says_so_takes_no_notice_of_the_seed(tmp_path, name):
    card = load_catalog()[name]
    assert not card.seeded
    if not all(map(shutil.which, card.programs)):
        pytest.skip("its program is not installed here")
    source = tmp_path / "source.md"
    source.write_text("# Tides\n\nThe moon pulls at the sea. The sea rises twice a day.\n")
    adapter = runtime_class(card.adapter)(card, 1)
    results = []
    for seed in (1, 2):
        scratch = tmp_path / str(seed)
        scratch.mkdir()
        value = adapter.run(Task({"file": source, "text": "The sea rises."}, scratch, seed=seed)).value
        results.append({key: _content(part) for key, part in value.items()})
    assert results[0] == results[1]


def _content(part):
    return part.read_bytes() if isinstance(part, Path) else part
