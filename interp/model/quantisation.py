"""Quantised checkpoints: loaded where their library is installed, refused clearly where not."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from types import MappingProxyType
from typing import Any

from interp.errors import InterpError, unknown

LIBRARIES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "bitsandbytes": ("bitsandbytes", "bitsandbytes"),
        "gptq": ("gptqmodel", "gptqmodel optimum"),
        "awq": ("gptqmodel", "gptqmodel"),
        "compressed-tensors": ("compressed_tensors", "compressed-tensors"),
        "aqlm": ("aqlm", "aqlm[gpu,cpu]"),
        "quanto": ("optimum.quanto", "optimum-quanto"),
        "quark": ("quark", "amd-quark"),
        "hqq": ("hqq", "hqq"),
        "eetq": ("kernels", "kernels"),
        "torchao": ("torchao", "torchao"),
        "auto-round": ("auto_round", "auto-round"),
        "vptq": ("vptq", "vptq"),
        "spqr": ("spqr_quant", "spqr_quant[gpu]"),
        "fbgemm_fp8": ("fbgemm_gpu", "fbgemm-gpu"),
        "mxfp4": ("kernels", "kernels"),
    }
)
"""Quantisation method to (module, what to give to pip), from transformers' quantizers. Methods that
need no library (``fp8`` with accelerate) are left to transformers, whose refusal is passed on."""


def method_of(config: Mapping[str, Any]) -> str | None:
    """How a checkpoint is quantised.

    Args:
        config: the contents of its ``config.json``.

    Returns:
        The method, or ``None`` where it is not quantised.
    """
    text = config.get("text_config")
    nested = text.get("quantization_config") if isinstance(text, Mapping) else None
    found = config.get("quantization_config") or nested
    if not found:
        return None
    if method := found.get("quant_method"):
        return str(method)
    # Checkpoints of early bitsandbytes carry the flags only.
    return "bitsandbytes" if found.get("load_in_4bit") or found.get("load_in_8bit") else "unknown"


def require_library(method: str, model: str) -> None:
    """Refuse a quantised checkpoint whose library is not installed.

    Args:
        method: what ``method_of`` gave.
        model: what the user typed.

    Raises:
        InterpError: naming the package to install, or the methods that transformers reads.
    """
    if method not in LIBRARIES:
        from transformers.quantizers.auto import AUTO_QUANTIZATION_CONFIG_MAPPING

        if method not in AUTO_QUANTIZATION_CONFIG_MAPPING:
            # transformers would warn and load the packed numbers as if they were weights.
            raise unknown(
                f"quantisation of model {model!r}:", method, AUTO_QUANTIZATION_CONFIG_MAPPING
            )
        return
    module, package = LIBRARIES[method]
    if not _installed(module):
        raise InterpError(
            f"model {model!r} is quantised with {method}, whose library is not installed: "
            f"pip install {package} (or give the unquantised checkpoint)"
        )


def _installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # the parent package of a dotted name
        return False
