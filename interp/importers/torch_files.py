"""Files of ``torch.save`` that hold plain tensors; nothing in them is ever executed."""

from __future__ import annotations

import io
import pickle
import warnings
from pathlib import Path
from typing import Any

from interp.errors import InterpError


def load_plain(path: Path, data: bytes, what: str) -> Any:
    """Load tensors and containers of them, onto the CPU.

    ``torch.load(weights_only=True)`` reads a pickle with an interpreter of its own that builds
    tensors and containers and refuses every other instruction, so a hostile file is refused before
    it can run anything.

    Args:
        path: the file, for errors.
        data: its bytes.
        what: what is expected in it.

    Raises:
        InterpError: a file that needs code, or that is not of ``torch.save``.
    """
    import torch

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # on old formats; either it loads or it does not
            return torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        if "global" in str(error).lower():
            raise InterpError(
                f"{path}: its pickle asks for code to be run; nothing was executed. Expected "
                f"{what}, saved by torch.save as plain tensors"
            ) from None
        raise _unreadable(path, what) from None
    except Exception:  # whatever a broken archive makes torch raise: it is the file's fault
        raise _unreadable(path, what) from None


def _unreadable(path: Path, what: str) -> InterpError:
    return InterpError(f"{path}: not a readable file of torch.save, expected {what}")
