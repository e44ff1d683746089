"""The logit lens: at which layer is the answer readable, and in which language?

``ranks`` is the mathematics (tensors in, tensors out), ``items`` turns facts into prompts and
tokens, ``trajectories`` runs one batch, ``run`` is the loop.
"""
