"""The models that benchmarks run: OLMo-2 shapes with random weights."""

from __future__ import annotations

from typing import Any

import torch
from tokenizers import Tokenizer, models
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
    torch.manual_seed(0)
    config = Olmo2Config(
        **size, num_attention_heads=n_heads, num_key_value_heads=n_heads, pad_token_id=0,
        bos_token_id=1, eos_token_id=2, tie_word_embeddings=False,
    )  # fmt: skip
    hf = Olmo2ForCausalLM(config).eval().requires_grad_(False)
    return HookedModel.from_model(hf, _words(), self_check=False, name="bench")


def n_parameters(model: HookedModel) -> int:
    """Count the parameters."""
    return sum(parameter.numel() for parameter in model.model.parameters())


def _words() -> PreTrainedTokenizerFast:
    """A tokenizer of three words: benchmarks feed ids, but a model comes with one."""
    words = Tokenizer(models.WordLevel({"<pad>": 0, "<s>": 1, "</s>": 2}, unk_token="</s>"))
    return PreTrainedTokenizerFast(tokenizer_object=words, pad_token="<pad>", bos_token="<s>")
