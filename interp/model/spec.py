"""What ``--model`` takes, as a value: which checkpoint, and how to hold it in memory."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from interp.errors import InterpError, unknown

DTYPES = {
    "auto": "auto",
    "float32": "float32",
    "fp32": "float32",
    "bfloat16": "bfloat16",
    "bf16": "bfloat16",
    "float16": "float16",
    "fp16": "float16",
    "float64": "float64",
}
"""Accepted names of number types; ``auto`` keeps the type in which the checkpoint is stored."""

FLASH = ("flash_attention_2", "flash_attention_3", "flash_attention_4")
ATTENTION = ("sdpa", "eager", "flex_attention", *FLASH)
"""Implementations of attention that transformers has built in."""

_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*(/[\w.-]+)?")
_DEVICE_MAP = re.compile(r"auto|balanced|balanced_low_0|sequential|cpu|mps|(cuda|xpu)(:\d+)?")
_DEVICE = re.compile(r"auto|cpu|mps|(cuda|xpu)(:\d+)?")


@dataclass(frozen=True)
class ModelSpec:
    """A checkpoint that has not been loaded yet.

    Attributes:
        text: what the user typed; names the model in messages.
        source: folder or hub id, without the revision.
        revision: branch, tag or commit on the hub; ``None`` for a folder or the default branch.
        base: base model of a LoRA adapter, where it is to override the adapter's own.
        dtype: a key of ``torch``, or ``auto`` for the type in which the checkpoint is stored.
        device: ``auto`` (the first GPU if there is one), ``cpu``, ``cuda``, ``cuda:1``, ``mps``.
        device_map: spreads the model over several GPUs: ``auto``, ``balanced``, or a mapping.
        trust_remote_code: whether code that comes with the checkpoint may run.
        attn_implementation: one of ``ATTENTION``; ``None`` leaves it to transformers (SDPA where
            the family has it).
        architectures_file: YAML file with rows for further architectures.
        compiled: whether passes that only look run through ``torch.compile``.
    """

    text: str
    source: str
    revision: str | None = None
    base: str | None = None
    dtype: str = "auto"
    device: str = "auto"
    device_map: str | Mapping[str, Any] | None = None
    trust_remote_code: bool = False
    attn_implementation: str | None = None
    architectures_file: str | None = None
    compiled: bool = False

    @classmethod
    def parse(
        cls,
        text: str | Path,
        base: str | Path | None = None,
        dtype: str = "auto",
        device: str = "auto",
        device_map: str | Mapping[str, Any] | None = None,
        trust_remote_code: bool = False,
        attn_implementation: str | None = None,
        architectures_file: str | Path | None = None,
        compiled: bool = False,
    ) -> Self:
        """Check what can be checked without loading anything.

        Args:
            text: hub id or folder of a model or a LoRA adapter; a hub id may end in
                ``@revision``. An existing folder wins over a hub id.
            base: base model of an adapter, to override the one that it names.
            dtype: see ``DTYPES``.
            device: see the class.
            device_map: see the class; excludes ``device``.
            trust_remote_code: see the class.
            attn_implementation: see the class.
            architectures_file: see the class.
            compiled: see the class; excludes ``device_map``.

        Returns:
            The specification.

        Raises:
            InterpError: for an empty text, a missing folder, an unknown dtype, device or
                attention implementation.
        """
        name = str(text).strip()
        if not name:
            raise InterpError("no model given: expected a hub id, a folder or a LoRA adapter")
        source, revision = split_revision(name)
        if not Path(source).expanduser().exists() and not _HUB_ID.fullmatch(source):
            raise InterpError(
                f"model {name!r} not found: no such folder, and not a hub id (owner/name) either"
            )
        if str(dtype) not in DTYPES:
            raise unknown("dtype", dtype, DTYPES)
        if not _DEVICE.fullmatch(str(device)):
            raise unknown("device", device, ("auto", "cpu", "cuda", "cuda:N", "mps"))
        if device_map is not None and device != "auto":
            raise InterpError(
                f"both device={device!r} and device_map={device_map!r} given: choose one"
            )
        if isinstance(device_map, str) and not _DEVICE_MAP.fullmatch(device_map):
            raise unknown(
                "device map", device_map, ("auto", "balanced", "balanced_low_0", "sequential")
            )
        if compiled and device_map is not None:
            raise InterpError(
                f"compile and device_map={device_map!r} given: a model that is spread over devices "
                "cannot be compiled as a whole; leave out one of them"
            )
        if attn_implementation is not None and attn_implementation not in ATTENTION:
            raise unknown("attention implementation", attn_implementation, ATTENTION)
        if architectures_file is not None and not Path(architectures_file).is_file():
            raise InterpError(f"architectures file {str(architectures_file)!r} not found")
        return cls(
            text=name,
            source=source,
            revision=revision,
            base=None if base is None else str(base),
            dtype=DTYPES[str(dtype)],
            device=str(device),
            device_map=device_map,
            trust_remote_code=trust_remote_code,
            attn_implementation=attn_implementation,
            architectures_file=None if architectures_file is None else str(architectures_file),
            compiled=compiled,
        )


def split_revision(text: str) -> tuple[str, str | None]:
    """Split ``source@revision``.

    Args:
        text: what the user typed.

    Returns:
        Source and revision; an existing path is never split, even with an ``@`` in its name.

    Raises:
        InterpError: for a folder with a revision, or an empty revision.
    """
    if Path(text).expanduser().exists() or "@" not in text:
        return text, None
    source, _, revision = text.rpartition("@")
    if Path(source).expanduser().exists():
        raise InterpError(f"model {text!r}: a folder has no revision, leave out '@{revision}'")
    if not revision:
        raise InterpError(f"model {text!r}: empty revision after '@'")
    return source, revision
