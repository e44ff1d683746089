"""Do independent implementations agree on a checkpoint?

The same text goes through the native engine and through the others; logits, what the unembedding
reads, every site and the gradient of a head mask are compared. An agreement of libraries that
share no hook code is the evidence that a site means what its name says.

In fp32 two correct implementations differ by rounding only (another order of summation), so the
limit is 1e-4 times the largest value compared, where that exceeds 1: residual streams of large
models hold values in the thousands, whose own spacing is coarser than 1e-4. Gradients are compared
relative to the largest one, whatever its size. For half precision see ``engines.guard.TOLERANCE``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd
import torch

from interp.errors import InterpError, unknown
from interp.model.engines import ENGINES, make_engine
from interp.model.engines.base import Engine, Observer
from interp.model.engines.guard import tolerance
from interp.model.hooked import HookedModel
from interp.model.interventions import head_mask_edits
from interp.model.sites import site_names
from interp.model.spec import ModelSpec

__all__ = ["ENGINES", "GRADIENT", "REFERENCE", "TEXTS", "other_engines", "verify", "worst_layers"]

REFERENCE = "native"
GRADIENT = "head_mask_gradient"
"""Row for the gradient of the mean next-token loss by a head mask of ones, ``[layer, head]``."""

TEXTS: tuple[str, ...] = (
    "The capital of France is Paris, and the official language of Brazil is Portuguese.",
    "Ibu kota Indonesia adalah Jakarta.",
    "日本の首都は東京です。",
)
"""Three scripts' worth of tokens and three lengths, so that padding is part of the comparison."""

MAX_TOKENS = 64
_LAYER = re.compile(r"^blocks\.(\d+)\.")


@dataclass(frozen=True)
class Row:
    """One comparison; the columns of the table that ``verify`` returns.

    Attributes:
        site: site name, or ``logits``, ``body``, ``head_mask_gradient``; ``-`` for a refusal.
        engine: the engine held against the reference.
        other: the reference.
        max_abs_diff: largest absolute difference over real tokens; NaN for a refusal.
        limit: what counts as agreement here (see the module docstring).
        shape: axes of what was compared, e.g. ``3x21x8x16``.
        verdict: ``agrees``, ``differs`` or ``refused``.
        note: why an engine refused the model.
    """

    site: str
    engine: str
    other: str
    max_abs_diff: float
    limit: float
    shape: str
    verdict: str
    note: str = ""


def verify(
    model: HookedModel | ModelSpec | str,
    *,
    engines: Sequence[str] = ENGINES,
    texts: Sequence[str] | None = None,
    per_layer: bool = False,
    **spec_options: Any,
) -> pd.DataFrame:
    """Run the same text through several engines and measure how far apart they are.

    Args:
        model: a wrapped model (whichever engine it has), or what ``HookedModel.load`` takes.
        engines: names of engines; each is held against ``native``, which may be left out.
        texts: what to run; the first 64 tokens of each. Three short lines by default.
        per_layer: whether to return one row per layer instead of the worst layer of each site.
        spec_options: options of ``ModelSpec.parse``, where ``model`` is text.

    Returns:
        One row per site and engine (see ``Row``); an engine that refuses the model has one row
        with verdict ``refused`` and the reason in ``note``. Sorted by engine, then as computed.

    Raises:
        InterpError: for an unknown engine, no engine besides ``native``, or texts without tokens.
    """
    others = other_engines(engines)
    if not isinstance(model, HookedModel):
        model = HookedModel.load(model, **spec_options)
    ids, mask = _encode(model, TEXTS if texts is None else texts)
    reference = _measure(_engine(model, REFERENCE), model, ids, mask)
    rows: list[Row] = []
    for name in others:
        try:
            engine = _engine(model, name)
        except InterpError as refusal:
            nan = float("nan")
            rows.append(Row("-", name, REFERENCE, nan, nan, "", "refused", str(refusal)))
            continue
        found = _measure(engine, model, ids, mask)
        rows += _compare(name, reference, found, mask, tolerance(model.dtype))
        del engine, found  # before the next engine: both may hold a model's worth of activations
    frame = pd.DataFrame([asdict(row) for row in rows])
    return frame if per_layer else worst_layers(frame)


def other_engines(engines: Sequence[str]) -> list[str]:
    """Check names of engines, without loading a model.

    Args:
        engines: names; repeated ones count once.

    Returns:
        Those that are held against the reference.

    Raises:
        InterpError: for an unknown engine, or none besides the reference.
    """
    for name in engines:
        if name not in ENGINES:
            raise unknown("engine", name, ENGINES)
    others = [name for name in dict.fromkeys(engines) if name != REFERENCE]
    if not others:
        raise InterpError(
            f"nothing to compare: name an engine besides {REFERENCE!r}, one of "
            + ", ".join(name for name in ENGINES if name != REFERENCE)
        )
    return others


