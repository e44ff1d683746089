"""Do facts known in English only separate from stated ones? Planted answers, and the sentence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from interp.errors import InterpError
from interp.lens.separation import separation
from interp.lens.transition import transition
from interp.lens.transition_frames import ALL_LANGUAGES
from interp.study import Study
from tests.lens.pivot_study import study_of

N = 160  # facts, the first half stated


def planted(folder: Path, rates: dict[str, tuple[float, float]], **stated) -> tuple[Study, str]:
    """English ends ahead, near the top, in a share of the stated facts and of the others."""
    rng = np.random.default_rng(3)
    ranks = {}
    for lang, (of_stated, of_others) in rates.items():
        fails = rng.random(N) < np.repeat([of_stated, of_others], N // 2)
        target = np.where(fails[:, None], [40.0, 40, 40, 40], [40.0, 40, 0, 0])
        ranks[lang] = target, np.full((N, 4), 4.0)
    half = [True] * (N // 2) + [False] * (N // 2)
    return study_of(folder, ranks, {lang: stated.get(lang, half) for lang in rates})


def test_what_is_planted_is_found_and_nothing_else(tmp_path: Path) -> None:
    study, run_id = planted(tmp_path, {"de": (0.1, 0.6), "zh": (0.3, 0.3)})
    table, says = separation(study, run_id, draws=300)
    verdicts = table.set_index(["lang", "statistic"])["verdict"].sort_index()
    assert verdicts.loc[[("de", "transition_failure")]].tolist() == ["separate"]
    assert verdicts.loc[[("zh", "transition_failure")]].tolist() == ["overlap"]
    layers = table[(table["lang"] == "de") & (table["statistic"] == "pivot_share")]
    assert layers["layer"].tolist() == [0, 1, 2, 3]
    assert layers["verdict"].tolist() == ["overlap", "overlap", "separate", "separate"]
    assert "transition failure in de (1 of 2)" in says
    assert "pivot share separates at layers 2-3 of 0 to 3" in says
    assert says.count(". ") == 0 and says.endswith(".") and "\n" not in says
    # The same intervals as the tables of `transition`, and the groups' difference beside them.
    known = transition(study, run_id, draws=300)["statistics"].set_index(
        ["lang", "group", "statistic"]
    )
    for row in table[table["statistic"] != "pivot_share"].itertuples():
        stated = known.loc[(row.lang, "stated in language", row.statistic)]
        only = known.loc[(row.lang, "English only", row.statistic)]
        assert (row.stated, row.stated_low, row.n_stated) == (
            stated["value"], stated["ci_low"], stated["n"],
        )  # fmt: skip
        assert (row.english_only, row.english_only_high) == (only["value"], only["ci_high"])
        assert row.difference == pytest.approx(row.english_only - row.stated)
        assert row.difference_low <= row.difference <= row.difference_high


def test_separation_in_the_other_direction_counts_too(tmp_path: Path) -> None:
    study, run_id = planted(tmp_path, {"de": (0.7, 0.2)})
    table, says = separation(study, run_id, draws=300)
    failure = table[table["statistic"] == "transition_failure"]
    assert set(failure["verdict"]) == {"separate"} and (failure["difference_high"] < 0).all()
    assert "transition failure separates" in says


def test_nothing_separates_is_said_too(tmp_path: Path) -> None:
    study, run_id = planted(tmp_path, {"de": (0.4, 0.4), "zh": (0.3, 0.3)})
    _, says = separation(study, run_id, draws=300)
    assert "transition failure does not separate" in says
    assert "mean pivot share does not separate" in says
    assert "at layers none of 0 to 3" in says
    assert "mean pivot share in none (0 of 2), transition failure in none (0 of 2)" in says


def test_no_failure_among_few_facts_proves_little(tmp_path: Path) -> None:
    # None of 25 against some of 135: resampling the 25 would be certain that none ever fails.
    few = [True] * 25 + [False] * (N - 25)
    study, run_id = planted(tmp_path, {"de": (0.0, 0.12)}, de=few)
    table, _ = separation(study, run_id, draws=300)
    row = table[(table["lang"] == "de") & (table["statistic"] == "transition_failure")].iloc[0]
    assert row["stated"] == 0 and row["english_only_low"] > 0
    assert row["stated_high"] == pytest.approx(1 - 0.025 ** (1 / 25))
    assert row["verdict"] == "overlap"


def test_a_language_without_enough_facts_is_left_out_of_both_averages(tmp_path: Path) -> None:
    few = [True] * 5 + [False] * (N - 5)
    none = [False] * N
    rates = {"de": (0.1, 0.6), "zh": (0.0, 0.9), "bn": (0.0, 0.9)}
    study, run_id = planted(tmp_path, rates, zh=few, bn=none)
    table, says = separation(study, run_id, draws=300)
    failure = table[table["statistic"] == "transition_failure"].set_index("lang")
    assert failure["verdict"].to_dict() == {
        "de": "separate", "zh": "not enough data", "bn": "no facts", ALL_LANGUAGES: "separate",
    }  # fmt: skip
    for name in ("stated", "english_only"):
        assert failure.loc[ALL_LANGUAGES, name] == failure.loc["de", name]
    assert "transition failure in de (1 of 1)" in says
    study, run_id = planted(tmp_path / "other", {"zh": (0.0, 0.9)}, zh=few)
    table, says = separation(study, run_id, draws=300)
    assert set(table["verdict"]) == {"not enough data"}
    assert "over all languages mean pivot share has not enough data" in says


def test_facts_that_do_not_say_what_is_stated(tmp_path: Path) -> None:
    study, run_id = planted(tmp_path, {"de": (0.1, 0.6)}, de=[None] * N)
    with pytest.raises(InterpError, match="say nothing about 'stated'"):
        separation(study, run_id, draws=100)
    assert isinstance(study.facts("f" * 64), pd.DataFrame)
