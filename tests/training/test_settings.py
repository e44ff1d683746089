"""Settings, visits and splits: what a run is made of before it starts."""

from __future__ import annotations

from collections import Counter

import pytest

from interp.errors import InterpError
from tests.training.facts import fact_set, records, write_facts
from training.command import parse_settings, preset_for
from training.configs import PRESETS, make_config
from training.organism.effects import held_out
from training.visits import plan_visits, training_facts, updates


def test_the_papers_tables_are_the_presets():
    grpo = make_config("grpo", "paper")
    assert (grpo.learning_rate, grpo.warmup, grpo.weight_decay) == (1e-5, 0.03, 0.01)
    assert (grpo.lora_rank, grpo.lora_alpha, grpo.lora_dropout) == (64, 128, 0.05)
    assert (grpo.temperature, grpo.top_p, grpo.group_size) == (0.7, 0.95, 8)
    assert (grpo.repetition_penalty, grpo.no_repeat_ngram) == (1.5, 3)
    assert (grpo.max_prompt_tokens, grpo.max_completion_tokens, grpo.max_facts) == (512, 48, 40_000)
    sft = make_config("sft", "paper")
    assert (sft.learning_rate, sft.warmup, sft.consistency) == (2e-5, 0.05, 0.5)
    assert (sft.facts_per_update, sft.target) == (64, "letter")
    assert sft.lora_targets == ("q_proj", "k_proj", "v_proj", "o_proj")
    assert make_config("sft", "release").kl_direction == "mean_to_lang"
    cpt = make_config("cpt", "paper")
    assert (cpt.learning_rate, cpt.warmup_updates(10_000), cpt.rows_per_update) == (2e-5, 200, 48)


def test_sft_and_grpo_train_the_same_weights_on_the_same_prompts_by_default():
    for preset in ("default", "organism"):
        sft, grpo = make_config("sft", preset), make_config("grpo", preset)
        shared = ("lora_targets", "lora_rank", "lora_alpha", "lora_dropout", "task_format",
                  "scaffold", "option_order", "max_prompt_tokens")  # fmt: skip
        for name in shared:
            assert getattr(sft, name) == getattr(grpo, name), name


def test_a_file_and_single_settings_change_a_preset(tmp_path):
    file = tmp_path / "grpo.yaml"
    file.write_text("preset: organism\nlearning_rate: 1e-4\nlora_targets: [q_proj]\nsteps: 7\n")
    config = make_config("grpo", file=file, changes={"steps": "9", "reward_changes": "{empty: -2}"})
    assert config.preset == "organism"
    assert (config.learning_rate, config.steps, config.lora_targets) == (1e-4, 9, ("q_proj",))
    assert config.reward_changes == {"empty": -2}
    assert config.fingerprint() != make_config("grpo", file=file).fingerprint()
    assert make_config("sft").fingerprint() != make_config("grpo").fingerprint()


@pytest.mark.parametrize(
    ("stage", "changes", "said"),
    [
        ("grpo", {"rate": 1}, "unknown grpo setting 'rate': expected one of .*learning_rate"),
        ("grpo", {"learning_rate": "fast"}, "learning_rate is 'fast': expected float"),
        ("grpo", {"learning_rate": 0}, "learning_rate is 0.0: expected a number above 0"),
        ("grpo", {"group_size": 1}, "group_size is 1: expected a number of at least 2"),
        ("grpo", {"steps": 2.5}, "steps is 2.5: expected int"),
        ("grpo", {"gradient_checkpointing": 1}, "gradient_checkpointing is 1: expected bool"),
        ("grpo", {"schedule": "step"}, "unknown grpo setting schedule 'step'"),
        ("grpo", {"beta": 0.1, "lora_rank": 0}, "reference is the model without its adapter"),
        ("grpo", {"reward_changes": "empty"}, "reward_changes is 'empty': expected field: value"),
        ("sft", {"target": "number"}, "unknown sft setting target 'number'"),
        ("sft", {"target": "letter", "task_format": "freeform"}, "a letter means nothing"),
        ("sft", {"lora_targets": []}, "lora_targets is"),
        ("cpt", {"row_tokens": 0}, "row_tokens is 0"),
        ("rl", {}, "unknown stage 'rl': expected one of cpt, sft, grpo"),
    ],
)
def test_a_wrong_setting_is_named(stage, changes, said):
    with pytest.raises(InterpError, match=said):
        make_config(stage, changes=changes)


