"""From a ``ModelSpec`` to a model in memory, with every mistake named before the weights are read."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from huggingface_hub.errors import StrictDataclassError
from safetensors import SafetensorError
from torch import nn
from transformers import AutoModelForCausalLM, AutoTokenizer
from transformers.models.auto.configuration_auto import CONFIG_MAPPING_NAMES
from transformers.models.auto.modeling_auto import (
    MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
    MODEL_FOR_MASKED_LM_MAPPING_NAMES,
)
from transformers.utils import logging as transformers_logging

from interp.errors import InterpError
from interp.model import adapters, quantisation
from interp.model.architecture_rows import load_architectures
from interp.model.architectures import Architecture, bind, find_architecture
from interp.model.attention import check_attention
from interp.model.door import check_tokenizer
from interp.model.engines.guard import check_compiler
from interp.model.hub import commit_of, find_either, one_line
from interp.model.provenance import combined_hash, describe_model, files_hash
from interp.model.spec import ModelSpec, split_revision
from interp.parallel import local_index, n_local

_MAX_STACK = 4
_LOAD_ERRORS = (
    OSError, ValueError, RuntimeError, ImportError, KeyError, TypeError, AttributeError,
    ZeroDivisionError, EOFError, UnpicklingError, SafetensorError, StrictDataclassError,
)  # fmt: skip
"""What transformers raises on a wrong config.json or a broken file of weights."""


@dataclass(frozen=True)
class LoadedCheckpoint:
    """A checkpoint in memory.

    Attributes:
        model: the Hugging Face model, in evaluation mode, parameters frozen.
        tokenizer: its tokenizer.
        arch: its architecture, bound to it.
        provenance: where it came from, JSON-able.
    """

    model: nn.Module
    tokenizer: Any
    arch: Architecture
    provenance: dict[str, Any]


def load_checkpoint(spec: ModelSpec) -> LoadedCheckpoint:
    """Load a checkpoint: a model, or a LoRA adapter merged into its base.

    Args:
        spec: which one, and how.

    Returns:
        The loaded checkpoint.

    Raises:
        InterpError: for anything wrong with it, naming it.
    """
    table = load_architectures(spec.architectures_file)
    device = _device(spec)
    if spec.compiled:
        check_compiler(device)
    model, tokenizer, origin = _load(spec, table, device, depth=0)
    model.eval().requires_grad_(False)
    config: Any = model.config
    arch = bind(find_architecture(config.model_type, table), model)
    provenance = {
        "model": spec.text,
        **origin,
        "trust_remote_code": spec.trust_remote_code,
        **describe_model(model, tokenizer),
    }
    return LoadedCheckpoint(model, tokenizer, arch, provenance)


def check_checkpoint(spec: ModelSpec) -> None:
    """Refuse what can be refused without reading weights: a missing file, the wrong kind of model.

    Args:
        spec: which checkpoint, and how.

    Raises:
        InterpError: as :func:`load_checkpoint`, for as much as the configuration tells.
    """
    table = load_architectures(spec.architectures_file)
    device = _device(spec)
    _check(spec, table, device, depth=0)
    if spec.compiled:
        check_compiler(device)


def _check(spec: ModelSpec, table: Mapping[str, Architecture], device: str, depth: int) -> None:
    """Check a model, or an adapter and then its base."""
    found = _find(spec)
    if found.name == adapters.CONFIG:
        adapter = _read_adapter(spec, depth)
        with _naming_the_base(spec):
            _check(_base_of(spec, adapter), table, device, depth + 1)
    else:
        check_attention(spec, _read_config(spec, found, table), device)


def _find(spec: ModelSpec) -> Path:
    """The configuration of the model or adapter."""
    found = find_either(spec.source, (adapters.CONFIG, "config.json"), spec.revision)
    if found is None:
        raise _not_a_model(spec)
    if found.name != adapters.CONFIG and spec.base is not None:
        raise InterpError(
            f"--base {spec.base!r} given, but {spec.text!r} is not a LoRA adapter "
            f"(it has no {adapters.CONFIG})"
        )
    return found


def _load(
    spec: ModelSpec, table: Mapping[str, Architecture], device: str, depth: int
) -> tuple[nn.Module, Any, dict[str, Any]]:
    """Load a model or an adapter on one; recursive, since an adapter's base may be an adapter."""
    found = _find(spec)
    if found.name == adapters.CONFIG:
        return _load_adapter(spec, table, device, depth, found)
    config = _read_config(spec, found, table)
    check_attention(spec, config, device)
    _need_weights(spec, found)
    tokenizer = load_tokenizer(
        spec.source, spec.revision, spec
    )  # seconds; the weights take minutes
    rows = config.get("vocab_size")
    if depth == 0 and isinstance(rows, int):
        check_tokenizer(tokenizer, rows, spec.text)
    model = _load_weights(spec, config, device)
    origin = {
        "revision": commit_of(found) or spec.revision,
        "adapter": None,
        "base": None,
        "quantisation": quantisation.method_of(config),
        "weights_hash": files_hash(_weight_files(found.parent)),
    }
    return model, tokenizer, origin


