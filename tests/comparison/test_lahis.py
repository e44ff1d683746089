"""LAHIS runs of a study against each other: what is paired, what is refused, what is left empty."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from interp.cli.summaries import print_lahis
from interp.comparison.against_base import compare
from interp.comparison.family import Built, NotComparable, RunPair
from interp.comparison.lahis import MEASURE, build
from interp.comparison.pairs import run_pairs
from interp.lahis.scores import head_score
from interp.lahis.summary import kv_group_scores, score_matrices, selected_heads, summarise
from interp.options import LahisOptions
from interp.stats.contrast import Settings
from interp.stats.verdict import NOT_COMPARABLE, NOT_ENOUGH
from interp.study import RunSpec, Study

LANGUAGES = ("sw", "en", "zh")  # not sorted: safetensors sorts its names
FEW = Settings(draws=40, permutations=59, splits=20)
Arrays = Mapping[str, NDArray[np.floating]]


def gradients(seed: int = 0, n: int = 24, shape: tuple[int, int] = (2, 8)) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    return {lang: rng.normal(-0.2, 1, (n, *shape)).astype(np.float32) for lang in sorted(LANGUAGES)}


def score_rows(scores: Arrays, languages: tuple[str, ...], ci: object = 0.0) -> pd.DataFrame:
    frames = []
    for lang in languages:
        layer, head = np.divmod(np.arange(scores[lang].size), scores[lang].shape[1])
        frames.append(
            pd.DataFrame(
                {"lang": lang, "layer": layer, "head": head, "score": scores[lang].ravel(),
                 "ci_low": ci, "ci_high": ci, "n_samples": 24}
            )
        )  # fmt: skip
    return pd.concat(frames, ignore_index=True)


def write(
    study: Study,
    label: str,
    given: Arrays | None = None,
    *,
    languages: tuple[str, ...] = LANGUAGES,
    data_hash: str = "d",
    units: str = "u",
    corpus_hash: str = "c",
    model: Mapping[str, Any] | None = None,
    n: int = 24,
    **options: Any,
) -> str:
    """Write a run with a frozen mask, as `interp.lahis.run` leaves it."""
    given = given if given is not None else gradients(len(label), n)
    arguments = {**LahisOptions(top_fraction=0.3, **options).to_dict(), "languages": [*languages]}
    spec = RunSpec(
        "lahis", label, label, "default", arguments, data_hash,
        model or {"model": label, "tokenizer_hash": "t"}, 0,
    )  # fmt: skip
    with study.run(spec) as run:
        run.record(
            "samples",
            {"corpus_hash": corpus_hash, "units": [f"{units}{i}" for i in range(len(given["en"]))]},
        )
        own = {lang: given[lang] for lang in sorted(languages)}
        run.write_tensors("gradients", own, {"axes": ["sample", "layer", "head"]})
        # the table takes no cell that is empty: damage is in the gradients
        scores = {lang: np.nan_to_num(head_score(one)) for lang, one in own.items()}
        run.write_table("head_scores", score_rows(scores, languages))
        return run.run_id


def write_scores(
    study: Study,
    label: str,
    scores: Arrays,
    *,
    preset: str = "imported",
    data_hash: str = "",
    notes: Mapping[str, Any] | None = None,
    **arguments: Any,
) -> str:
    """Write a run of which only scores are known: imported, or with a learned mask."""
    spec = RunSpec(
        "lahis", label, label, preset, {"languages": list(scores), **arguments},
        data_hash or f"sha256:{label}", {"model": label}, 0,
    )  # fmt: skip
    with study.run(spec) as run:
        for name, value in (notes or {"imported": {"format": "lahis-pth"}}).items():
            run.record(name, value)
        run.write_table("head_scores", score_rows(scores, tuple(scores), np.nan))
        return run.run_id


def matrices(seed: int, shape: tuple[int, int] = (5, 20)) -> dict[str, NDArray[np.float64]]:
    rng = np.random.default_rng(seed)
    return {lang: rng.random(shape) for lang in LANGUAGES}


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return Study.open(tmp_path / "study")


def pair_of(study: Study) -> RunPair:
    (pair,) = run_pairs(study, "base", "sft", ["lahis"])
    assert isinstance(pair, RunPair)
    return pair


def built(study: Study) -> Built:
    return build(study, pair_of(study))


def levels(made: Built, name: str) -> pd.DataFrame:
    """Observed value and levels of one statistic."""
    assert made.pair is not None
    sides = (
        made.pair.pool(np.ones((1, made.pair.n_base)), None),
        made.pair.pool(None, np.ones((1, made.pair.n_model))),
    )
    found = made.pair.compare(*sides)
    rows = [
        (one.lang, one.other_lang, one.layer, one.head, *values)
        for one, *values in zip(
            made.pair.statistics, found.value[0], found.first[0], found.second[0], strict=True
        )
        if one.name == name
    ]
    columns = ["lang", "other_lang", "layer", "head", "value", "base", "label"]
    return pd.DataFrame(rows, columns=columns)


# --- runs with gradients ----------------------------------------------------------------------


def test_levels_are_those_that_each_run_shows_of_itself(study: Study) -> None:
    runs = write(study, "base"), write(study, "sft")
    made = built(study)
    assert (made.design, made.unit, made.n, made.notes) == ("paired", "samples", 24, ())
    tops = [selected_heads(study, run) for run in runs]
    kept = levels(made, "heads_kept")
    assert kept["lang"].tolist() == list(LANGUAGES)
    for row in kept.itertuples():
        both = set(tops[0][row.lang]) & set(tops[1][row.lang])
        assert row.value == pytest.approx(len(both) / len(tops[0][row.lang]))
    shown = [summarise(study, run) for run in runs]
    for row in levels(made, "overlap").itertuples():
        for name, one in zip(("base", "label"), shown, strict=True):
            matrix = one["overlap"].set_index("lang")
            assert getattr(row, name) == pytest.approx(matrix.loc[row.lang, row.other_lang] / 100)
    for row in levels(made, "layer_profile").itertuples():
        for name, one in zip(("base", "label"), shown, strict=True):
            assert getattr(row, name) == pytest.approx(
                one["layer_profile"].loc[row.layer, row.lang] / 100
            )
    assert levels(made, "general_heads").loc[0, ["base", "label"]].tolist() == [
        len(one["general_heads"]) for one in shown
    ]
    scores = [score_matrices(study, run) for run in runs]
    for row in levels(made, "delta_raw").itertuples():
        for name, one in zip(("base", "label"), scores, strict=True):
            assert getattr(row, name) == pytest.approx(one[row.lang][row.layer, row.head])


def test_runs_are_paired_on_the_same_data_and_under_another_tokenizer(study: Study) -> None:
    write(study, "base", data_hash="d1")
    write(study, "sft", data_hash="d2", model={"model": "m", "tokenizer_hash": "other"})
    made = built(study)
    assert made.design == "paired" and made.pair is not None and made.pair.paired
    assert made.notes == ("different tokenizers", "the same units, cut into other tokens")


@pytest.mark.parametrize("changes", [{"units": "v"}, {"corpus_hash": "e"}, {"n": 30}])
def test_other_units_are_not_paired(study: Study, changes: dict[str, Any]) -> None:
    write(study, "base", data_hash="d1")
    write(study, "sft", data_hash="d2", **changes)
    made = built(study)
    assert made.design == "unpaired" and made.pair is not None and not made.pair.paired
    assert made.n == 24 and (made.pair.n_base, made.pair.n_model) == (24, changes.get("n", 24))
    assert made.notes == ("different text, or in another order: samples of the two are not paired",)
    rows = compare(study, "base", settings=FEW)
    assert set(rows["design"]) == {"unpaired"} and rows["p"].notna().all()


def test_runs_that_say_nothing_of_their_units_are_not_paired(study: Study) -> None:
    arguments = {**LahisOptions(top_fraction=0.3).to_dict(), "languages": list(LANGUAGES)}
    for label in ("base", "sft"):
        spec = RunSpec("lahis", label, label, "default", arguments, label, {"model": "m"}, 0)
        with study.run(spec) as run:
            run.write_tensors("gradients", gradients(5), {})
            scores = {lang: head_score(one) for lang, one in gradients(5).items()}
            run.write_table("head_scores", score_rows(scores, LANGUAGES))
    assert built(study).design == "unpaired"


def test_shared_languages_only_in_the_order_of_the_base(study: Study) -> None:
    write(study, "base", data_hash="d1")
    write(study, "sft", data_hash="d2", languages=("zh", "sw"))
    made = built(study)
    assert made.pair is not None
    assert levels(made, "heads_kept")["lang"].tolist() == ["sw", "zh"]
    assert any("without en" in note for note in made.notes)
    assert "general_heads" not in {one.name for one in made.pair.statistics}


def test_no_shared_language_is_refused(study: Study) -> None:
    write(study, "base", languages=("sw", "en"), data_hash="d1")
    write(study, "sft", languages=("zh",), data_hash="d2")
    with pytest.raises(NotComparable, match="share no language"):
        built(study)


CHANGES = {
    "mask_update": "adamw", "mask_dtype": "bfloat16", "accumulate_dtype": "bfloat16", "n_samples": 7,
    "seq_len": 99, "top_rule": "topk_int", "quantile": 0.5, "general_min": 2, "bos": "never",
}  # fmt: skip


@pytest.mark.parametrize(("name", "value"), CHANGES.items())
def test_other_measures_are_refused(study: Study, name: str, value: object) -> None:
    assert set(CHANGES) == set(MEASURE) - {"top_fraction"}
    write(study, "base")
    write(study, "sft", **{name: value})
    with pytest.raises(NotComparable, match=rf"the runs differ in {name} \(.* and {value}\)"):
        built(study)
    if name == "bos":
        rows = compare(study, "base", settings=FEW)
        assert len(rows) == 1 and rows.loc[0, "verdict"] == NOT_COMPARABLE


def test_the_learning_rate_counts_only_where_a_mask_is_learned(study: Study) -> None:
    write(study, "base")
    write(study, "sft", lr=0.5)
    assert built(study).design == "paired"


@pytest.mark.parametrize("broken", ["base", "sft"])
def test_gradients_that_are_no_numbers_are_refused_by_run_and_language(
    study: Study, broken: str
) -> None:
    given = gradients()
    given["zh"][3, 1, 2] = np.nan
    runs = {label: write(study, label, given if label == broken else None)
            for label in ("base", "sft")}  # fmt: skip
    with pytest.raises(NotComparable, match=f"run {runs[broken]} holds head scores of zh that are"):
        built(study)


def test_other_shapes_leave_overlaps_and_numbers_without_a_verdict(study: Study) -> None:
    write(study, "base", gradients(1))
    write(study, "sft", gradients(2, shape=(3, 10)))
    made = built(study)
    assert made.notes == (
        "2 layers of 8 heads and 3 of 10: heads and layers have no counterpart, so only overlaps of "
        "languages and numbers of heads are compared",
    )
    rows = compare(study, "base", settings=FEW)
    assert set(rows["statistic"]) == {"overlap", "mean_overlap", "general_heads", "specific_heads"}
    assert rows["p"].isna().all() and rows["ci_low"].notna().all()
    assert set(rows["verdict"]) == {NOT_ENOUGH}


def test_rows_of_the_table(study: Study) -> None:
    write(study, "base")
    write(study, "sft")
    rows = compare(study, "base", settings=FEW)
    stored = study.table("comparisons")
    assert len(stored) == len(rows) and (rows["behind"].dropna() == 5).all()
    assert rows["p_adjusted"].between(0, 1).all() and rows["noise_floor"].notna().all()
    delta = rows[rows["statistic"].str.startswith("delta_")]
    assert len(delta) == 3 * 3 * 16
    gaps = rows["label_value"] - rows["base_value"] - rows["value"]
    assert gaps[rows["kind"] == "difference"].abs().max() < 1e-9
    short = build(study, pair_of(study), maps=False).pair
    assert short is not None
    assert {one.name for one in short.statistics} == set(rows["statistic"]) - set(
        delta["statistic"]
    )
    peak = rows[rows["statistic"] == "layer_peak"]
    assert peak["layer"].tolist() == [0] and peak["lang"].isna().all()


# --- scores alone -----------------------------------------------------------------------------


def test_imported_matrices_give_values_without_interval(study: Study) -> None:
    runs = [write_scores(study, label, matrices(i)) for i, label in enumerate(("base", "sft"))]
    made = built(study)
    assert (made.design, made.unit, made.n, made.pair) == ("lists", "lists", 0, None)
    rows = compare(study, "base", settings=FEW)
    empty = ["ci_low", "ci_high", "base_low", "label_high", "noise_floor", "p", "p_adjusted"]
    assert rows[empty].isna().all().all()
    assert set(rows["verdict"]) == {NOT_ENOUGH}
    assert rows["reason"].str.startswith("only score matrices are known").all()
    kept = rows[rows["statistic"] == "heads_kept"].set_index("lang")["value"]
    tops = [selected_heads(study, run) for run in runs]
    assert len(tops[0]["en"]) == 2  # 2 % of 100 heads, the default where nothing was said
    for lang in LANGUAGES:
        assert kept[lang] == len(set(tops[0][lang]) & set(tops[1][lang])) / 2
    deltas = rows[rows["statistic"] == "delta_raw"]["value"]
    fell = rows[rows["statistic"] == "weakened"]["label_value"].iloc[0]
    for name, seed in (("base_value", 0), ("label_value", 1)):
        raw = rows.loc[rows["statistic"] == "delta_raw", name]
        assert raw.tolist() == [x for lang in LANGUAGES for x in matrices(seed)[lang].ravel()]
    assert len(deltas) == 300 and fell == pytest.approx((deltas < 0).mean())
    assert len(study.table("comparisons")) == len(rows)


def test_imports_are_held_to_what_both_say(study: Study) -> None:
    write_scores(study, "base", matrices(0), n_samples=500, top_fraction=0.1, top_rule="topk_int")
    write_scores(study, "sft", matrices(1), top_fraction=0.1)
    made = built(study)
    assert made.result is not None
    at = [one.name for one in made.result.statistics].index("heads_kept")
    assert made.result.behind[at] == 10
    write_scores(study, "sft", matrices(1), data_hash="2", n_samples=1000)
    with pytest.raises(NotComparable, match=r"n_samples \(500 and 1000\)"):
        built(study)


def test_a_learned_mask_has_scores_only_and_its_rate_counts(study: Study) -> None:
    learned = LahisOptions(mask_update="adamw", top_fraction=0.1).to_dict()
    for i, label in enumerate(("base", "sft")):
        write_scores(study, label, matrices(i), preset="paper", notes={"samples": {}}, **learned)
    assert built(study).design == "lists"
    write_scores(
        study, "sft", matrices(3), preset="paper", data_hash="2", notes={"samples": {}},
        **{**learned, "lr": 0.5},
    )  # fmt: skip
    with pytest.raises(NotComparable, match=r"lr \(0.01 and 0.5\)"):
        built(study)


def test_imported_matrices_of_other_shapes_and_with_gaps(study: Study) -> None:
    write_scores(study, "base", matrices(0))
    write_scores(study, "sft", matrices(1, (4, 30)))
    made = built(study)
    assert made.result is not None and "4 of 30" in made.notes[0]
    broken = matrices(1)
    broken["en"][1, 2] = np.inf
    name = write_scores(study, "sft", broken, data_hash="2")
    with pytest.raises(NotComparable, match=f"run {name} holds head scores of en"):
        built(study)


def test_what_an_imported_run_shows_of_itself(
    study: Study, capsys: pytest.CaptureFixture[str]
) -> None:
    run = write_scores(study, "base", matrices(0))
    found = summarise(study, run)
    top = found["top_heads"]
    assert top["lang"].tolist() == list(LANGUAGES)
    assert (top["top"] == 2).all() and top[["ci_low", "ci_high"]].isna().all().all()
    print_lahis(study, run)
    said = capsys.readouterr().out
    assert "most important heads" in said and "nan" not in said.lower()
    with pytest.raises(Exception, match="gradients"):
        kv_group_scores(study, run)
