"""Cross-lingual similarity: do translations of one text lie close together in the residual stream?

``pooled`` averages the stream over a text's tokens, ``scores`` is the mathematics (arrays in, arrays
out), ``scratch`` keeps the averages on disk while a run lasts, ``run`` is the loop.
"""
