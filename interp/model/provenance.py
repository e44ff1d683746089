"""What is written beside every result, so that a number can be traced to its weights."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
import transformers
from torch import nn

FULL_HASH_BYTES = 4 * 2**30
"""Weights up to this size are hashed whole; larger ones are sampled, and the hash says so."""

_SAMPLES = 64
_SAMPLE_BYTES = 2**20


def describe_model(model: nn.Module, tokenizer: Any) -> dict[str, Any]:
    """What can be read off a model in memory.

    Args:
        model: the Hugging Face model.
        tokenizer: its tokenizer.

    Returns:
        A JSON-able dictionary: type, size, number type, device, attention, libraries, tokenizer.
    """
    config: Any = model.config
    device_map = getattr(model, "hf_device_map", None)
    return {
        "model_type": config.model_type,
        "class": type(model).__name__,
        "n_parameters": sum(parameter.numel() for parameter in model.parameters()),
        "dtype": str(getattr(model, "dtype", "")).removeprefix("torch."),
        "device": str(next(model.parameters()).device),
        "device_map": None if device_map is None else {k: str(v) for k, v in device_map.items()},
        "attn_implementation": getattr(config, "_attn_implementation", None),
        "tokenizer_hash": tokenizer_hash(tokenizer),
        "torch": str(torch.__version__),
        "transformers": transformers.__version__,
    }


def describe_in_memory(model: nn.Module, tokenizer: Any, name: str) -> dict[str, Any]:
    """Provenance of a model that was not loaded by us.

    Args:
        model: the Hugging Face model.
        tokenizer: its tokenizer.
        name: what the caller calls it.

    Returns:
        A JSON-able dictionary with the keys of a loaded checkpoint.
    """
    return {
        "model": name,
        "revision": None,
        "adapter": None,
        "base": None,
        "quantisation": None,
        "weights_hash": state_hash(model),
        "trust_remote_code": False,
        **describe_model(model, tokenizer),
    }


def tokenizer_hash(tokenizer: Any) -> str:
    """Hash what decides how text becomes tokens: vocabulary, merges, special tokens, template.

    Args:
        tokenizer: a Hugging Face tokenizer.

    Returns:
        ``sha256:`` and 64 hexadecimal digits.
    """
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is not None:
        parsed = json.loads(backend.to_str())
        # Set by whoever called the tokenizer last; they are not part of it.
        parsed.pop("padding", None)
        parsed.pop("truncation", None)
        core: Any = parsed
    else:
        core = sorted(tokenizer.get_vocab().items())
    special = {key: str(value) for key, value in sorted(tokenizer.special_tokens_map.items())}
    text = json.dumps(
        [core, special, getattr(tokenizer, "chat_template", None)], ensure_ascii=False, default=str
    )
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def files_hash(files: Iterable[Path]) -> str:
    """Hash weight files by name and content.

    Above ``FULL_HASH_BYTES`` in total, each file contributes its name, its size, its first and
    last MiB and 64 MiB-sized pieces spread evenly between: a 7B model is then hashed in a second
    instead of a minute. Any retraining changes nearly every byte, so the sample tells checkpoints
    apart; it would not notice a deliberate change of a few weights.

    Args:
        files: the files; their order does not matter.

    Returns:
        ``sha256:`` or ``sha256-sampled:`` and 64 hexadecimal digits; ``"none"`` without files.
    """
    paths = sorted(files, key=lambda path: path.name)
    if not paths:
        return "none"
    whole = sum(path.stat().st_size for path in paths) <= FULL_HASH_BYTES
    digest = hashlib.sha256()
    for path in paths:
        size = path.stat().st_size
        digest.update(f"{path.name}\0{size}\0".encode())
        with path.open("rb") as handle:
            if whole:
                while piece := handle.read(_SAMPLE_BYTES):
                    digest.update(piece)
                continue
            for step in range(_SAMPLES + 1):
                handle.seek((size - min(size, _SAMPLE_BYTES)) * step // _SAMPLES)
                digest.update(handle.read(_SAMPLE_BYTES))
    return ("sha256:" if whole else "sha256-sampled:") + digest.hexdigest()


def state_hash(model: nn.Module) -> str:
    """Hash the parameters of a model in memory by name, type, shape and content.

    Args:
        model: the model.

    Returns:
        ``sha256-state:`` and 64 hexadecimal digits; above ``FULL_HASH_BYTES`` every 64th value
        along each tensor is taken, and the prefix is ``sha256-state-sampled:``.
    """
    state = {name: value for name, value in model.state_dict().items() if torch.is_tensor(value)}
    total = sum(value.numel() * value.element_size() for value in state.values())
    whole = total <= FULL_HASH_BYTES
    digest = hashlib.sha256()
    for name in sorted(state):
        value = state[name].detach()
        digest.update(f"{name}\0{value.dtype}\0{tuple(value.shape)}\0".encode())
        if value.is_meta:
            continue
        flat = value.reshape(-1)
        flat = (flat if whole else flat[::_SAMPLES]).contiguous().cpu()
        digest.update(flat.view(torch.uint8).numpy().tobytes())
    return ("sha256-state:" if whole else "sha256-state-sampled:") + digest.hexdigest()


def combined_hash(*hashes: str) -> str:
    """Hash of several hashes, in order: a base and the adapters merged into it.

    Args:
        hashes: what the functions above returned.

    Returns:
        ``sha256-merged:`` and 64 hexadecimal digits.
    """
    return "sha256-merged:" + hashlib.sha256("\0".join(hashes).encode()).hexdigest()