def _load_adapter(
    spec: ModelSpec, table: Mapping[str, Architecture], device: str, depth: int, found: Path
) -> tuple[nn.Module, Any, dict[str, Any]]:
    adapter = _read_adapter(spec, depth)
    with _naming_the_base(spec):
        model, tokenizer, origin = _load(_base_of(spec, adapter), table, device, depth + 1)
    if origin["quantisation"]:
        raise InterpError(
            f"adapter {spec.text!r}: its base {adapter.base!r} is quantised with "
            f"{origin['quantisation']}, and merging would round the adapter away; give the "
            "unquantised base with --base"
        )
    if adapter.has_tokenizer:
        tokenizer = load_tokenizer(str(adapter.folder), None, spec)
    merged = adapters.merge(model, tokenizer, adapter)
    return (
        merged,
        tokenizer,
        {
            "source": spec.source,
            "revision": spec.revision,
            "commit": commit_of(found),
            "adapter": {"source": spec.source, "weights_hash": adapter.weights_hash},
            "base": {"model": adapter.base, **origin},
            "quantisation": None,
            "weights_hash": combined_hash(origin["weights_hash"], adapter.weights_hash),
        },
    )


def _read_adapter(spec: ModelSpec, depth: int) -> adapters.Adapter:
    if depth >= _MAX_STACK:
        raise InterpError(f"adapter {spec.text!r}: more than {_MAX_STACK} adapters on each other")
    return adapters.read_adapter(spec.source, spec.revision, spec.base)


def _base_of(spec: ModelSpec, adapter: adapters.Adapter) -> ModelSpec:
    """The same request for the adapter's base."""
    source, revision = split_revision(adapter.base)
    return replace(
        spec,
        text=adapter.base,
        source=source,
        revision=revision or adapter.base_revision,
        base=None,
    )


@contextlib.contextmanager
def _naming_the_base(spec: ModelSpec) -> Iterator[None]:
    """Say of which adapter a wrong base is the base."""
    try:
        yield
    except InterpError as error:
        raise InterpError(f"base of adapter {spec.text!r}: {error}") from error


def _device(spec: ModelSpec) -> str:
    """Resolve ``auto`` and refuse a device that is not there."""
    if spec.device_map is not None and n_local() > 1:
        raise InterpError(
            f"device_map={spec.device_map!r} in {n_local()} processes of one machine: each would "
            "spread the model over all of its devices; start one process per machine, or leave "
            "device_map out"
        )
    if spec.device == "auto":
        if torch.cuda.is_available():
            # a process of several has a GPU of its own, if there are enough
            return f"cuda:{local_index() % torch.cuda.device_count()}" if n_local() > 1 else "cuda"
        return "mps" if torch.backends.mps.is_available() else "cpu"
    kind, _, index = spec.device.partition(":")
    if kind == "cuda" and not torch.cuda.is_available():
        raise InterpError(f"device {spec.device!r}: this torch sees no GPU; use cpu")
    if kind == "cuda" and int(index or 0) >= torch.cuda.device_count():
        raise InterpError(
            f"device {spec.device!r}: expected cuda:0 to cuda:{torch.cuda.device_count() - 1}"
        )
    if kind == "mps" and not torch.backends.mps.is_available():
        raise InterpError("device 'mps' is not available on this machine; use cpu")
    return spec.device


def _not_a_model(spec: ModelSpec) -> InterpError:
    folder = Path(spec.source).expanduser()
    held = "nothing"
    if folder.is_dir():
        names = sorted(path.name for path in folder.iterdir())
        held = ", ".join(names[:6]) + (", ..." if len(names) > 6 else "") or "nothing"
    return InterpError(
        f"{spec.text!r} is not a model: expected a folder or repository with config.json, or a "
        f"LoRA adapter with {adapters.CONFIG}; it holds {held}"
    )


