# ruff: noqa: N802 - names of the library
"""NVML of a machine with one H100; the library itself needs a driver."""

from __future__ import annotations

from types import SimpleNamespace


class NVMLError(Exception):
    """What NVML raises."""


def nvmlInit() -> None:
    """There is a driver."""


def nvmlDeviceGetCount() -> int:
    return 1


def nvmlDeviceGetHandleByIndex(index: int) -> str:
    return f"GPU-{index}"


def nvmlDeviceGetHandleByUUID(uuid: str) -> str:
    return uuid


def nvmlDeviceGetUUID(handle: str) -> str:
    return handle


def nvmlDeviceGetName(handle: str) -> str:
    return "NVIDIA H100 80GB HBM3"


def nvmlDeviceGetMemoryInfo(handle: str) -> SimpleNamespace:
    return SimpleNamespace(total=81_559 * 2**20)


def nvmlDeviceGetEnforcedPowerLimit(handle: str) -> int:
    return 700_000
