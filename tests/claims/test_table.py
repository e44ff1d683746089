"""Claims held against studies made by hand: pairs, presets, models, data, and what lacks."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from interp.claims import check_claims
from interp.claims.table import COLUMNS
from interp.errors import InterpError
from interp.stats.verdict import WITHIN
from interp.study import load_study
from tests.claims.cases import LANGUAGES, HandStudy, claim, row
from tests.study.samples import spec

CHANGE = row("neurons_change", lang="en", value=38.24, ci_low=30.0, ci_high=45.0)
LEVEL = row("neurons", lang="en", value=5.0, base_value=10.0, label_value=15.0)


@pytest.fixture
def hand(tmp_path: Path) -> HandStudy:
    made = HandStudy(tmp_path / "study")
    for label in ("base", "grpo"):
        made.run(label)
    made.compared("base", "grpo", [CHANGE, LEVEL])
    return made


def check(hand: HandStudy, *claims: Any, **more: Any) -> pd.DataFrame:
    return check_claims(hand.study, claims, **{"compute": False, **more})


def test_a_claim_beside_what_the_study_holds(hand: HandStudy) -> None:
    table = check(hand, claim(note="n", measured="m"))
    assert tuple(table.columns) == COLUMNS
    (found,) = table.to_dict("records")
    assert found["verdict"] == "reproduced" and found["reason"] == "equal as printed"
    assert (found["value"], found["ci_low"], found["ci_high"]) == (38.24, 30, 45)
    assert found["comparison"] == "beyond noise" and found["reported"] == "+38.2 %"
    assert found["study_model"] == "allenai/OLMo-2-1124-7B" and found["label_model"] == "me/grpo"
    assert (found["base"], found["label"], found["of"]) == ("base", "grpo", "grpo")
    assert (found["note"], found["measured"]) == ("n", "m")


def test_a_reproduced_number_that_may_be_noise_says_so(hand: HandStudy) -> None:
    hand.compared("base", "grpo", [{**CHANGE, "verdict": WITHIN}])
    (found,) = check(hand, claim()).to_dict("records")
    assert found["verdict"] == "reproduced" and found["comparison"] == WITHIN


def test_a_level_of_the_base_stands_in_any_comparison(hand: HandStudy) -> None:
    level = {"statistic": "neurons", "quantity": "level", "unit": "count", "direction": "",
             "digits": 0}  # fmt: skip
    table = check(
        hand,
        claim(**level, id="b", role="base", reported=(10.0,)),
        claim(**level, id="g", role="grpo", reported=(15.0,)),
    )
    assert list(table["verdict"]) == ["reproduced"] * 2
    assert list(table["of"]) == ["base", "grpo"] and list(table["label"]) == ["grpo"] * 2
    assert pd.isna(table["comparison"].iloc[0])  # the change of another checkpoint is not its own


BASE_LEVEL = {"statistic": "neurons", "quantity": "level", "unit": "count", "role": "base",
              "direction": "", "digits": 0, "reported": (10.0,)}  # fmt: skip


@pytest.mark.parametrize("few", ["grpo", "zero"])
@pytest.mark.parametrize("languages", [tuple(LANGUAGES), ()])
def test_a_level_of_the_base_does_not_hang_on_which_partner_comes_first(
    few: str, languages: tuple[str, ...], tmp_path: Path
) -> None:
    """One partner ran on two of the three languages and has another shape, the other on all."""
    hand = HandStudy(tmp_path / "study")
    hand.run("base", notes={"shape": {"n_layers": 32}})
    other = {"grpo": "zero", "zero": "grpo"}[few]
    hand.run(few, languages=["en", "sw"], notes={"shape": {"n_layers": 28}})
    hand.run(other, notes={"shape": {"n_layers": 28}})
    hand.compared("base", few, [{**LEVEL, "base_value": 99.0}])
    hand.compared("base", other, [LEVEL])
    first = claim(id="x", role="grpo")  # its label is first in the cast
    table = check(hand, claim(**BASE_LEVEL, languages=languages), first).set_index("id")
    assert (table["value"]["c"], table["label"]["c"]) == (10, other)
    assert table["verdict"]["c"] == "reproduced"


def test_the_languages_of_the_claim_come_before_most_languages(hand: HandStudy) -> None:
    hand.run("two", languages=["en", "sw"])
    hand.compared("base", "two", [{**LEVEL, "base_value": 9.0}])
    one = claim(**{**BASE_LEVEL, "reported": (9.0,)}, languages=("sw", "en"))
    (found,) = check(hand, one).to_dict("records")
    assert (found["value"], found["label"], found["verdict"]) == (9, "two", "reproduced")


def test_a_partner_that_gives_no_number_is_not_preferred(hand: HandStudy) -> None:
    hand.run("aaa")
    hand.compared("base", "aaa", [row("(all)", verdict="not comparable", reason="other eps")])
    (found,) = check(hand, claim(**BASE_LEVEL)).to_dict("records")
    assert (found["value"], found["label"]) == (10, "grpo")


def test_every_data_set_has_a_row(hand: HandStudy) -> None:
    for label in ("base", "grpo"):
        hand.run(label, data_hash="sha256:4567")
    hand.compared("base", "grpo", [{**CHANGE, "value": 1.0}])
    table = check(hand, claim())
    assert sorted(table["value"]) == [1, 38.24] and sorted(table["data"]) == [
        "sha256:0123", "sha256:4567",
    ]  # fmt: skip


def test_a_preset_of_one_side_only_is_no_row(
    hand: HandStudy, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand.run("base", preset="paper")
    alone = {"preset": "", "data": "", "base_run": "", "label_run": ""}
    held = hand.study.table("comparisons")
    both = pd.concat([held, held.assign(statistic="(all)", value=float("nan"), **alone)])
    monkeypatch.setattr("interp.claims.compared.comparison_hash", lambda: "later")
    monkeypatch.setattr("interp.claims.compared.compare", lambda *_, **__: both)
    (found,) = check(hand, claim(), compute=True).to_dict("records")
    assert (found["preset"], found["value"]) == ("default", 38.24)


def test_a_base_alone_has_no_comparison(tmp_path: Path) -> None:
    hand = HandStudy(tmp_path / "study")
    hand.run("base")
    level = claim(statistic="neurons", quantity="level", unit="count", role="base", direction="")
    (found,) = check(hand, level).to_dict("records")
    assert found["verdict"] == "cannot be computed" and "nothing to compare base" in found["reason"]


def test_another_base_than_the_studys(hand: HandStudy) -> None:
    hand.run("sft")
    hand.compared("sft", "grpo", [{**CHANGE, "value": -1.0, "ci_low": -2.0, "ci_high": -0.5}])
    (found,) = check(hand, claim(base="sft")).to_dict("records")
    assert (found["base"], found["label"], found["verdict"]) == ("sft", "grpo", "opposite sign")
    # whose model it is comes from the study's base, not from the checkpoint compared with
    assert found["study_model"] == "allenai/OLMo-2-1124-7B"


def test_every_preset_has_a_row_unless_the_claim_names_one(hand: HandStudy) -> None:
    for label in ("base", "grpo"):
        hand.run(label, preset="release")
    hand.compared("base", "grpo", [{**CHANGE, "value": 1.0}], preset="release")
    table = check(hand, claim())
    assert sorted(table["preset"]) == ["default", "release"]
    assert list(check(hand, claim(preset="release"))["value"]) == [1.0]
    (found,) = check(hand, claim(preset="paper")).to_dict("records")
    assert found["verdict"] == "cannot be computed"
    assert "no runs of preset paper, only of" in found["reason"]


def test_another_model_is_shown_and_not_judged(hand: HandStudy) -> None:
    (found,) = check(hand, claim(model="Qwen2.5-7B")).to_dict("records")
    assert found["verdict"] == "other model" and found["value"] == 38.24
    assert found["reason"] == (
        "base is allenai/OLMo-2-1124-7B, the claim is about Qwen2.5-7B"
    )  # fmt: skip


def test_the_user_names_a_base_that_its_runs_do_not(tmp_path: Path) -> None:
    hand = HandStudy(tmp_path / "study")
    hand.run("base", model={"model": "ckpt/base"})
    hand.run("grpo")
    hand.compared("base", "grpo", [CHANGE])
    assert check(hand, claim())["verdict"][0] == "other model"
    (found,) = check(hand, claim(), model="OLMo-2-1124-7B").to_dict("records")
    assert found["verdict"] == "reproduced" and found["study_model"] == "OLMo-2-1124-7B"
    assert check(hand, claim(), model="Qwen2.5-7B")["verdict"][0] == "other model"


def test_the_user_does_not_overrule_what_the_runs_name(hand: HandStudy) -> None:
    for model in ("Qwen2.5-7B", "OLMo-2-1124-13B", "OLMo-2-1124-7B-Instruct"):
        with pytest.raises(InterpError) as error:
            check(hand, claim(), model=model)
        assert str(error.value) == (
            f"--model {model!r}: the runs of base name 'allenai/OLMo-2-1124-7B'; expected that one, "
            "or --model only where they name none"
        )
    assert check(hand, claim(), model="olmo-2-1124-7b")["verdict"][0] == "reproduced"


@pytest.mark.parametrize(
    "name",
    ["meta-llama/Llama-2-7b-hf", "Qwen/Qwen2.5-7B", "allenai/OLMo-2-1124-13B", "you/mine-1"],
)
def test_a_label_that_is_another_published_model_is_not_judged(name: str, tmp_path: Path) -> None:
    hand = HandStudy(tmp_path / "study")
    hand.run("base")
    hand.run("grpo", model={"model": name})
    hand.compared("base", "grpo", [CHANGE, LEVEL])
    level = {"statistic": "neurons", "quantity": "level", "unit": "count", "direction": "",
             "digits": 0}  # fmt: skip
    table = check(
        hand,
        claim(),
        claim(**level, id="g", role="grpo", reported=(15.0,)),
        claim(**level, id="b", role="base", reported=(10.0,)),
        claim(id="mine", model="mine-1"),  # the claims know a model of no family
    )
    other = f"grpo is {name}, the claim is about OLMo-2-1124-7B"
    assert list(table["reason"][:2]) == [other] * 2
    # the base's own level is that of the claim's model all the same
    assert list(table["verdict"]) == ["other model", "other model", "reproduced", "other model"]


def test_an_adapter_on_another_model_is_another_model(tmp_path: Path) -> None:
    hand = HandStudy(tmp_path / "study")
    hand.run("base")
    hand.run("grpo", model={"model": "me/adapter", "base": {"model": "meta-llama/Llama-2-7b-hf"}})
    hand.compared("base", "grpo", [CHANGE])
    assert check(hand, claim())["verdict"][0] == "other model"


def test_a_run_that_names_no_model_takes_the_labels_name(tmp_path: Path) -> None:
    hand = HandStudy(tmp_path / "study")
    for label in ("base", "grpo"):
        hand.run(label, "klar", model={"model": None})
    hand.compared("base", "grpo", [row("accuracy", lang="en", value=0.1)], "klar")
    keys = {"analysis": "klar", "statistic": "accuracy", "unit": "points", "reported": (10.0,)}
    assert check(hand, claim(**keys))["verdict"][0] == "other model"
    hand.run("base")  # another analysis, which names it
    (found,) = check(hand, claim(**keys)).to_dict("records")
    assert found["verdict"] == "reproduced" and found["study_model"] == "allenai/OLMo-2-1124-7B"


def test_another_shape_is_another_model(tmp_path: Path) -> None:
    hand = HandStudy(tmp_path / "study")
    hand.run("base", notes={"shape": {"n_layers": 32}})
    hand.run("grpo", notes={"shape": {"n_layers": 28}})
    hand.compared("base", "grpo", [CHANGE])
    (found,) = check(hand, claim()).to_dict("records")
    assert found["verdict"] == "other model" and "n_layers 32 and 28" in found["reason"]


def test_other_languages_are_shown_and_not_judged(hand: HandStudy) -> None:
    same = check(hand, claim(languages=tuple(reversed(LANGUAGES))))
    assert same["verdict"][0] == "reproduced"
    (found,) = check(hand, claim(languages=("en", "de"))).to_dict("records")
    assert found["verdict"] == "other data" and found["value"] == 38.24
    assert found["reason"] == "over en sw zh; claimed over en de"


def test_the_languages_are_those_of_both_runs(tmp_path: Path) -> None:
    hand = HandStudy(tmp_path / "study")
    hand.run("base")
    hand.run("grpo", languages=["en", "sw"])
    hand.compared("base", "grpo", [CHANGE])
    assert check(hand, claim(languages=("en", "sw")))["verdict"][0] == "reproduced"
    assert check(hand, claim(languages=tuple(LANGUAGES)))["verdict"][0] == "other data"


@pytest.mark.parametrize(
    ("corpus", "verdict"),
    [
        ("ted:multi_way.jsonl", "reproduced"),
        ("hub:ymoslem/TED2025", "reproduced"),
        ("cldr", "other data"),
        ("hub:united/texts", "other data"),
        (None, "reproduced"),  # an imported list does not say
    ],
)
def test_other_texts_are_not_judged(corpus: str | None, verdict: str, tmp_path: Path) -> None:
    hand = HandStudy(tmp_path / "study")
    for label in ("base", "grpo"):
        hand.run(label, notes={"text": {"corpus": corpus}})
    hand.compared("base", "grpo", [CHANGE])
    (found,) = check(hand, claim(data="ted")).to_dict("records")
    assert found["verdict"] == verdict
    if verdict == "other data":
        assert found["reason"] == f"measured on {corpus}; claimed on ted"


def test_what_lacks_says_what_supplies_it(hand: HandStudy) -> None:
    cases = {
        "no label is called sft": claim(role="sft"),
        "base and grpo without a run of klar: interp eval klar, or interp import klar": claim(
            analysis="klar", statistic="accuracy", unit="points"
        ),
        "not among the languages of both runs (en sw zh)": claim(lang="de"),
        "the comparison of these runs has no neurons_change": claim(lang="sw"),
    }
    for reason, one in cases.items():
        (found,) = check(hand, one).to_dict("records")
        assert found["verdict"] == "cannot be computed" and pd.isna(found["value"]), found
        assert reason in found["reason"]


def test_two_roles_of_one_label_have_no_difference(hand: HandStudy) -> None:
    (found,) = check(hand, claim(), chosen={"grpo": "base"}).to_dict("records")
    assert found["reason"] == "base and grpo are both base"


def test_an_import_says_what_it_lacks(tmp_path: Path) -> None:
    hand = HandStudy(tmp_path / "study")
    hand.run("base", notes={"imported": {"missing": ["entropies"]}})
    hand.run("grpo", notes={"imported": {"missing": ["entropies", "intervals"]}})
    hand.compared("base", "grpo", [CHANGE])
    (found,) = check(hand, claim(lang="sw")).to_dict("records")
    assert found["reason"].endswith("the imported files lack entropies, intervals")


def test_a_refused_comparison_gives_its_reason(hand: HandStudy) -> None:
    hand.compared("base", "grpo", [row("(all)", verdict="not comparable", reason="other eps")])
    (found,) = check(hand, claim()).to_dict("records")
    assert (found["verdict"], found["reason"]) == ("cannot be computed", "other eps")


def test_runs_without_comparison_say_the_command(tmp_path: Path) -> None:
    hand = HandStudy(tmp_path / "study")
    hand.run("base")
    hand.run("grpo")
    (found,) = check(hand, claim()).to_dict("records")
    assert found["reason"].startswith("not compared yet: interp compare --study")
    assert "--base base --label grpo --analysis lape" in found["reason"]


def test_different_presets_are_no_pair(tmp_path: Path) -> None:
    hand = HandStudy(tmp_path / "study")
    hand.run("base")
    hand.run("grpo", preset="release")
    (found,) = check(hand, claim()).to_dict("records")
    assert "different presets: base has default, grpo has release" in found["reason"]


def test_a_superseded_run_is_not_what_is_read(hand: HandStudy) -> None:
    asked = spec(label="grpo", stage="grpo", model={"model": "me/grpo"},
                 arguments={"languages": LANGUAGES})  # fmt: skip
    with hand.study.run(asked, overwrite=True) as run:
        run.record("again", True)
    (found,) = check(hand, claim()).to_dict("records")
    assert found["reason"].startswith("not compared yet")


def test_what_lacks_is_computed_once_and_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand = HandStudy(tmp_path / "study")
    hand.run("base")
    hand.run("grpo")
    asked: list[Any] = []

    def compare(study: Any, base: str, *, labels: list[str], analyses: list[str]) -> pd.DataFrame:
        asked.append((base, labels, analyses))
        hand.compared("base", "grpo", [CHANGE])
        return hand.study.table("comparisons")

    monkeypatch.setattr("interp.claims.compared.compare", compare)
    two = [claim(), claim(id="d", reported=(30.0,))]
    assert list(check(hand, *two, compute=True)["verdict"]) == ["reproduced"] * 2
    assert asked == [("base", ["grpo"], ["lape"])]
    check(hand, *two, compute=True)
    assert len(asked) == 1  # the study holds it now


def test_rows_of_other_code_count_only_where_nothing_is_computed(
    hand: HandStudy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("interp.claims.compared.comparison_hash", lambda: "later")
    fresh = hand.study.table("comparisons").assign(value=1.0)
    monkeypatch.setattr("interp.claims.compared.compare", lambda *_, **__: fresh)
    assert check(hand, claim(), compute=True)["value"][0] == 1
    assert check(hand, claim(), compute=False)["value"][0] == 38.24


def test_a_study_open_for_reading_is_enough(hand: HandStudy) -> None:
    table = check_claims(load_study(hand.study.path), [claim()], compute=False)
    assert table["verdict"][0] == "reproduced"


def test_no_part_of_it_imports_torch() -> None:
    code = "import sys, interp.claims, interp.cli.print_claims; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
