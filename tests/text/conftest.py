import pytest

from murakkab_runtimes.base import runtime_class
from murakkab_runtimes.catalog import load_catalog


@pytest.fixture(scope="package")
def smollm2():
    model = runtime_class("smollm2")(load_catalog()["smollm2"], threads=1)
    model.warm()
    yield model
    model.close()
