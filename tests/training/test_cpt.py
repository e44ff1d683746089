"""Continued pretraining: the loss of an update does not depend on how it is cut or padded."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from interp.errors import InterpError
from tests.tiny import save_tiny
from tests.training.replay import Capture
from training.configs import make_config
from training.cpt import CptTrainer, padded, train_on_text
from training.stage import common_arguments, load_policy, quiet_libraries
from training.trainer_parts import Record, Stage

torch.set_num_threads(1)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory) -> str:
    return str(save_tiny(tmp_path_factory.mktemp("checkpoint") / "tiny"))


def corpus(folder: Path) -> Path:
    folder.mkdir()
    for lang, word in (("en", "sea"), ("zh", "大海"), ("bn", "সমুদ্র")):
        lines = [
            f'{{"id": "t{i // 3}/{i}", "lang": "{lang}", "text": "{word} {i} {word}"}}'
            for i in range(12)
        ]
        (folder / f"{lang}.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return folder


def test_padding_is_neither_seen_nor_learned_but_an_end_token_is():
    batch = padded([[5, 2], [6, 7, 2]], pad=2)
    assert batch["input_ids"].tolist() == [[5, 2, 2], [6, 7, 2]]
    assert batch["attention_mask"].tolist() == [[1, 1, 0], [1, 1, 1]]
    assert batch["labels"].tolist() == [[5, 2, -100], [6, 7, 2]]


def test_an_update_is_the_mean_over_its_tokens_however_it_is_cut(tiny, tmp_path):
    quiet_libraries()
    rows = [[5, 9, 2], [6, 7, 8, 9, 10, 11, 12, 2], [30, 2], [40, 41, 42, 43, 2]]
    updates = []
    for micro in (4, 1):
        config = make_config(
            "cpt", "organism", changes={"rows_per_update": 4, "micro_rows": micro, "steps": 1,
                                        "lora_rank": 0, "max_grad_norm": 0, "warmup_steps": 0},
        )  # fmt: skip
        policy = load_policy(tiny, config, device="cpu")
        common = common_arguments(config, policy, tmp_path, 1, 4 // micro)
        from transformers import TrainingArguments

        trainer = CptTrainer(
            model=policy.model,
            args=TrainingArguments(**common, per_device_train_batch_size=micro),
            train_dataset=rows,
            data_collator=lambda some: padded(some, 0),
            processing_class=policy.tokenizer,
        )
        trainer.stage = Stage(config, tmp_path, tiny, Record())
        capture = Capture()
        trainer.add_callback(capture)
        if micro == 4:
            total = torch.zeros(())
            for row in rows:
                logits = policy.model(input_ids=torch.tensor([row])).logits[0].float()
                logp = torch.log_softmax(logits, -1)
                total = total - sum(logp[i, token] for i, token in enumerate(row[1:]))
            (total / sum(len(row) - 1 for row in rows)).backward()
            wanted = {n: p.grad.clone() for n, p in policy.model.named_parameters()}
            policy.model.zero_grad()
        trainer.start()
        updates.append(capture.updates[0])
        assert trainer.stage.record.tokens == sum(map(len, rows))
    for found in updates:
        for name, grad in wanted.items():
            assert torch.allclose(found[name], grad, atol=2e-6), name


def test_a_run_learns_its_text_and_leaves_a_whole_checkpoint(tiny, tmp_path):
    text = corpus(tmp_path / "text")
    config = make_config(
        "cpt", "organism", changes={"lora_rank": 0, "epochs": 6, "warmup_steps": 0,
                                    "rows_per_update": 2, "micro_rows": 2, "row_tokens": 128},
    )  # fmt: skip
    outcome = train_on_text(config, tiny, str(text), tmp_path / "cpt", device="cpu")
    import json

    log = [json.loads(x) for x in (tmp_path / "cpt" / "train_log.jsonl").read_text().splitlines()]
    losses = [row["value"] for row in log if row["metric"] == "loss"]
    assert len(losses) == outcome.manifest["updates"]
    assert losses[-1] < 0.8 * losses[0]
    assert outcome.manifest["rows"]["truncated_blocks"] == 0
    from interp.model.hooked import HookedModel

    assert HookedModel.load(str(tmp_path / "cpt")).shape.n_layers == 3
    again = train_on_text(config, tiny, str(text), tmp_path / "cpt", device="cpu")
    assert not again.fresh


def test_checks_without_facts_are_refused(tiny, tmp_path):
    config = make_config("cpt", "organism", changes={"check_every": 2})
    with pytest.raises(InterpError, match="--check-facts"):
        train_on_text(config, tiny, "cldr", tmp_path / "cpt")
