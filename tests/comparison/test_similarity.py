"""Similarity runs compared: by hand, against loops over blocks, other texts, depths and languages."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from interp.comparison.family import NotComparable
from interp.similarity.tables import similarity_frame
from interp.stats.bootstrap import draw_counts
from interp.stats.contrast import Settings
from interp.study import RunSpec, Study
from tests.comparison.fact_studies import build, compared

LANGUAGES = ("de", "en", "zh")
BLOCKS, POINTS = 24, 4


def made_up(seed: int, points: int = POINTS, blocks: int = BLOCKS, languages=LANGUAGES):
    """[layer, metric, block, language, other language]"""
    size = len(languages)
    return np.random.default_rng(seed).uniform(0, 1, (points, 3, blocks, size, size))


def units(seed: int = 7, blocks: int = BLOCKS) -> np.ndarray:
    return np.random.default_rng(seed).integers(1, 9, blocks)


def store(
    study: Study,
    label: str,
    scores: np.ndarray,
    n_units: np.ndarray | None = None,
    *,
    languages=LANGUAGES,
    corpus: str = "c0ffee",
    **arguments,
) -> None:
    n_units = units(blocks=scores.shape[2]) if n_units is None else n_units
    asked = {"languages": list(languages), "centre": "none", "n_blocks": BLOCKS, **arguments}
    with study.run(RunSpec("similarity", label, label, "default", asked, corpus)) as run:
        run.record("text", {"corpus_hash": corpus})
        run.write_table("similarity", similarity_frame(scores, n_units, languages))


def level(scores, n_units, name: str, lang: int, points, times=None, english: int = 1) -> float:
    """A level of one language as loops over points, directions and blocks."""
    times = np.ones(len(n_units)) if times is None else times
    found = []
    for point in points:
        for one, two in ((lang, english), (english, lang)):
            top = bottom = 0.0
            for block, n in enumerate(n_units):
                cosine, other, retrieval = scores[point, :, block, one, two]
                number = retrieval if name == "retrieval" else cosine - other
                top, bottom = top + times[block] * n * number, bottom + times[block] * n
            found.append(top / bottom)
    return float(np.mean(found))


@pytest.mark.parametrize("name", ["cosine_above_baseline", "retrieval"])
def test_levels_and_intervals_against_loops(tmp_path: Path, name: str) -> None:
    study = Study.open(tmp_path)
    sides = made_up(1), made_up(2)
    for label, scores in zip(("base", "sft"), sides, strict=True):
        store(study, label, scores)
    found = compared(study, "similarity", settings=Settings(40, 19, 20, seed=2))
    assert len(found) == 2 * (2 + 1 + POINTS) and set(found["n"]) == {BLOCKS}
    draws = draw_counts(BLOCKS, 40, 2)
    every = range(POINTS)
    rows = {
        (name, "de"): lambda scores, times=None: level(scores, units(), name, 0, every, times),
        (name, "zh"): lambda scores, times=None: level(scores, units(), name, 2, every, times),
        (name, "-"): lambda scores, times=None: np.mean(
            [level(scores, units(), name, lang, every, times) for lang in (0, 2)]
        ),
        **{
            (f"{name}_by_layer", point): lambda scores, times=None, point=point: np.mean(
                [level(scores, units(), name, lang, [point], times) for lang in (0, 2)]
            )
            for point in every
        },
    }
    for place, statistic in rows.items():
        mine = found.loc[place]
        levels = [statistic(scores) for scores in sides]
        assert [mine["base_value"], mine["label_value"]] == pytest.approx(levels)
        assert mine["value"] == pytest.approx(levels[1] - levels[0])
        drawn = [statistic(sides[1], one) - statistic(sides[0], one) for one in draws]
        assert [mine["ci_low"], mine["ci_high"]] == pytest.approx(
            np.quantile(drawn, [0.025, 0.975])
        )
    assert set(found["design"]) == {"paired"} and set(found["unit"]) == {"blocks"}


def test_planted_unchanged_and_swapped(tmp_path: Path) -> None:
    study = Study.open(tmp_path)
    base = made_up(1)
    planted = base.copy()
    planted[2, 2, :, 2, 1] += 1  # Chinese finds English better at layer 2
    for label, scores in (("base", base), ("sft", planted), ("same", base)):
        store(study, label, scores)
    found = compared(study, "similarity")
    beyond = found.index[found["verdict"] == "beyond noise"].tolist()
    assert set(beyond) == {("retrieval", "zh"), ("retrieval", "-"), ("retrieval_by_layer", 2)}
    assert found.loc[("retrieval", "zh"), "value"] == pytest.approx(1 / 2 / POINTS)
    same = compared(study, "similarity", label="same")
    assert (same["value"] == 0).all() and set(same["verdict"]) == {"within noise"}
    back = compared(study, "similarity", "sft", "base")
    np.testing.assert_allclose(back["value"], -found["value"], atol=1e-12)
    np.testing.assert_array_equal(back["p"], found["p"])


def test_blocks_that_one_lacks_and_blocks_that_lost_a_unit(tmp_path: Path) -> None:
    study = Study.open(tmp_path)
    sides, fewer = (made_up(1), made_up(2)), units()
    fewer[3], fewer[5] = 0, fewer[5] + 1
    store(study, "base", sides[0])
    store(study, "sft", sides[1], fewer)
    found = compared(study, "similarity")
    kept = np.arange(BLOCKS) != 3
    for side, scores, n_units in (("base", sides[0], units()), ("label", sides[1], fewer)):
        expected = level(
            scores[:, :, kept], n_units[kept], "cosine_above_baseline", 0, range(POINTS)
        )
        mine = found.loc[("cosine_above_baseline", "de")]
        assert mine[f"{side}_value"] == pytest.approx(expected)
    assert set(found["n"]) == {BLOCKS - 1} and set(found["design"]) == {"paired"}
    notes = found["notes"].iloc[0]
    assert "1 blocks left out: text in one of the two only" in notes
    n = units().sum(), fewer.sum()
    assert n[0] != n[1] and f"without retrieval: it is among {n[0]} and {n[1]} texts" in notes
    assert "retrieval" not in found.index


def test_other_texts_are_exchanged_as_whole_blocks(tmp_path: Path) -> None:
    study = Study.open(tmp_path)
    store(study, "base", made_up(1))
    other = made_up(2, blocks=22)
    store(study, "sft", other + 1, corpus="other")
    found = compared(study, "similarity", settings=Settings(100, 99, 50))
    assert set(found["design"]) == {"unpaired"} and set(found["n"]) == {22}
    assert "different texts" in found["notes"].iloc[0]
    mine = found.loc[("cosine_above_baseline", "zh")]
    expected = level(other, units(blocks=22), "cosine_above_baseline", 2, range(POINTS))
    assert mine["label_value"] == pytest.approx(expected)
    assert mine["base_value"] == pytest.approx(
        level(made_up(1), units(), "cosine_above_baseline", 2, range(POINTS))
    )


def test_depths_and_languages(tmp_path: Path) -> None:
    study = Study.open(tmp_path)
    store(study, "base", made_up(1))
    deep = made_up(2, points=7)
    store(study, "sft", deep)
    found = compared(study, "similarity")
    assert len(found) == 2 * 3 and not any("by_layer" in name for name, _ in found.index)
    mine = found.loc[("retrieval", "de")]
    assert mine["label_value"] == pytest.approx(level(deep, units(), "retrieval", 0, range(7)))
    assert "3 and 6 layers" in found["notes"].iloc[0]
    four = ("en", "de", "zh", "sw")
    store(study, "four", made_up(3, languages=four), languages=four)
    found = compared(study, "similarity", label="four")
    assert set(found.loc["retrieval"].index) == {"de", "zh", "-"}
    assert "without sw: measured for one of the two only" in found["notes"].iloc[0]
    expected = level(made_up(3, languages=four), units(), "retrieval", 1, range(POINTS), english=0)
    assert found.loc[("retrieval", "de"), "label_value"] == pytest.approx(expected)


def test_without_english_the_pairs_with_every_other_language(tmp_path: Path) -> None:
    study = Study.open(tmp_path)
    languages = ("de", "ru", "zh")
    for label, seed in (("base", 1), ("sft", 2)):
        store(study, label, made_up(seed), languages=languages)
    found = compared(study, "similarity")
    assert set(found.loc["retrieval"].index) == {*languages, "-"}
    assert "without English" in found["notes"].iloc[0]
    pairs = [level(made_up(1), units(), "retrieval", 0, range(POINTS), english=other)
             for other in (1, 2)]  # fmt: skip
    assert found.loc[("retrieval", "de"), "base_value"] == pytest.approx(np.mean(pairs))


def test_few_blocks_give_no_verdict(tmp_path: Path) -> None:
    study = Study.open(tmp_path)
    for label, seed in (("base", 1), ("sft", 2)):
        store(study, label, made_up(seed, blocks=1))
    found = compared(study, "similarity")
    assert set(found["verdict"]) == {"not enough data"} and found["ci_low"].isna().all()
    assert found["value"].notna().all()


def test_what_cannot_be_compared(tmp_path: Path) -> None:
    study = Study.open(tmp_path)
    store(study, "base", made_up(1))
    store(study, "centre", made_up(2), centre="language")
    broken = made_up(2)
    broken[1, 0, 4, 0, 2] = np.inf
    store(study, "broken", broken)
    store(study, "two", made_up(1, languages=("sw", "zh")), languages=("sw", "zh"))
    first, second = units(), units()
    first[::2], second[1::2] = 0, 0
    store(study, "odd", made_up(1), first)
    store(study, "even", made_up(1), second)
    for base, label, said in (
        ("base", "centre", r"differ in centre \(none and language\): run interp similarity"),
        ("base", "broken", r"1 rows of run broken-similarity-\S+ hold scores that are no numbers"),
        ("base", "two", "the runs share one language, zh"),
        ("odd", "even", "share no block of text"),
    ):
        with pytest.raises(NotComparable, match=said):
            build(study, "similarity", base, label)
