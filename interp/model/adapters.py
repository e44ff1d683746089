"""LoRA adapters: found by ``adapter_config.json``, merged into a freshly loaded base in memory.

Merging makes an adapter an ordinary model, so that every analysis reads it as it reads any other
checkpoint. Nothing is written to disk and the base's own files are left alone.
"""

from __future__ import annotations

import json
import warnings
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

from safetensors import SafetensorError
from torch import nn

from interp.errors import InterpError
from interp.model.hub import find_folder, one_line
from interp.model.provenance import files_hash
from interp.printable import brief

CONFIG = "adapter_config.json"
TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "tokenizer.model", "vocab.json")
_PATTERNS = ["adapter_*", "tokenizer*", "special_tokens_map.json", "added_tokens.json"]
_MERGE_ERRORS = (
    RuntimeError, ValueError, KeyError, TypeError, AttributeError, OSError, EOFError,
    UnpicklingError, SafetensorError,
)  # fmt: skip
_PATTERNS += ["vocab*", "merges.txt", "chat_template*"]


@dataclass(frozen=True)
class Adapter:
    """An adapter on disk.

    Attributes:
        source: what named it: folder or hub id.
        folder: where its files are.
        base: folder or hub id of the model to which it belongs.
        base_revision: revision of that base, where the adapter names one.
        has_tokenizer: whether it carries a tokenizer of its own.
        weights_hash: hash of its weights and its configuration (which holds the scaling).
    """

    source: str
    folder: Path
    base: str
    base_revision: str | None
    has_tokenizer: bool
    weights_hash: str


def read_adapter(source: str, revision: str | None, base: str | None) -> Adapter:
    """Read an adapter's configuration.

    A relative base path is looked up beside the adapter first, then from the working directory,
    then as a hub id. An adapter from the hub can only name a hub id: what it calls a path is one of
    its author's machine, and must not choose a folder of this one.

    Args:
        source: folder or hub id of the adapter.
        revision: its revision on the hub.
        base: base to use instead of the one that it names.

    Returns:
        The adapter.

    Raises:
        InterpError: for a malformed configuration, another kind of adapter, missing weights, or
            an adapter without base.
    """
    folder = find_folder(source, _PATTERNS, revision)
    try:
        config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        kind, named = config.get("peft_type"), config.get("base_model_name_or_path")
    except (OSError, ValueError, AttributeError, RecursionError) as error:
        raise InterpError(
            f"adapter {source!r}: {CONFIG} cannot be read: {one_line(error)}"
        ) from error
    if kind != "LORA":
        raise InterpError(
            f"adapter {source!r} is of type {kind!r}: only LORA adapters can be merged; merge it "
            "with its own library and give the merged folder"
        )
    weights = sorted(folder.glob("adapter_model*.safetensors"))
    weights = weights or sorted(folder.glob("adapter_model*.bin"))
    if not weights:
        raise InterpError(f"adapter {source!r} has no weights: expected adapter_model.safetensors")
    if base is None and not named:
        raise InterpError(
            f"adapter {source!r} does not name its base model: give the base with --base"
        )
    if base is None and not (isinstance(named, str) and named.isprintable()):
        raise InterpError(
            f"adapter {source!r}: base_model_name_or_path is {brief(named)}, expected a hub id or a "
            "folder: give the base with --base"
        )
    return Adapter(
        source=source,
        folder=folder,
        base=base if base is not None else _resolve_base(source, folder, str(named)),
        base_revision=config.get("revision") if base is None else None,
        has_tokenizer=any((folder / name).is_file() for name in TOKENIZER_FILES),
        weights_hash=files_hash([*weights, folder / CONFIG]),
    )


