"""LAHIS: how much each attention head matters for each language (Liu et al., 2025).

``scores`` and ``select`` are the mathematics (numpy only), ``gradients`` turns one batch into one
gradient per sample, ``sequential`` is the learned mask of the sources, ``passes`` goes through the
samples, ``run`` is the analysis from text to study and ``summary`` reads it back. ``replicates`` has
scores and top heads of many resamples at once, and ``differences`` what two checkpoints differ in
(``top_differences`` of sets of top heads, ``score_differences`` of scores).
"""
