"""Overview: what is there, what is beyond noise and by chance, trainings; held against the tables themselves."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from interp.plates import Lacking, View, overview
from interp.plates.overview.beyond import beyond_frame
from interp.plates.overview.sentences import ends, spread
from interp.plates.overview.verdicts import groups, verdicts_text
from interp.study import Study, load_study
from tests.comparison.test_lape import counted, rates, write
from tests.dashboards.studies import HOSTILE, change, whole

DEMO = Path("artifacts/demo")


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three checkpoints with every analysis, compared, and two steps of a training that are not."""
    folder = whole(tmp_path_factory.mktemp("overview") / "s")
    for step in (1000, 200):
        write(Study.open(folder), f"grpo-step-{step}", counted(rates(), step), stage="grpo")
    return folder


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return whole(tmp_path_factory.mktemp("alone") / "s", stages={"base": "base"})


def demo_rows() -> pd.DataFrame:
    rows = load_study(DEMO).table("comparisons")
    return rows[
        rows["head"].isna() & rows["label"].isin(["sft", "grpo"]) & (rows["base"] == "base")
    ]


def test_the_grid_names_what_is_there_for_all_for_some_and_for_none(study: Path) -> None:
    plate = overview.grid(View.of(study))
    cells = {
        (a, b): n
        for a, b, n in plate.frame[["analysis", "label", "languages"]].itertuples(index=False)
    }
    assert cells[("lens", "sft")] == 4 and ("lens", "grpo-step-200") not in cells
    assert list(plate.figure.data[0].x) == [
        "base",
        "sft",
        "grpo",
        "grpo-step-200",
        "grpo-step-1000",
    ]
    said = plate.reading
    assert "of 5 checkpoints in 6 languages" in said  # those of the steps are others
    assert "Of every checkpoint there is lape." in said
    assert "lens of base, sft and grpo" in said
    assert "Of none there is klar, similarity, attention" in said


def test_the_grid_of_one_checkpoint_speaks_of_one(alone: Path) -> None:
    said = overview.grid(View.of(alone)).reading
    assert "of 1 checkpoint in 4 languages" in said and "Of some only" not in said


def test_verdicts_count_rows_and_groups_as_the_table_has_them() -> None:
    plate = overview.verdicts(View.of(DEMO))
    rows = demo_rows()
    for label, own in rows.groupby("label"):
        beyond = int((own["verdict"] == "beyond noise").sum())
        lacking = int((own["verdict"] == "not enough data").sum())
        # by hand: the rows of a statistic share an adjusted p, the row about everything stands alone
        alone = (
            own["lang"].isna()
            & own["other_lang"].isna()
            & (own["layer"].isna() | (own["kind"] == "distance"))
        )
        keys = list(zip(own["analysis"], own["statistic"], alone, strict=True))
        judged = own["verdict"] != "not enough data"
        n = len({key for key, one in zip(keys, judged, strict=True) if one})
        called = len(
            {key for key, one in zip(keys, own["verdict"], strict=True) if one == "beyond noise"}
        )
        assert (
            f"{label} differs from base beyond noise in {beyond} of {len(own)} comparisons"
            in plate.reading
        )
        assert (
            f"({lacking} have not enough data): in {called} of {n} groups, by chance up to {n / 20:.1f}"
            in (plate.reading)
        )
    assert plate.frame[["beyond noise", "within noise", "not enough data"]].to_numpy().sum() == len(
        rows
    )
    assert "51 of 564" in plate.reading and "in 21 of 79 groups" in plate.reading


def test_of_fewer_languages_what_is_of_all_says_so() -> None:
    few = View.of(DEMO, languages=["de", "ru"])
    assert "in 12 languages." in overview.grid(few).reading
    note = "Counted are all languages of the study, not only those shown."
    for draw in (overview.verdicts, overview.beyond):
        assert draw(few).reading.endswith(note)
        assert note not in draw(View.of(DEMO)).reading
        assert draw(few).frame.equals(draw(View.of(DEMO)).frame)
    assert "all together is of all languages" in overview.forest(few).reading
    assert "all together is of all" not in overview.forest(View.of(DEMO)).reading


