"""Pairs of facts: by hand, against loops over cells, averages over languages, swapped checkpoints."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from interp.comparison.fact_cells import aligned, beside_english, group_masks, unmatched, with_sets
from interp.comparison.facts import Part, built, grouped, plain
from interp.comparison.family import NotComparable
from interp.stats.bootstrap import draw_counts
from interp.stats.contrast import Settings, contrast
from interp.stats.permutation import swaps
from tests.comparison.fact_studies import QUICK, names, random_table
from tests.reference import fact_means as oracle

NAN = np.nan
LANGUAGES = ("en", "de", "sw", "bn")


def part(base, model, languages=LANGUAGES, **options) -> Part:
    options = {"averages": beside_english(languages), "shares": ("right",), **options}
    arrays = (np.asarray(one, float)[..., None] for one in (base, model))
    return Part(tuple(languages), *arrays, plain("right"), **options)


def rows(made, settings: Settings = QUICK) -> pd.DataFrame:
    found = contrast(made.pair, settings)
    return pd.DataFrame(
        {
            "name": [one.name for one in found.statistics],
            "lang": [one.lang for one in found.statistics],
            "base": found.first, "model": found.second, "value": found.value,
            "low": found.ci[0], "high": found.ci[1], "base_low": found.first_ci[0],
            "base_high": found.first_ci[1], "p": found.p, "behind": found.behind,
            "floor": found.noise_floor, "verdict": [one for one, _ in found.verdicts],
            "reason": [reason for _, reason in found.verdicts],
        }
    )  # fmt: skip


def holes(table: pd.DataFrame, seed: int, **share: float) -> pd.DataFrame:
    """Take cells away, language by language."""
    rng = np.random.default_rng(seed)
    return table.assign(
        **{lang: table[lang].mask(rng.random(len(table)) < one) for lang, one in share.items()}
    )


def test_by_hand_with_a_cell_that_one_of_the_two_lacks() -> None:
    base = [[1, 0, 0], [1, 1, NAN], [0, 1, 1]]
    model = [[1, 1, 1], [1, NAN, 1], [1, 1, 1]]
    found = rows(built([part(base, model, ("en", "de", "sw"))])).set_index("lang")
    assert found["base"].tolist() == pytest.approx([2 / 3, 1 / 2, 1 / 2, 1 / 2])
    assert found["model"].tolist() == pytest.approx([1, 1, 1, 1])
    assert found["value"].tolist() == pytest.approx([1 / 3, 1 / 2, 1 / 2, 1 / 2])
    assert found["behind"].tolist() == [3, 2, 2, 2]  # the average: what its best language has
    assert set(found["verdict"]) == {"not enough data"}
    assert found.loc["de", "reason"] == "2 facts stand behind it, 20 are needed"


def test_everything_against_loops_over_cells() -> None:
    base = holes(random_table(40, LANGUAGES, 1), 1, de=0.2, sw=0.1, bn=0.7)
    model = holes(random_table(40, LANGUAGES, 2, 0.8), 2, de=0.2, bn=0.1)
    facts, *sides = aligned(base, model, LANGUAGES)
    made = built([part(*sides)])
    found = rows(made, Settings(draws=60, permutations=59, splits=5, seed=4))
    cells = oracle.shared(
        *(
            {(f, g): v for f, row in side.iterrows() for g, v in row.items() if not np.isnan(v)}
            for side in (base, model)
        )
    )
    counts = {lang: sum(other == lang for _, other in cells[0]) for lang in LANGUAGES}
    assert counts["bn"] < 20 <= min(counts["de"], counts["sw"])
    beside = ["de", "sw"]
    statistics = [
        *(lambda side, times, lang=lang: oracle.mean(side, lang, times) for lang in LANGUAGES),
        lambda side, times: oracle.average(side, beside, times),
    ]
    distinct = len({fact for fact, lang in cells[0] if lang in beside})
    assert found["behind"].tolist() == [*counts.values(), distinct]
    assert made.notes == ("averages without bn: fewer than 20 facts",)
    once = dict.fromkeys(facts, 1)
    draws = [dict(zip(facts, row, strict=True)) for row in draw_counts(len(facts), 60, 4)]
    moved = swaps(len(facts), 59, 6).moved
    for row, statistic in zip(found.itertuples(), statistics, strict=True):
        levels = [statistic(side, once) for side in cells]
        assert (row.base, row.model) == pytest.approx(levels)
        assert row.value == pytest.approx(levels[1] - levels[0])
        drawn = [statistic(cells[1], one) - statistic(cells[0], one) for one in draws]
        assert (row.low, row.high) == pytest.approx(np.nanquantile(drawn, [0.025, 0.975]))
        drawn = [statistic(cells[0], one) for one in draws]
        ends = np.nanquantile(drawn, [0.025, 0.975])
        assert (row.base_low, row.base_high) == pytest.approx(ends)
        hits = 0
        for labels in moved:
            turned = oracle.swapped(*cells, {f for f, x in zip(facts, labels, strict=True) if x})
            other = statistic(turned[1], once) - statistic(turned[0], once)
            hits += abs(other) >= abs(row.value) - 1e-9
        assert row.p == pytest.approx((1 + hits) / 60)


def test_an_average_rests_on_languages_with_enough_facts_or_gives_no_verdict() -> None:
    base, model = random_table(25, LANGUAGES, 1, 0.1), random_table(25, LANGUAGES, 2, 0.99)
    base.loc[base.index[19:], ["de", "sw"]] = NAN
    base.loc[base.index[:6], "bn"] = NAN  # together the three have all 25 facts
    made = built([part(*aligned(base, model, LANGUAGES)[1:])])
    found = rows(made).set_index("lang")
    assert found.loc["en", "verdict"] == "beyond noise"
    assert found["behind"].tolist() == [25, 19, 19, 19, 19]
    assert found["verdict"].tolist()[1:] == ["not enough data"] * 4
    assert made.notes == ()  # none is left out of the average
    several = base.copy()
    several.loc[several.index[19:], "de"] = 1.0
    made = built([part(*aligned(several, model, LANGUAGES)[1:], group="stated")])
    assert made.notes == ("averages (stated) without sw bn: fewer than 20 facts",)
    last = rows(made).iloc[-1]
    assert last["name"] == "right_stated" and last["behind"] == 25
    assert last["base"] == several["de"].mean()


def test_swapping_the_checkpoints_turns_every_sign_and_nothing_else() -> None:
    base = holes(random_table(40, LANGUAGES, 1), 1, de=0.2, bn=0.3)
    model = holes(random_table(40, LANGUAGES, 2, 0.7), 2, sw=0.2).iloc[:2:-1]  # another order
    there, back = (
        rows(built([part(*aligned(*pair, LANGUAGES)[1:])]))
        for pair in ((base, model), (model, base))
    )
    np.testing.assert_allclose(there["value"], -back["value"], atol=1e-12)
    np.testing.assert_allclose(there["low"], -back["high"], atol=1e-12)
    np.testing.assert_allclose(there["base"], back["model"])
    np.testing.assert_array_equal(there["p"], back["p"])


def test_units_are_the_facts_with_a_shared_cell() -> None:
    base, model = random_table(30, LANGUAGES, 1), random_table(35, LANGUAGES, 2)
    base.iloc[0] = NAN
    base.iloc[1, 1:] = NAN
    facts, *sides = aligned(base, model, LANGUAGES)
    made = built([part(*sides)])
    assert len(facts) == 35 and made.n == made.pair.n_base == 29
    notes = unmatched(LANGUAGES, *(~np.isnan(side) for side in sides))
    assert notes == ["facts left out, there for one of the two only: en 6, de 7, sw 7, bn 7"]
    assert unmatched(LANGUAGES, *(~np.isnan(sides[1]),) * 2) == []


def test_no_shared_cell_is_not_comparable() -> None:
    base, model = random_table(5, LANGUAGES, 1), random_table(5, LANGUAGES, 2)
    model.index = pd.Index([f"g{place}" for place in range(5)])
    with pytest.raises(NotComparable, match="share no fact in any language"):
        built([part(*aligned(base, model, LANGUAGES)[1:])])
    with pytest.raises(NotComparable, match="share no fact in any language"):
        built([])


def test_one_fact_has_a_value_and_no_interval() -> None:
    base = np.full((25, 2), NAN)
    base[:, 0], base[3, 1] = 0.0, 0.0
    found = rows(built([part(base, base + 1, ("en", "de"))])).set_index("lang")
    assert found.loc["de", "value"] == 1 and np.isnan(found.loc["de", ["low", "high"]]).all()
    assert np.isnan(found.loc["de", "base_low"]) and not np.isnan(found.loc["en", "low"])
    whole = rows(built([part([[0.0]], [[1.0]], ("de",))]))
    assert np.isnan(whole[["low", "high", "base_low"]]).to_numpy().all()
    assert set(whole["verdict"]) == {"not enough data"}


def test_a_language_without_shared_facts_is_a_row_without_a_value() -> None:
    base = random_table(25, ("en", "de"), 1).assign(de=NAN)
    found = rows(built([part(*aligned(base, random_table(25, ("en", "de"), 2), ("en", "de"))[1:],
                             ("en", "de"))])).set_index("lang")  # fmt: skip
    assert np.isnan(found.loc["de", ["base", "model", "value", "low", "p"]].astype(float)).all()
    assert found.loc["de", "reason"] == "0 facts stand behind it, 20 are needed"
    assert np.isnan(found["value"].iloc[-1]) and found["behind"].iloc[-1] == 0


def test_shares_that_do_not_vary_keep_a_doubt_and_other_numbers_do_not() -> None:
    unseen = 1 - 0.025 ** (1 / 30)
    ones = np.ones((30, 1))
    found = rows(built([part(ones, ones, ("de",))])).iloc[0]
    assert (found["low"], found["high"]) == pytest.approx((-unseen, unseen))
    assert (found["base_low"], found["base_high"]) == pytest.approx((1 - unseen, 1))
    assert found["verdict"] == "within noise"
    found = rows(built([part(ones, ones, ("de",), shares=())])).iloc[0]
    assert (found["low"], found["high"], found["base_low"]) == (0, 0, 1)


def test_groups_and_sets_of_languages() -> None:
    frame = pd.DataFrame(
        [(f, lang, lang == "en" or f == "f000", "test" if f == "f001" else "train")
         for f in names(3) for lang in ("en", "de")],
        columns=["fact_id", "lang", "stated", "split"],
    )  # fmt: skip
    masks = group_masks(frame, "stated", names(3), ("en", "de"))
    assert list(masks) == ["stated", "english_only"]
    assert masks["stated"].tolist() == [[True, True], [True, False], [True, False]]
    assert masks["english_only"].tolist() == [[False, False], [False, True], [False, True]]
    assert group_masks(frame.assign(stated=None), "stated", names(3), ("en", "de")) == {}
    both = part([[1, 0], [1, 1], [0, 1]], np.ones((3, 2)), ("en", "de"))
    made = grouped(both, frame, names(3))
    assert [one.group for one in made] == ["stated", "english_only", "split_train", "split_test"]
    found = rows(built(made)).set_index("name")
    assert found["base"].to_dict() == {
        "right_stated": 0, "right_english_only": 1, "right_split_train": 0.5, "right_split_test": 1,
    }  # fmt: skip
    assert [one.group for one in grouped(both, frame.assign(split="test"), names(3))] == [
        "stated", "english_only",
    ]  # fmt: skip
    assert grouped(part([[1]], [[1]], ("en",)), frame, names(3)[:1]) == []
    assert beside_english(["en"]) == {}
    sets = with_sets(["en", "de", "sw", "bn"])
    assert sets[""] == ("de", "sw", "bn") and sets["mean"] == ("en", "de", "sw", "bn")
    assert "mean without en" not in sets and sets["high_low: low"] == ("sw", "bn")
