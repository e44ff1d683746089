"""The page of statistics: what it says is what is stored, and what it draws live is the same engine's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from dashboards.parts.statistics.null import _beside
from interp.comparison import compare
from interp.errors import InterpError
from interp.evidence.layer_null import Null, block_null, neuron_null
from interp.evidence.meanings import meaning
from interp.evidence.sheet import evidence_table
from interp.evidence.state import ALONE, COMPARED, NEVER, OLDER, REFUSED, comparison_state
from interp.evidence.words import in_words
from interp.figures.verdicts import evidence_text
from interp.importers import read_lape, save_import
from interp.lape.exchange import exchange_neurons
from interp.lape.layer_ecdf import WITHOUT_ENGLISH, read_selection
from interp.stats.contrast import Settings
from interp.stats.verdict import BEYOND, NOT_ENOUGH, WITHIN
from interp.study import Study, load_study
from tests.comparison.studies import three_checkpoints
from tests.comparison.test_lape import LANGUAGES, counted, rates, write
from tests.dashboards.app import charts, check_quiet, click, described, open_page, said
from tests.dashboards.reading import numbers
from tests.importers.made import write_lape

QUICK = Settings(draws=100, permutations=399, splits=50)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """A base, one that moved neurons of zh to the last layer, one of another depth, steps of it."""
    made = Study.open(tmp_path_factory.mktemp("stats") / "s")
    write(made, "base", counted(rates(), 0))
    write(made, "grpo", counted(rates(moved=20, late=True), 1))
    write(made, "sft", counted(rates()[:, :5], 2))
    write(made, "grpo-step-200", counted(rates(), 3), stage="grpo")
    write(made, "grpo-step-1000", counted(rates(late=True), 4), stage="grpo")
    compare(made, "base", settings=QUICK)
    return made


def run_of(study: Study, label: str) -> str:
    runs = study.runs()
    return str(runs.loc[(runs["label"] == label) & runs["current"], "run_id"].iloc[0])


def rows_of(study: Study, label: str, statistic: str) -> pd.DataFrame:
    rows = study.table("comparisons")
    return rows[(rows["label"] == label) & (rows["statistic"] == statistic)]


def page(study: Study, **query: Any) -> AppTest:
    app = open_page("statistics", study.path, **query)
    check_quiet(app)
    return app


def values_of(figure: Any, label: str) -> dict[tuple[str, str], float]:
    (points,) = [one for one in figure.data if one.name == f"{label}: value"]
    return {tuple(data): x for data, x in zip(points.customdata, numbers(points.x), strict=True)}


def test_the_forest_shows_the_stored_rows(study: Study) -> None:
    app = page(study, s_stat="layer_distance", labels=["base", "grpo"], lang="zh")
    forest = charts(app)["s_forest"]
    stored = rows_of(study, "grpo", "layer_distance")
    wanted = {("" if pd.isna(r.lang) else r.lang, ""): r.value for r in stored.itertuples()}
    assert values_of(forest, "grpo") == wanted and len(wanted) == 5
    beyond = stored.loc[stored["verdict"] == BEYOND, "lang"].fillna("all together")
    (alt,) = [one for one in described(app) if "lape layer_distance: grpo" in one]
    assert f"{len(beyond)} beyond noise ({', '.join(beyond)})" in alt
    assert "zh" in set(beyond)
    text = said(app)
    assert "the largest gap between the cumulative shares" in text
    assert "grpo and base have a distance of 1" in text and "largest at layer 0" in text
    assert "Nothing adjusts over the dozens of statistics" in text


def test_a_click_chooses_the_language_and_its_curve(study: Study) -> None:
    app = page(study, s_stat="layer_distance", labels=["base", "grpo"])
    assert "Neurons of English" in charts(app)["s_ecdf"].layout.title.text
    app = click(app, "s_forest", ["zh", ""])
    check_quiet(app)
    (box,) = [one for one in app.selectbox if one.key == "lang"]
    assert box.value == "zh"
    curve = charts(app)["s_ecdf"]
    assert "Chinese (zh)" in curve.layout.title.text
    table = study.table("neurons", run_id=run_of(study, "grpo"))
    own = table[table["selected"] & (table["lang"] == "zh")]["layer"]
    (line,) = [one for one in curve.data if (one.name or "").startswith("grpo (")]
    assert numbers(line.y)[1:-1] == pytest.approx([(own <= layer).mean() for layer in range(6)])
    row = rows_of(study, "grpo", "layer_distance").set_index("lang").loc["zh"]
    assert f"grpo: D = {row['value']:.4f}" in [one.name for one in curve.data]
    (alt,) = [one for one in described(app) if "Neurons of Chinese" in one]
    for part in (f"D = {row['value']:.4f} at layer {int(row['layer'])}", "grpo's lie later",
                 f"noise floor {row['noise_floor']:.3g}", f"adjusted p {row['p_adjusted']:.2g}",
                 f"{row['ci_low']:.3g} to {row['ci_high']:.3g}", "● beyond noise"):  # fmt: skip
        assert part in alt, part
    assert any("pointwise 95 % of 200 draws" in (one.name or "") for one in curve.data)
    app = click(app, "s_forest", ["", ""])
    check_quiet(app)
    assert "all languages" in charts(app)["s_ecdf"].layout.title.text


def test_the_null_has_the_stored_p_under_the_stored_settings(study: Study) -> None:
    base, grpo = run_of(study, "base"), run_of(study, "grpo")
    null = block_null(study, base, grpo, permutations=399, seed=0)
    stored = rows_of(study, "grpo", "layer_distance")
    assert null.drawn.shape == (399, 6) and not null.exact and null.n_units == 40
    for row in stored.itertuples():
        drawn, observed, p, usual = null.of(None if pd.isna(row.lang) else row.lang)
        assert (observed, p) == (row.value, row.p)
        assert p == (1 + (drawn >= observed * (1 - 1e-9)).sum()) / 400
        far = np.sort(drawn)  # 0.95 of the way from the first to the last of 399
        assert usual == pytest.approx(0.9 * far[378] + 0.1 * far[379])
    (rest,) = rows_of(study, "grpo", "layer_distance_without_english").itertuples()
    assert null.of(WITHOUT_ENGLISH)[1:3] == (rest.value, rest.p)


def test_the_null_is_drawn_from_the_seed_of_the_stored_rows(tmp_path: Path) -> None:
    made = Study.open(tmp_path / "s")
    # so many are selected that the last of them are chance, and p hangs on every single relabelling
    options = {"top_fraction": 0.3, "filter_quantile": 0.5}
    for seed, label in enumerate(("base", "grpo")):
        write(made, label, counted(rates(), seed), options=options)
    compare(made, "base", settings=Settings(draws=100, permutations=399, splits=20, seed=7))
    null = block_null(made, run_of(made, "base"), run_of(made, "grpo"), permutations=399, seed=7)
    stored = rows_of(made, "grpo", "layer_distance")
    wanted = {None if pd.isna(row.lang) else row.lang: row.p for row in stored.itertuples()}
    assert {lang: null.of(lang)[2] for lang in wanted} == wanted
    assert sum(0.05 < p < 0.95 for p in wanted.values()) >= 3, wanted


def test_the_page_says_which_null_it_draws(study: Study) -> None:
    asked = {"s_stat": "layer_distance", "labels": ["base", "grpo"], "lang": "zh"}
    app = page(study, **asked, s_perm="399")
    row = rows_of(study, "grpo", "layer_distance").set_index("lang").loc["zh"]
    figure, text = charts(app)["s_hist"], said(app)
    assert len(numbers(figure.data[0].x)) == 399 and numbers(figure.data[2].x)[0] == row["value"]
    assert f"p = {row['p']:.3g} before adjustment" in text
    assert "within each of 40 blocks" in text and "(seed 0)" in text
    assert f"Stored: p = {row['p']:.3g}, the same relabellings." in text
    text = said(page(study, **asked, s_perm="199"))
    assert "of 399 relabellings" in text and "the same relabellings" not in text
    text = said(page(study, **asked, s_units="neurons"))
    assert "weaker null" in text and f"Stored, of blocks: p = {row['p']:.3g}" in text


@pytest.mark.parametrize(
    ("method", "draws", "exact", "wanted"),
    [
        ("1000 bootstrap draws, 1999 relabellings, 200 half splits", 1999, False, "the same"),
        ("1000 bootstrap draws, 1999 relabellings, 200 half splits", 999, False, "of 1,999"),
        ("1000 bootstrap draws, 1199 relabellings, 200 half splits", 199, False, "of 1,199"),
        ("100 bootstrap draws, 399 relabellings, 50 half splits", 256, True, "the same"),
        ("", 199, False, "Stored: p = 0.25."),
    ],
)
def test_other_relabellings_are_not_called_the_same(method, draws, exact, wanted) -> None:
    null = Null("blocks", 8, ("en",), np.zeros((draws, 1)), np.ones(1), np.ones(1), exact, True, 0)
    row = pd.Series({"p": 0.25, "design": "paired", "method": method, "seed": 0})
    assert wanted in _beside(null, row)
    assert "the same" not in _beside(null, row.replace(0, 5)) or exact


@pytest.mark.parametrize(("draws", "exact"), [(64, True), (199, False), (4999, False)])
def test_few_neurons_are_exchanged_exactly_in_both(draws, exact) -> None:
    null = Null("neurons", 6, ("en",), np.zeros((draws, 1)), np.ones(1), np.ones(1), exact, True, 0)
    said_ = _beside(null, pd.Series({"p": 0.25, "design": "lists"}))
    assert ("the same exchanges" in said_) == (exact or draws == 4999)


def test_exchanged_neurons_are_those_of_the_comparison_of_lists(study: Study) -> None:
    base, grpo = run_of(study, "base"), run_of(study, "grpo")
    for draws in (1200, 4999):
        null = neuron_null(study, base, grpo, draws=draws)
        sides = [read_selection(study, run, LANGUAGES) for run in (base, grpo)]
        wanted = exchange_neurons(sides[0], sides[1], draws=draws)
        at = slice(4 + 4 + 5, 4 + 4 + 5 + 6)  # neurons, their change, late_share; then distances
        assert null.p.tolist() == wanted.p[at].tolist()
        usual = [null.of(group)[3] for group in null.languages]
        assert usual == pytest.approx(wanted.usual[at].tolist())
        assert null.n_units == wanted.n_differing and len(null.drawn) == draws
    with pytest.raises(InterpError, match="one shape"):
        neuron_null(study, base, run_of(study, "sft"), draws=199)
    with pytest.raises(InterpError, match="one shape"):
        block_null(study, base, run_of(study, "sft"), permutations=199)


def test_few_neurons_have_no_p(study: Study) -> None:
    app = page(study, s_stat="layer_distance", labels=["base", "grpo"], lang="sw")
    (alt,) = [one for one in described(app) if "Neurons of Swahili" in one]
    assert "no p-value: 10 neurons, 20 are needed" in alt and "adjusted p" not in alt
    row = rows_of(study, "grpo", "layer_distance").set_index("lang").loc["sw"].to_dict()
    assert row["p"] <= 1 and row["verdict"] == NOT_ENOUGH
    assert "There is no p-value." in in_words(row)
    assert ", p " not in evidence_text(row) and "are needed" in evidence_text(row)
    assert ", p " in evidence_text({**row, "verdict": WITHIN, "reason": "the interval includes 0"})
    assert "s_hist" not in charts(app) and "no null distribution" in said(app)


def test_other_depths_are_labelled_and_have_no_null(study: Study) -> None:
    app = page(study, s_stat="layer_distance", labels=["base", "sft"], lang="zh")
    assert "Different numbers of layers (base 6, sft 5)" in said(app)
    curve = charts(app)["s_ecdf"]
    assert "relative depth" in curve.layout.xaxis.title.text and numbers(curve.data[-2].x)[-1] == 1
    assert "cannot be exchanged" in "".join(one.value for one in app.error)
    assert "s_hist" not in charts(app) and not [one for one in app.slider if one.key == "s_layers"]


def test_a_window_shows_the_share_in_it(study: Study) -> None:
    app = page(
        study, s_stat="layer_distance", labels=["base", "grpo"], lang="zh", s_layers=["4", "5"]
    )
    curve = charts(app)["s_ecdf"]
    assert list(curve.layout.xaxis.range) == [3.5, 5.5]
    table = study.table("neurons", run_id=run_of(study, "base"))
    own = table[table["selected"] & (table["lang"] == "zh")]["layer"]
    assert f"base {(own >= 4).mean():.1%}" in said(app) and "layers 4 to 5" in said(app)


def test_order_and_filter(study: Study) -> None:
    app = page(study, s_stat="neurons", labels=["base", "grpo"], s_sort="value")
    stored = rows_of(study, "grpo", "neurons")
    wanted = stored.assign(far=stored["value"].abs()).sort_values("far", ascending=False)["lang"]
    ticks = list(charts(app)["s_forest"].layout.yaxis.ticktext)
    assert ticks[0] == wanted.iloc[0] and sorted(ticks) == sorted(wanted)
    app = page(study, s_stat="neurons", labels=["base", "grpo"], s_verdict=[WITHIN])
    kept = set(stored.loc[stored["verdict"] == WITHIN, "lang"])
    assert set(charts(app)["s_forest"].layout.yaxis.ticktext) == kept and 0 < len(kept) < 4


def test_steps_of_a_training_in_order(study: Study) -> None:
    app = page(study, s_stat="layer_distance", labels=["base", "grpo"], lang="zh")
    (line,) = [one for one in charts(app)["s_steps"].data if one.name == "grpo"]
    steps = [
        rows_of(study, f"grpo-step-{n}", "layer_distance").set_index("lang").loc["zh"]
        for n in (200, 1000)
    ]
    assert list(numbers(line.x)) == [200, 1000]
    assert list(numbers(line.y)) == [one["value"] for one in steps]
    assert "first beyond noise at step 1000" in " ".join(described(app))


def test_all_but_english_has_its_own_curve(study: Study) -> None:
    app = page(study, s_stat="layer_distance_without_english", labels=["base", "grpo"])
    row = rows_of(study, "grpo", "layer_distance_without_english").iloc[0]
    curve = charts(app)["s_ecdf"]
    assert "but English" in curve.layout.title.text
    assert f"grpo: D = {row['value']:.4f}" in [one.name for one in curve.data]


def test_the_table_holds_every_row_and_is_downloaded(study: Study) -> None:
    app = page(study, labels=["base", "grpo", "sft"])
    stored = study.table("comparisons")
    wanted = stored[stored["label"].isin(["grpo", "sft"])]
    table = evidence_table(load_study(study.path), "base", ("grpo", "sft"))
    assert len(table) == len(wanted) and table["reason"].tolist() == wanted["reason"].tolist()
    (shown,) = [
        one.value for one in app.dataframe if "reason" in one.value and "where" in one.value
    ]
    assert shown["verdict"].tolist() == table["verdict"].tolist()


def test_maps_of_heads_are_thinned_out_and_kept_out_of_the_table(tmp_path: Path) -> None:
    made = three_checkpoints(tmp_path / "s")
    compare(made, "base", settings=QUICK)
    rows = made.table("comparisons")
    maps = rows["head"].notna() & (rows["label"] == "grpo")
    app = page(made, labels=["base", "grpo"], s_stat="delta_rank", s_sort="verdict", lang="zh",
               s_row="layer 3 head 4")  # fmt: skip
    own = rows[(rows["label"] == "grpo") & (rows["statistic"] == "delta_rank")]
    assert f"The first 60 of {own[['lang', 'layer', 'head']].drop_duplicates().shape[0]}" in said(
        app
    )
    assert len(charts(app)["s_forest"].layout.yaxis.tickvals) == 60
    one = own[(own["lang"] == "zh") & (own["layer"] == 3) & (own["head"] == 4)].iloc[0]
    assert f"a difference of {one['value']:+.3g}" in said(app) or f"{one['value']:+.3g}" in said(
        app
    )
    assert len(evidence_table(made, "base", ("grpo",))) == (~maps & (rows["label"] == "grpo")).sum()
    assert (
        len(evidence_table(made, "base", ("grpo",), maps=True)) == (rows["label"] == "grpo").sum()
    )
    # a pair is found from either language, and a clicked row is set with what tells it apart
    app = page(made, labels=["base", "grpo"], s_stat="overlap")
    app = click(app, "s_forest", ["zh", "with en"])
    assert "overlap, Chinese (zh) with en" in [str(one.value) for one in app.subheader]
    app = click(app, "s_forest", ["en", "with de"])
    assert "overlap, English (en) with de" in [str(one.value) for one in app.subheader]


def test_imported_lists_have_the_weaker_null_and_no_band(tmp_path: Path) -> None:
    made = Study.open(tmp_path / "s")
    rng = np.random.default_rng(0)
    about = {"langs": ["en", "zh"], "intermediate_size": 50, "tokens_per_lang": None,
             "n_selected": None}  # fmt: skip
    for label, shift in (("base", 0), ("grpo", 1)):
        neurons = {
            str(layer + 1): {
                lang: sorted(rng.choice(40, 8 + shift * layer, replace=False).tolist())
                for lang in ("en",)
            }
            | {"zh": list(range(40, 44))}
            for layer in range(3)
        }
        save_import(made, read_lape(write_lape(tmp_path / label, neurons, **about)), label=label)
    compare(made, "base", settings=QUICK)
    app = page(made, s_stat="layer_distance", lang="en", s_perm="4999")
    text = said(app)
    assert "holds no counts to resample" in text and "weaker null" in text
    row = rows_of(made, "grpo", "layer_distance").set_index("lang").loc["en"]
    assert f"Stored: p = {row['p']:.3g}, the same exchanges." in text
    assert f"p = {row['p']:.3g} before adjustment" in text
    assert "There is no interval" in text or "there is no interval" in text
    assert "There is no noise floor" in text


def test_newer_runs_than_the_rows_are_said(tmp_path: Path) -> None:
    made = Study.open(tmp_path / "s")
    tensors = counted(rates(), 0)
    for label in ("base", "sft", "grpo"):
        write(made, label, tensors)
    compare(made, "base", labels=["sft"], settings=QUICK)
    write(made, "sft", counted(rates(), 5), options={"min_activations": 60})
    found = comparison_state(made, "base", ("sft", "grpo")).set_index("label")
    assert found["state"].to_dict() == {"sft": OLDER, "grpo": NEVER}
    assert f"{run_of(made, 'sft')} is newer than" in found.loc["sft", "why"]
    app = page(made)
    assert f"interp compare --study {made.path}" in [one.value for one in app.code]
    assert any("sft lape: what is stored rests on older runs" in one.value for one in app.warning)
    assert any("Not compared yet: grpo lape" in one.value for one in app.info)
    compare(made, "base", settings=QUICK)
    assert set(comparison_state(made, "base", ("sft", "grpo"))["state"]) == {COMPARED}
    assert "older runs" not in said(page(made))


def test_refused_pairs_have_their_reason_and_cure(tmp_path: Path) -> None:
    made = Study.open(tmp_path / "s")
    write(made, "base", counted(rates(), 0))
    write(made, "sft", counted(rates(), 1), options={"top_fraction": 0.1})
    write(made, "grpo", counted(rates(), 2), preset="release")
    compare(made, "base", settings=QUICK)
    state = comparison_state(made, "base", ("sft", "grpo")).set_index("label")
    assert state["state"].to_dict() == {"sft": REFUSED, "grpo": ALONE}
    app = page(made)
    text = said(app)
    assert "differ in top_fraction (0.16666666666666666 and 0.1)" in text
    assert "different presets: base has default, grpo has release" in text
    assert any(
        "interp lape --model" in one.value and "interp compare" in one.value for one in app.code
    )


def test_nothing_compared_shows_curves_without_a_verdict(tmp_path: Path) -> None:
    made = Study.open(tmp_path / "s")
    write(made, "base", counted(rates(), 0))
    app = page(made)
    assert "holds one checkpoint" in said(app) and not charts(app)
    write(made, "grpo", counted(rates(late=True), 1))
    app = page(made)
    assert f"interp compare --study {made.path}" in [one.value for one in app.code]
    assert set(charts(app)) == {"s_ecdf"} and "not compared" in " ".join(described(app))
    app = page(made, labels=["base"])
    assert "Choose a checkpoint beside the baseline" in said(app)


def test_curves_are_of_runs_made_alike(tmp_path: Path) -> None:
    made = Study.open(tmp_path / "s")
    for preset in ("default", "release"):
        write(made, "base", counted(rates(), 0), preset=preset)
    wanted = write(made, "grpo", counted(rates(late=True), 1), preset="default")
    app = page(made, labels=["grpo"])
    (note,) = [one.value for one in app.caption if "not compared" in one.value]
    runs = made.runs().set_index("run_id")
    assert wanted in runs.index and "release" not in note and note.count("lape (default") == 2


def test_a_label_is_no_markdown(tmp_path: Path) -> None:
    made = Study.open(tmp_path / "s")
    write(made, "base", counted(rates(), 0))
    write(made, "g_1_x", counted(rates(late=True), 1), stage="grpo")
    compare(made, "base", settings=QUICK)
    app = page(made, s_stat="layer_distance")
    assert "**g\\_1\\_x against base**" in [one.value for one in app.markdown]


def test_a_base_that_no_stage_names_is_in_the_command(study: Study) -> None:
    app = page(study, base="grpo", labels=["base", "grpo"])
    assert [one.value for one in app.code if one.value.startswith("interp compare")] == [
        f"interp compare --study {study.path} --base grpo"
    ]


def test_a_language_that_one_run_lacks(tmp_path: Path) -> None:
    made = Study.open(tmp_path / "s")
    write(made, "base", counted(rates(), 0))
    write(made, "grpo", counted(rates()[:3], 1), languages=("en", "de", "sw"))
    compare(made, "base", settings=QUICK)
    app = page(made, s_stat="layer_distance", lang="de")
    assert "selected anew for the shared languages" in said(app)
    row = rows_of(made, "grpo", "layer_distance").set_index("lang").loc["de"]
    (alt,) = [one for one in described(app) if "Neurons of German" in one]
    base, grpo = (
        own[own["selected"] & (own["lang"] == "de")]["layer"]
        for own in (made.table("neurons", run_id=run_of(made, label)) for label in ("base", "grpo"))
    )
    drawn = max(abs((base <= at).mean() - (grpo <= at).mean()) for at in range(6))
    assert f"grpo: D = {drawn:.4f}" in alt and drawn != pytest.approx(row["value"])
    assert f"compared is D = {row['value']:.4f} of neurons selected anew" in alt
    app = page(made, s_stat="layer_distance", lang="zh")
    assert any("asks for 'zh'" in one.value for one in app.warning)


def test_words_leave_nothing_out(study: Study) -> None:
    row = rows_of(study, "grpo", "late_share").set_index("lang").loc["zh"].to_dict()
    text = " ".join(in_words({**row, "lang": "zh"}))
    for part in (f"base has {row['base_value']:.3g}, grpo {row['label_value']:.3g}",
                 f"a difference of {row['value']:+.3g}", f"{row['ci_low']:.3g} to {row['ci_high']:.3g}",
                 f"no more than {row['noise_floor']:.3g}", f"p = {row['p']:.2g}",
                 f"Verdict: {row['verdict']} ({row['reason']})", "the same 40 blocks",
                 "selected neurons stand behind it", "399 relabellings", "seed 0"):  # fmt: skip
        assert part in text, part
    assert "noise of its own" not in text
    assert "noise of its own" in " ".join(in_words({**row, "ci_high": row["value"] - 0.01}))
    bare = {**row, "value": np.nan, "noise_floor": np.nan, "p": np.nan, "verdict": NOT_ENOUGH,
            "design": "lists", "notes": "a caveat"}  # fmt: skip
    text = " ".join(in_words(bare))
    for part in (
        "could not be computed",
        "no noise floor",
        "no p-value",
        "a caveat",
        "Only what was",
    ):
        assert part in text, part


def test_every_stored_statistic_has_a_meaning() -> None:
    rows = load_study(Path("artifacts/demo")).table("comparisons")
    for key, own in rows.groupby(["analysis", "statistic"]):
        text = meaning(*key, str(own["kind"].iloc[0]))
        assert len(text.split(" (")[0]) > 10, key
    assert meaning("lens", "target_first_stated", "difference").startswith("share of facts")
    assert "over high_low: low" in meaning("mcq", "accuracy (high_low: low)", "difference")


def test_the_demo() -> None:
    app = open_page("statistics", lang="ar", s_stat="neuron_jaccard")
    check_quiet(app)
    assert app.title[0].value == "Statistics" and {"s_forest", "s_ecdf"} <= set(charts(app))


def test_a_statistic_without_a_row_for_what_is_chosen(study: Study) -> None:
    app = page(study, s_stat="neurons", labels=["base", "grpo"], langs=["de"])
    assert list(charts(app)["s_forest"].layout.yaxis.ticktext) == ["de"]
    app = page(study, s_stat="neuron_jaccard", labels=["base", "grpo", "sft"], s_label="sft")
    assert "no row for the checkpoints and languages that are chosen" in said(app)
    app = page(study, s_stat="neurons", labels=["base", "grpo"], s_scope="all languages")
    assert "neurons has no row for all languages" in said(app)
    assert "all languages" in charts(app)["s_ecdf"].layout.title.text