def test_counts_stand_beside_bars_and_checkpoints_in_the_order_of_the_view() -> None:
    plate = overview.verdicts(View.of(DEMO))
    (texts,) = (trace for trace in plate.figure.data if trace.type == "scatter")
    rows = demo_rows()
    own = rows[(rows["label"] == "sft") & (rows["analysis"] == "mcq")]["verdict"].value_counts()
    at = list(texts.y).index("sft · mcq")
    assert texts.text[at].split() == [
        "●", str(own["beyond noise"]), "○", str(own["within noise"]),
    ]  # fmt: skip
    assert texts.x[at] == own.sum()
    backwards = overview.verdicts(View.of(DEMO, labels=["grpo", "sft"])).reading
    assert backwards.startswith("grpo differs") and "; sft differs" in backwards


def test_what_cannot_be_judged_is_not_said_to_be_alike() -> None:
    rows = demo_rows().assign(verdict="not enough data")
    said = verdicts_text(rows, "base")
    assert said == (
        "Of sft none of 564 comparisons could be judged; of grpo none of 564 comparisons could be judged."
    )
    assert "by chance" not in said


def test_chance_is_counted_over_groups_in_which_p_is_adjusted() -> None:
    counts = groups(demo_rows())
    lape = counts[(counts["analysis"] == "lape") & (counts["label"] == "sft")]
    # 6 statistics, of which late_share, layer_distance and neuron_jaccard have a row for all, too, and one is only that
    assert len(lape) == 9 and set(lape.loc[lape["alone"], "statistic"]) == {
        "late_share", "layer_distance", "layer_distance_without_english", "neuron_jaccard",
    }  # fmt: skip


def test_beyond_noise_lists_every_statistic_once_the_clearest_first() -> None:
    plate = overview.beyond(View.of(DEMO))
    rows = demo_rows()
    beyond = rows[rows["verdict"] == "beyond noise"]
    pairs = {
        (a, b, c)
        for a, b, c in zip(beyond["label"], beyond["analysis"], beyond["statistic"], strict=True)
    }
    assert plate.figure is None and plate.table is not None
    assert len(plate.frame) == len(pairs) == 18
    assert plate.frame["places_beyond"].sum() == len(beyond) == 51
    assert plate.frame["times_floor"].dropna().is_monotonic_decreasing
    assert "sft in 51 places of 18 statistics" in plate.reading
    assert "Nothing of grpo differs from base beyond noise." in plate.reading
    first = plate.frame.iloc[0]
    assert (first["statistic"], first["place"]) == ("layer_score", "layer 1")
    assert first["times_floor"] == pytest.approx(first["value"] / first["noise_floor"])
    assert f"{first['times_floor']:.1f} times the noise floor" in plate.reading


def test_a_likeness_is_measured_from_one_and_a_floor_of_none_has_no_multiple() -> None:
    row = demo_rows().iloc[[0]]
    made = pd.concat([row] * 3, ignore_index=True).assign(
        label="sft", analysis="lape", statistic=["likeness", "difference", "none"],
        kind=["likeness", "difference", "difference"], value=[0.4, -3.0, 0.5],
        noise_floor=[0.8, 1.0, 0.0], verdict="beyond noise",
    )  # fmt: skip
    found = beyond_frame(made).set_index("statistic")["times_floor"]
    assert list(found.index) == ["likeness", "difference", "none"] or found["difference"] == 3.0
    assert found["likeness"] == pytest.approx(3.0) and found["difference"] == 3.0
    assert np.isnan(found["none"])


def test_the_table_is_cut_and_says_so() -> None:
    plate = overview.beyond(View.of(DEMO), most=5)
    assert plate.table is not None and len(plate.table) == 5 and len(plate.frame) == 18
    assert plate.reading.endswith("The first 5 of 18 lines are shown.")


def test_the_forest_is_of_what_is_recalled_and_names_the_farthest() -> None:
    plate = overview.forest(View.of(DEMO))
    assert plate.title == "mcq accuracy: sft, grpo against base"
    own = plate.frame[plate.frame["label"] == "sft"]
    far = own.loc[own["value"].abs().idxmax()]
    assert f"Farthest from no difference: sft {far['place']} {far['value']:+.3g}" in plate.reading
    assert "sft: 13 within noise; grpo: 13 within noise" in plate.reading
    assert list(own["place"])[-1] == "all together" and len(own) == 13


