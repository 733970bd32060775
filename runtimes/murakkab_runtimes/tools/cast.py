"""Adapter ``cast``: the hosts of an episode, read from a YAML file or the default pair."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from murakkab_runtimes.base import InputError, Output, Runtime, Task
from murakkab_runtimes.text.script_file import load_script, speakers_of
from murakkab_runtimes.video.rig.look import read_look

DEFAULT_HOSTS: tuple[dict[str, Any], ...] = (
    {"name": "Claire", "voice": "female-1", "gender": "female", "look": {}},
    {"name": "Joe", "voice": "male-1", "gender": "male", "look": {}},
)
VOICES = ("female-1", "female-2", "male-1", "male-2")
COLOURS = ("skin", "hair", "shirt", "eyes")
STYLES = ("hair_style", "clothes")
EITHER = ("glasses", "beard")
SWITCHES = ("headphones",)
LOOK_KEYS = COLOURS + STYLES + EITHER + SWITCHES
MOST_HOSTS = 4
LARGEST_BYTES = 100_000

_NAME = re.compile(r"[^\W\d_][\w .'-]{0,29}")


class Cast(Runtime):
    """Reads ``file`` (YAML, see ``examples/hosts.yaml``); without one, Claire and Joe.

    The speakers that a finished ``script`` names lend the hosts their names, and decide how many there are where no
    file does.
    """

    def run(self, task: Task) -> Output:
        """Return ``{"hosts": [{"name", "voice", "gender", "look"}, ...]}`` with 1 to 4 hosts.

        Raises:
            InputError: a file is missing or does not fit; the message gives file and line.
        """
        file, script = task.arguments.get("file"), task.arguments.get("script")
        hosts = read_hosts(Path(file)) if file else None
        if script:
            hosts = cast_script(Path(script), hosts)
        return Output({"hosts": hosts or [dict(host, look={}) for host in DEFAULT_HOSTS]})


def cast_script(path: Path, hosts: list[dict[str, Any]] | None) -> list[dict[str, Any]] | None:
    """The hosts who play a script, called as it calls them; None where neither it nor ``hosts`` names any.

    Raises:
        InputError: the script is at fault, or it has more speakers than there are hosts (four without a hosts file).
    """
    names = [host["name"] for host in hosts] if hosts else speakers_of(path)[:MOST_HOSTS]
    if not names:
        return hosts
    called = {line.host: line.speaker for line in load_script(path, names)}
    if hosts is None:
        hosts = []
        for name in names:
            hosts.append(_default_host(name, hosts))
    return [{**host, "name": _spoken_name(called.get(i, host["name"]))} for i, host in enumerate(hosts)]


def _default_host(name: str, before: list[dict[str, Any]]) -> dict[str, Any]:
    known = next((host for host in DEFAULT_HOSTS if host["name"].lower() == name.lower()), None)
    voice = known["voice"] if known else _free_voice(None, before)
    return {"name": name, "voice": voice, "gender": voice.split("-")[0], "look": {}}


def _spoken_name(name: str) -> str:
    """A name in capital letters as one writes it."""
    return name.title() if name.isupper() and len(name) > 2 else name


def read_hosts(path: Path) -> list[dict[str, Any]]:
    """Read and check a hosts file; see ``Cast.run``."""
    return HostsFile(path).hosts()


class HostsFile:
    """A hosts file whose faults are reported with their line."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def _fault(self, node: yaml.Node | None, text: str) -> InputError:
        line = f":{node.start_mark.line + 1}" if node is not None else ""
        return InputError(f"{self._path.name}{line}: {text}")

    def hosts(self) -> list[dict[str, Any]]:
        """The checked hosts; names differ, voices are given out where the file names none."""
        root = self._root()
        fields = self._mapping(root, ("hosts",), "the file")
        if "hosts" not in fields or not isinstance(fields["hosts"], yaml.SequenceNode):
            raise self._fault(root, "expected 'hosts:' with a list of 1 to 4 hosts, each beginning with '- name: ...'")
        nodes = fields["hosts"].value
        if not 1 <= len(nodes) <= MOST_HOSTS:
            raise self._fault(fields["hosts"], f"{len(nodes)} hosts; an episode has 1 to {MOST_HOSTS}")
        hosts: list[dict[str, Any]] = []
        for node in nodes:
            hosts.append(self._host(node, hosts))
        return hosts

    def _root(self) -> yaml.Node:
        if not self._path.is_file():
            raise InputError(f"there is no hosts file at {self._path}; check the path given as --hosts")
        if self._path.stat().st_size > LARGEST_BYTES:
            raise self._fault(None, "larger than 100 kB; a hosts file names 1 to 4 hosts")
        try:
            root = yaml.compose(self._path.read_bytes().decode("utf-8-sig"), Loader=yaml.SafeLoader)
        except UnicodeDecodeError:
            raise self._fault(None, "this is no text file; save the hosts as YAML in UTF-8") from None
        except yaml.MarkedYAMLError as fault:
            line = fault.problem_mark.line + 1 if fault.problem_mark else 1
            raise InputError(f"{self._path.name}:{line}: not valid YAML: {fault.problem}") from None
        except yaml.YAMLError as fault:
            raise self._fault(None, f"not valid YAML: {fault}") from None
        if root is None:
            raise self._fault(None, "the file is empty; see examples/hosts.yaml for one that shows everything")
        return root

    def _mapping(self, node: yaml.Node, keys: tuple[str, ...], what: str) -> dict[str, yaml.Node]:
        if not isinstance(node, yaml.MappingNode):
            raise self._fault(node, f"{what} must hold 'key: value' lines; keys: {', '.join(keys)}")
        fields: dict[str, yaml.Node] = {}
        for key, value in node.value:
            name = str(key.value)
            if name not in keys:
                raise self._fault(key, f"unknown key '{name}' in {what}; keys: {', '.join(keys)}")
            if name in fields:
                raise self._fault(key, f"'{name}' stands twice in {what}")
            fields[name] = value
        return fields

    def _host(self, node: yaml.Node, before: list[dict[str, Any]]) -> dict[str, Any]:
        fields = self._mapping(node, ("name", "voice", "gender", "look"), "a host")
        if "name" not in fields:
            raise self._fault(node, "a host needs a name: '- name: Claire'")
        name = self._text(fields["name"], "name")
        if not _NAME.fullmatch(name):
            raise self._fault(fields["name"], f"the name '{name[:40]}' must begin with a letter and have at most 30")
        if name.lower() in {h["name"].lower() for h in before}:
            raise self._fault(fields["name"], f"two hosts are called '{name}'; give each a name of its own")
        gender = self._choice(fields.get("gender"), "gender", ("female", "male"))
        voice = self._choice(fields.get("voice"), "voice", VOICES) or _free_voice(gender, before)
        look = self._look(fields["look"]) if "look" in fields else {}
        host = {"name": name, "voice": voice, "gender": gender or voice.split("-")[0], "look": look}
        try:
            read_look(host)
        except InputError as fault:
            raise self._fault(fields.get("look", node), str(fault)) from None
        return host

    def _text(self, node: yaml.Node, key: str) -> str:
        if not isinstance(node, yaml.ScalarNode) or node.tag == "tag:yaml.org,2002:null" or not node.value.strip():
            raise self._fault(node, f"'{key}' must be a text (a colour such as \"#d9724f\" needs its quotes)")
        return str(node.value).strip()

    def _choice(self, node: yaml.Node | None, key: str, options: tuple[str, ...]) -> str | None:
        if node is None:
            return None
        value = self._text(node, key)
        if value not in options:
            raise self._fault(node, f"unknown {key} '{value}'; choose one of: {', '.join(options)}")
        return value

    def _look(self, node: yaml.Node) -> dict[str, Any]:
        return {key: self._trait(key, value) for key, value in self._mapping(node, LOOK_KEYS, "a look").items()}

    def _trait(self, key: str, node: yaml.Node) -> str | bool:
        switch = self._switch(node)
        if switch is not None and key in EITHER + SWITCHES:
            return switch
        value = self._text(node, key)
        if key in SWITCHES or switch is not None:
            wanted = "true or false" if key in SWITCHES else "a colour or a word"
            raise self._fault(node, f"'{key}' must be {wanted}, not '{value}'")
        return value.lower()

    def _switch(self, node: yaml.Node) -> bool | None:
        if isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:bool":
            return node.value.lower() in {"true", "yes", "on"}
        return None


def _free_voice(gender: str | None, before: list[dict[str, Any]]) -> str:
    """The first voice of that gender that no host before has; the first again when all are taken."""
    order = ("female-1", "male-1", "female-2", "male-2")
    fitting = [v for v in order if gender is None or v.startswith(f"{gender}-")]
    taken = {h["voice"] for h in before}
    return next((v for v in fitting if v not in taken), fitting[0])
