"""One batch as ``interp lape`` counts it, for every benchmark that times or checks that."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from interp.lape.counts import SequenceCounter, activation_site
from interp.model import HookedModel


def lape_counts(model: HookedModel, ids: Tensor) -> NDArray[np.integer]:
    """Count a batch without padding, one BOS in front of each row: ``[batch, layer, neuron]``."""
    rows, length = ids.shape
    shape = model.shape
    counter = SequenceCounter([1] * rows, [length] * rows, shape.n_layers)
    sites = [activation_site(i, "gate", gated=shape.gated) for i in range(shape.n_layers)]
    observe = {site: counter.observer(i) for i, site in enumerate(sites)}
    model.run(ids, observe=observe, output="body")
    return counter.result()
