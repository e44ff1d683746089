"""The published generations: plates of evaluation against the numbers counted in the files."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from interp.importers import read_klar, save_import
from interp.plates import View, evaluation
from interp.study import Study, load_study
from tests.plates.evaluation.studies import row


@pytest.fixture(scope="module")
def released(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> View:
    folder = tmp_path_factory.mktemp("released") / "study"
    study = Study.open(folder)
    for label, name in (("base", "olmo-base"), ("cpt-grpo", "olmo-cpt-grpo")):
        file = shared_data / "release" / "klar_predictions" / f"{name}.parquet"
        save_import(study, read_klar(file, facts=f"klar:{shared_data / 'klar'}"), label=label)
    return View.of(load_study(folder))


def test_published_accuracy(released: View, shared_data: Path) -> None:
    frame = evaluation.accuracy_summary(released).frame
    for label, percent in (("base", 18.17), ("cpt-grpo", 23.53)):
        own = row(frame, label=label, group="all languages")
        assert round(100 * own["accuracy"], 2) == percent
        assert set(own["languages"].split()) == {"es", "fr", "ru", "zh", "ja", "ar"}
    file = shared_data / "release" / "klar_predictions" / "olmo-cpt-grpo.parquet"
    means = pd.read_parquet(file).groupby("language")["correct"].mean()
    table = evaluation.accuracy_by_language(released, benchmark="klar").frame
    for lang, mean in means.items():
        assert row(table, label="cpt-grpo", lang=str(lang))["accuracy"] == pytest.approx(mean)


def test_published_leaks(released: View) -> None:
    plate = evaluation.wrong_answers(released)
    leaks = plate.frame[plate.frame["mode"] == "english_leak"].groupby("label")[["n", "of"]].sum()
    percent = (100 * leaks["n"] / leaks["of"]).round(2)
    assert percent.to_dict() == {"base": 2.28, "cpt-grpo": 8.72}
    assert "base 2.28% [" in plate.reading and "cpt-grpo 8.72% [" in plate.reading


def test_published_kinds_of_answers(released: View) -> None:
    plate = evaluation.gain_by_kind(released)
    assert "49.3% proper noun" in plate.reading  # names of places and organisations
    over = plate.frame[plate.frame["lang"] == "all"]
    assert (over["gained"].sum(), over["lost"].sum()) == (1837, 995)
