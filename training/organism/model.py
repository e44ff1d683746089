"""The organism's network: an unmodified OLMo-2 of a few million parameters."""

from __future__ import annotations

import torch
from transformers import Olmo2Config, Olmo2ForCausalLM

from training.organism.config import Shape


def make_model(shape: Shape, seed: int, start_id: int, pad_id: int) -> Olmo2ForCausalLM:
    """Return a randomly initialised model, the same for the same seed.

    Args:
        shape: sizes.
        seed: seeds the initial weights (the global generator is left as it was).
        start_id: token that begins and ends documents.
        pad_id: padding token.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Olmo2ForCausalLM(network_config(shape, start_id, pad_id)).float()


def network_config(shape: Shape, start_id: int, pad_id: int) -> Olmo2Config:
    """Return the configuration of an organism; arguments as for `make_model`."""
    return Olmo2Config(
        vocab_size=shape.vocabulary,
        hidden_size=shape.d_model,
        intermediate_size=shape.d_mlp,
        num_hidden_layers=shape.n_layers,
        num_attention_heads=shape.n_heads,
        num_key_value_heads=shape.n_heads,
        max_position_embeddings=512,
        tie_word_embeddings=True,
        bos_token_id=start_id,
        eos_token_id=start_id,
        pad_token_id=pad_id,
    )
