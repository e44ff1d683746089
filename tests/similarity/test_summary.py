"""The summary against scores written by hand: means, intervals, best layers, pairing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from interp.cli.print_similarity import print_similarity
from interp.errors import InterpError
from interp.similarity.summary import METRICS, paired, summarise
from interp.similarity.tables import similarity_frame
from interp.stats.bootstrap import draw_counts, ratio_interval
from interp.study import RunSpec, Study

LANGUAGES = ("de", "en", "zh")
N_BLOCKS, N_LAYERS = 30, 4


def made_up(seed: int, n_units: np.ndarray) -> np.ndarray:
    """[layer, metric, block, language, other language]"""
    rng = np.random.default_rng(seed)
    scores = rng.uniform(0, 1, (N_LAYERS, 3, len(n_units), 3, 3))
    # from German retrieval is best at layer 2, from Chinese at layer 1, overall at layer 2
    scores[2, 2, :, 0, :] += 2
    scores[2, 2, :, :, 0] += 2
    scores[1, 2, :, 1, 2] += 1
    scores[1, 2, :, 2, 1] += 1
    scores[3, 0] += 1
    return scores


def units_of_blocks(seed: int = 7) -> np.ndarray:
    return np.random.default_rng(seed).integers(1, 9, N_BLOCKS)


def store(
    study: Study,
    label: str,
    scores: np.ndarray,
    n_units: np.ndarray,
    languages: tuple[str, ...] = LANGUAGES,
    corpus: str = "c0ffee",
    centre: str = "none",
) -> str:
    arguments = {"languages": list(languages), "centre": centre, "n_blocks": N_BLOCKS}
    with study.run(RunSpec("similarity", label, label, "default", arguments, corpus)) as run:
        run.record("text", {"corpus_hash": corpus})
        run.write_table("similarity", similarity_frame(scores, n_units, languages))
    return run.run_id


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return Study.open(tmp_path)


def test_layers_are_means_over_units_of_all_pairs(study: Study) -> None:
    n_units = units_of_blocks()
    scores = made_up(0, n_units)
    found = summarise(study, store(study, "base", scores, n_units))["layers"]
    assert found["layer"].tolist() == [0, 1, 2, 3]
    pairs = [(a, b) for a in range(3) for b in range(3) if a != b]
    per_block = np.mean([scores[..., a, b] for a, b in pairs], axis=0)  # [layer, metric, block]
    expected = (per_block * n_units).sum(-1) / n_units.sum()
    columns = ["cosine", "cosine_other", "retrieval"]
    np.testing.assert_allclose(found[columns], expected, rtol=1e-12)
    np.testing.assert_allclose(found["cosine_gap"], expected[:, 0] - expected[:, 1], rtol=1e-9)
    # the interval of the gap, once more by hand
    gap = per_block[:, 0] - per_block[:, 1]
    counts = draw_counts(N_BLOCKS)
    drawn = (counts @ (gap * n_units).T) / (counts @ n_units)[:, None]
    low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
    np.testing.assert_allclose(found["cosine_gap_low"], low, rtol=1e-9)
    np.testing.assert_allclose(found["cosine_gap_high"], high, rtol=1e-9)


def test_english_and_each_language_and_its_best_layer(study: Study) -> None:
    n_units = units_of_blocks()
    scores = made_up(1, n_units)
    found = summarise(study, store(study, "base", scores, n_units))
    english = found["english"].set_index(["lang", "layer"])
    assert len(english) == 2 * N_LAYERS
    mean = (scores * n_units[:, None, None]).sum(2) / n_units.sum()  # [layer, metric, lang, other]
    for lang, place in (("de", 0), ("zh", 2)):
        for layer in range(N_LAYERS):
            row = english.loc[(lang, layer)]
            assert row["cosine"] == pytest.approx(mean[layer, 0, 1, place])
            assert row["cosine_gap"] == pytest.approx(
                mean[layer, 0, 1, place] - mean[layer, 1, 1, place]
            )
            assert row["retrieval"] == pytest.approx(mean[layer, 2, 1, place])
            assert row["retrieval_back"] == pytest.approx(mean[layer, 2, place, 1])
    assert found["languages"][["lang", "layer"]].to_numpy().tolist() == [["de", 2], ["zh", 1]]
    totals = found["totals"].set_index("what")["value"]
    assert totals["layer of the highest retrieval"] == 2
    assert totals["layer of the largest cosine gap"] == 3
    assert totals["retrieval by chance"] == 1 / n_units.sum()
    assert totals["ordered pairs of languages"] == 6 and totals["blocks"] == N_BLOCKS


def test_without_english_there_are_pairs_only(
    study: Study, capsys: pytest.CaptureFixture[str]
) -> None:
    n_units = units_of_blocks()
    run_id = store(study, "base", made_up(0, n_units), n_units, languages=("de", "ru", "zh"))
    found = summarise(study, run_id)
    assert found["english"].empty and found["languages"].empty and len(found["layers"]) == 4
    print_similarity(study, run_id)
    said = capsys.readouterr().out
    assert "English" not in said and "retrieval %" in said


def test_one_block_has_no_interval(study: Study, capsys: pytest.CaptureFixture[str]) -> None:
    n_units = np.array([5])
    run_id = store(study, "base", made_up(0, n_units), n_units)
    layers = summarise(study, run_id)["layers"]
    assert layers["cosine"].notna().all() and layers["cosine_low"].isna().all()
    print_similarity(study, run_id)
    assert "nan" not in capsys.readouterr().out


def test_a_difference_is_resampled_once_for_both(study: Study) -> None:
    n_units = units_of_blocks()
    base = made_up(0, n_units)
    change = np.array([0.25, 0.05, -0.125])[:, None, None, None]
    runs = {
        "base": store(study, "base", base, n_units),
        "moved": store(study, "moved", base + change, n_units),
        "other": store(study, "other", made_up(5, n_units), n_units),
    }
    found = paired(study, runs["base"], runs["moved"])
    for frame in (found["layers"], found["english"]):
        for name, expected in zip(METRICS, (0.25, 0.05, 0.2, -0.125), strict=True):
            # the same in every block: an interval of no width, though each alone is wide
            for column in (name, f"{name}_low", f"{name}_high"):
                np.testing.assert_allclose(frame[column], expected, atol=1e-12)
    found = paired(study, runs["base"], runs["other"])["layers"]
    one, two = (summarise(study, runs[k])["layers"] for k in ("base", "other"))
    np.testing.assert_allclose(found["retrieval"], two["retrieval"] - one["retrieval"], atol=1e-12)
    apart = ~np.eye(3, dtype=bool)
    delta = (made_up(5, n_units) - base)[:, 2][..., apart].mean(-1).T  # [block, layer]
    interval = ratio_interval(
        delta * n_units[:, None], np.repeat(n_units[:, None], N_LAYERS, 1).astype(float)
    )
    np.testing.assert_allclose(found["retrieval_low"], interval.low, atol=1e-12)
    np.testing.assert_allclose(found["retrieval_high"], interval.high, atol=1e-12)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"corpus": "0ther"}, "the corpus is c0ffee and 0ther"),
        ({"centre": "language"}, "centre is none and language"),
        ({"languages": ("de", "en", "ru")}, "languages is de,en,zh and de,en,ru"),
        ({"scores": 3}, "the number of layers is 4 and 3"),
        ({"n_units": 1}, "the number of units is"),
    ],
)
def test_runs_on_other_text_or_options_are_not_paired(
    change: dict[str, object], message: str, study: Study
) -> None:
    n_units = units_of_blocks()
    one = store(study, "base", made_up(0, n_units), n_units)
    if "scores" in change:
        change = {"scores": made_up(0, n_units)[:3]}
    if "n_units" in change:
        change = {"n_units": n_units + 1}
    settings = {"scores": made_up(0, n_units), "n_units": n_units, **change}
    two = store(study, "other", **settings)
    with pytest.raises(InterpError, match=message) as error:
        paired(study, one, two)
    assert "\n" not in str(error.value)


def test_an_unknown_run_or_another_analysis_is_one_line(study: Study) -> None:
    n_units = units_of_blocks()
    run_id = store(study, "base", made_up(0, n_units), n_units)
    with study.run(RunSpec("lens", "base", "base", "default", {}, "x")) as run:
        pass
    with pytest.raises(InterpError, match=f"unknown finished run 'nothing'.*{run_id}"):
        summarise(study, "nothing")
    with pytest.raises(InterpError, match=f"{run.run_id} is one of lens: expected one of simil"):
        summarise(study, run.run_id)


def test_what_is_printed_says_how_to_read_it(
    study: Study, capsys: pytest.CaptureFixture[str]
) -> None:
    n_units = units_of_blocks()
    run_id = store(study, "base", made_up(0, n_units), n_units, centre="language")
    print_similarity(study, run_id)
    said = capsys.readouterr().out
    for part in ("centre language", run_id, "retrieval by chance", "English and each language",
                 "highest retrieval at layer 2", f"{N_BLOCKS} blocks"):  # fmt: skip
        assert part in " ".join(said.split()), part
    layers = summarise(study, run_id)["layers"]
    assert f"{100 * layers['retrieval'][1]:.1f} [" in said


def test_no_unit_and_no_diagonal_has_a_row() -> None:
    frame = similarity_frame(made_up(0, np.array([2, 0])), np.array([2, 0]), LANGUAGES)
    assert set(frame["block"]) == {0} and (frame["lang"] != frame["other_lang"]).all()
    assert len(frame) == N_LAYERS * 6
    assert isinstance(frame, pd.DataFrame) and frame["n_units"].eq(2).all()


def test_the_summary_never_imports_torch() -> None:
    code = (
        "import sys, interp.similarity.summary, interp.cli.print_similarity;"
        "import interp.cli.similarity;"
        "print([m for m in ('torch', 'transformers') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
