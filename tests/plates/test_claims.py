"""The paper's claims as a table and a chart: counted, joined and worded as the table of claims says."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from interp import plates
from interp.claims import check_claims, packaged_claims
from interp.errors import InterpError
from interp.figures.claims import reported_beside
from interp.plates.claims.beside import beside_text
from interp.plates.claims.table import claims_text

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def view(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> plates.View:
    return plates.released(shared_data / "release", tmp_path_factory.mktemp("r") / "study")


def test_every_claim_is_either_held_or_counted_as_not(view: plates.View) -> None:
    plate = plates.claims.claims_table(view)
    every = check_claims(view.study, packaged_claims(), compute=False).set_index("id")
    kept = every[~every["verdict"].isin(["other model", "cannot be computed"])]
    assert list(plate.frame["id"]) == list(kept.index)
    assert plate.table is not None and len(plate.table) == len(kept)
    assert list(plate.table["verdict"]) == list(kept["verdict"])
    counts = kept["verdict"].value_counts()
    assert f"Of {len(every)} claims {len(kept)} can be held" in plate.reading
    assert f"{counts['reproduced']} reproduced" in plate.reading
    assert f"{len(every) - len(kept)} cannot" in plate.reading
    bare = kept["ci_low"].isna().sum()
    assert f"{bare} of these verdicts rest on numbers without an interval" in plate.reading


def test_known_numbers_of_the_release(view: plates.View) -> None:
    rows = plates.claims.claims_table(view).frame.set_index("id")
    assert rows.loc["neurons-en-base", "value"] == 1762
    assert rows.loc["klar-base-fr", "verdict"] == "reproduced"
    assert rows.loc["overlap-sft", "verdict"] == "opposite sign"
    named = plates.claims.claims_table(view, roles={"grpo": "grpo-attmlp"}, analyses=("lape",))
    rows = named.frame.set_index("id")
    assert set(rows["analysis"]) == {"lape"}
    assert rows.loc["layers-grpo", "value"] == pytest.approx(0.0241, abs=5e-5)


def test_percentages_stand_beside_each_other_in_one_unit(view: plates.View) -> None:
    plate = plates.claims.claims_beside(view)
    claims = {one.text: one for one in packaged_claims() if one.model == "OLMo-2-1124-7B"}
    for row in plate.frame.to_dict("records"):
        claim = claims[str(row["row"]).partition(": ")[2]]
        assert claim.unit == "%" and claim.reported == (row["reported"],)
    french = plate.frame.set_index("row").loc["base: KLAR accuracy of the base: fr"]
    assert french["reported"] == 40.6
    assert french["value"] == pytest.approx(40.05, abs=0.01)
    assert plate.figure is not None and plate.figure.layout.xaxis.rangemode == "tozero"
    names = [trace.name for trace in plate.figure.data if trace.showlegend is not False]
    assert names[0] == "reported" and "here: reproduced" in names


def test_what_was_measured_on_other_data_counts_for_nothing(view: plates.View) -> None:
    plate = plates.claims.claims_beside(view)
    alike = plate.frame[plate.frame["verdict"] != "other data"]
    same = (alike["verdict"] == "reproduced").sum()
    assert f"{same} of {len(alike)} reported percentages" in plate.reading
    assert f"{len(plate.frame) - len(alike)} more" in plate.reading


def test_one_claim_is_spoken_of_as_one() -> None:
    rows = [("a", 10.0, 12.0, "reproduced"), ("b", 10.0, 40.0, "not reproduced")]
    frame = pd.DataFrame(
        [*rows, ("c", 1.0, 99.0, "other data")], columns=["row", "reported", "value", "verdict"]
    )
    assert beside_text(frame) == (
        "1 of 2 reported percentages is reproduced. The numbers differ by 16.0 points in the median; most "
        "for “b”: reported 10 %, here 40.0 %. 1 more was measured here on other data than claimed, and "
        "says nothing of the claim."
    )
    assert beside_text(frame[2:]).startswith("No claim of a single percentage")
    held = pd.DataFrame({"verdict": ["reproduced", "cannot tell"], "ci_low": [float("nan"), 1.0]})
    rest = pd.DataFrame({"reason": ["no run", "no run", "other"]})
    assert claims_text(held, rest) == (
        "Of 5 claims 2 can be held against this study: 1 reproduced, 1 cannot tell. 1 of these verdicts rests "
        "on a number without an interval: only digits or signs were compared. 3 cannot; the most frequent "
        "reason, of 2: no run."
    )


def test_claims_without_a_percentage_leave_the_chart_empty(view: plates.View) -> None:
    plate = plates.claims.claims_beside(view, analyses=("lape",))
    assert plate.frame.empty and plate.reading.startswith("No claim of a single percentage")
    assert plate.figure is not None and "no claim" in plate.figure.layout.annotations[0].text


def test_a_study_of_another_model_judges_none() -> None:
    with pytest.raises(
        plates.Lacking, match=r"none of the paper's \d+ claims is judged.*claim is about"
    ):
        plates.claims.claims_table(plates.View.of(ROOT / "artifacts" / "demo"))


def test_absent_results_make_every_plate_lack_them(tmp_path: Path) -> None:
    absent = plates.released(tmp_path / "nowhere", tmp_path / "study")
    assert not (tmp_path / "study").exists()
    for draw in (plates.claims.claims_table, plates.heads.overlap):
        with pytest.raises(plates.Lacking, match=r"get them from https://github\.com/jvonrad"):
            draw(absent)


def test_a_damaged_release_is_refused_in_one_line(tmp_path: Path) -> None:
    folder = tmp_path / "release" / "lape" / "olmo-base"
    folder.mkdir(parents=True)
    (folder / "lape_results.json").write_text("{")
    with pytest.raises(InterpError, match=r"lape_results\.json") as refused:
        plates.released(tmp_path / "release", tmp_path / "study")
    assert "\n" not in str(refused.value)
    assert not (tmp_path / "study").exists()


def test_shapes_tell_verdicts_and_names_are_no_markup() -> None:
    frame = pd.DataFrame(
        {
            "row": ["<b>one</b>", "two", "three"],
            "reported": [10.0, 20.0, 30.0],
            "value": [10.0, 25.0, 1.0],
            "ci_low": [9.0, float("nan"), 0.5],
            "ci_high": [12.0, float("nan"), 2.0],
            "verdict": ["reproduced", "not reproduced", "other data"],
        }
    )
    figure = reported_beside(frame, title="t", x="%")
    by_name = {trace.name: trace for trace in figure.data}
    assert list(by_name["here: not reproduced"].y) == [1]
    assert list(by_name["here: reproduced"].error_x.array) == [2.0]
    assert list(by_name["here: reproduced"].error_x.arrayminus) == [1.0]
    shapes = {by_name[f"here: {one}"].marker.symbol for one in frame["verdict"]}
    assert len(shapes) == 3
    assert figure.layout.yaxis.ticktext[0] == "&lt;b&gt;one&lt;/b&gt;"
    assert figure.layout.yaxis.range[0] > figure.layout.yaxis.range[1]  # first row on top
