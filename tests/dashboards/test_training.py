"""The page of trainings: curves as logged, steps that lead to checkpoints, logs that lack something."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from interp.study import Study, load_study
from tests.comparison.studies import drawn_gradients, write_lahis
from tests.dashboards.app import DEMO, charts, check_quiet, click, described, open_page, said
from tests.dashboards.reading import numbers, table_with
from tests.training_logs.studies import rows_of, trained, write_log


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained")
    study = trained(folder)
    for label in ("base", "sft-step-20", "sft-step-60"):
        write_lahis(study, label, drawn_gradients(0), stage="sft" if "-" in label else label)
    return folder


def links(app: AppTest) -> list[tuple[str, str]]:
    return [(one.proto.page, one.proto.query_string) for one in app.get("page_link")]


def test_the_demo_shows_its_logs() -> None:
    app = open_page("training")
    check_quiet(app)
    drawn = charts(app)
    assert list(drawn) == ["t_metrics", "t_languages", "t_checks", "t_reward"]
    study = load_study(DEMO)
    runs = study.runs()
    run_id = runs[(runs["analysis"] == "train") & (runs["label"] == "grpo")]["run_id"].item()
    log = study.table("train_log", run_id=run_id)
    reward = log[log["metric"] == "reward"].sort_values("step")
    panels = {one.text: at for at, one in enumerate(drawn["t_metrics"].layout.annotations)}
    axis = f"x{panels['reward'] + 1}"
    (raw,) = [one for one in drawn["t_metrics"].data if one.mode == "markers" and one.xaxis == axis]
    assert numbers(raw.x) == reward["step"].tolist()
    assert numbers(raw.y) == pytest.approx(reward["value"].tolist())
    assert any("exponential over 15 logged points" in one for one in described(app))
    table = table_with(app, "metric", "languages").set_index("metric")
    assert table.loc["reward", "grpo"] == len(reward) and table.loc["reward", "base"] == 0
    assert "No checks in the log of base" in said(app)


def test_gaps_and_smoothing_are_said(small: Path) -> None:
    app = open_page("training", small, t_metric="loss", t_smooth="running mean", t_width="3")
    check_quiet(app)
    alt = next(one for one in described(app) if ": loss." in one)
    assert "running mean over 3 logged points" in alt and "2 gaps in the logs" in alt
    line = next(one for one in charts(app)["t_metrics"].data if one.mode == "lines")
    assert np.isnan(numbers(line.y)).sum() == 1
    bare = open_page("training", small, t_metric="loss", t_smooth="none")
    assert not any("logged points" in one for one in described(bare))


def test_only_axes_that_are_logged_are_offered(small: Path) -> None:
    app = open_page("training", small, t_metric="loss", t_x="tokens")
    options = next(one.options for one in app.selectbox if one.key == "t_x")
    assert options == ["step", "tokens", "seconds"]
    assert "The log of sft does not hold tokens" in said(app)
    raw = next(one for one in charts(app)["t_metrics"].data if one.mode == "markers")
    assert raw.name == "grpo" and numbers(raw.x)[-1] == 4000
    alone = open_page("training", small, labels="sft")
    assert next(one.options for one in alone.selectbox if one.key == "t_x") == ["step", "seconds"]
    assert "trained by reward" in said(alone)


def test_a_click_leads_to_the_checkpoint_of_that_step(small: Path) -> None:
    app = click(open_page("training", small, base="base"), "t_metrics", ["sft", 20])
    check_quiet(app)
    chosen = {one.key: one.value for one in app.selectbox}
    assert (chosen["t_run"], chosen["t_step"]) == ("sft", 20)
    table = table_with(app, "metric", "all").set_index("metric")
    assert table.loc["check_correct", "all"] == 0.5
    assert table.loc["correct", "ar"] == pytest.approx(0.12)
    shown = links(app)
    assert len(shown) == 2 and all("labels=sft-step-20" in query for _, query in shown)
    assert {page.split("/")[-1] for page, _ in shown} >= {"neurons"}
    means = open_page("training", small, t_metric=["correct", "loss"])
    alt = next(one for one in described(means) if "correct, loss." in one)
    assert "Mean over the languages logged at a step: correct." in alt
    near = open_page("training", small, t_run="sft", t_step="45")
    assert "steps 20, 60; the nearest is sft-step-60" in said(near)
    assert all("sft-step-60" in query for _, query in links(near))


def test_a_training_without_checkpoints_shows_the_command(small: Path) -> None:
    app = open_page("training", small, t_run="grpo", t_step="20")
    check_quiet(app)
    (shown,) = [one.value for one in app.code if "checkpoint_every" in one.value]
    assert shown.startswith(
        "interp train grpo --model ckpt/base --out ckpt/grpo-steps --preset organism "
        "--set checkpoint_every=30\ninterp lape --model ckpt/grpo-steps/steps/grpo-steps-step-30 "
        "--label grpo-step-30 --stage grpo "
    )


def test_languages_as_panels_and_as_a_map(small: Path) -> None:
    app = open_page("training", small, t_by_lang="correct", langs=["ar", "bn"])
    figure = charts(app)["t_languages"]
    assert [one.text for one in figure.layout.annotations] == ["ar", "bn"]
    assert figure.layout.title.text.startswith("Training of sft, grpo:")
    drawn = open_page("training", small, t_by_lang="correct", t_view="map", t_map="grpo")
    check_quiet(drawn)
    figure = charts(drawn)["t_languages"]
    assert list(figure.layout.yaxis.ticktext) == ["en", "ar", "bn"]
    assert figure.layout.title.text.startswith("Training of grpo:")
    app = click(drawn, "t_languages", ["grpo", 41])
    assert next(one.value for one in app.selectbox if one.key == "t_step") == 41


def test_reward_names_what_was_not_logged(small: Path) -> None:
    app = open_page("training", small)
    alt = next(one for one in described(app) if "rollouts" in one)
    assert "Not logged: reward_sd, kl (logged where beta is above 0)" in alt
    assert [one.text for one in charts(app)["t_reward"].layout.annotations] == [
        "reward", "rollout_tokens",
    ]  # fmt: skip


def test_settings_side_by_side(small: Path) -> None:
    app = open_page("training", small, t_rows="that differ")
    table = table_with(app, "setting", "differs")
    assert table["setting"].tolist() == ["config.learning_rate"]
    assert table[["sft", "grpo"]].to_numpy().tolist() == [["0.1", "0.2"]]
    assert "tokens" in table_with(open_page("training", small), "setting")["setting"].tolist()


def test_logs_without_languages_checks_or_manifest(tmp_path: Path) -> None:
    rows = rows_of()
    write_log(Study.open(tmp_path), "cpt", rows[rows["metric"] == "loss"], stage="cpt")
    app = open_page("training", tmp_path)
    check_quiet(app)
    text = said(app)
    for part in ("no metric language by language", "checks on the validation split",
                 "trained by reward", "left no manifest"):  # fmt: skip
        assert part in text
    assert list(charts(app)) == ["t_metrics"]


def test_an_axis_that_no_log_of_a_chart_holds(tmp_path: Path) -> None:
    study = Study.open(tmp_path)
    rows = rows_of()
    write_log(study, "sft", rows)
    tokens = rows[rows["metric"] == "loss"]
    write_log(study, "base", pd.concat([tokens, tokens.assign(metric="tokens")]))
    app = open_page("training", tmp_path, t_x="tokens")
    check_quiet(app)
    assert not charts(app)["t_checks"].data
    alt = next(one for one in described(app) if "checks on" in one)
    assert alt.endswith("Nothing of this is in the chosen logs along this axis. Tokens are added up over "
                        "the logged updates.")  # fmt: skip
    # languages: only sft logs any, whatever base logs for all of them together
    table = table_with(app, "metric", "languages").set_index("metric")
    assert table.loc["correct", "base"] == 0
    assert "No metric correct by language in the log of base" in said(app)


def test_no_log_names_the_command(tmp_path: Path) -> None:
    write_lahis(Study.open(tmp_path), "base", drawn_gradients(0))
    app = open_page("training", tmp_path)
    check_quiet(app)
    assert "interp train" in said(app)


def test_an_unknown_step_in_the_link_is_said(small: Path) -> None:
    app = open_page("training", small, t_run="sft", t_step="30")
    check_quiet(app)
    assert "the link asks for '30'" in said(app)
