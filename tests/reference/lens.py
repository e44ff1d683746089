"""The logit lens written a second time: plain Hugging Face modules, one prompt, one loop.

Nothing here shares code with ``interp``: own hooks, own paths, the final norm applied by hand
exactly once, and a rank counted in a Python loop.
"""

from __future__ import annotations

import math

import torch

BLOCKS = {
    "gpt2": "transformer.h",
    "bloom": "transformer.h",
    "gpt_neox": "gpt_neox.layers",
    "opt": "model.decoder.layers",
    "gemma3": "model.language_model.layers",
}
NORMS = {
    "gpt2": "transformer.ln_f",
    "bloom": "transformer.ln_f",
    "gpt_neox": "gpt_neox.final_layer_norm",
    "opt": "model.decoder.final_layer_norm",
    "phi": "model.final_layernorm",
    "gemma3": "model.language_model.norm",
}
ATTENTION_ADDS = {
    "gpt2": "attn",
    "olmo2": "post_attention_layernorm",
    "olmo3": "post_attention_layernorm",
    "gemma2": "post_attention_layernorm",
}
"""model_type -> the module whose output attention adds to the stream; the others ``self_attn``."""


def blocks_of(model):
    return model.get_submodule(BLOCKS.get(model.config.model_type, "model.layers"))


def states(model, ids, mid=False):
    """Residual stream at the last of ``ids``: entering block 0, (amid and) after every block."""
    entering, added, leaving, handles = [], [], [], []

    def last(value):
        value = value[0] if isinstance(value, tuple) else value
        return value.reshape(len(ids), -1)[-1].detach().clone()

    def before(module, args, kwargs):
        entering.append(last(args[0] if args else kwargs["hidden_states"]))

    for block in blocks_of(model):
        handles += [
            block.register_forward_pre_hook(before, with_kwargs=True),
            block.register_forward_hook(lambda _m, _a, out: leaving.append(last(out))),
        ]
        if mid:
            branch = block.get_submodule(ATTENTION_ADDS.get(model.config.model_type, "self_attn"))
            handles.append(
                branch.register_forward_hook(lambda _m, _a, out: added.append(last(out)))
            )
    try:
        with torch.no_grad():
            model(torch.tensor([list(ids)]), use_cache=False)
    finally:
        for handle in handles:
            handle.remove()
    if not mid:
        return [entering[0], *leaving]
    points = [entering[0]]
    for stream, plus, out in zip(entering, added, leaving, strict=True):
        points += [stream + plus, out]
    return points


def head(model, normed):
    """Logits of what comes out of the final norm."""
    with torch.no_grad():
        if model.config.model_type == "opt":
            normed = model.model.decoder.project_out(normed)
        logits = normed @ model.lm_head.weight.T
        if model.lm_head.bias is not None:  # Phi
            logits = logits + model.lm_head.bias
        cap = getattr(model.config, "final_logit_softcapping", None)
        return logits if cap is None else cap * torch.tanh(logits / cap)


def norm(model, state):
    with torch.no_grad():
        return model.get_submodule(NORMS.get(model.config.model_type, "model.norm"))(state)


def read(model, ids, mid=False):
    """Logits at every point: the norm exactly once, also at the last."""
    return [head(model, norm(model, state)) for state in states(model, ids, mid)]


def release(model, ids):
    """Logits as the published notebook makes them: the norm on all ``hidden_states``."""
    with torch.no_grad():
        found = model(torch.tensor([list(ids)]), use_cache=False, output_hidden_states=True)
    return [head(model, norm(model, state[0, -1])) for state in found.hidden_states]


def rank(logits, tokens, margin=0.0):
    """How many other logits exceed the best of the tokens' by more than ``margin``."""
    values = logits.tolist()
    best = max(values[token] for token in tokens)
    return sum(value > best + margin for i, value in enumerate(values) if i not in tokens)


def logprob(logits, tokens):
    """Natural log of the tokens' share of the softmax, in double precision."""
    values = logits.double().tolist()
    top = max(values)
    share = [math.exp(value - top) for value in values]
    return math.log(math.fsum(share[token] for token in tokens) / math.fsum(share))
