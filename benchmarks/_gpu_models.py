"""Real 7B shapes with random weights, made on the device, and where they run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from _models import bytes_tokenizer
from transformers import AutoConfig, AutoModelForCausalLM

from interp.model import HookedModel

SHAPES: dict[str, dict[str, Any]] = {
    # config.json of allenai/OLMo-2-1124-7B
    "OLMo-2-7B": {
        "model_type": "olmo2", "hidden_size": 4096, "intermediate_size": 11_008,
        "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 32,
        "vocab_size": 100_352, "max_position_embeddings": 4096, "rms_norm_eps": 1e-6,
        "rope_theta": 500_000.0, "tie_word_embeddings": False, "pad_token_id": 0,
        "bos_token_id": 1, "eos_token_id": 2,
    },
    # config.json of Qwen/Qwen2.5-7B
    "Qwen-2.5-7B": {
        "model_type": "qwen2", "hidden_size": 3584, "intermediate_size": 18_944,
        "num_hidden_layers": 28, "num_attention_heads": 28, "num_key_value_heads": 4,
        "vocab_size": 152_064, "max_position_embeddings": 131_072, "rms_norm_eps": 1e-6,
        "rope_theta": 1_000_000.0, "tie_word_embeddings": False, "pad_token_id": 0,
        "bos_token_id": 1, "eos_token_id": 2,
    },
}  # fmt: skip
"""Special tokens are those of the bytes' tokenizer that comes with them here."""

TINY = {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "vocab_size": 512,
        "num_attention_heads": 4, "max_position_embeddings": 2048}  # fmt: skip
"""What ``--tiny`` puts into a shape."""


def make(shape: str, device: str, tiny: bool) -> HookedModel:
    """Make a model with random weights on a device, in bf16 (``tiny``: in fp32)."""
    fields = {**SHAPES[shape], **(TINY if tiny else {})}
    if tiny and fields["num_key_value_heads"] > 4:
        fields["num_key_value_heads"] = 4
    config = AutoConfig.for_model(**fields)
    torch.manual_seed(0)
    with torch.device(device):
        hf = AutoModelForCausalLM.from_config(
            config, dtype=torch.float32 if tiny else torch.bfloat16
        )
    hf = hf.eval().requires_grad_(False)
    return HookedModel.from_model(hf, bytes_tokenizer(), self_check=False, name=shape)


def n_bytes(model: HookedModel) -> int:
    """Memory of the weights."""
    return sum(one.numel() * one.element_size() for one in model.model.parameters())


def waited(work: Callable[[], object], device: str) -> Callable[[], None]:
    """The same work, over when the device is done with it."""

    def run() -> None:
        work()
        if device == "cuda":
            torch.cuda.synchronize()

    return run


def peak(work: Callable[[], object], device: str) -> int | None:
    """Largest memory of the device's allocator while it works; None on a CPU."""
    if device != "cuda":
        work()
        return None
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    waited(work, device)()
    return int(torch.cuda.max_memory_allocated())