def test_a_forest_can_be_asked_for_and_is_of_the_chosen_languages() -> None:
    view = View.of(DEMO, languages=["en", "ar"], labels=["sft"])
    plate = overview.forest(view, analysis="lahis", statistic="score_rank_correlation")
    assert list(plate.frame["place"]) == ["en", "ar"] and set(plate.frame["label"]) == {"sft"}
    assert "2 beyond noise (en, ar)" in plate.reading
    with pytest.raises(Lacking, match="no comparison lahis accuracy with base"):
        overview.forest(view, analysis="lahis", statistic="accuracy")


def test_without_a_partner_or_a_comparison_the_line_says_which(alone: Path, tmp_path: Path) -> None:
    for draw in (overview.verdicts, overview.beyond, overview.forest):
        with pytest.raises(Lacking, match="base is the only checkpoint shown"):
            draw(View.of(alone))
    apart = whole(tmp_path / "apart", compared=False)
    for draw in (overview.verdicts, overview.beyond, overview.forest):
        with pytest.raises(Lacking, match="interp compare --study"):
            draw(View.of(apart))
    with pytest.raises(Lacking, match="-step-N"):
        overview.along_training(View.of(apart))


def test_ends_of_a_series_are_means_and_not_its_first_point() -> None:
    values = np.r_[100.0, np.ones(29), np.full(30, 3.0)]
    frame = pd.DataFrame(
        {"label": "sft", "metric": "loss", "step": range(60), "value": values, "smoothed": values}
    )
    assert ends(frame, ["loss"]) == "sft loss 100 → 3."
    assert ends(frame, ["loss"], 10) == (
        f"Means of the first and the last logged points (up to 10): sft loss {109 / 10:.3g} → 3."
    )
    # no more than a quarter at either end; of a few points the ends themselves
    assert ends(frame.head(3), ["loss"], 10).endswith("sft loss 100 → 1.")
    assert ends(frame.head(8), ["loss"], 10).endswith("sft loss 50.5 → 1.")


def test_curves_of_the_demo_say_what_the_log_holds() -> None:
    view = View.of(DEMO)
    plate = overview.training_curves(view)
    log = load_study(DEMO).table("train_log", label="sft")
    loss = log[(log["metric"] == "loss")].sort_values("step")["value"].to_numpy()
    assert f"sft loss {loss[:15].mean():.3g} → {loss[-15:].mean():.3g}" in plate.reading
    assert "loss of a training by reward (grpo) is no measure" in plate.reading
    assert set(plate.frame["label"]) == {"sft", "grpo"}
    assert "base" in set(overview.training_curves(view, with_base=True).frame["label"])
    rewards = overview.training_rewards(view)
    assert set(rewards.frame["label"]) == {"grpo"} and "Not logged: kl " in rewards.reading
    with pytest.raises(Lacking, match="none of these was trained by one"):
        overview.training_rewards(View.of(DEMO, labels=["sft"]))


def test_single_trainings_are_said_to_have_no_interval() -> None:
    view = View.of(DEMO)
    many = "These are single trainings, so that values have no interval."
    for draw in (overview.training_curves, overview.training_languages, overview.training_checks):
        assert draw(view).reading.count(many) == 1
    alone = overview.training_rewards(view).reading  # of grpo
    assert "This is a single training, so that values have no interval." in alone


def test_languages_are_those_of_the_metric_that_most_trainings_log() -> None:
    plate = overview.training_languages(View.of(DEMO))
    log = load_study(DEMO).table("train_log", label="grpo")
    own = log[(log["metric"] == "check_correct") & log["lang"].notna() & (log["lang"] != "")]
    last = own[own["step"] == own["step"].max()].set_index("lang")["value"]
    assert f"grpo ends at {last.min():.3g} ({last.idxmin()})" in plate.reading
    assert set(plate.frame["metric"]) == {"check_correct"} and plate.frame["lang"].nunique() == 12
    chosen = overview.training_languages(View.of(DEMO, languages=["ar"]), metric="correct")
    assert set(chosen.frame["lang"]) == {"ar"} and "(ar)" in chosen.reading
    assert "Not logged apart by sft" in chosen.reading


def test_one_language_has_no_range() -> None:
    frame = pd.DataFrame({"label": ["a"], "lang": ["en"], "step": [1], "smoothed": [0.5]})
    assert spread(frame, "correct") == "correct: a ends at 0.5 (en)."


