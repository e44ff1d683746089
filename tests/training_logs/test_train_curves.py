"""Curves of training logs: smoothing, gaps, axes and settings, by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from interp.errors import InterpError
from interp.train_curves import (
    at_step,
    axes_of,
    curves,
    gap_count,
    languages_logged,
    logged,
    pieces,
    positions,
    read_log,
    settings,
    smooth,
)
from tests.training_logs.studies import STEPS, rows_of, trained, write_log


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, pd.DataFrame]:
    study = trained(tmp_path_factory.mktemp("trained"))
    return {row.label: read_log(study, row.run_id) for row in study.runs().itertuples()}


def test_a_step_logged_twice_counts_once_the_later(tmp_path: Path) -> None:
    rows = pd.concat([rows_of(), pd.DataFrame([(3, "loss", None, 9.0)], columns=rows_of().columns)])
    study = trained(tmp_path)
    log = read_log(study, write_log(study, "again", rows))
    own = log[(log["metric"] == "loss") & (log["step"] == 3)]
    assert own["value"].tolist() == [9.0] and own["lang"].tolist() == [""]


def test_in_which_languages_a_metric_is_logged(logs: dict[str, pd.DataFrame]) -> None:
    sft = logs["sft"]
    overall = sft[sft["metric"] == "correct"].assign(lang="")  # for all of them together
    few = sft[sft["lang"] != "en"]
    found = languages_logged({"sft": few, "base": overall, "grpo": logs["grpo"]})
    assert found == {"correct": {"sft": ("ar", "bn"), "grpo": ("en", "ar", "bn")}}


def test_what_is_logged_where(logs: dict[str, pd.DataFrame]) -> None:
    table = logged(logs).set_index("metric")
    assert table.loc["correct", "languages"] == 3 and not table.loc["correct", "overall"]
    assert table.loc["reward", ["sft", "grpo"]].tolist() == [0, 40]
    assert axes_of(logs["sft"]) == ("step", "seconds")
    assert axes_of(logs["grpo"]) == ("step", "tokens", "seconds")


def test_positions_add_up_what_is_logged_per_update(logs: dict[str, pd.DataFrame]) -> None:
    seconds = positions(logs["sft"], "seconds")
    assert seconds.loc[1] == 2 and seconds.loc[20] == 40 and seconds.loc[41] == 42
    assert positions(logs["grpo"], "tokens").loc[60] == 4000
    with pytest.raises(InterpError, match="tokens"):
        positions(logs["sft"], "tokens")
    total = pd.DataFrame(
        {"step": [1, 2], "metric": "tokens", "lang": "", "value": [10.0, 30.0]}
    )  # counts from the start already
    assert positions(total, "tokens").tolist() == [10, 30]


def test_a_gap_is_more_than_three_times_the_median_distance() -> None:
    assert pieces([1, 2, 3, 6, 7]).tolist() == [0, 0, 0, 0, 0]
    assert pieces([1, 2, 3, 7, 8]).tolist() == [0, 0, 0, 1, 1]
    assert pieces([50, 100, 150, 350]).tolist() == [0, 0, 0, 1]
    assert pieces([4]).tolist() == [0] and pieces([]).tolist() == []


def test_smoothing_by_hand() -> None:
    values = np.array([1.0, 2.0, 6.0, 3.0])
    assert smooth(values, "running mean", 3).tolist() == [1.5, 3, 11 / 3, 4.5]
    # span 3: weights 1, 1/2, 1/4 … normalised
    by_hand = [1, (2 + 0.5) / 1.5, (6 + 1 + 0.25) / 1.75, (3 + 3 + 0.5 + 0.125) / 1.875]
    np.testing.assert_allclose(smooth(values, "exponential", 3), by_hand)
    for how in ("none", "exponential", "running mean"):
        assert smooth(values, how, 1).tolist() == values.tolist()
    assert smooth(values, "none", 9).tolist() == values.tolist()
    with pytest.raises(InterpError, match="gaussian"):
        smooth(values, "gaussian", 3)


def test_curves_break_at_gaps_and_smooth_within_pieces(logs: dict[str, pd.DataFrame]) -> None:
    frame = curves(logs, ["loss"], smoothing="running mean", width=3)
    own = frame[frame["label"] == "sft"].set_index("step")
    assert own["piece"].loc[20] == 0 and own["piece"].loc[41] == 1 and gap_count(frame) == 2
    # the last of its piece averages two points, not one from beyond the gap
    assert own["smoothed"].loc[20] == pytest.approx((1 / 19 + 1 / 20) / 2)
    assert own["smoothed"].loc[41] == pytest.approx((1 / 41 + 1 / 42) / 2)
    assert own["value"].tolist() == pytest.approx([1 / step for step in STEPS])


def test_languages_apart_and_their_mean(logs: dict[str, pd.DataFrame]) -> None:
    apart = curves(logs, ["correct"], languages=["ar", "fr"])
    assert set(apart["lang"]) == {"ar"} and set(apart["label"]) == {"sft", "grpo"}
    mean = curves(logs, ["correct"])
    first = mean[(mean["label"] == "grpo") & (mean["step"] == 1)]["value"].item()
    assert first == pytest.approx(0.1 + 0.1 + 0.001)
    along = curves(logs, ["loss"], axis="tokens")
    assert set(along["label"]) == {"grpo"}  # sft has no tokens
    assert curves(logs, ["nosuch"]).empty and gap_count(curves(logs, ["nosuch"])) == 0


def test_everything_at_a_step(logs: dict[str, pd.DataFrame]) -> None:
    table = at_step(logs["grpo"], 20).set_index("metric")
    assert table.loc["check_correct", "all"] == 0.6
    assert table.loc["correct", "bn"] == pytest.approx(0.32)
    assert np.isnan(table.loc["reward", "bn"])


def test_settings_side_by_side() -> None:
    table = settings(
        {
            "sft": {"config": {"rate": 0.1, "targets": ["q", "k"]}, "tokens": 7},
            "grpo": {"config": {"rate": 0.2, "targets": ["q", "k"]}, "evaluation": {"x": 1}},
        }
    ).set_index("setting")
    assert table["differs"].to_dict() == {
        "config.rate": True, "config.targets": False, "tokens": False,
    }  # fmt: skip
    assert table.loc["config.targets", "sft"] == "q, k" and table.loc["tokens", "grpo"] == ""


def test_a_series_too_short_for_the_width_is_not_flattened():
    rows = [("reward", "", step, float(step)) for step in range(1, 31)]
    rows += [("accuracy", "", step, float(step)) for step in range(10, 31, 10)]
    log = pd.DataFrame(rows, columns=["metric", "lang", "step", "value"])
    found = curves({"a": log}, ["reward", "accuracy"], smoothing="exponential", width=10)
    by = {metric: own for metric, own in found.groupby("metric")}
    assert by["accuracy"]["smoothed"].tolist() == by["accuracy"]["value"].tolist()
    assert by["reward"]["smoothed"].iloc[-1] < 29
