"""Reads fleet documents (``kind: Fleet``): workflows with rated configurations, and classes of requests.

The shipped one, ``murakkab.yaml``, holds what the Murakkab paper publishes of Video-Q/A and of code generation by
debate. Speeds of the models come from the catalogue.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import msgspec

from murakkab_optimizer.hardware import CPU, Cluster, DeviceType, Offer
from murakkab_optimizer.planner.fleet import FleetCatalogue, RequestClass, Step, WorkflowConfiguration
from murakkab_optimizer.profiles.nouns import Profile, Provenance

FILE = Path(__file__).parent / "murakkab.yaml"


class FleetDocumentError(ValueError):
    """A fleet document cannot be used; the message names it and says what is wrong."""


class ClassShare(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A class of requests, and which share of the requests of its workflow it has."""

    workflow: str
    name: str
    quality: float
    latency_s: float
    says: Literal["quality", "latency"]
    share: float

    @property
    def request(self) -> RequestClass:
        """The class itself."""
        return RequestClass(self.workflow, self.name, self.quality, self.latency_s, self.says)


class Split(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which workflow a request of a trace stands for, by the tokens of its context."""

    tokens: int
    below: str
    above: str

    def workflow(self, context: int) -> str:
        """The workflow of a request."""
        return self.above if context > self.tokens else self.below


class Fleet(msgspec.Struct, frozen=True):
    """What a fleet document holds: what is served, with what, for whom, and on which machines."""

    catalogue: FleetCatalogue
    classes: tuple[ClassShare, ...]
    cluster: Cluster
    split: Split


class _Devices(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    count: int
    price: float
    idle_w: float
    busy_w: float


class _Cores(msgspec.Struct, forbid_unknown_fields=True):
    cores: int
    price: float
    idle_w: float
    busy_w: float


class _Cluster(msgspec.Struct, forbid_unknown_fields=True):
    devices: list[_Devices]
    cpu: _Cores


class _Tool(msgspec.Struct, forbid_unknown_fields=True):
    model: str
    unit: str
    cores: int
    fixed_s: float


class _Debates(msgspec.Struct, forbid_unknown_fields=True):
    tokens: float
    quality: dict[str, float]


class _Document(msgspec.Struct, forbid_unknown_fields=True):
    apiVersion: Literal["murakkab/v1"]  # noqa: N815 - the name of the key
    kind: Literal["Fleet"]
    name: str
    source: str
    mean_share: float
    split: Split
    cluster: _Cluster
    classes: tuple[ClassShare, ...]
    tools: list[_Tool]
    code: dict[str, _Debates]
    video: dict[str, dict[int, tuple[float, float]]]


def load_fleet(file: Path = FILE) -> Fleet:
    """Read a fleet document.

    Raises:
        FleetDocumentError: it cannot be read, or does not fit the schema.
    """
    import yaml

    try:
        raw: Any = yaml.safe_load(file.read_bytes())
        document = msgspec.convert(raw, _Document, strict=False)
    except (OSError, yaml.YAMLError, msgspec.ValidationError) as fault:
        raise FleetDocumentError(f"{file}: {fault}") from None
    configurations = (*_debates(document), *_videos(document))
    catalogue = FleetCatalogue(configurations, tuple(_profiles(document)))
    return Fleet(catalogue, document.classes, _cluster(document), document.split)


def _profiles(document: _Document) -> Iterator[Profile]:
    """Of the catalogue those of the models that are rated here, by the token; and the tools."""
    from murakkab_runtimes.catalog import load_profiles

    watts = {device.name: device.busy_w for device in document.cluster.devices}
    for profile in load_profiles():
        if profile.unit == "token" and profile.load and profile.model in {*document.code, *document.video}:
            power = profile.power_w or profile.devices * watts.get(profile.device, 0.0)
            yield msgspec.structs.replace(profile, power_w=power, energy=profile.energy or "estimated")
    for tool in document.tools:
        guess = Provenance("estimated", "so that tools are 69 % of the latency of Video-Q/A")
        yield Profile(tool.model, tool.unit, 0.0, CPU, tool.cores, fixed_s=tool.fixed_s, provenance=guess)


def _debates(document: _Document) -> Iterator[WorkflowConfiguration]:
    """All debaters speak at the same time, round after round."""
    for model, one in document.code.items():
        for knobs, quality in one.quality.items():
            debaters, rounds = map(int, knobs.split("x"))
            tokens = one.tokens / 16
            step = Step("debate", model, "token", tokens, tokens * document.mean_share, rounds, debaters)
            yield WorkflowConfiguration("code", f"{model} {knobs}", quality, (step,))


def _videos(document: _Document) -> Iterator[WorkflowConfiguration]:
    """What is said is recognised first; then the model answers from it and from the frames."""
    for model, by_frames in document.video.items():
        for frames, (quality, tokens) in by_frames.items():
            answer = Step("answer", model, "token", tokens, tokens * document.mean_share)
            steps = (*(Step("listen", tool.model, tool.unit) for tool in document.tools), answer)
            yield WorkflowConfiguration("video", f"{model} {frames} frames", quality, steps)


def _cluster(document: _Document) -> Cluster:
    cpu = document.cluster.cpu
    processors = DeviceType(CPU, cpu.price, None, None, cpu.idle_w, cpu.busy_w, 1, "cpu", source="estimated")
    offers = [
        Offer(DeviceType(d.name, d.price, None, None, d.idle_w, d.busy_w, source=document.source), d.count, spot=False)
        for d in document.cluster.devices
    ]
    return Cluster(document.name, (*offers, Offer(processors, cpu.cores, spot=False)), billing="held")
