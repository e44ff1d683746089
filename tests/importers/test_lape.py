"""LAPE lists and counts: by hand, against plain counting, and what must be refused."""

from __future__ import annotations

import json

import pytest

from interp.errors import InterpError
from interp.importers import read_lape, save_import
from interp.lape.listed import read_listed
from interp.lape.summary import selection, summarise
from interp.study import Study
from tests.importers.made import LISTS, write_lape

COUNTS = {"1": {"ar": 2, "zh-cn": 0}, "4": {"ar": 1, "zh-cn": 3}}


@pytest.fixture
def study(tmp_path):
    return Study.open(tmp_path / "study")


def written(path, content):
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_lists_name_neurons(tmp_path, study):
    folder = write_lape(tmp_path / "base")
    run_id = save_import(study, read_lape(folder), label="base")
    table = study.table("neurons", run_id=run_id)
    rows = list(zip(table["layer"], table["neuron"], table["lang"], strict=True))
    assert rows == [
        (0, 2, "en"), (0, 3, "de"), (0, 7, "en"), (2, 0, "zh"), (2, 4, "de"), (2, 9, "zh"),
    ]  # fmt: skip
    assert table["selected"].all()
    assert table["entropy"].isna().all() and table["n_active"].isna().all()
    notes = study.notes(run_id)
    assert notes["layer_counts"] == {"zh": [0, 0, 2], "en": [2, 0, 0], "de": [1, 0, 1]}
    assert notes["shape"] == {"n_layers": 3, "d_mlp": 10}
    assert notes["tokens"] == {"zh": 100, "en": 640, "de": 640}
    about = notes["imported"]
    assert about["source"] == "base/lape_results.json"
    assert any("entropies" in text for text in about["missing"])
    assert any("noise floor" in text for text in about["missing"])
    assert "zh 100 tokens" in about["caveat"] and "percentile filter" in about["caveat"]
    spec = study.spec(run_id)
    assert spec["data_hash"].startswith("sha256:") and spec["model"]["model"] == "some/model"
    arguments = spec["arguments"]
    assert arguments["languages"] == ["zh", "en", "de"]
    # 20 % of 30 neurons are 6: the published code's options.
    assert (arguments["top_fraction"], arguments["seq_len"]) == (0.2, 64)
    assert arguments["filter_quantile"] is None and arguments["assignment"] == "argmax"


def test_options_are_known_only_where_the_total_agrees(tmp_path):
    # round() of the published share would be 6, int() 5: six neurons are not the published code's.
    found = read_lape(write_lape(tmp_path / "a", top_frac=0.19))
    assert "filter_quantile" not in found.arguments and found.arguments["assignment"] == "argmax"
    assert any("options of the selection" in text for text in found.missing)


def test_the_summary_of_lists(tmp_path, study):
    run_id = save_import(study, read_lape(write_lape(tmp_path / "base")), label="base")
    found = summarise(study, run_id)
    languages = found["languages"].set_index("lang")
    assert languages["neurons"].to_dict() == {"zh": 2, "en": 2, "de": 2}
    assert languages["in last quarter"].to_dict() == {"zh": 1.0, "en": 0.0, "de": 0.5}
    assert languages["median entropy"].isna().all()
    assert languages["tokens"].to_dict() == {"zh": 100, "en": 640, "de": 640}
    totals = dict(zip(found["totals"]["what"], found["totals"]["number"], strict=True))
    assert totals["neurons"] == 30 and totals["selected"] == 6
    assert totals["never active"] is None and totals["removed by the filter"] is None
    assert found["layers"]["de"].tolist() == [1, 0, 1]
    with pytest.raises(InterpError, match="was imported"):
        selection(study, run_id, top_fraction=0.1)


