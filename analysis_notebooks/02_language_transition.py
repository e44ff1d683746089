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
# # Language transition: is the answer there in English before it is there in the language?
#
# The logit lens reads the residual stream after every layer as if it were the last one: at which rank does the
# answer's token stand, in the language of the prompt and in English? This notebook draws the paper's Figures 3
# and 9 from a study, then what one picture cannot show: how often it happens, in which languages, and whether
# post-training changes it. Every number in a paragraph is computed from the study.

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
# ## The paper's pictures: one fact at a time
#
# Solid and blue is the answer in the language of the prompt (the *target*), dashed and grey the English answer; up
# is likelier. Layer 0 is what enters the first block. y is log(1 + rank), the likeliest token having rank 0 there;
# in the paragraphs it has rank 1.
#
# The paper claims (section 5.2) that in the base model the English answer ranks high in later layers while the
# target does not, and that GRPO lets the target rise early and overtake English. It shows three facts.
#
# Two or three pictures prove nothing about thousands of facts, and any pattern can be found by looking for it.
# Here the facts are not picked: each is the middle one of its language, by the layer at which its target passes
# English for good in the base. The paragraph says how often English is ahead at all.

# %%
plates.transition.two_facts(view)

# %%
plates.transition.latin_fact(view)

# %% [markdown]
# ## The same fact in every checkpoint
#
# Ranks can be read off the axis; the dotted line is the *crossover*, from which the target stays ahead of English to
# the end. On hover: the five likeliest tokens. The grid below names the likeliest token at every layer: ✓ begins the
# target answer, EN the English one.

# %%
plates.transition.fact_ranks(view)

# %%
plates.transition.fact_tokens(view)

# %% [markdown]
# ## Many facts: ranks
#
# Lines are medians over facts, ribbons reach from the lower to the upper quartile. Where the study knows what a
# language's training text states, facts that it states stand above those that only the English text does: if
# knowledge is carried over from English, the latter should lean on English more.

# %%
plates.transition.median_ranks(view)

# %% [markdown]
# ## Many facts: how often English is ahead, and how long
#
# Above: the share of facts in which English outranks the target at a layer. Below: the share whose target has not
# passed English for good yet; where that curve passes one half is the median crossover (Kaplan-Meier: facts that
# never cross count as later than every layer). A drop that comes earlier after post-training is what the paper's
# claim amounts to.

# %%
plates.transition.pivot_share(view)

# %%
plates.transition.crossing_curves(view)

# %%
plates.transition.median_crossover(view)

# %% [markdown]
# ## Failures, language by language
#
# A fact *never crosses* where English is still ahead at the last layer. Its *transition fails* where English was
# also near the top late in the network: found, and not brought over. Verdicts at the right judge each difference to
# the base against its interval and the noise floor: ● beyond noise, ○ within noise, ? not enough data.

# %%
plates.transition.never_crossed(view)

# %%
plates.transition.transition_failure(view)

# %% [markdown]
# ## Your own
#
# Every plate takes a language, the pictures of one fact also a fact (or a relation, such as `official_language`).
# `plate.frame` holds the numbers of a figure; ranks in frames count from 0. `interp.figures` draws any frame of the
# same columns.

# %%
fact = plates.transition.fact_ranks(view)
fact.frame.pivot_table(index="layer", columns=["label", "role"], values="rank").head()

# %%
from interp.figures.lens_languages import language_shares

share = plates.transition.pivot_share(view)
few = list(dict.fromkeys(share.frame["lang"]))[:4]
language_shares(
    share.frame[share.frame["lang"].isin(few)],
    view.marks,
    few,
    title=f"English ahead: {', '.join(few)}",
    y="share of facts",
)
