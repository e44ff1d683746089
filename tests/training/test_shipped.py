"""The checkpoint that comes with the clone: it is what its manifest says."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from interp.data.facts import FactSet
from training.organism.command import cldr_material
from training.organism.config import make_config
from training.organism.evaluate import correct, score_options

BASE = Path(__file__).resolve().parents[2] / "artifacts" / "base"


@pytest.fixture(scope="module")
def manifest() -> dict:
    return json.loads((BASE / "manifest.json").read_text(encoding="utf-8"))


def test_it_was_made_by_the_preset_on_todays_facts(manifest):
    config = make_config("full")
    assert manifest["config"] == json.loads(json.dumps(config.to_dict()))
    assert manifest["data_hash"] == cldr_material(config).data_hash, (
        "the embedded facts or texts changed since artifacts/base was trained: train it again"
    )
    stated = json.loads((BASE / "stated.json").read_text(encoding="utf-8"))
    facts = FactSet.load("cldr")
    for lang in facts.languages:
        assert stated[lang] == [f.fact_id for f in facts if f.texts[lang].stated], lang


def test_it_is_wide_enough_and_small_enough(manifest):
    assert manifest["heads"] >= 128
    assert manifest["neurons"] >= 8000
    model = AutoModelForCausalLM.from_pretrained(BASE)
    assert sum(p.numel() for p in model.parameters()) == manifest["parameters"]
    assert sum(file.stat().st_size for file in BASE.iterdir()) < 20e6
    assert not list(BASE.glob("*.bin")) and not list(BASE.glob("training_state*"))


def test_it_knows_what_it_was_told_and_less_of_what_only_english_was():
    torch.set_num_threads(1)
    model = AutoModelForCausalLM.from_pretrained(BASE).eval()
    tokenizer = AutoTokenizer.from_pretrained(BASE)
    facts = FactSet.load("cldr", limit=60, seed=1)
    scores = score_options(model, tokenizer, facts.facts, ("en", "de", "zh"))
    decided = correct(scores)
    group = decided["lang"].where(decided["lang"] == "en", decided["stated"].map(str))
    share = decided["correct"].astype(float).groupby(group).mean()
    assert share["en"] > 0.9
    assert share["True"] > 0.8
    assert share["False"] < share["True"] - 0.2


def test_the_manifests_accuracies_are_the_models(manifest):
    model = AutoModelForCausalLM.from_pretrained(BASE).eval()
    tokenizer = AutoTokenizer.from_pretrained(BASE)
    facts = FactSet.load("cldr")
    decided = correct(score_options(model, tokenizer, facts.facts, ("sw",)))
    said = pd.DataFrame(manifest["evaluation"]["tokens"]).set_index(["lang", "group"])["accuracy"]
    assert float(decided["correct"].mean()) == pytest.approx(said["sw", "all"], abs=0.002)


def test_the_documents_table_is_the_manifests(manifest):
    text = (BASE.parents[1] / "docs" / "organism.md").read_text(encoding="utf-8")
    rows = pd.DataFrame(manifest["evaluation"]["tokens"])
    for lang, of_lang in rows.groupby("lang", sort=False):
        share = of_lang.set_index("group")
        cells = [
            f"{100 * share.loc[g, 'accuracy']:.1f} | {share.loc[g, 'n']:,}"
            for g in ("stated", "english_only")
            if g in share.index
        ]
        assert f"| {lang} | {' | '.join(cells)} |" in text.replace(" | – | 0 |", " |")
    assert manifest["evaluation"]["summary"] in text


ARTIFACTS = BASE.parent


@pytest.mark.parametrize("stage", ["cpt", "sft", "grpo"])
def test_a_stage_was_made_by_its_preset_from_the_shipped_base(stage):
    from interp.data.corpus import Corpus
    from interp.demo import RETRAIN
    from interp.model.provenance import files_hash
    from training.configs import make_config as stage_config
    from training.visits import training_facts

    folder = ARTIFACTS / stage
    made = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    config = stage_config(stage, "organism", changes={"seed": made["config"]["seed"]})
    command = RETRAIN[stage]
    assert command[command.index("--seed") + 1] == str(config.seed)
    differing = {name for name, value in config.to_dict().items() if made["config"][name] != value}
    assert differing <= {"check_every"}  # says nothing about the weights
    assert made["base"]["weights_hash"] == files_hash([BASE / "model.safetensors"])
    if stage == "cpt":
        assert made["data_hash"] == Corpus.load("cldr", languages=made["languages"]).data_hash
    else:
        facts = FactSet.load("cldr")
        chosen = training_facts(facts, max_facts=None, seed=0)
        assert made["data_hash"] == chosen.train.data_hash
    adapter = json.loads((folder / "adapter_config.json").read_text(encoding="utf-8"))
    assert adapter["base_model_name_or_path"] == "../base"
    log = [json.loads(x) for x in (folder / "train_log.jsonl").read_text().splitlines()]
    steps = [row["step"] for row in log if row["metric"] == "loss"]
    assert steps == list(range(1, made["updates"] + 1))
    assert sum(file.stat().st_size for file in folder.iterdir()) < 5e6
    assert not list(folder.glob("*.bin"))


def test_the_effects_in_the_docs_are_those_that_were_measured():
    from training.organism.effect_tables import compact

    found = json.loads((ARTIFACTS / "effects" / "effects.json").read_text(encoding="utf-8"))
    text = (ARTIFACTS.parent / "docs" / "organism.md").read_text(encoding="utf-8")
    for line in compact(found["rows"]).splitlines():
        assert line in text, line
    assert len(found["seeds"]) == 3
