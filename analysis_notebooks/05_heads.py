# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Attention heads: what languages share and what post-training changes
#
# LAHIS scores every attention head for every language. This notebook draws the paper's Figures 7, 8, 12, 16 and
# 17 from a study, each beside a form that shows more. Every number in a paragraph is computed from the study.

# %% tags=["parameters"]
study = "../artifacts/demo"  # folder of a study
base = None  # label of the baseline; the base by default
labels = None  # checkpoints beside it, a list; all by default
languages = None  # codes, a list; all by default
pictures = "interactive"  # "png": still pictures, as on a code host (needs Chrome)

# %%
from interp import plates

plates.show_as(pictures)
view = plates.View.of(study, base=base, labels=labels, languages=languages)

# %% [markdown]
# ## Do two languages need the same heads?

# %%
plates.heads.overlap(view)