def test_settings_are_those_of_the_manifests_and_say_what_differs() -> None:
    plate = overview.training_settings(View.of(DEMO))
    runs = [json.loads(file.read_text()) for file in DEMO.glob("runs/*-train-*/run.json")]
    wrote = {
        one["spec"]["label"]: one["notes"]["manifest"]["config"]
        for one in runs
        if one["spec"]["label"] != "base"
    }
    rows = plate.frame.set_index("setting")
    assert plate.table is not None
    shown = plate.table.set_index("setting")
    for name, value in wrote["grpo"].items():
        if isinstance(value, int | float | str):
            assert rows.loc[f"config.{name}", "grpo"] == str(value)
    assert rows.loc["config.warmup", ["sft", "grpo"]].tolist() == ["0.05", "0.03"]
    assert shown.loc["config.warmup", "differs"] == "yes"
    assert shown.loc["config.group_size", "differs"] == "only grpo"
    assert shown.loc["config.lora_rank", "differs"] == ""
    assert rows["differs"].tolist() == sorted(rows["differs"], reverse=True)
    assert (
        f"Of {len(rows)} settings {int(rows['differs'].sum())} differ between sft and grpo"
        in plate.reading
    )
    assert not any(name.startswith("versions.") for name in rows.index)
    around = overview.training_settings(View.of(DEMO), surroundings=True).frame["setting"]
    assert any(name.startswith("versions.") for name in around)
    assert not any(re.search(r"[0-9a-f]{64}", str(cell)) for cell in shown.to_numpy().ravel())


def test_a_training_that_wrote_nothing_down_has_no_settings(study: Path) -> None:
    with pytest.raises(Lacking, match="wrote no settings down"):
        overview.training_settings(View.of(study))


def test_along_a_training_the_steps_are_in_order_and_against_the_base() -> None:
    plate = overview.along_training(View.of(DEMO))
    assert list(plate.frame["step"]) == [75, 150] and set(plate.frame["place"]) == {"all together"}
    rows = load_study(DEMO).table("comparisons")
    own = rows[(rows["statistic"] == "layer_distance") & rows["lang"].isna()].set_index("label")[
        "value"
    ]
    first, last = own["sft-step-75"], own["sft-step-150"]
    assert (
        f"sft: 2 steps (75 to 150), never beyond noise, from {first:.3g} to {last:.3g}"
        in plate.reading
    )
    english = overview.along_training(View.of(DEMO), statistic="neurons", lang="en")
    assert set(english.frame["place"]) == {"en"} and "along training, en" in english.title
    # a statistic without a row for all languages is shown for the first there is, which the title says
    assert "along training, en" in overview.along_training(View.of(DEMO), statistic="neurons").title
    with pytest.raises(Lacking, match="lape neurons in xx"):
        overview.along_training(View.of(DEMO), statistic="neurons", lang="xx")


def test_hostile_words_and_gaps_do_not_break_a_plate(tmp_path: Path) -> None:
    folder = whole(tmp_path / "h", word=HOSTILE[0], stages={"base": "base", "sft": "sft"})
    file = next(folder.glob("runs/sft-train-*/train_log.parquet"))
    change(file, lambda table: table.slice(0, 2))
    view = View.of(folder)
    for entry in overview.ENTRIES:
        try:
            plate = entry.draw(view)
        except Lacking:
            continue
        assert plate.name == entry.name and plate.paper == entry.paper
        assert plate.reading and "nan" not in plate.reading.lower().split()


def test_every_plate_of_the_demo_is_drawn_and_small() -> None:
    view = View.of(DEMO)
    for entry in overview.ENTRIES:
        plate = entry.draw(view)
        assert plate.name == entry.name and plate.paper == entry.paper and len(plate.runs)
        assert plate.reading.endswith(".") and "  " not in plate.reading
        if plate.figure is not None:
            assert len(plate.figure.to_json()) < 400_000


def test_languages_that_end_alike_have_no_range() -> None:
    frame = pd.DataFrame(
        {"label": "sft", "lang": ["ar", "bn"] * 2, "step": [1, 1, 2, 2], "smoothed": [0.1, 0.3, 0.5, 0.5]}
    )  # fmt: skip
    assert spread(frame, "correct") == "correct: sft ends at 0.5 in all 2 languages."
