"""LAPE runs held against each other: what is paired, what is refused, and what is found."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from interp.comparison import compare
from interp.comparison.family import Built, NotComparable
from interp.comparison.lape import CountsPair, build
from interp.comparison.pairs import run_pairs
from interp.importers.imported import save_import
from interp.importers.lape import read_lape
from interp.lape.select import select_from_counts
from interp.options import LapeOptions
from interp.stats.contrast import Settings
from interp.stats.verdict import BEYOND, NOT_ENOUGH, WITHIN
from interp.study import RunSpec, Study, load_study

LANGUAGES = ("en", "de", "sw", "zh")
LAYERS, WIDTH, BLOCKS, TOKENS = 6, 120, 40, 300
OWN = 30
"""Neurons of each language; a sixth of all 720 are selected."""
OPTIONS = LapeOptions(top_fraction=1 / 6, filter_quantile=0.7)
QUICK = Settings(draws=100, permutations=399, splits=50)


def rates(moved: int = 0, late: bool = False) -> np.ndarray:
    """Activation rates ``[language, layer, neuron]``: OWN neurons of each language, the rest even.

    How much a neuron prefers its language differs from one to the next: were they all alike, any
    mixture of two checkpoints would have all of them or none, and no p could be small.

    Args:
        moved: neurons of sw that lose it, as many others of its layer turn to de.
        late: whether the neurons of zh lie in the last layer instead of the first.
    """
    rng = np.random.default_rng(0)
    even = rng.beta(3, 9, (LAYERS, WIDTH)) * rng.lognormal(0, 0.1, (4, LAYERS, WIDTH))
    found = np.clip(even, 0, 1)
    weak, strong = rng.uniform(0.01, 0.12, (4, OWN)), rng.uniform(0.45, 0.95, (4, OWN))
    for place, lang in enumerate(LANGUAGES):
        layer = (5 if late else 0) if lang == "zh" else 1 + place
        own = slice(10 * place, 10 * place + OWN)
        found[:, layer, own] = weak[place]
        found[place, layer, own] = strong[place]
    turned = slice(100, 100 + moved)
    found[:, 3, 20 : 20 + moved] = even[:, 3, 20 : 20 + moved]
    found[:, 3, turned], found[1, 3, turned] = weak[1, :moved], strong[1, :moved]
    return found


def counted(rate: np.ndarray, seed: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    counts = rng.binomial(TOKENS, rate, (BLOCKS, *rate.shape)).astype(np.uint16)
    return {"counts": counts, "tokens": np.full((BLOCKS, len(rate)), TOKENS)}


def write(study: Study, label: str, tensors: dict[str, np.ndarray], **changes: Any) -> str:
    """Write one finished run as `interp.lape.run` does."""
    layers, width = tensors["counts"].shape[2:]
    languages = changes.pop("languages", LANGUAGES)
    text = {"corpus_hash": "c", "n_blocks": BLOCKS, **changes.pop("text", {})}
    notes = changes.pop("notes", {})
    model = {"tokenizer_hash": "t", "shape": {"n_layers": layers, "d_mlp": width}}
    values: dict[str, Any] = {
        "analysis": "lape", "label": label, "stage": label, "preset": "default",
        "arguments": {**OPTIONS.to_dict(), **changes.pop("options", {}), "languages": list(languages)},
        "data_hash": "sha256:text", "model": {**model, **changes.pop("model", {})},
    }  # fmt: skip
    with study.run(RunSpec(**{**values, **changes})) as run:
        options = LapeOptions.of_run(values["arguments"])
        found = select_from_counts(
            tensors["counts"], tensors["tokens"], options, languages=tuple(languages)
        )
        run.record("text", text)
        for key, value in notes.items():
            run.record(key, value)
        run.write_table("neurons", found.to_frame())
        run.write_tensors("counts", tensors)
        return run.run_id


@pytest.fixture(scope="module")
def same() -> dict[str, np.ndarray]:
    return counted(rates(), 0)


def built(study: Study, label: str = "other") -> Built:
    (pair,) = run_pairs(study, "base", label, ["lape"])
    return build(study, pair)  # type: ignore[arg-type]


def two(folder: Path, tensors: dict[str, np.ndarray], other: Any = None, **changes: Any) -> Study:
    study = Study.open(folder)
    write(study, "base", tensors)
    write(study, "other", tensors if other is None else other, **changes)
    return study


def by(frame: pd.DataFrame, label: str) -> dict[tuple[str, str | None], pd.Series]:
    rows = frame[frame["label"] == label]
    langs = [lang if isinstance(lang, str) else None for lang in rows["lang"]]
    keys = zip(rows["statistic"], langs, strict=True)
    return dict(zip(keys, (row for _, row in rows.iterrows()), strict=True))


def test_planted_changes_are_beyond_noise_and_nothing_is_within(
    tmp_path: Path, same: dict[str, np.ndarray]
) -> None:
    study = Study.open(tmp_path / "s")
    write(study, "base", same)
    write(study, "again", counted(rates(), 1))
    write(study, "grpo", counted(rates(moved=10, late=True), 2))
    frame = compare(study, "base", analyses=["lape"], settings=QUICK)
    assert (frame["design"] == "paired").all() and (frame["n"] == BLOCKS).all()
    assert set(by(frame, "again")) == set(by(frame, "grpo")) and len(by(frame, "grpo")) == 24
    assert set(frame.loc[frame["label"] == "again", "verdict"]) == {WITHIN}
    found = by(frame, "grpo")
    # but the change of sw: exchanging labels turns -33 % into +50 %, so a fall has to be larger
    assert {key for key, row in found.items() if row["verdict"] == BEYOND} == {
        ("neurons", "de"), ("neurons", "sw"), ("neurons_change", "de"), ("late_share", "zh"),
        ("late_share", None), ("layer_distance", "de"), ("layer_distance", "zh"),
        ("layer_distance", None), ("layer_distance_without_english", None),
        ("neuron_jaccard", "de"), ("neuron_jaccard", "sw"), ("neuron_jaccard", "zh"),
        ("neuron_jaccard", None),
    }  # fmt: skip
    sw, zh = found["neurons", "sw"], found["layer_distance", "zh"]
    assert (sw["base_value"], sw["label_value"], sw["value"]) == (30, 20, -10)
    assert sw["ci_low"] <= -10 <= sw["ci_high"] < 0 and sw["behind"] == 30
    assert (zh["value"], zh["signed_value"], zh["layer"]) == (1, -1, 0)
    assert found["neurons_change", "de"]["value"] == pytest.approx(100 * 10 / 30)
    assert found["neuron_jaccard", "zh"]["value"] == 0
    assert found["late_share", "zh"]["label_value"] == 1
    back = load_study(study.path).table("comparisons")
    np.testing.assert_array_equal(back["value"], frame["value"])


def test_the_pair_is_what_the_runs_selected(tmp_path: Path, same: dict[str, np.ndarray]) -> None:
    study = two(tmp_path / "s", same)
    found = built(study)
    assert isinstance(found.pair, CountsPair) and found.design == "paired" and not found.notes
    pooled = found.pair.pool(np.ones((1, BLOCKS)), None)
    frame = study.table("neurons", label="base")
    chosen = frame[frame["selected"]]
    flat = chosen["layer"] * WIDTH + chosen["neuron"]
    assert sorted(pooled.neuron) == flat.tolist()
    langs = dict(zip(flat, chosen["lang"], strict=True))
    for j, row in zip(pooled.neuron, pooled.assigned, strict=True):
        assert [LANGUAGES[k] for k in np.flatnonzero(row)] == [langs[j]]


@pytest.mark.parametrize(
    ("changes", "design", "note"),
    [
        ({}, "paired", ""),
        ({"data_hash": "x", "model": {"tokenizer_hash": "u"}}, "paired", "different tokenizers"),
        ({"data_hash": "x", "text": {"corpus_hash": "d"}}, "unpaired", "different text"),
        ({"data_hash": "x", "text": {"corpus_hash": None}}, "unpaired", "different text"),
        ({"options": {"n_blocks": 40}, "data_hash": "x"}, "paired", ""),
        ({"options": {"min_activations": 3}}, "paired", ""),
    ],
)
def test_blocks_are_paired_where_they_are_the_same_text(
    tmp_path: Path, same: dict[str, np.ndarray], changes: dict[str, Any], design: str, note: str
) -> None:
    found = built(two(tmp_path / "s", same, **changes))
    assert (found.design, "; ".join(found.notes)) == (design, note)
    assert found.pair is not None and found.pair.paired is (design == "paired")


def test_other_blocks_of_the_same_corpus(tmp_path: Path, same: dict[str, np.ndarray]) -> None:
    fewer = {name: value[:30] for name, value in same.items()}
    found = built(two(tmp_path / "a", same, fewer, data_hash="x"))
    assert found.design == "unpaired" and found.n == 30
    assert found.notes == ("the same text in 40 and 30 blocks",)
    study = Study.open(tmp_path / "b")
    flat = {"layout": "flat"}
    write(study, "base", same, options=flat)
    write(study, "other", same, options=flat, data_hash="x")
    assert built(study).design == "unpaired"
    assert built(study).notes[0].startswith("the same text in flat streams")
    study = Study.open(tmp_path / "d")
    nowhere = {"corpus_hash": None}
    write(study, "base", same, text=nowhere)
    write(study, "other", same, text=nowhere, data_hash="x")
    assert built(study).notes == ("different text",), "what is not recorded is not the same"
    more = {**same, "tokens": same["tokens"] + 1}
    found = built(two(tmp_path / "c", same, more, data_hash="x"))
    assert found.design == "paired"
    assert found.notes[0].endswith("different numbers of tokens are counted")


def test_unpaired_runs_go_through(tmp_path: Path, same: dict[str, np.ndarray]) -> None:
    study = two(
        tmp_path / "s", same, counted(rates(late=True), 5), data_hash="x",
        text={"corpus_hash": "d"},
    )  # fmt: skip
    frame = by(compare(study, "base", analyses=["lape"], settings=QUICK), "other")
    assert frame["layer_distance", "zh"]["verdict"] == BEYOND
    assert frame["neurons", "de"]["verdict"] == WITHIN
    assert frame["neurons", "de"]["design"] == "unpaired"


@pytest.mark.parametrize(
    "option",
    [{"activation": "up"}, {"eps": 1e-9}, {"filter_quantile": 0.5}, {"top_fraction": 0.02},
     {"rounding": "floor"}, {"assignment": "threshold"}, {"budget": "all"}, {"layout": "flat"},
     {"seq_len": 512}, {"bos": "never"}],
)  # fmt: skip
def test_other_options_are_not_comparable(
    tmp_path: Path, same: dict[str, np.ndarray], option: dict[str, Any]
) -> None:
    study = two(tmp_path / "s", same, options=option)
    with pytest.raises(NotComparable, match=next(iter(option))):
        built(study)


def test_other_shapes_compare_numbers_and_depths(
    tmp_path: Path, same: dict[str, np.ndarray]
) -> None:
    deep = {**same, "counts": np.repeat(same["counts"], 2, axis=2)}
    study = two(tmp_path / "s", same, deep)
    frame = by(compare(study, "base", analyses=["lape"], settings=QUICK), "other")
    assert not any(name == "neuron_jaccard" for name, _ in frame)
    row = frame["layer_distance", "zh"]
    # the deeper one's lie half in the first half of the base's first layer: counted before it ends
    assert row["value"] == 0.5 and np.isnan(row["p"]) and row["verdict"] == NOT_ENOUGH
    assert frame["neurons", "de"]["value"] == 30 and row["noise_floor"] >= 0
    assert "6 layers of 120 neurons and 12 layers of 120" in row["notes"]
    wide = {**same, "counts": np.repeat(same["counts"], 2, axis=3)}
    found = built(two(tmp_path / "w", same, wide))
    assert found.pair is not None and not found.pair.exchangeable
    assert "relative depth" not in found.notes[0]


def test_shared_languages_are_selected_anew(tmp_path: Path, same: dict[str, np.ndarray]) -> None:
    own = [2, 0, 1]
    other = {"counts": same["counts"][:, own], "tokens": same["tokens"][:, own]}
    languages = [LANGUAGES[k] for k in own]
    found = built(two(tmp_path / "s", same, other, languages=languages, data_hash="x"))
    assert isinstance(found.pair, CountsPair) and found.design == "paired"
    assert found.pair.base.languages == found.pair.model.languages == ("en", "de", "sw")
    assert "without zh" in found.notes[0] and "selected anew" in found.notes[1]
    ones = np.ones((1, BLOCKS))
    first, second = found.pair.pool(ones, None), found.pair.pool(None, ones)
    np.testing.assert_array_equal(first.neuron, second.neuron)
    np.testing.assert_array_equal(first.assigned, second.assigned)


def test_one_shared_language_is_refused(tmp_path: Path, same: dict[str, np.ndarray]) -> None:
    for languages, match in (
        (("en", "fr", "es", "pt"), "share one language"),
        (("ru", "fr", "es", "pt"), "share no"),
    ):
        study = two(tmp_path / languages[0], same, languages=languages)
        with pytest.raises(NotComparable, match=match):
            built(study)


def test_nothing_selected_on_one_side_or_both(tmp_path: Path, same: dict[str, np.ndarray]) -> None:
    dead = {**same, "counts": np.zeros_like(same["counts"])}
    study = Study.open(tmp_path / "s")
    write(study, "base", same)
    write(study, "other", dead, notes={"shortfall": "only 0 of 120 neurons could be selected"})
    write(study, "gone", dead)
    few = Settings(draws=50, permutations=50, splits=20)
    frame = compare(study, "base", analyses=["lape"], settings=few)
    rows = by(frame, "other")
    assert rows["neurons", "de"]["value"] == -30 and rows["neurons", "de"]["behind"] == 30
    for key in [("layer_distance", None), ("late_share", "de")]:
        assert np.isnan(rows[key]["value"]) and rows[key]["verdict"] == NOT_ENOUGH
        assert rows[key]["reason"].startswith("0 selected neurons")
    assert rows["neuron_jaccard", None]["value"] == 0
    assert rows["neurons", "de"]["notes"] == "other: only 0 of 120 neurons could be selected"
    frame = compare(study, "other", labels=["gone"], analyses=["lape"], settings=few)
    assert set(frame["verdict"]) == {NOT_ENOUGH}
    assert np.isnan(by(frame, "gone")["neuron_jaccard", None]["value"])


def test_few_blocks_are_not_enough(tmp_path: Path, same: dict[str, np.ndarray]) -> None:
    few = {name: value[:1] for name, value in same.items()}
    frame = compare(two(tmp_path / "s", few), "base", analyses=["lape"], settings=QUICK)
    assert set(frame["verdict"]) == {NOT_ENOUGH} and frame["noise_floor"].isna().all()


def write_list(
    study: Study, label: str, places: dict[str, list[tuple[int, int]]], **more: Any
) -> None:
    """Write an imported run: neurons as listed, or only how many per layer."""
    shape = {"n_layers": LAYERS, "d_mlp": WIDTH, **more.pop("shape", {})}
    listed = more.pop("listed", True)
    arguments = {"languages": list(places), "assignment": "argmax", **more}
    spec = RunSpec("lape", label, label, "imported", arguments, f"sha256:{label}", {"model": None})
    with study.run(spec) as run:
        run.record("imported", {"missing": [], "caveat": "said of lists"})
        run.record("shape", shape)
        run.record(
            "layer_counts",
            {lang: np.bincount([at[0] for at in own] or [0], minlength=shape["n_layers"]).tolist()
             if own else [0] * shape["n_layers"] for lang, own in places.items()},
        )  # fmt: skip
        if listed:
            rows = [(layer, j, lang) for lang, own in places.items() for layer, j in own]
            frame = pd.DataFrame(rows, columns=["layer", "neuron", "lang"])
            run.write_table("neurons", frame.assign(entropy=np.nan, selected=True, n_active=None))


BASE_LIST = {"en": [(0, j) for j in range(40)], "de": [(1, j) for j in range(25)], "sw": [(5, 3)]}
MODEL_LIST = {"en": [(0, j) for j in range(30)], "de": [(4, j) for j in range(25)], "sw": []}


def test_lists_have_values_and_a_weaker_p_and_no_verdict(tmp_path: Path) -> None:
    study = Study.open(tmp_path / "s")
    write_list(study, "base", BASE_LIST)
    write_list(study, "other", MODEL_LIST)
    found = built(study)
    assert (found.design, found.unit, found.n, found.pair) == ("lists", "lists", 0, None)
    assert found.notes == ("said of lists",)
    frame = compare(study, "base", analyses=["lape"])
    assert set(frame["verdict"]) == {NOT_ENOUGH} and set(frame["n"]) == {0}
    for column in ("noise_floor", "ci_low", "ci_high", "base_low", "label_high"):
        assert frame[column].isna().all()
    rows = by(frame, "other")
    de, alike = rows["layer_distance", "de"], rows["neuron_jaccard", "en"]
    assert (de["value"], de["signed_value"], de["layer"], de["p"]) == (1, -1, 1, 1 / 5000)
    assert de["p_adjusted"] == pytest.approx(2 / 5000), "sw has no test: Holm over en and de"
    assert "weaker null, each of the 61 neurons that differ" in de["reason"]
    assert alike["value"] == 0.75 and np.isnan(alike["p"])
    assert "does not change it" in alike["reason"]
    sw = rows["layer_distance", "sw"]
    assert np.isnan(sw["value"]) and sw["reason"].startswith("it could not be computed")
    assert rows["neurons", "sw"]["reason"].startswith("1 selected neurons stand behind it")


def test_numbers_per_layer_without_neurons(tmp_path: Path) -> None:
    study = Study.open(tmp_path / "s")
    write_list(study, "base", BASE_LIST)
    write_list(study, "other", MODEL_LIST, listed=False, shape={"d_mlp": None})
    rows = by(compare(study, "base", analyses=["lape"]), "other")
    assert not any(name == "neuron_jaccard" for name, _ in rows)
    assert rows["neurons", "en"]["value"] == -10 and rows["layer_distance", "de"]["value"] == 1
    assert rows["layer_distance_without_english", None]["behind"] == 25
    assert np.isnan(rows["neurons", "en"]["p"]) and "no p" in rows["neurons", "en"]["reason"]
    assert rows["neurons", "en"]["notes"] == "said of lists", "an unknown width is no other width"


def test_lists_of_other_shapes_and_options(tmp_path: Path) -> None:
    study = Study.open(tmp_path / "s")
    write_list(study, "base", BASE_LIST, eps=1e-9)
    write_list(study, "other", MODEL_LIST, shape={"d_mlp": 300})
    write_list(study, "third", MODEL_LIST, eps=None)
    found = built(study)
    assert found.result is not None and np.isnan(found.result.p).all()
    assert found.notes[0].startswith(
        "different shapes (6 layers of 120 neurons and 6 layers of 300"
    )
    assert not any(one.name == "neuron_jaccard" for one in found.result.statistics)
    with pytest.raises(NotComparable, match="eps"):
        built(study, "third")


def test_a_list_against_counts(tmp_path: Path, same: dict[str, np.ndarray]) -> None:
    study = Study.open(tmp_path / "s")
    write(study, "base", same, preset="imported")
    frame = study.table("neurons")
    chosen = frame[frame["selected"]]
    write_list(study, "other", {
        lang: list(zip(own["layer"].tolist(), own["neuron"].tolist(), strict=True))
        for lang, own in chosen.groupby("lang")
    })  # fmt: skip
    rows = by(compare(study, "base", analyses=["lape"]), "other")
    assert all(row["value"] == (name == "neuron_jaccard") for (name, _), row in rows.items())


def test_released_lists_through_the_importer(tmp_path: Path, shared_data: Path) -> None:
    study = Study.open(tmp_path / "s")
    for label in ("olmo-base", "olmo-grpo-attmlp"):
        folder = shared_data / "release" / "lape" / label
        save_import(study, read_lape(folder), label=label, stage=label.split("-")[1])
    rows = by(compare(study, "olmo-base", analyses=["lape"]), "olmo-grpo-attmlp")
    whole = rows["layer_distance", None]
    assert round(whole["value"], 4) == 0.0241 and whole["layer"] == 17
    assert whole["signed_value"] > 0 and whole["p"] == 1 / 5000
    assert "95 % stay at or below 0.0111" in whole["reason"]
    assert round(rows["layer_distance_without_english", None]["value"], 4) == 0.0592
    assert round(rows["neuron_jaccard", None]["value"], 3) == 0.757
    assert round(rows["neurons_change", "sw"]["value"], 1) == -30.2
    assert rows["neurons", "bn"]["label_value"] == 417
    assert round(100 * rows["late_share", "es"]["label_value"], 1) == 89.4
    assert "no percentile filter" in whole["notes"] and "sw 332,800 tokens" in whole["notes"]