def test_every_preset_reads_back_from_what_a_manifest_stores():
    for stage, presets in PRESETS.items():
        for name, config in presets.items():
            stored = {k: v for k, v in config.to_dict().items() if k != "preset"}
            assert make_config(stage, name, changes=stored) == config


def test_settings_on_the_command_line():
    assert parse_settings(["a-b=1", "c=x=y"]) == {"a_b": "1", "c": "x=y"}
    for wrong in (["abc"], ["=1"], ["a=1", "a=2"]):
        with pytest.raises(InterpError, match="--set"):
            parse_settings(wrong)


def test_the_organisms_own_checkpoints_get_its_preset(tmp_path):
    import json

    assert preset_for("artifacts/base") == "organism"
    assert preset_for("allenai/OLMo-2-1124-7B") == "default"
    manifest = {"made_by": "interp train sft", "config": {"preset": "organism"}}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    assert preset_for(str(tmp_path)) == "organism"


def test_sft_and_cpt_do_without_trl():
    """TRL is an extra: only GRPO may import it."""
    import subprocess
    import sys

    code = (
        "import sys, training.command, training.fact_stages, training.cpt; "
        "sys.exit('trl' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_every_fact_comes_once_before_any_comes_again(tmp_path):
    facts = fact_set(tmp_path / "f.jsonl").select(split="train")
    visits = plan_visits(facts, 20, seed=3)
    for start in (0, 8):
        assert len({visit.fact.fact_id for visit in visits[start : start + 8]}) == 8
    first, second = ([v.fact.fact_id for v in visits[at : at + 8]] for at in (0, 8))
    assert first != second
    assert visits == plan_visits(facts, 20, seed=3)
    assert visits[:12] == plan_visits(facts, 12, seed=3)  # a longer run begins like a shorter one
    assert visits != plan_visits(facts, 20, seed=4)
    for visit in visits:
        for order in visit.orders.values():
            assert sorted(order) == [0, 1, 2, 3]
    assert any(len(set(visit.orders.values())) > 1 for visit in visits)
    for visit in plan_visits(facts, 20, seed=3, option_order="fact"):
        assert len(set(visit.orders.values())) == 1
    places = Counter(v.orders["en"].index(v.fact.texts["en"].answer_index) for v in visits)
    assert len(places) == 4


def test_updates_leave_the_incomplete_one_out():
    assert updates(10, 4, 1, None) == 2
    assert updates(10, 4, 2, None) == 5
    assert updates(10, 4, 1, 99) == 99
    with pytest.raises(InterpError, match="3 facts in 1 pass"):
        updates(3, 4, 1, None)


def test_only_the_training_split_is_trained_on(tmp_path):
    chosen = training_facts(fact_set(tmp_path / "f.jsonl"), max_facts=5, seed=0)
    assert {fact.split for fact in chosen.train} == {"train"}
    assert len(chosen.train) == 5
    assert chosen.validation is not None
    assert {fact.split for fact in chosen.validation} == {"validation"}
    assert chosen.held == 2


def test_a_test_split_is_refused(tmp_path):
    from interp.data.facts import FactSet

    source = write_facts(tmp_path / "f.jsonl", [r for r in records() if r["split"] == "test"])
    with pytest.raises(InterpError, match=r"no training facts .*2 test.*never trained on"):
        training_facts(FactSet.load(source), max_facts=None, seed=0)


def test_facts_that_lack_a_language_are_refused_by_number(tmp_path):
    from interp.data.facts import FactSet

    rows = records()
    del rows[0]["texts"]["zh"]
    del rows[1]["texts"]["zh"]
    facts = FactSet.load(write_facts(tmp_path / "f.jsonl", rows))
    with pytest.raises(InterpError, match=r"2 facts lack a language .*\(zh in 2\)"):
        training_facts(facts, max_facts=None, seed=0)
    left = training_facts(facts, max_facts=None, seed=0, skip_incomplete=True)
    assert len(left.train) == 6


def test_a_held_out_fact_is_asked_nowhere_else():
    from interp.data.facts import FactSet

    facts = FactSet.load("cldr")
    held = held_out(facts)
    asked = {fact.texts["en"].question for fact in facts if fact.split != "test"}
    assert held
    assert len(held) < sum(fact.split == "test" for fact in facts)
    assert not any(fact.texts["en"].question in asked for fact in held)
