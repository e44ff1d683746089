"""Words, cells, charts, summary, methods, references: each against what is known by hand."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from interp.plates import View
from interp.plates.overview.beyond import beyond_frame
from interp.plates.words import count
from interp.report.cells import MOST_CELLS, table_of
from interp.report.chapters import plain_title
from interp.report.charts import chart_of, script_json
from interp.report.evidence import beyond_table, by_statistic, verdict_table
from interp.report.methods import methods
from interp.report.provenance import checkpoints, runs_table
from interp.report.references import OF_ANALYSIS, works
from interp.report.summary import _most, _not_compared, summary
from interp.report.words import language_tag, listed, spoken
from interp.study import Study
from tests.dashboards.studies import WORDS, whole, write_lape
from tests.report.conftest import DEMO


def test_counts_and_lists():
    assert [count(1, "row"), count(1024, "head"), count(2, "analysis", "analyses")] == [
        "1 row", "1,024 heads", "2 analyses",
    ]  # fmt: skip
    assert [listed([]), listed(["a"]), listed(list("abc"))] == ["", "a", "a, b and c"]
    assert listed(list("abcd"), most=2) == "a, b and 2 more"


def test_other_scripts_are_isolated_and_named():
    assert spoken(f"<i>of {WORDS['ar']}, 3 <b>") == (
        f'&lt;i&gt;of <bdi lang="und-Arab">{WORDS["ar"]}</bdi>, 3 &lt;b&gt;'
    )
    assert spoken("Δ = 0.3, σ") == "Δ = 0.3, σ"
    assert [language_tag(WORDS[one], one) for one in ("ar", "zh", "bn")] == ["ar", "zh", "bn"]
    assert language_tag(WORDS["ar"], "en") == "und-Arab"
    assert language_tag("日本", "ja") == "ja"


def test_cells():
    frame = pd.DataFrame(
        {
            "lang": ["fr", "ar"], "n": [1.23456, float("nan")], "k": [3, 4],
            "answer": ["mer", WORDS["ar"]], "good": [True, False], "of": [["a", "b"], []],
        }
    )  # fmt: skip
    table = table_of(frame)
    assert table.columns == (
        ("lang", False), ("n", True), ("k", True), ("answer", False), ("good", False), ("of", False),
    )  # fmt: skip
    assert table.rows[0] == (
        '<th scope="row">fr</th><td class="n">1.235</td><td class="n">3</td><td lang="fr">mer</td>'
        "<td>yes</td><td>a, b</td>"
    )
    assert '<td class="n">–</td>' in table.rows[1]
    assert f'<td lang="ar" dir="auto">{WORDS["ar"]}</td>' in table.rows[1]


def test_tables_are_cut_by_rows_and_by_cells():
    narrow = table_of(pd.DataFrame({"a": range(500)}))
    assert (len(narrow.rows), narrow.total, narrow.is_cut) == (200, 500, True)
    wide = table_of(pd.DataFrame(np.zeros((500, 40))))
    assert len(wide.rows) == MOST_CELLS // 40
    assert not table_of(pd.DataFrame({"a": range(500)}), whole=True).is_cut


def test_a_chart_for_the_page():
    figure = go.Figure(go.Scattergl(x=np.arange(3.0), y=[1, float("nan"), 2], customdata=[1, 2, 3]))
    figure.update_layout(title="T", width=900, height=333)
    chart = chart_of(figure)
    found = json.loads(chart.json)
    assert found["data"][0]["type"] == "scatter"
    assert "customdata" not in found["data"][0]
    assert "title" not in found["layout"] and "width" not in found["layout"]
    assert chart.height == 333
    assert figure.layout.title.text == "T"  # left as it was
    figure.update_traces(hovertemplate="%{customdata}")
    assert json.loads(chart_of(figure).json)["data"][0]["customdata"] == [1, 2, 3]


def test_panels_side_by_side_need_width():
    from plotly.subplots import make_subplots

    assert chart_of(make_subplots(3, 1)).min_width == 440
    assert chart_of(make_subplots(1, 3)).min_width == 750
    assert chart_of(make_subplots(2, 8)).min_width == 1100


def test_json_cannot_leave_its_script():
    text = script_json({"a": "</script><!--\u2028"})
    assert "<" not in text and "\u2028" not in text
    assert json.loads(text) == {"a": "</script><!--\u2028"}


def test_titles_lose_plotlys_markup_only():
    assert plain_title("a<br>b <b>c</b> &lt;d&gt; <x>") == "a, b c <d> <x>"


def test_the_summary_counts_what_is_stored():
    """Groups and calls of the shipped study, counted anew from its table."""
    view = View.of(DEMO)
    rows = view.study.table("comparisons")
    rows = rows[(rows["base"] == "base") & rows["head"].isna()]
    for against in summary(view):
        own = rows[(rows["label"] == against.label) & rows["verdict"].isin(["beyond noise", "within noise"])]  # fmt: skip
        groups: dict[tuple[object, ...], bool] = {}
        for row in own.to_dict("records"):
            single = not pd.isna(row["lang"]) or (row["kind"] != "distance" and not pd.isna(row["layer"]))  # fmt: skip
            key = (row["analysis"], row["statistic"], single)
            groups[key] = groups.get(key, False) or row["verdict"] == "beyond noise"
        called = sum(groups.values())
        assert against.chance.startswith(f"In {called} of {len(groups)} groups of comparisons ")
        assert against.chance.endswith(f" up to {0.05 * len(groups):.1f}.")
        said = {one.analysis: one for one in against.found}
        lahis = rows[(rows["label"] == against.label) & (rows["analysis"] == "lahis")]
        beyond = lahis.loc[lahis["verdict"] == "beyond noise", "statistic"].unique()
        differs = " ".join(said["Attention heads (LAHIS)"].differs)
        assert all(f"({name})" in differs for name in beyond[:6])
        tested = own.loc[own["analysis"] == "lahis", "statistic"].nunique()
        assert bool(len(beyond)) == (f"{len(beyond)} of {tested} statistics" in differs)
        n, m = (one.groupby(["analysis", "statistic"]).ngroups for one in (own, own[own["verdict"] == "beyond noise"]))  # fmt: skip
        if m:
            assert f"differs from base beyond noise in {m} of {n} statistics" in against.headline
        else:
            assert f"no difference from base is shown in any of {n} statistics" in against.headline
            assert "not to say that there is none" in against.headline
    assert [one.label for one in summary(view)] == ["sft", "grpo"]


def test_the_summary_says_which_way_and_where_it_is_clearest():
    """Six languages of a planted statistic: four rise, one falls, one is within noise; the rest by hand."""
    (own,) = by_statistic(
        planted([0.3, 0.2, 0.2, 0.2, -0.9, 0.01], [0.1, 0.01, 0.1, 0.1, 0.4, 0.1])
    )
    row = beyond_frame(own).iloc[0]
    said = _most(row, own)
    assert said.startswith(
        "Share of facts answered correctly, lenient match (accuracy), higher in 4 and "
    )
    assert (
        "and lower in 1 of 6 places tested, clearest de: +0.2 [0.1, 0.3], noise floor 0.01" in said
    )
    (own,) = by_statistic(planted([0.3], [0.1], lang=None))
    assert "(accuracy): +0.3 [0.2, 0.4], noise floor 0.1, p 0.01." in _most(beyond_frame(own).iloc[0], own)  # fmt: skip
    (own,) = by_statistic(planted([0.3], [0.5], kind="likeness"))
    assert _most(beyond_frame(own).iloc[0], own).endswith("(1 is no difference).")


def planted(values: list[float], floors: list[float], lang: str | None = "en", kind: str = "difference") -> pd.DataFrame:  # fmt: skip
    langs = ["en", "de", "es", "fr", "pt", "id"][: len(values)] if lang else [None]
    n = len(values)
    return pd.DataFrame(
        {
            "label": "sft", "base": "base", "analysis": "klar", "preset": "p", "data": "d",
            "statistic": "accuracy", "kind": kind, "lang": langs, "other_lang": None, "layer": np.nan,
            "head": np.nan, "value": values, "signed_value": np.nan, "base_value": 0.5,
            "ci_low": [v - 0.1 for v in values], "ci_high": [v + 0.1 for v in values],
            "noise_floor": floors, "p_adjusted": 0.01, "behind": 99, "behind_needed": 20, "reason": "",
            "verdict": ["beyond noise" if abs(v) > f or kind != "difference" else "within noise" for v, f in zip(values, floors, strict=True)],
        },
        index=range(n),
    )  # fmt: skip


def test_what_is_not_compared_is_said_once_for_each_reason():
    states = pd.DataFrame(
        [("s", "lape", "not compared", "a and b"), ("s", "lens", "not compared", "c and d"),
         ("s", "klar", "no partner", "s has no klar run"), ("s", "mcq", "refused", "other facts"),
         ("s", "lahis", "older runs", "x is newer than y"), ("s", "similarity", "compared", "")],
        columns=["label", "analysis", "state", "why"],
    )  # fmt: skip
    assert list(_not_compared(states)) == [
        "Not compared yet: Language-specific neurons (LAPE) and Logit lens.",
        "Stored comparisons rest on runs that newer ones have replaced: Attention heads (LAHIS) (x is newer than y).",
        "Not comparable: Option scores (other facts).",
        "Nothing to compare with: s has no klar run.",
    ]


def test_the_verdict_table_has_every_statistic_once():
    view = View.of(DEMO)
    table = verdict_table(view)
    rows = view.study.table("comparisons")
    rows = rows[rows["label"].isin(["sft", "grpo"]) & rows["head"].isna()]
    keys = rows[["label", "analysis", "statistic"]].drop_duplicates()
    assert len(table) == len(keys)
    assert table["● beyond"].sum() == (rows["verdict"] == "beyond noise").sum()
    assert table["○ within"].sum() == (rows["verdict"] == "within noise").sum()
    assert len(beyond_table(view)) == (rows["verdict"] == "beyond noise").sum() > 0
    one = table[(table["checkpoint"] == "sft") & (table["statistic"] == "late_share")].iloc[0]
    assert "last 5/32 of the layers" in one["what it is"]


def test_other_shapes_cannot_be_said(tmp_path: Path):
    view = View.of(whole(tmp_path / "s", depths={"sft": 6}))
    found = {one.label: {f.analysis: f for f in one.found} for one in summary(view)}
    assert found["sft"]["Attention heads (LAHIS)"].open
    assert not found["sft"]["Attention heads (LAHIS)"].differs


def test_methods_name_what_departs_from_the_default(tmp_path: Path):
    study = Study.open(tmp_path / "s")
    write_lape(study, "base", "base", ("en", "ar"), 4)
    (lape,) = methods(View.of(tmp_path / "s"))
    assert "the 25 % of all neurons with the lowest entropy" in lape.paragraph
    assert "No filter on how often a neuron fires was used." in lape.paragraph
    assert "its gate is positive" in lape.paragraph
    said = " ".join(lape.details)
    assert "top_fraction 0.25 (default 0.01)" in said
    assert "filter_quantile none (default 0.95)" in said
    assert "seq_len" not in said
    assert "8 blocks; 400 tokens per language; 2 languages (en, ar)" in said


def test_a_release_preset_carries_its_sentence(tmp_path: Path):
    from interp.presets import note, preset
    from interp.study import RunSpec

    study = Study.open(tmp_path / "s")
    options = preset("lens", "release").to_dict()
    arguments = {**options, "languages": ["en"], "ties": "mean"}
    with study.run(RunSpec("lens", "base", "base", "release", arguments, "d" * 64)):
        pass
    (lens,) = methods(View.of(tmp_path / "s"))
    said = " ".join(lens.details)
    assert "final_norm release_double (default once)" in said.partition("Chosen")[0]
    assert "Chosen beside preset release: ties mean (default best)." in said
    assert note("lens", "release")[1:] in said


def test_one_paragraph_for_runs_made_alike():
    titles = [one.analysis for one in methods(View.of(DEMO))]
    assert [titles.count(one) for one in ("lape", "lahis", "lens", "mcq", "ablation")] == [1, 1, 1, 1, 2]  # fmt: skip
    used = {key for one in methods(View.of(DEMO)) for key in one.works}
    assert {"tang2024", "liu2025", "nostalgebraist2020", "qi2023", "shao2024", "hu2022"} <= used


def test_references_are_whole():
    keys = {key for own in OF_ANALYSIS.values() for key in own}
    for work in works(keys):
        assert work.fields["author"] and work.fields["year"].isdigit() and work.fields["title"]
        assert work.bibtex.endswith("}") and work.bibtex.count("{") == work.bibtex.count("}")
    assert [one.key for one in works({"liu2025", "tang2024"})] == ["tang2024", "liu2025"]
    with pytest.raises(KeyError, match="nobody1900"):
        works({"nobody1900"})


def test_provenance_lists_every_run_and_where_it_ran():
    view = View.of(DEMO)
    frame, environments = runs_table(view)
    runs = view.study.runs()
    assert sorted(frame["run"]) == sorted(runs["run_id"])
    row = frame[frame["run"] == "base-lape-default-5de7a7c0"].iloc[0] if "base-lape-default-5de7a7c0" in set(frame["run"]) else frame.iloc[0]  # fmt: skip
    spec = view.study.spec(row["run"])
    assert row["weights"] == spec["model"]["weights_hash"].removeprefix("sha256:")[:8]
    assert row["data"] == spec["data_hash"].removeprefix("sha256:")[:8]
    assert row["device"] == "cpu" and row["dtype"] == spec["model"]["dtype"]
    assert frame["weights"].str.fullmatch(r"–|[0-9a-f]{8}( \+ [0-9a-f]{8})?").all()
    assert "torch" in environments[row["libraries"]]
    shown = checkpoints(view)
    assert list(shown["checkpoint"]) == ["base", "sft", "grpo"]
    assert set(shown["layers × heads × neurons"]) == {"8 × 16 × 1,024"}
    assert shown["weights"].str.fullmatch(r"[0-9a-f]{8}( \+ [0-9a-f]{8})?").all()  # one each
