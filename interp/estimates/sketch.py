"""A checkpoint without its weights: configuration, tokenizer and sizes.

The network is built on PyTorch's ``meta`` device, where tensors have sizes and no content. It
answers whatever the analyses ask of a checkpoint before they run it, and refuses to be run.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, AutoModelForCausalLM, GenerationConfig

from interp.errors import InterpError
from interp.model import HookedModel, adapters, loading, quantisation
from interp.model.architecture_rows import load_architectures
from interp.model.architectures import bind, find_architecture
from interp.model.hub import one_line
from interp.model.spec import ModelSpec, split_revision


class _NothingToRun:
    """Stands where the engine would be."""

    def __init__(self, name: str) -> None:
        self.name = name

    def run(self, *_: Any, **__: Any) -> torch.Tensor:
        raise RuntimeError("a sketch has no weights: it cannot be run")


class Sketch(HookedModel):
    """A checkpoint that can be asked for sizes, tokenizer, number type and device, not run.

    Attributes:
        spec: what it is a sketch of.
        config: the configuration that the network was built from.
        weight_bytes: of all parameters as they would be held.
        device_there: whether this machine has the device.
    """

    def __init__(
        self, spec: ModelSpec, network: Any, tokenizer: Any, *, engine: str, stored: int | None
    ) -> None:
        """Wrap a network on the ``meta`` device; use ``of``."""
        table = load_architectures(spec.architectures_file)
        arch = bind(find_architecture(network.config.model_type, table), network)
        super().__init__(
            network, tokenizer, arch=arch, engine="native", name=spec.text, provenance={}
        )
        self.engine = _NothingToRun(engine)
        self.spec = spec
        self.config = network.config
        self._device, self.device_there = _device(spec)
        self.weight_bytes = stored or sum(
            parameter.numel() * parameter.element_size() for parameter in network.parameters()
        )

    @classmethod
    def of(cls, spec: ModelSpec, engine: str = "native") -> Sketch:
        """Read configuration and tokenizer, and no weights.

        Args:
            spec: which checkpoint, and how it would be held. An adapter has its base's sizes, into
                which it is merged.
            engine: which engine would run it.

        Returns:
            The sketch.

        Raises:
            InterpError: as loading would, for as much as the configuration tells.
        """
        network, tokenizer, stored = _read(spec, 0)
        return cls(spec, network.eval(), tokenizer, engine=engine, stored=stored)

    @classmethod
    def of_config(cls, config: Any, tokenizer: Any, dtype: str = "float32") -> Sketch:
        """Make a sketch of a checkpoint that does not exist yet, on the CPU.

        Args:
            config: a configuration of transformers.
            tokenizer: its tokenizer.
            dtype: the number type of its weights.
        """
        spec = ModelSpec(text=str(config.model_type), source="", dtype=dtype, device="cpu")
        network = _on_meta(config, getattr(torch, dtype), spec)
        return cls(spec, network.eval(), tokenizer, engine="native", stored=None)

    @property
    def device(self) -> torch.device:
        """Where the checkpoint would be."""
        return self._device

    @property
    def n_parameters(self) -> int:
        """Parameters, tied ones counted once."""
        return sum(parameter.numel() for parameter in self.model.parameters())

    def matrix_parameters(self) -> int:
        """Parameters of one block's matrices: what a token is multiplied with there."""
        block = self.model.get_submodule(f"{self.arch.layers}.0")
        return sum(p.numel() for p in block.parameters() if p.dim() > 1)


def _device(spec: ModelSpec) -> tuple[torch.device, bool]:
    """The device, and whether it is there: a run can be planned where its GPU is not."""
    try:
        name = "auto" if spec.device_map else spec.device
        return torch.device(loading._device(replace(spec, device=name))), True
    except InterpError:
        return torch.device(spec.device), False


def _read(spec: ModelSpec, depth: int) -> tuple[Any, Any, int | None]:
    """Network, tokenizer, and the bytes of the weight files where these say more than counting."""
    found = loading._find(spec)
    if found.name != adapters.CONFIG:
        settings = loading._read_config(spec, found, load_architectures(spec.architectures_file))
        network = _network(spec)
        quantised = quantisation.method_of(settings) is not None
        on_disk = sum(path.stat().st_size for path in loading._weight_files(found.parent))
        tokenizer = loading.load_tokenizer(spec.source, spec.revision, spec)
        return network, tokenizer, on_disk if quantised and on_disk else None
    if depth >= loading._MAX_STACK:
        raise InterpError(f"adapter {spec.text!r}: more than {depth} adapters on each other")
    adapter = adapters.read_adapter(spec.source, spec.revision, spec.base)
    source, revision = split_revision(adapter.base)
    base = replace(
        spec, text=adapter.base, source=source, revision=revision or adapter.base_revision,
        base=None,
    )  # fmt: skip
    network, tokenizer, stored = _read(base, depth + 1)
    if adapter.has_tokenizer:
        tokenizer = loading.load_tokenizer(str(adapter.folder), None, spec)
    rows = adapters._trained_rows(adapter.folder, network)
    if rows is not None and rows != int(network.get_input_embeddings().weight.shape[0]):
        network.config.get_text_config().vocab_size = rows
        network = _on_meta(network.config, network.dtype, spec)
    return network, tokenizer, stored


def _network(spec: ModelSpec) -> Any:
    source = str(Path(spec.source).expanduser()) if Path(spec.source).exists() else spec.source
    named = {"revision": spec.revision, "trust_remote_code": spec.trust_remote_code}
    try:
        config = AutoConfig.from_pretrained(source, **named)
    except (OSError, ValueError, KeyError) as error:
        raise InterpError(f"model {spec.text!r} cannot be read: {one_line(error)}") from error
    dtype = getattr(config, "dtype", None) if spec.dtype == "auto" else getattr(torch, spec.dtype)
    network = _on_meta(config, dtype or torch.float32, spec)
    with suppress(OSError):  # a checkpoint without one generates by its configuration
        network.generation_config = GenerationConfig.from_pretrained(source, revision=spec.revision)
    return network


def _on_meta(config: Any, dtype: torch.dtype, spec: ModelSpec) -> Any:
    options: dict[str, Any] = {"trust_remote_code": spec.trust_remote_code}
    if spec.attn_implementation is not None:
        options["attn_implementation"] = spec.attn_implementation
    with torch.device("meta"):
        network = AutoModelForCausalLM.from_config(config, dtype=dtype, **options)
    network.tie_weights()
    return network.requires_grad_(False)