def _read_config(spec: ModelSpec, path: Path, table: Mapping[str, Architecture]) -> dict[str, Any]:
    """Read ``config.json`` and refuse what could not be analysed, before reading weights."""
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InterpError(
            f"model {spec.text!r}: config.json cannot be read: {one_line(error)}"
        ) from error
    model_type = config.get("model_type") if isinstance(config, dict) else None
    if not model_type or not isinstance(model_type, str):
        raise InterpError(f"model {spec.text!r}: config.json names no model_type")
    if model_type not in table:
        encoder = model_type in MODEL_FOR_MASKED_LM_MAPPING_NAMES and not config.get("is_decoder")
        known = model_type in CONFIG_MAPPING_NAMES
        if config.get("is_encoder_decoder") or encoder:
            kind = "an encoder-decoder" if config.get("is_encoder_decoder") else "an encoder"
            raise InterpError(
                f"model {spec.text!r} is {kind} ({model_type}): the analyses need a decoder-only "
                f"language model, e.g. of type {', '.join(sorted(table))}"
            )
        if known and model_type not in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES:
            raise InterpError(
                f"model {spec.text!r} of type {model_type!r} is not a causal language model: "
                f"expected e.g. one of {', '.join(sorted(table))}"
            )
        find_architecture(model_type, table)
    if method := quantisation.method_of(config):
        quantisation.require_library(method, spec.text)
    return config


def _load_weights(spec: ModelSpec, config: Mapping[str, Any], device: str) -> nn.Module:
    options: dict[str, Any] = {
        "revision": spec.revision,
        "dtype": spec.dtype if spec.dtype == "auto" else getattr(torch, spec.dtype),
        "trust_remote_code": spec.trust_remote_code,
        "device_map": spec.device_map,
    }
    if spec.attn_implementation is not None:
        options["attn_implementation"] = spec.attn_implementation
    quantised = quantisation.method_of(config) is not None
    if quantised and spec.device_map is None:
        options["device_map"] = {"": device}  # quantised weights cannot be moved afterwards
    source = str(Path(spec.source).expanduser()) if Path(spec.source).exists() else spec.source
    try:
        # Weights of another shape are collected, to be named; transformers prints a table of them.
        with _quiet_transformers():
            model, report = AutoModelForCausalLM.from_pretrained(
                source, output_loading_info=True, ignore_mismatched_sizes=True, **options
            )
    except _LOAD_ERRORS as error:
        raise InterpError(f"model {spec.text!r} cannot be loaded: {one_line(error)}") from error
    if wrong := sorted(report["mismatched_keys"]):
        name, stored, expected = wrong[0]
        raise InterpError(
            f"model {spec.text!r}: {len(wrong)} of its weights do not fit its config.json, e.g. "
            f"{name!r} is {list(stored)}, expected {list(expected)}: the two do not belong together"
        )
    if missing := sorted(report["missing_keys"]):
        raise InterpError(
            f"model {spec.text!r} lacks {len(missing)} of its weights, e.g. {missing[0]!r}: they "
            "would be random; it was saved incompletely or for another task"
        )
    if options["device_map"] is None:
        model = model.to(device)
    return model


@contextlib.contextmanager
def _quiet_transformers() -> Iterator[None]:
    """Keep the library's tables and advice off the terminal; what it found is said in one line."""
    before = transformers_logging.get_verbosity()
    transformers_logging.set_verbosity(max(before, transformers_logging.ERROR))
    try:
        yield
    finally:
        transformers_logging.set_verbosity(before)


def load_tokenizer(source: str, revision: str | None, spec: ModelSpec) -> Any:
    """Load a tokenizer.

    Args:
        source: folder or hub id.
        revision: its revision on the hub.
        spec: the checkpoint for which it is, for the message and the trust.

    Returns:
        The tokenizer.

    Raises:
        InterpError: where there is none.
    """
    try:
        return AutoTokenizer.from_pretrained(
            source, revision=revision, trust_remote_code=spec.trust_remote_code
        )
    except Exception as error:  # tokenizers raises bare Exception for a malformed file
        raise InterpError(
            f"model {spec.text!r}: no usable tokenizer in {source!r}: {one_line(error)}"
        ) from error


def _need_weights(spec: ModelSpec, config: Path) -> None:
    """Refuse a folder of the user without any weights; a folder of the hub's cache fills later."""
    folder = config.parent
    if commit_of(config) is None and not _weight_files(folder):
        raise InterpError(
            f"model {spec.text!r} has no weights: expected *.safetensors or pytorch_model*.bin "
            "beside its config.json"
        )


def _weight_files(folder: Path) -> list[Path]:
    """The weight files of a checkpoint: safetensors, or else PyTorch's own format."""
    return sorted(folder.glob("*.safetensors")) or sorted(folder.glob("pytorch_model*.bin"))
