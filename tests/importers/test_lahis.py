"""LAHIS matrices: scores stay what they are, options only where they are known, bad files by name."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from interp.errors import InterpError
from interp.importers import read_lahis, save_import
from interp.lahis.summary import score_matrices, selected_heads, summarise
from interp.options import LahisOptions
from interp.presets import preset
from interp.study import Study
from tests.importers.made import CODES, Hostile, matrices, write_lahis


@pytest.fixture
def study(tmp_path):
    return Study.open(tmp_path / "study")


def test_scores_are_stored_as_they_are(tmp_path, study):
    folder = write_lahis(tmp_path / "base")
    run_id = save_import(study, read_lahis(folder), label="base", stage="cpt")
    for code, wanted in matrices().items():
        assert (score_matrices(study, run_id)[code] == wanted.astype(np.float64)).all()
    table = study.table("head_scores", run_id=run_id)
    row = table[(table["lang"] == "de") & (table["layer"] == 1) & (table["head"] == 2)].iloc[0]
    assert row["score"] == np.float32(matrices()["de"][1, 2]) and row["n_samples"] == 500
    assert table["ci_low"].isna().all() and table["ci_high"].isna().all()
    spec, notes = study.spec(run_id), study.notes(run_id)
    assert (spec["label"], spec["stage"], spec["preset"]) == ("base", "cpt", "imported")
    assert spec["model"] == {"model": "some/model"}
    assert spec["arguments"]["languages"] == list(CODES)  # meta.json's order
    assert LahisOptions.of_run(spec["arguments"]) == preset("lahis", "release")
    assert notes["shape"] == {"n_layers": 2, "n_heads": 3}
    about = notes["imported"]
    assert about["source"] == "base" and "causal mask" in about["caveat"]
    assert set(about["sha256"]) == {"meta.json", *(f"lahis_{code}.pth" for code in CODES)}
    assert any("intervals" in text for text in about["missing"])
    assert any("noise floor" in text for text in about["missing"])


def test_the_summary_has_no_interval(tmp_path, study):
    run_id = save_import(study, read_lahis(write_lahis(tmp_path / "base")), label="base")
    assert selected_heads(study, run_id)["en"] == [(1, 2)]  # 2 % of six heads: the best one
    top = summarise(study, run_id)["top_heads"]
    assert top["ci_low"].isna().all() and top["best score"].notna().all()


def test_options_that_the_file_does_not_state_are_absent(tmp_path, study):
    folder = write_lahis(tmp_path / "april", data_num=1000)
    found = read_lahis(folder)
    assert found.arguments["n_samples"] == 1000 and found.arguments["seq_len"] == 512
    assert "mask_update" not in found.arguments and "mask_dtype" not in found.arguments
    assert found.arguments["top_rule"] == "topk_int"
    assert any("mask" in text for text in found.missing)

    folder = write_lahis(tmp_path / "bare")
    (folder / "meta.json").unlink()
    found = read_lahis(folder)
    assert found.model == {"model": None} and "n_samples" not in found.arguments
    assert any("number of samples (stored as 0)" in text for text in found.missing)
    assert any("--model" in text for text in found.missing)
    assert (found.tables["head_scores"]["n_samples"] == 0).all()
    assert found.arguments["languages"] == ["en", "de", "zh"]  # table order
    assert read_lahis(folder, model="mine").model == {"model": "mine"}


def test_codes_of_other_conventions(tmp_path):
    scores = matrices()
    scores["zh-cn"] = scores.pop("zh")
    found = read_lahis(write_lahis(tmp_path / "a", scores, langs=["zh-cn", "en", "de"]))
    assert found.arguments["languages"] == ["zh", "en", "de"]
    assert set(found.tables["head_scores"]["lang"]) == {"zh", "en", "de"}


def test_some_languages_only(tmp_path):
    folder = write_lahis(tmp_path / "a")
    (folder / "lahis_de.pth").unlink()
    with pytest.raises(InterpError, match=r"no file lahis_de.pth.*--languages"):
        read_lahis(folder)
    found = read_lahis(folder, languages=["zh-cn", "en"])
    assert found.arguments["languages"] == ["zh", "en"] and len(found.tables["head_scores"]) == 12
    with pytest.raises(InterpError, match="unknown language in folder"):
        read_lahis(folder, languages=["de"])


def test_the_same_content_is_the_same_run_wherever_it_lies(tmp_path, study):
    first = save_import(study, read_lahis(write_lahis(tmp_path / "a")), label="base")
    again = save_import(study, read_lahis(write_lahis(tmp_path / "b")), label="base")
    changed = matrices()
    changed["en"][0, 0] += 1
    other = save_import(study, read_lahis(write_lahis(tmp_path / "c", changed)), label="base")
    assert first == again != other
    assert study.notes(first)["imported"]["source"] == "a"  # nothing was written again
    assert study.runs()["current"].all()  # other data do not supersede
    assert save_import(study, read_lahis(tmp_path / "a"), label="base", overwrite=True) == (
        f"{first}-2"
    )


def _nan(scores):
    scores["de"][1, 2] = np.nan


def _infinite(scores):
    scores["zh"][0, 1] = -np.inf


def _other_shape(scores):
    scores["de"] = np.zeros((3, 3), np.float32)


def _dict(scores):
    scores["en"] = {"scores": torch.zeros(2, 3)}


def _whole_numbers(scores):
    scores["en"] = torch.zeros(2, 3, dtype=torch.int64)


def _flat(scores):
    scores["en"] = torch.zeros(6)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (_nan, ("lahis_de.pth", "not finite", "layer 1, head 2")),
        (_infinite, ("lahis_zh.pth", "-inf", "layer 0, head 1")),
        (_other_shape, ("lahis_de.pth", "[3, 3]", "[2, 3]", "meta.json")),
        (_dict, ("lahis_en.pth", "dict", "tensor of floats")),
        (_whole_numbers, ("lahis_en.pth", "int64")),
        (_flat, ("lahis_en.pth", "[6]")),
    ],
)
def test_bad_tensors(tmp_path, spoil, words):
    scores = matrices()
    spoil(scores)
    with pytest.raises(InterpError) as error:
        read_lahis(write_lahis(tmp_path / "a", scores))
    assert all(word in str(error.value) for word in words), error.value


@pytest.mark.parametrize(
    ("meta", "words"),
    [
        ({"num_layers": 4}, ("lahis_en.pth", "[2, 3]", "[4, 3]")),
        ({"num_heads": "3"}, ("num_heads", "'3'")),
        ({"data_num": 0}, ("data_num", "at least 1")),
        ({"data_num": True}, ("data_num",)),
        ({"langs": ["en", "de"]}, ("unknown language", "'zh'", "en, de")),
        ({"langs": ["en", "de", "zh", "fr"]}, ("lahis_fr.pth",)),
        ({"langs": ["en", "de", "zh", "zh-cn"]}, ("'zh'", "'zh-cn'", "same")),
        ({"langs": ["en", "de", "zh", "qx"]}, ("unknown language 'qx'",)),
        ({"langs": "en"}, ("langs", "list")),
        ({"model": 7}, ("model",)),
    ],
)
def test_a_meta_that_does_not_fit(tmp_path, meta, words):
    with pytest.raises(InterpError) as error:
        read_lahis(write_lahis(tmp_path / "a", **meta))
    assert all(word in str(error.value) for word in words), error.value


def test_shapes_without_a_meta_agree_among_languages(tmp_path):
    scores = {**matrices(), "zh": np.zeros((2, 4), np.float32)}
    folder = write_lahis(tmp_path / "a", scores)
    (folder / "meta.json").unlink()
    with pytest.raises(InterpError, match=r"lahis_zh.pth: shape \[2, 4\].*as in lahis_en.pth"):
        read_lahis(folder)


def test_a_file_that_needs_code_is_refused_and_not_executed(tmp_path):
    trace = tmp_path / "trace"
    folder = write_lahis(tmp_path / "a", {**matrices(), "de": Hostile(trace)})
    with pytest.raises(InterpError) as error:
        read_lahis(folder)
    assert "lahis_de.pth" in str(error.value) and "nothing was executed" in str(error.value)
    assert not trace.exists()
    torch.load(folder / "lahis_de.pth", weights_only=False)
    assert trace.exists()  # so the file was a trap indeed


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04broken", b"\x80\x02."])
def test_broken_files(tmp_path, content):
    folder = write_lahis(tmp_path / "a")
    (folder / "lahis_de.pth").write_bytes(content)
    with pytest.raises(InterpError, match=r"lahis_de\.pth"):
        read_lahis(folder)


def test_not_such_a_folder(tmp_path):
    with pytest.raises(InterpError, match="not there"):
        read_lahis(tmp_path / "no")
    (tmp_path / "a").mkdir()
    with pytest.raises(InterpError, match="it has nothing"):
        read_lahis(tmp_path / "a")
    folder = write_lahis(tmp_path / "b")
    (folder / "meta.json").write_text('{"langs": ["en"], "langs": ["de"]}')
    with pytest.raises(InterpError, match="key 'langs' stands twice"):
        read_lahis(folder)
    for text, word in (("", "empty"), ("{", "not valid JSON"), ("[1]", "JSON list")):
        (folder / "meta.json").write_text(text)
        with pytest.raises(InterpError, match=word):
            read_lahis(folder)
    (folder / "meta.json").write_text(json.dumps({}))
    assert read_lahis(folder).arguments["languages"] == ["en", "de", "zh"]


def test_a_number_of_samples_that_fits_no_table(tmp_path):
    with pytest.raises(InterpError, match="data_num is 1000"):
        read_lahis(write_lahis(tmp_path / "a", data_num=10**30))
