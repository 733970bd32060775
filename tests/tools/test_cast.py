"""Hosts files: read, checked, with file and line of each fault."""

from pathlib import Path

import pytest

from murakkab_runtimes.base import InputError, Task, runtime_class
from murakkab_runtimes.catalog import load_catalog

EXAMPLE = Path(__file__).parents[2] / "examples" / "hosts.yaml"


@pytest.fixture
def read(tmp_path):
    adapter = runtime_class("cast")(load_catalog()["cast"], 1)

    def run(content):
        file = content
        if isinstance(content, str):
            file = tmp_path / "hosts.yaml"
            file.write_text(content)
        return adapter.run(Task({"file": file}, tmp_path)).value["hosts"]

    return run


def test_without_a_file_claire_and_joe_talk(read):
    hosts = read(None)
    assert [(h["name"], h["voice"], h["gender"]) for h in hosts] == [
        ("Claire", "female-1", "female"),
        ("Joe", "male-1", "male"),
    ]
    hosts[0]["look"]["hair"] = "green"
    hosts[0]["name"] = "Somebody"
    assert read(None)[0]["name"] == "Claire"
    assert read(None)[0]["look"] == {}


def test_the_example_shows_every_key(read):
    hosts = read(EXAMPLE)
    assert [h["name"] for h in hosts] == ["Amina", "Theo"]
    assert {key for h in hosts for key in h["look"]} == {
        "skin", "hair", "hair_style", "shirt", "eyes", "glasses", "beard", "clothes", "headphones",
    }  # fmt: skip
    assert hosts[1]["look"]["beard"] is True


def test_a_name_is_enough_and_voices_differ(read):
    hosts = read("hosts:\n- name: A\n- name: B\n- name: C\n- name: D\n  gender: female\n")
    assert [h["voice"] for h in hosts] == ["female-1", "male-1", "female-2", "female-1"]
    assert [h["gender"] for h in hosts] == ["female", "male", "female", "female"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"hosts\.yaml: the file is empty"),
        ("hosts: []", r"hosts\.yaml:1: 0 hosts; an episode has 1 to 4"),
        ("hosts:\n" + "".join(f"- name: H{i}x\n" for i in range(5)), r":2: 5 hosts"),
        ("- name: A\n", r":1: the file must hold 'key: value' lines"),
        ("speakers: 2", r":1: unknown key 'speakers' in the file; keys: hosts"),
        ("hosts:\n- name: A\n  voise: male-1\n", r":3: unknown key 'voise' in a host"),
        ("hosts:\n- name: A\n  voice: bass\n", r":3: unknown voice 'bass'; choose one of: female-1"),
        ("hosts:\n- name: A\n  gender: x\n", r":3: unknown gender 'x'"),
        ("hosts:\n- voice: male-1\n", r":2: a host needs a name"),
        ("hosts:\n- name: Jo\n- name: jo\n", r":3: two hosts are called 'jo'"),
        ("hosts:\n- name: 'A: B'\n", r":2: the name"),
        ("hosts:\n- name: A\n  look:\n    hair: purplish\n", r":4: .*hair 'purplish' is no colour"),
        ("hosts:\n- name: A\n  look:\n    shirt: #d9724f\n", r":4: 'shirt' must be a text.*quotes"),
        ("hosts:\n- name: A\n  look:\n    hair_style: spiky\n", r":4: .*hair_style 'spiky'"),
        ("hosts:\n- name: A\n  look:\n    hair: true\n", r":4: 'hair' must be a colour"),
        ("hosts:\n- name: A\n  look:\n    headphones: blue\n", r":4: 'headphones' must be true or false"),
        ("hosts:\n- name: A\n  look: nice\n", r":3: a look must hold"),
        ("hosts:\n- name: [A\n", r"hosts\.yaml:\d: not valid YAML"),
        ("hosts:\n- name: A\n  name: B\n", r":3: 'name' stands twice"),
    ],
)
def test_faults_have_a_line(read, text, message):
    with pytest.raises(InputError, match=message):
        read(text)


def test_a_missing_file_and_binary_data(read, tmp_path):
    with pytest.raises(InputError, match="no hosts file at"):
        read(tmp_path / "gone.yaml")
    path = tmp_path / "b.yaml"
    path.write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(InputError, match=r"no text file|not valid YAML"):
        read(path)


def cast_for(tmp_path, script, hosts=None):
    (tmp_path / "script.txt").write_text(script)
    arguments = {"script": tmp_path / "script.txt"}
    if hosts:
        (tmp_path / "hosts.yaml").write_text(hosts)
        arguments["file"] = tmp_path / "hosts.yaml"
    return runtime_class("cast")(load_catalog()["cast"], 1).run(Task(arguments, tmp_path)).value["hosts"]


def test_the_speakers_of_a_script_lend_the_hosts_their_names(tmp_path):
    hosts = cast_for(tmp_path, "ANNA: Hello.\n\nBen: Hi.\n\nANNA: Bye.\n")
    assert [(h["name"], h["voice"]) for h in hosts] == [("Anna", "female-1"), ("Ben", "male-1")]
    assert [h["name"] for h in cast_for(tmp_path, "Joe: One.\n\nMia: Two.\n\nRay: Three.\n")] == ["Joe", "Mia", "Ray"]
    assert [h["name"] for h in cast_for(tmp_path, "Plain words without a name.\n")] == ["Claire", "Joe"]


def test_a_hosts_file_gives_the_speakers_of_a_script_voices_and_looks(tmp_path):
    file = "hosts:\n  - name: Theo\n    voice: male-2\n  - name: Amina\n"
    hosts = cast_for(tmp_path, "Amina: Hello.\n\nBEN: Hi.\n", file)
    assert [(h["name"], h["voice"]) for h in hosts] == [("Ben", "male-2"), ("Amina", "female-1")]
