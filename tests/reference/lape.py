"""LAPE written a second time, straight from its definition: loops, one sequence at a time.

Nothing here shares code with ``interp``: own hooks on the Hugging Face modules, activation
functions applied before comparing, probabilities as exact fractions, plain sorting.
"""

from __future__ import annotations

import math
from fractions import Fraction

import torch
import torch.nn.functional as F

PRE_ACTIVATION = {
    "gpt2": "transformer.h.{}.mlp.c_fc",
    "bloom": "transformer.h.{}.mlp.dense_h_to_4h",
    "gpt_neox": "gpt_neox.layers.{}.mlp.dense_h_to_4h",
    "opt": "model.decoder.layers.{}.fc1",
    "phi": "model.layers.{}.mlp.fc1",
    "phi3": "model.layers.{}.mlp.gate_up_proj",
}
"""model_type -> the module that gives (gate) pre-activations; the others share one name."""


def activations(model, ids, n_layers):
    """Run one unpadded sequence; return per layer {gate, up} of shape [pos, neuron]."""
    family = model.config.model_type
    grabbed = {}
    handles = []

    def grab(key):
        def hook(module, args, output):
            grabbed[key] = output.detach().reshape(len(ids), -1).clone()

        return hook

    for layer in range(n_layers):
        path = PRE_ACTIVATION.get(family, "model.layers.{}.mlp.gate_proj").format(layer)
        handles.append(model.get_submodule(path).register_forward_hook(grab(("gate", layer))))
        if family not in PRE_ACTIVATION:
            path = path.replace("gate_proj", "up_proj")
            handles.append(model.get_submodule(path).register_forward_hook(grab(("up", layer))))
    try:
        with torch.no_grad():
            model(torch.tensor([list(ids)]), use_cache=False)
    finally:
        for handle in handles:
            handle.remove()
    result = []
    for layer in range(n_layers):
        gate, up = grabbed["gate", layer], grabbed.get(("up", layer))
        if family == "phi3":
            half = gate.shape[1] // 2
            gate, up = gate[:, :half], gate[:, half:]
        result.append({"gate": gate, "up": up})
    return result


def act(model, gate):
    """The MLP's own nonlinearity (written out, not taken from the module)."""
    config = model.config
    name = (
        getattr(config, "hidden_activation", None)
        or getattr(config, "hidden_act", None)
        or getattr(config, "activation_function", None)
        or "gelu_new"  # bloom has its own tanh form
    )
    if name == "silu":
        return F.silu(gate)
    if name == "relu":
        return F.relu(gate)
    return F.gelu(gate, approximate="none" if name == "gelu" else "tanh")


def count(model, sequences, languages, n_blocks, activation="gate", margin=0.0):
    """Count active tokens: ({(block, lang): [layer][neuron] ints}, {(block, lang): tokens}).

    ``sequences``: (block, lang, ids, n_special); special tokens run through the model, uncounted.
    ``margin``: other than 0, what is compared (the pre-activation of gates) must exceed it.
    """
    n_layers = model.config.num_hidden_layers
    counts = {(b, k): None for b in range(n_blocks) for k in languages}
    tokens = dict.fromkeys(counts, 0)
    for block, lang, ids, n_special in sequences:
        layers = activations(model, ids, n_layers)
        mine = []
        for layer in layers:
            gate, up = layer["gate"], layer["up"]
            value = act(model, gate) if margin == 0 else gate
            if activation == "gate_times_up" and up is not None:
                value = value * up
            if activation == "up" and up is not None:
                value = up
            mine.append([int(n) for n in (value[n_special:] > margin).long().sum(dim=0)])
        old = counts[block, lang]
        counts[block, lang] = (
            mine
            if old is None
            else [
                [a + b for a, b in zip(x, y, strict=True)] for x, y in zip(old, mine, strict=True)
            ]
        )
        tokens[block, lang] += len(ids) - n_special
    return counts, tokens


def select(counts, tokens, preset):
    """Select neurons: counts ``[language][layer][neuron]`` of ints, tokens ``[language]``.

    Returns a list of (layer, neuron, {languages}) in order of selection.
    """
    n_languages, n_layers, n_neurons = len(counts), len(counts[0]), len(counts[0][0])
    total = n_layers * n_neurons
    p = {
        (layer, j): [Fraction(counts[k][layer][j], tokens[k]) for k in range(n_languages)]
        for layer in range(n_layers)
        for j in range(n_neurons)
    }
    cut = None
    if preset in ("default", "tang2024"):
        everything = sorted(value for values in p.values() for value in values)
        cut = everything[round(0.95 * len(everything)) - 1]
    entropies = []
    for (layer, j), values in p.items():
        if sum(values) == 0:
            continue
        if cut is not None and max(values) <= cut:
            continue
        if preset == "release":
            s = float(sum(values)) + 1e-9
            q = [float(v) / s for v in values]
            h = -math.fsum(x * math.log(x + 1e-9) for x in q)
        else:
            q = [float(v / sum(values)) for v in values]
            h = -math.fsum(x * math.log(x) for x in q if x > 0)
        entropies.append((round(h, 12), layer, j))
    entropies.sort()
    budget = int(0.01 * total) if preset == "release" else round(0.01 * total)
    result = []
    for _, layer, j in entropies[:budget]:
        values = p[layer, j]
        if preset == "tang2024":
            langs = {k for k in range(n_languages) if values[k] > cut}
        else:
            langs = {values.index(max(values))}
        result.append((layer, j, langs))
    return result