def _resolve_base(source: str, folder: Path, named: str) -> str:
    given = Path(named).expanduser()
    local = Path(source).expanduser().is_dir()
    if local and (folder / given).resolve() == folder.resolve():
        raise InterpError(
            f"adapter {source!r} names itself as its base ({named!r}): give the base with --base"
        )
    # An absolute path replaces the folder.
    for candidate in (folder / given, given) if local else ():
        if candidate.is_dir():
            return str(candidate.resolve())
    if given.is_absolute() or named.startswith((".", "~")):
        why = "which is not there" if local else "a folder of another machine"
        raise InterpError(
            f"adapter {source!r} names base {named!r}, {why}: give the base with --base"
        )
    return named


def merge(model: nn.Module, tokenizer: Any, adapter: Adapter) -> nn.Module:
    """Merge an adapter into its base, in memory.

    Args:
        model: the freshly loaded base; it is consumed.
        tokenizer: the adapter's tokenizer if it has one, else the base's.
        adapter: the adapter.

    Returns:
        The merged model, an ordinary Hugging Face model.

    Raises:
        InterpError: where the adapter does not fit the base.
    """
    from peft import PeftModel

    _resize_vocabulary(model, tokenizer, adapter)
    try:
        with warnings.catch_warnings():
            # peft asks transformers by names that it deprecates; not the user's to mend
            warnings.simplefilter("ignore", FutureWarning)
            # low_cpu_mem_usage would leave adapter weights on the meta device when keys are missing.
            wrapped = PeftModel.from_pretrained(model, str(adapter.folder))
            return wrapped.merge_and_unload(safe_merge=True)
    except _MERGE_ERRORS as error:
        raise InterpError(
            f"adapter {adapter.source!r} does not fit base {adapter.base!r}: {one_line(error)}"
        ) from error


def _resize_vocabulary(model: Any, tokenizer: Any, adapter: Adapter) -> None:
    """Give the base as many embedding rows as the adapter was trained with.

    The adapter's own embedding matrix decides, since trainers also pad to round numbers; an
    adapter with more tokens than the base but no embedding for them has lost those weights.
    """
    rows = int(model.get_input_embeddings().weight.shape[0])
    try:
        trained = _trained_rows(adapter.folder, model)
    except _MERGE_ERRORS as error:
        raise InterpError(
            f"adapter {adapter.source!r}: its weights cannot be read: {one_line(error)}"
        ) from error
    if trained is not None:
        if trained != rows:
            model.resize_token_embeddings(trained, mean_resizing=False)
        return
    if adapter.has_tokenizer and len(tokenizer) > rows:
        raise InterpError(
            f"adapter {adapter.source!r} has a tokenizer of {len(tokenizer)} tokens but its base "
            f"embeds {rows}, and it carries no embeddings for the others: save it with "
            "modules_to_save=['embed_tokens', 'lm_head'] (or the names in your model)"
        )


def _trained_rows(folder: Path, model: Any) -> int | None:
    """Rows of the input or output embedding stored with the adapter, if either is."""
    modules = (model.get_input_embeddings(), model.get_output_embeddings())
    names = [name for name, module in model.named_modules() if module in modules]
    for key, shape in _stored_shapes(folder).items():
        path = key.removeprefix("base_model.model.").removesuffix(".weight")
        path = path.removesuffix(".modules_to_save").removesuffix(".base_layer")
        if key.endswith(".weight") and path in names:
            return int(shape[0])
    return None


def _stored_shapes(folder: Path) -> dict[str, tuple[int, ...]]:
    from safetensors import safe_open

    shapes: dict[str, tuple[int, ...]] = {}
    for path in folder.glob("adapter_model*.safetensors"):
        with safe_open(path, framework="pt") as handle:
            for key in handle.keys():  # noqa: SIM118  (safe_open is not a mapping)
                shapes[key] = tuple(handle.get_slice(key).get_shape())
    if not shapes:
        import torch

        for path in folder.glob("adapter_model*.bin"):
            # plain tensors only: a pickle that asks for code is refused before it can run any
            state = torch.load(path, map_location="cpu", weights_only=True)
            shapes |= {key: tuple(value.shape) for key, value in state.items()}
    return shapes
