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
# # Language-specific neurons: how many, which ones, and in which layers
#
# A neuron is language-specific if it fires in few languages: its firing probabilities over languages, taken as a
# distribution, have low entropy (LAPE, Tang et al. 2024). This notebook draws the paper's Figures 5, 6, 14 and 15
# from a study, each beside a form that shows more. Every number in a paragraph is computed from the study; what
# the paper reports is said to be the paper's, of its own checkpoints.

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
# ## How many neurons has each language?
#
# The paper (Figure 5, section 5.4) reports that GRPO raises the number of English neurons by 38 %, at the expense of
# Bengali and Swahili, and that SFT leaves the numbers nearly as they are. As many neurons are selected in every
# checkpoint, so that a language can only gain what others lose.

# %%
plates.neurons.counts(view)

# %% [markdown]
# The same numbers as bars from 0, whose lengths can be compared. Whiskers are 95 % bootstrap intervals over blocks
# of text. The sign above a bar says what the change against the base is: ● beyond noise, ○ within noise, ? not
# enough data. A study of lists that somebody published has no blocks, hence no intervals.

# %%
plates.neurons.counts_with_intervals(view)

# %% [markdown]
# The change in percent, with its interval. The grey band is what measuring the base on two halves of its text
# gives; a point is filled where the change is beyond noise. A language with a handful of neurons changes by half
# when it loses one or two.

# %%
plates.neurons.change(view)

# %% [markdown]
# ## Are they the same neurons?
#
# Equal numbers may be other neurons. Each bar is every neuron that the base or the checkpoint has; the kept part
# begins at 0, so that it ends at the Jaccard index. The black tick is what two measurements of the base share.

# %%
plates.neurons.sets(view)

# %% [markdown]
# ## How many lie in the final layers?
#
# The paper (Figure 6) takes layers 28–32 of 32, counted from 1, and reports that under GRPO Latin-script languages
# move towards intermediate layers while others consolidate in the final ones. Models of another depth are measured
# in the same share of their layers, rounded up.

# %%
plates.neurons.final_share(view)

# %%
plates.neurons.final_share_with_intervals(view)

# %% [markdown]
# What are the final layers? Here every answer at once: the share of a language's neurons in the last one, two,
# three layers, up to all of them. The dotted line is the number taken above.

# %%
plates.neurons.windows(view)

# %% [markdown]
# ## In which layers do they lie?
#
# The paper's Figure 14 has a panel per language. On one scale the languages with many neurons leave the others
# flat; as shares of each language's own neurons all can be read.

# %%
plates.neurons.layers(view)

# %%
plates.neurons.layer_shares(view)

# %% [markdown]
# ## Do they lie earlier or later?
#
# The paper (Figure 15, section 5.4) reports a *late discovery* under GRPO: its curve lies below the base's, with a
# Kolmogorov–Smirnov distance of 0.089, against 0.005 for SFT. Its figure cumulates numbers of neurons.

# %%
plates.neurons.cumulative(view)

# %% [markdown]
# A distribution function is one of shares. The largest distance D between two of them is marked at its layer;
# a curve above the base's means neurons that lie earlier. Where the study has counts per block of text, the grey
# band is how far the base's own curve moves on other text.

# %%
plates.neurons.ecdf(view)

# %% [markdown]
# English can be half of all neurons, and then the curve of all is mostly English. Without it:

# %%
plates.neurons.ecdf_without_english(view)

# %%
plates.neurons.distances(view)

# %% [markdown]
# How large is D where only chance tells two checkpoints apart? Their labels are exchanged at random, block of text
# by block of text, and neurons selected anew; where only lists are known, neurons are exchanged, which is a weaker
# test.

# %%
plates.neurons.null(view)

# %% [markdown]
# ## What is selected?
#
# Every neuron by the highest of its firing probabilities and by its entropy. The selected ones are those of lowest
# entropy among those that fire often enough in some language to pass the filter.

# %%
plates.neurons.entropy_map(view)

# %% [markdown]
# ## Making one's own
#
# A plate holds its numbers (`.frame`), and `interp.figures` draws any frame of that form: here the languages in the
# order of their numbers in the first checkpoint.

# %%
plate = plates.neurons.counts_with_intervals(view)
plate.frame.pivot(index="lang", columns="label", values="neurons").reindex(view.languages)

# %%
from interp.figures.neuron_counts import language_bars

first = plate.frame[plate.frame["label"] == plate.frame["label"].iloc[0]]
order = first.sort_values("neurons", ascending=False, kind="stable")["lang"].tolist()
language_bars(
    plate.frame.sort_values("lang", key=lambda langs: langs.map(order.index), kind="stable"),
    view.marks,
    title="Language-specific neurons, most first",
    y="neurons",
)

# %% [markdown]
# Another view of the same study: the last two languages, and the curve of one of them.

# %%
few = plates.View.of(study, base=base, labels=labels, languages=list(view.languages[-2:]))
plates.neurons.layer_shares(few)

# %%
plates.neurons.ecdf(view, lang=view.languages[-1])
