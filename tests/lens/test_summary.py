"""What a run says, against small cases worked out by hand."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd
import pytest

from interp.lens.items import COUNTS
from interp.lens.summary import crossovers, summarise, trajectories
from interp.study import RunSpec, Study

INF = math.inf
# fact -> ranks at layers 0 to 3 of (target, English answer) after the German prompt
GERMAN = {
    "late": ([50, 9, 1, 0], [2, 2, 4, 4]),  # ahead from layer 2 on
    "never": ([0, 9, 5, 7], [3, 3, 3, 3]),  # ahead at first, behind at the end: censored
    "tie": ([1, 1, 1, 1], [1, 1, 1, 1]),  # at most as far: ahead from the start
    "back": ([0, 8, 8, 2], [5, 5, 5, 5]),  # ahead, behind, ahead: only the last stretch counts
}
ENGLISH = {"late": [3, 0, 0, 0], "never": [5, 4, 2, 9]}


def rows(fact: str, lang: str, role: str, ranks: list[float], point: str | None = "post"):
    return [
        {
            "fact_id": fact, "lang": lang, "layer": layer, "point": point, "role": role,
            "token_id": 1, "token": "x", "token_rule": "first", "rank": float(rank),
            "logprob": -1.0, "n_subtokens": 1,
        }
        for layer, rank in enumerate(ranks)
    ]  # fmt: skip


def study_of(folder: Path, table: list[dict]) -> tuple[Study, str]:
    study = Study.open(folder / "study")
    spec = RunSpec("lens", "tiny", "base", "default", {}, "0" * 64, {"weights_hash": "w"}, 0)
    counts = [{"lang": lang, **dict.fromkeys(COUNTS, 7)} for lang in ("en", "de")]
    with study.run(spec) as run:
        run.write_table("lens_ranks", pd.DataFrame(table))
        run.record("items", counts)
    return study, run.run_id


def by_hand(point: str | None = "post") -> list[dict]:
    table = []
    for fact, ranks in ENGLISH.items():
        table += rows(fact, "en", "target", ranks, point)
    for fact, (target, english) in GERMAN.items():
        table += rows(fact, "de", "target", target, point)
        table += rows(fact, "de", "en", english, point)
        table += rows(fact, "de", "distractor", [100, 100, 100, 100], point)
    return table


@pytest.mark.parametrize("point", ["post", None])  # an empty point means the same
def test_medians_means_and_shares(tmp_path: Path, point: str | None) -> None:
    curve = trajectories(*study_of(tmp_path, by_hand(point)))
    assert len(curve) == 4 * 4  # (en target, de target, de en, de distractor) x layers
    curve = curve.set_index(["lang", "role", "layer"])
    german = curve.loc[("de", "target", 1)]  # 9, 9, 1, 8
    assert (german["n"], german["median_rank"]) == (4, 8.5)
    assert german["mean_log_rank"] == pytest.approx((1 + 1 + math.log10(2) + math.log10(9)) / 4)
    assert (german["top1"], german["top10"]) == (0, 1)
    start = curve.loc[("de", "target", 0)]  # 50, 0, 1, 0
    assert (start["median_rank"], start["top1"], start["top10"]) == (0.5, 0.5, 0.75)
    assert curve.loc[("en", "target", 3), "median_rank"] == 4.5
    assert set(curve["point"]) == {"post"}


def test_crossover_and_censoring(tmp_path: Path) -> None:
    table = by_hand()
    # a stream between attention and MLP is no layer's output
    table += [dict(row, point="mid", rank=10_000.0) for row in table if row["role"] == "target"]
    found = crossovers(*study_of(tmp_path, table))
    assert set(found["lang"]) == {"de"}
    expected = {"late": 2, "never": INF, "tie": 0, "back": 3}
    assert found.set_index("fact_id")["crossover"].to_dict() == expected


def test_no_english_answer_no_crossover(tmp_path: Path) -> None:
    study, run_id = study_of(tmp_path, rows("late", "en", "target", [3, 0, 0, 0]))
    assert len(crossovers(study, run_id)) == 0
    languages = summarise(study, run_id)["languages"].set_index("lang")
    assert languages.loc["en", "target first"] == 1
    assert languages["median crossover"].isna().all() and languages["never crosses"].isna().all()


def test_summary(tmp_path: Path) -> None:
    found = summarise(*study_of(tmp_path, by_hand()))
    trajectory = found["trajectory"]
    assert list(trajectory.columns) == ["layer", "en target", "de target", "de en"]
    assert trajectory["layer"].tolist() == [0, 1, 2, 3]
    # medians, shown as places that begin with 1
    assert trajectory["de target"].tolist() == [1.5, 9.5, 4, 2.5]
    assert trajectory["en target"].tolist() == [5, 3, 2, 5.5]
    languages = found["languages"].set_index("lang")
    assert languages.loc["de", "target first"] == 0.25  # only "late" ends at rank 0
    assert languages.loc["de", "median crossover"] == 2  # of 2, 0 and 3
    assert languages.loc["de", "never crosses"] == 0.25
    assert languages.loc["en", "target first"] == 0.5
    assert math.isnan(languages.loc["en", "median crossover"])
    assert languages.loc["de", list(COUNTS)].tolist() == [7] * len(COUNTS)


def test_mid_points_stand_before_their_blocks_output(tmp_path: Path) -> None:
    table = by_hand()
    table += [dict(row, point="mid", rank=40.0) for row in table if row["layer"] > 0]
    found = summarise(*study_of(tmp_path, table))
    trajectory = found["trajectory"]
    places = list(zip(trajectory["layer"], trajectory["point"], strict=True))
    assert places[:4] == [(0, "post"), (1, "mid"), (1, "post"), (2, "mid")]
    assert trajectory["de target"].tolist()[:4] == [1.5, 41, 9.5, 41]
    assert found["languages"].set_index("lang").loc["de", "target first"] == 0.25
