"""Which implementation of attention a model runs with, checked before any weight is read.

The default, transformers' own choice, is SDPA wherever a family has it, which on a GPU already
uses torch's flash kernels for batches without padding. The others are for comparison (eager), for
long padded batches (flash, a package of its own) and for sliding windows (flex).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import transformers
from transformers.modeling_flash_attention_utils import FLASH_ATTENTION_COMPATIBILITY_MATRIX
from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

from interp.errors import InterpError
from interp.model.spec import FLASH, ModelSpec

_SUPPORT = {"sdpa": "_supports_sdpa", "flex_attention": "_supports_flex_attn"}
_HALF = ("bfloat16", "float16")


def check_attention(spec: ModelSpec, config: Mapping[str, Any], device: str) -> None:
    """Refuse an implementation that this model, device or installation cannot run.

    Args:
        spec: the checkpoint; ``attn_implementation`` is what was asked for.
        config: its ``config.json``.
        device: where it goes, e.g. ``cuda``.

    Raises:
        InterpError: naming what is missing and what to do.
    """
    wanted = spec.attn_implementation
    if wanted is None:
        return
    able = _implementations(str(config.get("model_type")))
    if wanted not in able:
        raise InterpError(
            f"attention {wanted!r}: transformers computes {config.get('model_type')} with "
            f"{' or '.join(able)} only"
        )
    if wanted in FLASH:
        _check_flash(wanted, spec, config, device)


def _implementations(model_type: str) -> tuple[str, ...]:
    """What transformers' class for a model type can compute attention with."""
    name = MODEL_FOR_CAUSAL_LM_MAPPING_NAMES.get(model_type)
    kind = getattr(transformers, name, None) if isinstance(name, str) else None
    if kind is None:  # code that comes with the checkpoint: the class is asked when it loads
        return ("eager", *_SUPPORT, *FLASH)
    able = [name for name, flag in _SUPPORT.items() if getattr(kind, flag, False)]
    return ("eager", *able, *(FLASH if getattr(kind, "_supports_flash_attn", False) else ()))


def _check_flash(wanted: str, spec: ModelSpec, config: Mapping[str, Any], device: str) -> None:
    if device.partition(":")[0] not in ("cuda", "xpu"):
        raise InterpError(
            f"attention {wanted!r} needs a GPU, and the model goes to {device!r}: "
            "use sdpa (the default) or eager"
        )
    version = int(wanted[-1])
    if not FLASH_ATTENTION_COMPATIBILITY_MATRIX[version]["pkg_availability_check"]():
        raise InterpError(
            f"attention {wanted!r} needs the package of FlashAttention {version}, which is not "
            "installed (https://github.com/Dao-AILab/flash-attention): install it or use sdpa"
        )
    stored = config.get("dtype") or config.get("torch_dtype") or "float32"
    dtype = str(stored) if spec.dtype == "auto" else spec.dtype
    if dtype not in _HALF:
        raise InterpError(
            f"attention {wanted!r} computes in {' or '.join(_HALF)} only, and the model would be "
            f"{dtype}: add --dtype bfloat16, or use sdpa, which takes any"
        )
