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
# LAHIS scores every attention head for every language: how strongly, to first order, the loss on that language reacts to
# the head, times the share of samples in which the head lowers it (arXiv 2511.07498). This notebook draws Figures 7, 8,
# 12, 16 and 17 of the paper (arXiv 2606.06586) from a study, each beside a form that shows more. Every number in a
# paragraph below a figure is computed from the study; what the paper says is quoted as its claim.
#
# **Qwen-2.5.** Figures 11 and 13 have the forms of 8 and 7 for Qwen-2.5-7B. No head scores of it were
# released, so they can be drawn from your own checkpoints only: run `interp lahis` on each and point `study` at the
# result.
#
# **How many heads are top.** The paper takes 2 %, which is 20 of OLMo-2-7B's 1024 heads. In a small model 2 % is very
# few (3 of 128), and then a single head is a third of the set. The cut is therefore the one that the runs of the study
# were made with, and the paper's 2 % for imported score matrices; titles say which, and `fraction=0.02` asks for the
# paper's.

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
# ## Every head's score
#
# A small map per language and checkpoint, layer 0 at the top. Scores stand as percent of the language's total, since raw
# ones follow the scale of the loss, which differs between languages. The paragraph says how wide the intervals are and
# whether the last head that counts as top can be told from the first one that does not: where their intervals overlap,
# another draw of texts would give another set.

# %%
plates.heads.scores(view)

# %% [markdown]
# ## Do two languages need the same heads?
#
# A cell is the percent of their top heads that two languages share; the diagonal is 100 by definition.
#
# *The paper's claim (§5.5, Figure 7): both SFT and GRPO increase the sharing of heads across languages.*

# %%
plates.heads.overlap(view)

# %% [markdown]
# The same against the base, with one colour scale around 0 and a dot where the stored comparison finds the change of
# that pair beyond noise. Without dots no single pair stands out, whatever its colour.

# %%
plates.heads.overlap_change_map(view)

# %% [markdown]
# Rows and columns can be put side by side by script or family; the paragraph then compares pairs within and across.

# %%
plates.heads.overlap(view, order="script")

# %% [markdown]
# ## Where do top heads lie?
#
# A line per language, its points spread around the layer so that equal values do not hide each other.
#
# *The paper's claim (§5.5, Figure 8): in the base up to 50 % of a language's heads lie in layer 0; SFT lowers that peak to
# about 40 %, GRPO to 20 %, with heads spread over layers 0 to 10.*

# %%
plates.heads.lines(view)

# %% [markdown]
# Twelve lines cross; a map with a row per language does not. A dot is a cell whose difference from the base is beyond
# noise.

# %%
plates.heads.layers(view)

# %% [markdown]
# ## Which heads stay?
#
# Bars are as long as a set of top heads: what is still among them, and what left.
#
# *The paper's claim (§E.2, Figure 12): under SFT 45 to 75 % of a language's heads change, under GRPO 70 to 85 %.* Two
# halves of the base's own texts do not give the same set either; where that was measured, the paragraph says how many
# heads they share.

# %%
plates.heads.stable(view)

# %% [markdown]
# The Jaccard index (shared heads over all heads of both sets), beside what two random sets of that size reach.

# %%
plates.heads.likeness(view)

# %%
plates.heads.moves(view)

# %% [markdown]
# ## What happens to every head?
#
# Score minus the base's score, in the paper's colours: red heads are strengthened, blue ones weakened. All languages of
# a checkpoint share one colour scale, as in the paper, so that one language with large scores leaves the others pale.
#
# *The paper's claim (§E.2, Figures 16 and 17): both methods predominantly suppress heads, most strongly at layer 0.*

# %%
plates.heads.raw_deltas(view)

# %% [markdown]
# How much of that is a change of scale: if all scores of a language fall together, every head "weakens" though none
# became less important than another. Hollow: percent of the heads with a lower raw score. Full: the same after dividing
# by the language's total.

# %%
plates.heads.scale(view)

# %% [markdown]
# The differences of the shares, every map on its own colours (their end stands above it), dots beyond noise.

# %%
plates.heads.deltas(view)

# %% [markdown]
# ## Does ablating a language's heads hurt that language?
#
# Rows: whose top heads were ablated. Columns: on whose text the loss was measured. If heads belong to their language, the
# diagonal stands out, and it stands out of what random heads do, too.

# %%
plates.heads.ablation(view)

# %% [markdown]
# Some languages suffer under any set; in percent of each column's largest such a language no longer covers the others.

# %%
plates.heads.ablation_normalised(view)

# %% [markdown]
# ## Where does such a head look?
#
# A row is the token that looks, a column the token looked at, and each row sums to 1. Shown is one text and, of the
# heads whose patterns are stored, the one that scores highest in its language.

# %%
plates.heads.attention(view)

# %% [markdown]
# ## Your own
#
# A plate holds its numbers (`frame`), the chart (`figure`) and the paragraph (`reading`); options give another cut or
# another view, and `interp.figures` draws any frame of the same columns.

# %%
plates.heads.overlap(view, fraction=0.02)

# %%
from interp.figures.head_sets import layer_profiles

plate = plates.heads.layers(view, fraction=0.1)
first = plate.frame[plate.frame["layer"] < 4]
layer_profiles(
    first,
    list(dict.fromkeys(first["label"])),
    list(dict.fromkeys(first["lang"])),
    title=f"{plate.title}, first four layers",
)

# %%
plates.heads.deltas(view, shown="rank")