def test_counts_name_no_neuron(tmp_path, study):
    file = written(tmp_path / "OLD.json", COUNTS)
    found = read_lape(file, n_layers=5, model="llama")
    run_id = save_import(study, found, label="old")
    assert study.table("neurons", run_id=run_id).empty
    notes = study.notes(run_id)
    assert notes["layer_counts"] == {"ar": [2, 0, 0, 1, 0], "zh": [0, 0, 0, 3, 0]}
    assert notes["shape"] == {"n_layers": 5, "d_mlp": None}
    assert notes["imported"]["missing"][0].startswith("which neurons")
    arguments = study.spec(run_id)["arguments"]
    assert set(arguments) == {"assignment", "languages", "format"}
    listed = read_listed(study, run_id)
    assert listed.places is None and listed.n_selected == 6
    found = summarise(study, run_id)
    languages = found["languages"].set_index("lang")
    assert languages["neurons"].to_dict() == {"ar": 3, "zh": 3}
    assert languages["in last quarter"].to_dict() == {"ar": 1 / 3, "zh": 1.0}  # of layers 3 and 4
    assert languages["tokens"].isna().all()
    totals = dict(zip(found["totals"]["what"], found["totals"]["number"], strict=True))
    assert totals["neurons"] is None and totals["selected"] == 6


def test_a_language_without_neurons_is_kept_where_it_is_named(tmp_path):
    file = written(tmp_path / "x.json", {"2": {"en": [1]}})
    found = read_lape(file, n_layers=2, n_neurons=4, languages=["fr", "en"])
    assert found.arguments["languages"] == ["fr", "en"]
    assert found.notes["layer_counts"] == {"fr": [0, 0], "en": [0, 1]}
    assert read_lape(file, n_layers=2, n_neurons=4).arguments["languages"] == ["en"]


def test_a_meta_beside_another_file_is_not_its_own(tmp_path):
    folder = write_lape(tmp_path / "a")
    file = written(folder / "other.json", {"3": {"en": [1]}})
    with pytest.raises(InterpError, match="--layers"):
        read_lape(file)
    with pytest.raises(InterpError, match="--neurons"):
        read_lape(file, n_layers=3)
    assert read_lape(file, n_layers=3, n_neurons=10).model == {"model": None}
    by_path, by_folder = read_lape(folder / "lape_results.json"), read_lape(folder)
    assert by_path.arguments == by_folder.arguments and by_path.notes == by_folder.notes


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({}, ("no neuron",)),
        ([], ("JSON list",)),
        ("{", ("not valid JSON",)),
        ("", ("empty file",)),
        ('{"1": {"en": [1]}, "1": {"de": [2]}}', ("'1' stands twice",)),
        ({"1": {"en": []}}, ("no neuron in any layer",)),
        ({"0": {"en": [1]}, "1": {"de": [2]}}, ("layer '0'", "counted from 1")),
        ({"4": {"en": [1]}}, ("layer 4", "3 layers")),
        ({"4": {"en": 1}}, ("layer 4", "3 layers")),
        ({"-1": {"en": [1]}}, ("layer '-1'",)),
        ({"1" + "0" * 5000: {"en": [1]}}, ("layer '1000", "counted from 1")),
        ({"1000000": {"en": [1]}}, ("layer '1000000'", "counted from 1")),
        ({"1": {"en": [10**100]}}, ("neuron 1000", "0 to 9")),
        ({"01": {"en": [1]}}, ("layer '01'",)),
        ({"one": {"en": [1]}}, ("layer 'one'",)),
        ({"1": [1, 2]}, ("layer 1", "[1, 2]")),
        ({"1": {"en": [10]}}, ("layer 1, en", "neuron 10", "0 to 9")),
        ({"1": {"en": [-1]}}, ("neuron -1",)),
        ({"1": {"en": [1.0]}}, ("neuron 1.0", "whole number")),
        ({"1": {"en": [True]}}, ("neuron True",)),
        ({"1": {"en": ["1"]}}, ("neuron '1'",)),
        ({"1": {"en": [2, 2]}}, ("neuron 2", "twice")),
        ({"1": {"en": [2], "de": [2]}}, ("neuron 2", "also listed for en")),
        ({"1": {"en": [2], "zh": [3], "zh-cn": [4]}}, ("'zh'", "'zh-cn'")),
        ({"1": {"fr": [2]}}, ("unknown language", "'fr'", "zh, en, de")),
        ({"1": {"qx": [2]}}, ("unknown language 'qx'",)),
        ({"1": {"en": [2], "de": 3}}, ("lists", "counts")),
        ({"1": {"en": -3}}, ("-3",)),
        ({"1": {"en": 2.5}}, ("2.5",)),
        ({"1": {"en": None}}, ("None",)),
        ({"1": {"en": 6, "de": 5}}, ("layer 1 has 11 neurons of 10",)),
    ],
)
def test_bad_files(tmp_path, content, words):
    folder = write_lape(tmp_path / "a", n_selected=None)
    written(folder / "lape_results.json", content)
    with pytest.raises(InterpError) as error:
        read_lape(folder)
    assert "lape_results.json" in str(error.value)
    assert all(word in str(error.value) for word in words), error.value


