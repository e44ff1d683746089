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
# # Overview and training: what is there, what is real, how it came about
#
# What a study holds, how much of what was compared differs from the base beyond noise, and how the checkpoints
# were trained. No model is loaded: everything is read from the study. Every number in a paragraph below a figure
# is computed from the study that is shown; with another `study` in the next cell the paragraphs are about that one.

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
# ## What the study holds
#
# A row is an analysis, a column a checkpoint, the number in a cell how many languages were analysed (✓ where an
# analysis has none). An empty cell is a question that cannot be answered yet.

# %%
plates.overview.grid(view)

# %% [markdown]
# ## How much is beyond noise?
#
# The paper states differences between checkpoints without an interval. Here a statistic is *beyond noise* only if it
# exceeds what measuring the base twice gives, its p (adjusted over the languages, pairs or layers of that statistic)
# is below 0.05, and, if it has a sign, its 95 % interval leaves out 0. Nothing adjusts over the dozens of statistics
# of a comparison, so the paragraph says how many groups of them chance alone would call.

# %%
plates.overview.verdicts(view)

# %% [markdown]
# One line per statistic that is beyond noise somewhere, with the place where it is clearest. Statistics have units of
# their own; what orders them is by how many times they exceed the noise floor.

# %%
plates.overview.beyond(view)

# %% [markdown]
# ## One statistic, language by language
#
# A point is the checkpoint minus the base (of a distance or a likeness, its value), the line its 95 % interval, the
# grey band the noise floor. A filled point is beyond noise, a hollow one within.
#
# The first figure shows what was recalled, whatever its verdict: a statistic chosen *because* it is beyond noise would
# show chance at its best.

# %%
plates.overview.forest(view)

# %% [markdown]
# Any other statistic can be drawn; the names are those in the table above. `order` sorts rows by `language`, `value` or
# `verdict`.

# %%
plates.overview.forest(view, analysis="lahis", statistic="score_rank_correlation", order="value")

# %% [markdown]
# ## How the checkpoints were trained
#
# The paper lists its settings in Tables 2 (continual pretraining), 4 (GRPO) and 5 (SFT). Here are those that the trainings
# wrote down themselves; what differs stands first.

# %%
plates.overview.training_settings(view)

# %% [markdown]
# Curves of one training each, dots as logged, lines smoothed and broken where the log has a gap. A panel per metric,
# each with a y axis of its own.

# %%
plates.overview.training_curves(view)

# %% [markdown]
# What a training by reward did with its rollouts: reward and its spread within a group, groups in which all answers were
# right or all had the same reward (from which nothing is learnt), length, truncation, entropy, and the KL divergence from
# the reference where the training had a term for it.

# %%
plates.overview.training_rewards(view)

# %% [markdown]
# ## Language by language
#
# All panels have one y axis, so that heights can be compared.

# %%
plates.overview.training_languages(view)

# %% [markdown]
# Now and then a training generates answers to facts of the validation split: right, wrong, empty, or not to be read.

# %%
plates.overview.training_checks(view)

# %% [markdown]
# ## Along a training
#
# Checkpoints along a training (labels that end in `-step-N`) are compared with the base like any other. The other figures
# leave them out; this one shows them: when does the change appear?

# %%
plates.overview.along_training(view)

# %% [markdown]
# The same for one language and another statistic.

# %%
plates.overview.along_training(view, analysis="lape", statistic="neurons", lang="en")

# %% [markdown]
# ## A figure of one's own
#
# A plate has the numbers that it shows in `.frame`, tidy; `.figure` is a plotly figure that can be changed like any. Here
# the first four languages, and the numbers themselves.

# %%
plate = plates.overview.forest(plates.View.of(study, base=base, languages=view.languages[:4]))
plate.frame[
    ["label", "place", "base_value", "label_value", "value", "ci_low", "ci_high", "verdict"]
].round(4)

# %% [markdown]
# `interp.figures` draws any frame of the same columns: here only the analyses in which something is beyond noise.

# %%
from interp.figures.overview import verdict_counts

counts = plates.overview.verdicts(view).frame
verdict_counts(counts[counts["beyond noise"] > 0], title="Where something is beyond noise")
