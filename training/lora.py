"""The adapter: put on a loaded model, and saved so that `interp` and peft both find its base."""

from __future__ import annotations

import glob
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors import SafetensorError
from torch import nn

from interp.errors import InterpError
from interp.study.atomic import TEMPORARY_SUFFIX
from training.configs import StageConfig

ADAPTER_CONFIG = "adapter_config.json"


def trainable(model: Any, config: StageConfig) -> Any:
    """Make a frozen model trainable: through an adapter, or all of it at rank 0.

    Args:
        model: a Hugging Face model; with an adapter its layers are wrapped in place.
        config: rank, scale, dropout and targets.

    Returns:
        The model to train.

    Raises:
        InterpError: no linear layer has one of the target names.
    """
    torch.manual_seed(config.seed)  # peft draws the adapter's A matrices
    if not config.lora_rank:
        model.requires_grad_(True)
        return model
    names = {
        name.rpartition(".")[2]
        for name, module in model.named_modules()
        if isinstance(module, nn.Linear) or type(module).__name__ == "Conv1D"
    }
    missing = [target for target in config.lora_targets if target not in names]
    if missing:
        raise InterpError(
            f"{config.stage} setting lora_targets names {', '.join(missing)}, which no linear "
            f"layer of this {model.config.model_type} is called: expected some of "
            f"{', '.join(sorted(names))}"
        )
    lora = LoraConfig(
        r=config.lora_rank,
        lora_alpha=config.lora_alpha,
        lora_dropout=config.lora_dropout,
        target_modules=list(config.lora_targets),
        task_type="CAUSAL_LM",
        bias="none",
    )
    return get_peft_model(model, lora)


def save_checkpoint(
    model: Any,
    tokenizer: Any,
    folder: Path,
    *,
    base: str,
    out: Path,
    manifest: Mapping[str, Any] | None = None,
) -> None:
    """Write adapter (or whole model) and tokenizer; the folder is whole or as it was.

    Args:
        model: the trained model, not wrapped for several processes.
        tokenizer: saved with a whole model; an adapter uses its base's.
        folder: where to.
        base: folder or hub id of the model the adapter belongs to.
        out: the run's folder. A base beside it is named by a relative path, so that both can be
            moved together.
        manifest: written beside it. Without one the folder is the run's own, which exists and
            holds more; its manifest, the mark of a finished run, is written by the caller.

    Raises:
        InterpError: it cannot be written; nothing that was there is touched.
    """
    staging = folder.parent / f".{folder.name}.{os.getpid()}{TEMPORARY_SUFFIX}"
    try:
        # Also what a killed process left: this one is the folder's only writer.
        for left in folder.parent.glob(f".{glob.escape(folder.name)}.*{TEMPORARY_SUFFIX}"):
            shutil.rmtree(left, ignore_errors=True)
        staging.mkdir(parents=True)
        _save(model, staging)
        if isinstance(model, PeftModel):
            (staging / "README.md").unlink(missing_ok=True)  # peft's empty model card
            _name_base(staging / ADAPTER_CONFIG, base, folder, out)
        else:
            tokenizer.save_pretrained(staging)
        if manifest is not None:
            (staging / "manifest.json").write_text(json.dumps(dict(manifest)), encoding="utf-8")
        for file in staging.iterdir():
            file.chmod(0o644)  # safetensors writes for the owner alone
            with file.open("rb") as handle:
                os.fsync(handle.fileno())
        if manifest is not None:
            shutil.rmtree(folder, ignore_errors=True)
            staging.replace(folder)
            return
        # The configuration last: without it the folder is no checkpoint yet.
        for file in sorted(staging.iterdir(), key=lambda f: f.name.endswith("config.json")):
            file.replace(folder / file.name)
    except (OSError, SafetensorError) as error:
        raise InterpError(
            f"the checkpoint cannot be written to {folder} ({error}): earlier ones are untouched; "
            "mend it (free some space) and run the same command again"
        ) from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _save(model: Any, folder: Path) -> None:
    if isinstance(model, PeftModel):
        # "auto" would ask the hub whether the base's embeddings were resized.
        model.save_pretrained(folder, save_embedding_layers=False)
    else:
        model.save_pretrained(folder)


def _name_base(config_file: Path, base: str, folder: Path, out: Path) -> None:
    """Write the base's place into the adapter's configuration."""
    config = json.loads(config_file.read_text(encoding="utf-8"))
    named = base
    if Path(base).is_dir():
        place = Path(base).resolve()
        beside = place.parent == out.resolve().parent
        named = os.path.relpath(place, folder.resolve()) if beside else str(place)
    config["base_model_name_or_path"] = named
    config_file.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", encoding="utf-8")