def test_spellings_of_one_language_in_different_layers(tmp_path):
    file = written(tmp_path / "x.json", {"1": {"zh": 2}, "2": {"zh-cn": 1}})
    with pytest.raises(InterpError, match="'zh' and 'zh-cn' are the same"):
        read_lape(file, n_layers=2)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"n_layers": 4}, ("--layers 4", "says 3")),
        ({"n_neurons": 11}, ("--neurons 11", "says 10")),
        ({"languages": ["en", "de"]}, ("--languages en,de", "zh,en,de")),
    ],
)
def test_options_against_the_meta(tmp_path, options, words):
    with pytest.raises(InterpError) as error:
        read_lape(write_lape(tmp_path / "a"), **options)
    assert all(word in str(error.value) for word in words), error.value
    read_lape(tmp_path / "a", n_layers=3, n_neurons=10, languages=["en", "de", "zh"])


def test_a_file_that_is_cut(tmp_path):
    with pytest.raises(InterpError, match=r"6 neurons, but meta\.json says n_selected 7"):
        read_lape(write_lape(tmp_path / "a", n_selected=7))


def test_other_places(tmp_path):
    with pytest.raises(InterpError, match=r"no lape_results.json"):
        read_lape(tmp_path)
    with pytest.raises(InterpError, match="not there"):
        read_lape(tmp_path / "no.json")
    assert LISTS["3"]["zh"] == [0, 9]  # nothing above changed the case


@pytest.mark.parametrize(
    ("options", "content", "words"),
    [
        ({"n_layers": 5}, {"1": {"en": 10**30}}, ("layer 1, en", "at most 2147483647")),
        ({"n_layers": 10**30}, {"1": {"en": 1}}, ("--layers", "from 1 to 999999")),
        ({"n_layers": 0}, {"1": {"en": 1}}, ("--layers 0",)),
        ({"n_layers": 5, "n_neurons": 10**30}, {"1": {"en": [10**25]}}, ("--neurons",)),
    ],
)
def test_numbers_that_fit_no_table(tmp_path, options, content, words):
    with pytest.raises(InterpError) as error:
        read_lape(written(tmp_path / "x.json", content), **options)
    assert all(word in str(error.value) for word in words), error.value


@pytest.mark.parametrize(
    "meta",
    [
        {"num_layers": 10**6}, {"intermediate_size": 10**30}, {"seq_len": 10**30},
        {"tokens_per_lang": {"en": 10**30}},
    ],
)  # fmt: skip
def test_a_meta_with_numbers_that_fit_no_table(tmp_path, meta):
    with pytest.raises(InterpError, match=next(iter(meta))):
        read_lape(write_lape(tmp_path / "a", **meta))


def test_counts_of_an_earlier_import_that_fit_no_array_are_one_line(tmp_path, study):
    found = read_lape(written(tmp_path / "x.json", COUNTS), n_layers=5)
    run_id = save_import(study, found, label="a")
    path = study.path / "runs" / run_id / "run.json"
    record = json.loads(path.read_text())
    record["notes"]["layer_counts"]["ar"][0] = 10**30
    path.write_text(json.dumps(record))
    with pytest.raises(InterpError, match="more neurons"):
        read_listed(study, run_id)