def worst_layers(frame: pd.DataFrame) -> pd.DataFrame:
    """Keep, of each site, the layer with the largest difference relative to its limit.

    Args:
        frame: what ``verify(..., per_layer=True)`` returns.

    Returns:
        One row per engine and kind of site, named ``blocks.*.attn.hook_z``, with the column
        ``layer`` (0-based; -1 outside the blocks).
    """
    found = frame["site"].str.extract(_LAYER)[0]
    layered = frame.assign(
        layer=found.fillna("-1").astype(int),
        site=frame["site"].str.replace(_LAYER, "blocks.*.", regex=True),
        # NaN differences are the worst of all, hence ahead of every finite share of the limit.
        _share=(frame["max_abs_diff"] / frame["limit"]).fillna(float("inf")),
    )
    kept = layered.groupby(["engine", "site"], sort=False)["_share"].idxmax()
    columns = ["site", "layer", *frame.columns.drop("site")]
    return layered.loc[kept.to_list(), columns].reset_index(drop=True)


def _engine(model: HookedModel, name: str) -> Engine:
    if model.engine.name == name:
        return model.engine
    return make_engine(name, model.model, model.tokenizer, model.arch, model.shape)


def _encode(model: HookedModel, texts: Sequence[str]) -> tuple[torch.Tensor, torch.Tensor]:
    """Token ids and mask ``[text, pos]``, padded on the right."""
    rows = [list(model.tokenizer(text)["input_ids"])[:MAX_TOKENS] for text in texts]
    rows = [row for row in rows if len(row) > 1]
    if not rows:
        raise InterpError(
            f"verify needs a text of at least two tokens, got {len(texts)} shorter ones"
        )
    width = max(map(len, rows))
    pad = model.tokenizer.pad_token_id or 0
    ids = torch.tensor([row + [pad] * (width - len(row)) for row in rows], device=model.device)
    lengths = torch.tensor([len(row) for row in rows], device=model.device)
    mask = (torch.arange(width, device=model.device) < lengths[:, None]).long()
    return ids, mask


def _measure(
    engine: Engine, model: HookedModel, ids: torch.Tensor, mask: torch.Tensor
) -> dict[str, torch.Tensor]:
    """Run one engine: ``body``, ``logits``, every site and the mask gradient, on the CPU."""
    found: dict[str, torch.Tensor] = {}
    with torch.no_grad():
        found["body"] = engine.run(ids, mask, observe={}, edit={}, output="body").cpu()
        observe = {site: _keep(found, site) for site in site_names(model.shape)}
        found["logits"] = engine.run(ids, mask, observe=observe, edit={}, output="logits").cpu()
    found[GRADIENT] = _mask_gradient(engine, model, ids, mask).cpu()
    return found


def _mask_gradient(
    engine: Engine, model: HookedModel, ids: torch.Tensor, mask: torch.Tensor
) -> torch.Tensor:
    """Gradient of the mean next-token loss by a head mask of ones, ``[layer, head]``, fp32."""
    with torch.enable_grad():
        heads = torch.ones(
            model.shape.n_layers, model.shape.n_heads, device=model.device, requires_grad=True
        )
        edits = head_mask_edits(heads, model.shape)
        logits = engine.run(ids, mask, observe={}, edit=edits, output="logits")
        scores = logits[:, :-1].float().log_softmax(dim=-1)
        chosen = scores.gather(-1, ids[:, 1:, None].to(scores.device)).squeeze(-1)
        real = mask[:, 1:].to(chosen)
        loss = -(chosen * real).sum() / real.sum()
        return torch.autograd.grad(loss, heads)[0]


def _keep(found: dict[str, torch.Tensor], site: str) -> Observer:
    def observe(value: torch.Tensor) -> None:
        found[site] = value.detach().clone().cpu()

    return observe


def _compare(
    engine: str,
    reference: dict[str, torch.Tensor],
    found: dict[str, torch.Tensor],
    mask: torch.Tensor,
    agreement: float,
) -> Iterator[Row]:
    """Compare tensor by tensor, real tokens only."""
    real = mask.bool().cpu()
    for site in sorted(reference, key=_place(reference)):
        ours, theirs = reference[site], found[site]
        shape = "x".join(map(str, ours.shape))
        if site != GRADIENT:
            ours, theirs = ours[real], theirs[real]
        ours, theirs = ours.double(), theirs.double()
        largest = float(ours.abs().max())
        # Gradients have no natural scale (those of a large model are around 1e-4), values do.
        limit = agreement * (largest if site == GRADIENT else max(1.0, largest))
        apart = float((ours - theirs).abs().max())
        verdict = "agrees" if apart <= limit else "differs"  # NaN differs
        yield Row(site, engine, REFERENCE, apart, limit, shape, verdict)


def _place(found: dict[str, torch.Tensor]) -> Any:
    """Sort key: sites as computed, then body, logits and gradient."""
    last = {"body": 1, "logits": 2, GRADIENT: 3}
    order = {site: i for i, site in enumerate(found)}
    return lambda site: (last.get(site, 0), order[site])
