"""A tiny checkpoint on disk, the sketch of it, and a little data."""

from __future__ import annotations

from pathlib import Path

import pytest

from interp.data.corpus import Corpus
from interp.data.facts import FactSet
from interp.estimates.sketch import Sketch
from interp.model import HookedModel
from interp.model.spec import ModelSpec
from tests.tiny import save_tiny

LANGUAGES = ("en", "de", "zh")


@pytest.fixture(scope="package")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny(tmp_path_factory.mktemp("checkpoints") / "tiny")


@pytest.fixture(scope="package")
def model(folder: Path) -> HookedModel:
    return HookedModel.load(str(folder), device="cpu")


@pytest.fixture(scope="package")
def sketch(folder: Path) -> Sketch:
    return Sketch.of(ModelSpec.parse(folder, device="cpu"))


@pytest.fixture(scope="package")
def corpus() -> Corpus:
    return Corpus.load("cldr", languages=LANGUAGES, limit=24)


@pytest.fixture(scope="package")
def facts() -> FactSet:
    return FactSet.load("cldr", languages=LANGUAGES, limit=40)
