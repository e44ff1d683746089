"""The Hugging Face model inside wrappers of peft and DDP, and what its forward can do."""

from __future__ import annotations

import inspect
from typing import Any

from accelerate.utils import extract_model_from_parallel


def inner_model(model: Any) -> Any:
    """Unwrap a model.

    Args:
        model: a Hugging Face model, plain, wrapped by peft, or by DDP.

    Returns:
        The Hugging Face model.
    """
    inner = extract_model_from_parallel(model)
    return inner.get_base_model() if hasattr(inner, "get_base_model") else inner


def takes_logits_to_keep(model: Any) -> bool:
    """Whether the forward can leave out the logits of positions nobody reads."""
    return "logits_to_keep" in inspect.signature(inner_model(model).forward).parameters
