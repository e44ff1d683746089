"""Studies that the tests of evaluation share; views keep what they have read."""

from __future__ import annotations

from pathlib import Path

import pytest

from interp.plates import View
from tests.plates.evaluation.studies import both

DEMO = Path(__file__).resolve().parents[3] / "artifacts" / "demo"


@pytest.fixture(scope="package")
def view(tmp_path_factory: pytest.TempPathFactory) -> View:
    return View.of(both(tmp_path_factory.mktemp("both")))


@pytest.fixture(scope="package")
def plain(tmp_path_factory: pytest.TempPathFactory) -> View:
    """The same answers, never compared."""
    return View.of(both(tmp_path_factory.mktemp("plain"), compared=False))


@pytest.fixture(scope="package")
def alone(tmp_path_factory: pytest.TempPathFactory) -> View:
    return View.of(both(tmp_path_factory.mktemp("alone"), labels=("base",)))


@pytest.fixture(scope="package")
def demo() -> View:
    return View.of(DEMO)
