from __future__ import annotations

from functools import cache

import pytest

from murakkab_runtimes.base import Runtime
from murakkab_runtimes.catalog import load_catalog
from murakkab_runtimes.speech.flite import Flite
from murakkab_runtimes.speech.hibari_joe import HibariJoe
from murakkab_runtimes.speech.kokoro import Kokoro
from murakkab_runtimes.speech.whisper import Whisper
from tests.speech.speaking import TEXT, Spoken, speak

ADAPTERS = {"hibari-joe": HibariJoe, "kokoro": Kokoro, "flite": Flite, "whisper": Whisper}


@pytest.fixture(scope="session")
def runtimes():
    """Loads an adapter by the name of its card, once for all tests."""
    loaded: dict[str, Runtime] = {}

    def get(name: str) -> Runtime:
        if name not in loaded:
            loaded[name] = ADAPTERS[name](load_catalog()[name], threads=2)
        return loaded[name]

    yield get
    for runtime in loaded.values():
        runtime.close()


@pytest.fixture(scope="session")
def fast(runtimes):
    return runtimes("hibari-joe")


@pytest.fixture(scope="session")
def spoken(runtimes, tmp_path_factory):
    """What an adapter makes of ``TEXT`` in a role, spoken once for all tests."""

    @cache
    def get(adapter: str, role: str) -> Spoken:
        return speak(runtimes(adapter), tmp_path_factory.mktemp("spoken"), TEXT, role)

    return get
