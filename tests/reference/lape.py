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
    "gemma3": "model.language_model.layers.{}.mlp.gate_proj",
}
"""model_type -> the module that gives (gate) pre-activations; the others share one name."""


def activations(model, ids):
    """Run one unpadded sequence; return per layer {gate, up} of shape [pos, neuron]."""
    family = model.config.model_type
    n_layers = model.config.get_text_config().num_hidden_layers
    grabbed = {}
    handles = []

    def grab(key):
        def hook(module, args, output):
            grabbed[key] = output.detach().reshape(len(ids), -1).clone()

        return hook

    for layer in range(n_layers):
        path = PRE_ACTIVATION.get(family, "model.layers.{}.mlp.gate_proj").format(layer)
        handles.append(model.get_submodule(path).register_forward_hook(grab(("gate", layer))))
        if path.endswith("gate_proj"):
            path = path.replace("gate_proj", "up_proj")
            handles.append(model.get_submodule(path).register_forward_hook(grab(("up", layer))))
    try:
        with torch.no_grad():
            model(input_ids=torch.tensor([list(ids)]), use_cache=False)
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


def nonlinearity(model):
    """The name of the MLP's own nonlinearity."""
    config = model.config.get_text_config()
    return (
        getattr(config, "hidden_activation", None)
        or getattr(config, "hidden_act", None)
        or getattr(config, "activation_function", None)
        or "gelu_new"  # bloom has its own tanh form
    )


def act(model, gate):
    """The nonlinearity, written out, not taken from the module."""
    name = nonlinearity(model)
    if name == "silu":
        return F.silu(gate)
    if name == "relu":
        return F.relu(gate)
    return F.gelu(gate, approximate="none" if name == "gelu" else "tanh")


def active(model, layer, activation):
    """On which tokens each neuron is active, bool [pos, neuron]: the definition."""
    gate, up = layer["gate"], layer["up"]
    if activation == "up" and up is not None:
        return up > 0
    if activation == "gate_times_up" and up is not None:
        return act(model, gate) * up > 0
    return act(model, gate) > 0


def near_zero(model, layer, activation, margin):
    """Where an error of ``margin`` in a projection may change whether a neuron is active."""
    gate, up = layer["gate"], layer["up"]
    if activation == "up" and up is not None:
        return up.abs() <= margin
    if activation != "gate_times_up" or up is None:
        return gate.abs() <= margin
    near = (gate.abs() <= margin) | (up.abs() <= margin)
    if nonlinearity(model) != "silu":
        # there GELU is gate times (1 - nearly 1), mere rounding; below -6 it is exactly 0
        near |= (gate > -6) & (gate < 0) & (act(model, gate).abs() <= 5e-7 * gate.abs())
    return near


def count(model, sequences, languages, n_blocks, activation="gate", margin=0.0):
    """Count active tokens: {(block, lang): [layer][neuron] ints} thrice, and tokens.

    ``sequences``: (block, lang, ids, n_special); special tokens run through the model, uncounted.
    Returns (counts, least, most, tokens): ``least`` and ``most`` are what the counts become when
    every value within ``margin`` of zero is called inactive, or active.
    """
    tables = [{(b, k): None for b in range(n_blocks) for k in languages} for _ in range(3)]
    tokens = dict.fromkeys(tables[0], 0)
    for block, lang, ids, n_special in sequences:
        mine = ([], [], [])
        for layer in activations(model, ids):
            on = active(model, layer, activation)[n_special:]
            near = near_zero(model, layer, activation, margin)[n_special:]
            for rows, value in zip(mine, (on, on & ~near, on | near), strict=True):
                rows.append(value.long().sum(dim=0).tolist())
        for table, rows in zip(tables, mine, strict=True):
            table[block, lang] = plus(table[block, lang], rows)
        tokens[block, lang] += len(ids) - n_special
    return (*tables, tokens)


def plus(old, new):
    """Add two [layer][neuron] lists."""
    if old is None:
        return new
    return [[a + b for a, b in zip(x, y, strict=True)] for x, y in zip(old, new, strict=True)]


def probabilities(counts, tokens):
    """{(layer, neuron): [p of each language]}, exact, from ``counts[language][layer][neuron]``."""
    return {
        (layer, j): [Fraction(counts[k][layer][j], tokens[k]) for k in range(len(counts))]
        for layer in range(len(counts[0]))
        for j in range(len(counts[0][0]))
    }


def probability_cut(p, quantile=0.95):
    """The round(0.95 m)-th smallest of all m probabilities."""
    everything = sorted(value for values in p.values() for value in values)
    return everything[round(quantile * len(everything)) - 1]


def entropy(values, eps=None):
    """H over languages of one neuron; infinite where it never fires."""
    total = sum(values)
    if total == 0:
        return math.inf
    if eps is None:
        shares = [float(value / total) for value in values]
        return -math.fsum(x * math.log(x) for x in shares if x > 0)
    shares = [float(value) / (float(total) + eps) for value in values]
    return -math.fsum(x * math.log(x + eps) for x in shares)


def select(counts, tokens, preset, fraction=0.01):
    """Select neurons: counts ``[language][layer][neuron]`` of ints, tokens ``[language]``.

    Returns a list of (layer, neuron, {languages}) in order of selection, and the filter's cut.
    """
    p = probabilities(counts, tokens)
    # the code released with the paper has no filter, rounds down and adds 1e-9 twice
    release = preset == "release"
    cut = None if release else probability_cut(p)
    ranking = []
    for (layer, j), values in p.items():
        h = entropy(values, 1e-9 if release else None)
        if h == math.inf or (cut is not None and not any(value > cut for value in values)):
            continue
        ranking.append((round(h, 12), layer, j))
    ranking.sort()
    wanted = int(fraction * len(p)) if release else round(fraction * len(p))
    chosen = []
    for _, layer, j in ranking[:wanted]:
        values = p[layer, j]
        if preset == "tang2024":
            languages = {k for k, value in enumerate(values) if value > cut}
        else:
            languages = {values.index(max(values))}
        chosen.append((layer, j, languages))
    return chosen, cut


def top_texts(model, sequences, layer, neuron, k):
    """The k sequences with the highest gate pre-activation of one neuron.

    ``sequences``: (place, ids, n_special). Returns [(place, position, [value of each token])].
    Equal peaks: the earlier place, the earlier position. Where it is nowhere positive: no text.
    """
    peaks = []
    for place, ids, n_special in sequences:
        column = activations(model, ids)[layer]["gate"][:, neuron].tolist()
        best = max(range(n_special, len(ids)), key=lambda at: (column[at], -at))
        if column[best] > 0:
            peaks.append((place, best, column))
    peaks.sort(key=lambda peak: (-peak[2][peak[1]], peak[0]))
    return peaks[:k]
