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
# # What the released artifacts say
#
# The authors of arXiv 2606.06586 released head scores (LAHIS), lists of language-specific neurons (LAPE) and answers to
# KLAR of some of their OLMo-2-7B checkpoints. This notebook imports them into a study, holds the paper's claims against
# them, and draws Figures 5, 7, 8, 12 and 14 to 17 from them.
#
# **Read with care.** The released files are of later runs than the paper's figures, and the GRPO checkpoint of the heads is
# not that of the neurons, which is why they keep two labels. The head scores were probably computed without a causal mask.
# The lists say which neurons were selected and nothing else, so there is no interval, no noise floor and no p: a
# difference can be stated, and not told from noise. What can be compared with an interval are the answers to KLAR.
#
# It does not need a model or the network; without the files each figure says how to get them.

# %% tags=["parameters"]
study = None  # folder of the study that is made; a temporary one by default
base = None  # label of the baseline; the base by default
labels = None  # checkpoints beside it, a list; all by default
languages = None  # codes, a list; all by default
pictures = "interactive"  # "png": still pictures, as on a code host (needs Chrome)
release = "../../shared/data/release"  # folder with lahis, lape, klar_predictions
klar = "../../shared/data/klar"  # folder of KLAR, for English leaks; may be absent

# %%
import tempfile

from interp import plates

plates.show_as(pictures)
view = plates.released(
    release,
    study or f"{tempfile.mkdtemp()}/released",
    facts=f"klar:{klar}",
    base=base,
    labels=labels,
    languages=languages,
)

# %% [markdown]
# ## The paper's claims
#
# *Reproduced*: the number rounds to the printed one, or the printed one lies in the 95 % interval found here. *Opposite
# sign*: the change goes the other way. *Other data*: measured here on other languages or texts than claimed, which says
# nothing of the claim. `interp claims --study …` prints the same, with a note on each.

# %%
plates.claims.claims_table(view)

# %% [markdown]
# The claims on GRPO's neurons, of the checkpoint whose neurons were released (it trained attention and MLP):

# %%
plates.claims.claims_table(view, roles={"grpo": "grpo-attmlp"}, analyses=("lape",))

# %%
plates.claims.claims_beside(view)

# %% [markdown]
# ## Neurons: Figures 5, 6, 14 and 15
#
# *The paper's claim (§5.4): English has 1,671 language-specific neurons in the base and 2,310 after GRPO, while SFT changes
# hardly anything; D between the layers' distributions is 0.005 for SFT and 0.089 for GRPO.*

# %%
plates.neurons.counts(view)

# %%
plates.neurons.counts_with_intervals(view)

# %%
plates.neurons.sets(view)

# %%
plates.neurons.final_share(view)

# %%
plates.neurons.layers(view)

# %% [markdown]
# English hides the others on one scale. The same with a scale for each language:

# %%
plates.neurons.layers(view, shared=False)

# %%
plates.neurons.cumulative(view)

# %% [markdown]
# The paper's curves are counts; D is a distance between *shares*. The true distribution functions, with D where it lies:

# %%
plates.neurons.ecdf(view)

# %% [markdown]
# Half of all neurons are English's. Without them:

# %%
plates.neurons.ecdf_without_english(view)

# %% [markdown]
# ## Heads: Figures 7, 8, 12, 16 and 17
#
# *The paper's claims (§5.5): both ways of training raise the sharing of heads between languages; the share of top heads in
# layer 0 falls from 50 % to 40 % (SFT) and 20 % (GRPO); 45 to 85 % of the heads change; most heads are suppressed.*

# %%
plates.heads.overlap(view)

# %%
plates.heads.overlap_change_map(view)

# %%
plates.heads.lines(view)

# %%
plates.heads.layers(view)

# %%
plates.heads.stable(view)

# %%
plates.heads.likeness(view)

# %%
plates.heads.raw_deltas(view)

# %%
plates.heads.scale(view)

# %%
plates.heads.deltas(view)

# %% [markdown]
# ## Answers to KLAR: Figures 4 and 10
#
# The released answers are of the base and of CPT followed by GRPO, in six languages.

# %%
plates.evaluation.language_accuracy(view, benchmark="klar")

# %%
plates.evaluation.accuracy_change(view, benchmark="klar")

# %%
plates.evaluation.gain_by_kind(view, benchmark="klar")

# %% [markdown]
# How answers are wrong; an *English leak* answers in English where the language's own form was asked for.

# %%
plates.evaluation.wrong_answers(view, benchmark="klar")
