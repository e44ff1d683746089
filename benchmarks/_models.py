"""The models that benchmarks run: OLMo-2 shapes with random weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import Olmo2Config, Olmo2ForCausalLM, PreTrainedTokenizerFast

from interp.model import HookedModel


def random_olmo2(n_heads: int, **size: Any) -> HookedModel:
    """Make a random fp32 OLMo-2, its parameters frozen as a loaded checkpoint's are.

    Args:
        n_heads: heads of a layer, as many key-value heads.
        size: further fields of ``Olmo2Config``.

    Returns:
        The model, always the same for the same arguments. Whatever a benchmark draws next from
        torch's global generator follows from the same seed.
    """
    return HookedModel.from_model(
        _random(n_heads, **size), _words(), self_check=False, name="bench"
    )


def save_olmo2(folder: Path, n_heads: int, **size: Any) -> None:
    """Save the same as a checkpoint, with a tokenizer that reads and writes any text as bytes."""
    _random(n_heads, **size).save_pretrained(folder)
    bytes_tokenizer().save_pretrained(folder)


def _random(n_heads: int, **size: Any) -> Olmo2ForCausalLM:
    torch.manual_seed(0)
    config = Olmo2Config(
        **size, num_attention_heads=n_heads, num_key_value_heads=n_heads, pad_token_id=0,
        bos_token_id=1, eos_token_id=2, tie_word_embeddings=False,
    )  # fmt: skip
    return Olmo2ForCausalLM(config).eval().requires_grad_(False)


def n_parameters(model: HookedModel) -> int:
    """Count the parameters."""
    return sum(parameter.numel() for parameter in model.model.parameters())


def _words() -> PreTrainedTokenizerFast:
    """A tokenizer of three words: benchmarks feed ids, but a model comes with one."""
    words = Tokenizer(models.WordLevel({"<pad>": 0, "<s>": 1, "</s>": 2}, unk_token="</s>"))
    return PreTrainedTokenizerFast(tokenizer_object=words, pad_token="<pad>", bos_token="<s>")


def bytes_tokenizer() -> PreTrainedTokenizerFast:
    """A tokenizer with a token for every byte: 3 special ones, then 256."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: index for index, token in enumerate(("<pad>", "<s>", "</s>", *alphabet))}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", bos_token="<s>", eos_token="</s>"
    )
