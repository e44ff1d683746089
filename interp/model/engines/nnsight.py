"""The engine on nnsight 0.8: the same sites, reached through nnsight's traces.

How the traps of the library are met (each has a test):

* **Importing nnsight replaces** ``torch.Tensor.backward`` for the whole process (so that ``with
  loss.backward():`` can open a trace) and mounts ``.save`` on every object. The import happens in
  ``create`` only, never with ``interp``; the replacement of ``backward`` is taken back right after,
  since no gradient is read inside a trace here. (A program that imported nnsight itself before
  keeps its patch.)
* **nnsight installs a ``forward`` on every module** of the tree it wraps, so it gets a copy that
  shares the parameters (``guard.private_copy``).
* **Sites must be visited in the order of computation**, once per module: the visits are sorted and
  grouped by module before the trace begins.
* **A trace needs the source of its block**, which it finds again through the running frame: the
  block below is fixed, three statements long, and calls ordinary functions, so nothing depends on
  what callers pass. (It uses ``sys.settrace`` for an instant; it cannot be stepped through.)
* **Padding**: the mask is always passed explicitly. **Gradients** flow: observers and editors
  receive live tensors inside the pass, nothing is detached.
* **"body"** is the input of the unembedding; the pass is stopped there (``tracer.stop``).

Source: nnsight 0.8.1, ``intervention/envoy.py``, ``intervention/tracer.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch

from interp.errors import InterpError
from interp.model.architectures import Architecture
from interp.model.engines import guard
from interp.model.engines.base import Editor, Observer, Output
from interp.model.engines.native import first
from interp.model.shape import ModelShape
from interp.model.sites import Access, cut, locate, parse_site, paste, site_names

NAME = "nnsight"

Change = Callable[[torch.Tensor], torch.Tensor | None]
"""Receives what a module reads or returns; gives its replacement, or ``None`` to leave it."""


@dataclass
class Visit:
    """One stop of a trace: a module, one of its sides, and what to do there, in order."""

    envoy: Any
    side: str
    changes: list[Change]

    def __call__(self) -> None:
        """Read the value, apply the changes, and write it back if any of them replaced it."""
        whole = getattr(self.envoy, self.side)
        value = first(whole)
        replaced = False
        for change in self.changes:
            new = change(value)
            if new is not None:
                value, replaced = new, True
        if replaced:
            bare = isinstance(whole, torch.Tensor)
            setattr(self.envoy, self.side, value if bare else (value, *whole[1:]))


class NnsightEngine:
    """Runs a checkpoint through nnsight traces; see ``interp.model.engines.base.Engine``."""

    name = NAME

    def __init__(self, wrapped: Any, arch: Architecture, shape: ModelShape) -> None:
        """Keep a wrapped model that ``create`` has built.

        Args:
            wrapped: ``nnsight.NNsight`` of a private copy of the model.
            arch: the architecture, bound to the model.
            shape: the model's sizes.
        """
        self.wrapped = wrapped
        self._arch = arch
        self._shape = shape
        self._rank = {site: i for i, site in enumerate(site_names(shape))}
        self._unembed = wrapped.get(arch.unembed)

    def run(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor | None,
        *,
        observe: Mapping[str, Observer],
        edit: Mapping[str, Editor],
        output: Output,
    ) -> torch.Tensor:
        """Run one batch; arguments, result and errors as in ``base.Engine.run``."""
        visits = self._visits(observe, edit, input_ids.shape)
        if attention_mask is None:
            attention_mask = torch.ones_like(input_ids)
        results: list[torch.Tensor] = []
        with self.wrapped.trace(
            input_ids=input_ids, attention_mask=attention_mask, use_cache=False
        ) as tracer:
            _visit_all(visits)
            _finish(tracer, self.wrapped, self._unembed, output, results)
        return results[0]

    def _visits(
        self, observe: Mapping[str, Observer], edit: Mapping[str, Editor], batch_pos: torch.Size
    ) -> list[Visit]:
        """Group sites by module and side, in the order of computation."""
        for site in (*observe, *edit):
            parse_site(site, self._shape)
        grouped: dict[tuple[str, str], Visit] = {}
        for site in sorted({*observe, *edit}, key=self._rank.__getitem__):
            access = locate(site, self._arch, self._shape)
            place = (access.module, access.side)
            if place not in grouped:
                grouped[place] = Visit(self.wrapped.get(access.module), access.side, [])
            grouped[place].changes.append(
                self._change(site, access, edit.get(site), observe.get(site), batch_pos)
            )
        return list(grouped.values())

    def _change(
        self,
        site: str,
        access: Access,
        editor: Editor | None,
        observer: Observer | None,
        batch_pos: torch.Size,
    ) -> Change:
        """Edit the part of a module's value that is the site, then show it."""
        n_heads = self._shape.n_heads

        def change(value: torch.Tensor) -> torch.Tensor | None:
            new = None
            if editor is not None:
                before = cut(value, access, n_heads, batch_pos)
                after = guard.edited(site, before, editor, access.shared)
                # A shared value was changed in place: the module's input is what it should be.
                new = None if access.shared else paste(value, after, access)
            if observer is not None:
                observer(cut(value if new is None else new, access, n_heads, batch_pos))
            return new

        return change


def _visit_all(visits: list[Visit]) -> None:
    for visit in visits:
        visit()


def _finish(
    tracer: Any, wrapped: Any, unembed: Any, output: Output, results: list[torch.Tensor]
) -> None:
    """Take the result and, for ``"body"``, end the pass before the unembedding runs."""
    if output == "body":
        results.append(unembed.input)
        tracer.stop()
    results.append(wrapped.output.logits)


def create(hf_model: Any, tokenizer: Any, arch: Architecture, shape: ModelShape) -> NnsightEngine:
    """Build the engine for a loaded model.

    Args:
        hf_model: the Hugging Face model; it is not changed.
        tokenizer: its tokenizer; unused, since the trace gets token ids.
        arch: the row of the architecture table, bound to the model.
        shape: the model's sizes.

    Returns:
        The engine, after checking that every site is reached once and that its logits are those
        of the unmodified model.

    Raises:
        InterpError: where the library is not installed or does not reproduce the model.
    """
    wrapper = import_nnsight().NNsight
    try:
        wrapped = wrapper(guard.private_copy(hf_model))
        engine = NnsightEngine(wrapped, arch, shape)
    except InterpError:
        raise
    except Exception as error:  # whatever the library trips over is a refusal
        raise InterpError(
            f"engine {NAME!r} cannot wrap {type(hf_model).__name__}: {guard.one_line(error)}; "
            "use engine 'native'"
        ) from error
    guard.check(engine, hf_model, shape)
    return engine


def import_nnsight() -> Any:
    """Import nnsight and leave ``torch.Tensor.backward`` as it was before.

    Returns:
        The module.

    Raises:
        InterpError: where it is not installed.
    """
    backward = torch.Tensor.backward  # already the patched one where the caller imported nnsight
    try:
        import nnsight
    except ImportError as error:
        raise InterpError(
            f"engine {NAME!r} needs nnsight ({error}): pip install nnsight"
        ) from error
    finally:
        torch.Tensor.backward = backward  # type: ignore[method-assign]
    return nnsight
