"""Tiny random models of every supported family and a byte-level tokenizer, all offline.

The weights are drawn wider than transformers' default (0.02, at which a tiny model is almost
linear and its logits are nearly flat), and norms and biases are perturbed too: a test on a model
whose norms are all ones cannot tell whether the norm was applied.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedModel, PreTrainedTokenizerFast

from interp.model import HookedModel

MAX_PARAMETERS = 1_000_000
SPECIALS = ("<pad>", "<s>", "</s>")
VOCAB_SIZE = 264
"""Rows of the embedding: a few more than the tokenizer has tokens, as real checkpoints do."""

_COMMON: dict[str, Any] = {
    "vocab_size": VOCAB_SIZE,
    "hidden_size": 32,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "initializer_range": 0.25,
    "tie_word_embeddings": False,
}
_LLAMA: dict[str, Any] = {"intermediate_size": 48, "max_position_embeddings": 256}
_GQA: dict[str, Any] = {**_LLAMA, "num_key_value_heads": 2}
_SLIDING: dict[str, Any] = {
    "sliding_window": 8,
    "layer_types": ["sliding_attention", "full_attention", "sliding_attention"],
}
_GEMMA_TEXT: dict[str, Any] = {
    **_GQA,
    **_SLIDING,
    "head_dim": 12,
    "query_pre_attn_scalar": 12,
    "tie_word_embeddings": True,
}

_CONFIGS: dict[str, dict[str, Any]] = {
    "llama": {**_GQA},
    "mistral": {**_GQA, "head_dim": 12, "sliding_window": 8},
    "olmo": {**_LLAMA, "clip_qkv": 1.0},
    "olmo2": {**_LLAMA},
    "olmo3": {**_GQA, **_SLIDING},
    "qwen2": {**_GQA, "tie_word_embeddings": True},
    "qwen3": {**_GQA, "head_dim": 12},
    "gemma": {**_GQA, "head_dim": 12, "tie_word_embeddings": True},
    "gemma2": {**_GEMMA_TEXT, "final_logit_softcapping": 3.0, "attn_logit_softcapping": 5.0},
    "gemma3_text": {**_GEMMA_TEXT, "final_logit_softcapping": 3.0},
    "phi": {**_GQA, "partial_rotary_factor": 0.5},
    "phi3": {**_GQA, "sliding_window": None},
    "gpt_neox": {**_LLAMA, "use_parallel_residual": True},
    "gpt2": {"n_inner": 48, "n_positions": 256, "tie_word_embeddings": True},
    "bloom": {"tie_word_embeddings": True},
    "opt": {
        "ffn_dim": 48,
        "max_position_embeddings": 256,
        "word_embed_proj_dim": 24,
        "tie_word_embeddings": True,
    },
}

FAMILIES: tuple[str, ...] = tuple(_CONFIGS)
"""Every text-only ``config.model_type`` of the architecture table (``gemma3`` is there too)."""

FAST_FAMILIES: tuple[str, ...] = ("olmo2", "qwen2", "gpt2", "gemma2", "phi3", "gpt_neox", "opt")
"""The representative few that the quick tests use: each has a trait that the others lack."""


@cache
def byte_tokenizer(add_bos: bool = False) -> PreTrainedTokenizerFast:
    """A fast tokenizer with one token per UTF-8 byte, so any text of any script round-trips.

    Args:
        add_bos: whether encoding puts ``<s>`` in front by default, as Llama's tokenizer does.

    Returns:
        The tokenizer: 3 special tokens (ids 0 to 2), then the 256 bytes.
    """
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocab = {token: index for index, token in enumerate((*SPECIALS, *alphabet))}
    tokenizer = Tokenizer(models.BPE(vocab=vocab, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    if add_bos:
        tokenizer.post_processor = processors.TemplateProcessing(
            single="<s> $A", pair="<s> $A $B", special_tokens=[("<s>", 1)]
        )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", bos_token="<s>", eos_token="</s>"
    )


def tiny_config(family: str, **overrides: Any) -> Any:
    """The configuration of a tiny model.

    Args:
        family: a ``model_type`` of ``FAMILIES``.
        overrides: configuration fields to change.

    Returns:
        The transformers configuration.
    """
    if family == "gemma3":  # the image-and-text class around the same language model
        text = {**_COMMON, **_GEMMA_TEXT, **overrides}
        vision = {"hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1}
        vision |= {"num_attention_heads": 2, "image_size": 28, "patch_size": 14}
        return AutoConfig.for_model(
            family, text_config=text, vision_config=vision, image_token_index=262
        )
    return AutoConfig.for_model(family, **{**_COMMON, **_CONFIGS[family], **overrides})


def tiny_model(
    family: str, seed: int = 0, **overrides: Any
) -> tuple[PreTrainedModel, PreTrainedTokenizerFast]:
    """A random fp32 model of one family, in evaluation mode, and the byte tokenizer.

    Args:
        family: a ``model_type`` of ``FAMILIES``.
        seed: seed of the weights; the global generator is left as it was.
        overrides: configuration fields to change.

    Returns:
        The Hugging Face model (fewer than a million parameters) and the tokenizer.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = AutoModelForCausalLM.from_config(
            tiny_config(family, **overrides), dtype=torch.float32
        )
        with torch.no_grad():
            for parameter in model.parameters():
                if parameter.dim() == 1:  # norms and biases
                    parameter.add_(0.2 * torch.randn_like(parameter))
    count = sum(parameter.numel() for parameter in model.parameters())
    assert count < MAX_PARAMETERS, f"{family}: {count} parameters is not tiny"
    return model.eval(), byte_tokenizer()


def save_tiny(folder: Path, family: str = "olmo2") -> Path:
    """Save a tiny model and its tokenizer as a user's folder would be.

    Args:
        folder: made where it is absent.
        family: a ``model_type`` of ``FAMILIES``.

    Returns:
        The folder.
    """
    model, tokenizer = tiny_model(family)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def tiny_hooked(
    family: str, seed: int = 0, engine: str = "native", **overrides: Any
) -> HookedModel:
    """``tiny_model`` wrapped in a ``HookedModel``.

    Args:
        family: a ``model_type`` of ``FAMILIES``.
        seed: seed of the weights.
        engine: name of the engine.
        overrides: configuration fields to change.

    Returns:
        The wrapped model, which has passed its self-check.
    """
    model, tokenizer = tiny_model(family, seed, **overrides)
    return HookedModel.from_model(model, tokenizer, engine=engine, name=f"tiny-{family}")
