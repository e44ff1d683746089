"""LAHIS: how much each attention head matters for each language (Liu et al., 2025).

``scores`` and ``select`` are the mathematics (numpy only), ``gradients`` turns one batch into one
gradient per sample, ``sequential`` is the learned mask of the sources, ``passes`` goes through the
samples, ``run`` is the analysis from text to study and ``summary`` reads it back.
"""
