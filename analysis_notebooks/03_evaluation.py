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
# # Evaluation: what checkpoints know, in which languages, and how they are wrong
#
# Three kinds of benchmark: *scored options* (`interp eval mcq`: a question, four options, the likeliest is the answer),
# *generated answers* (`interp eval klar`: the model writes what follows) and tasks of lm-evaluation-harness
# (`interp eval lm-eval`). This notebook draws Tables 1 and 8 to 11 and Figures 4 and 10 of the paper
# (arXiv 2606.06586) from a study, each beside a form that shows more. A plate that the study holds nothing for says so,
# with the command that adds it. Every number in a paragraph is computed from the study; what the paper says is quoted as
# its claim.
#
# **What an interval and a verdict say.** Brackets are 95 % over facts: another set of facts of the same kind would give
# another number within them. The *noise floor* is how far the base lies from itself when it is measured on two random
# halves of its facts. A difference is *beyond noise* (●) where it exceeds that floor, its interval leaves out 0 and the
# adjusted p is below 0.05; else it is *within noise* (○). All of this is about facts: a second training from another
# seed is not in it.

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
# ## How much does each checkpoint know?
#
# A row per benchmark and checkpoint, in per cent. Averages are means of the languages' accuracies. The paper averages
# over different splits in one table; here the paragraph names the languages that count as low-resource. Where it is known
# which facts a language's own training text states, the last columns tell them from those that only the English text
# states, over the languages beside English: what is answered there was carried over from another language.
#
# *The paper's claim (§5.1, Table 1): GRPO gains the most over the base on PolyFact, KLAR and Global-MMLU; SFT gains less,
# and loses on KLAR.*

# %%
plates.evaluation.accuracy_summary(view)

# %% [markdown]
# ### One checkpoint, every benchmark
#
# The form of Table 8, which has SFT without a consistency term. `label=` chooses another checkpoint.

# %%
plates.evaluation.one_checkpoint(view)

# %% [markdown]
# ## Language by language
#
# The forms of Tables 9 (scored options), 10 (generated answers; languages the paper trains on before those it holds out)
# and 11 (lm-evaluation-harness), turned so that languages are rows.

# %%
plates.evaluation.accuracy_by_language(view, benchmark="mcq")

# %%
plates.evaluation.accuracy_by_language(view, benchmark="klar")

# %%
plates.evaluation.accuracy_by_language(view, benchmark="lm-eval")

# %% [markdown]
# ## Languages trained on and languages held out
#
# A pair of bars per checkpoint, from 0. How far the two averages lie apart says little by itself, since the languages
# differ; what a checkpoint changes in each of them is the question, and the paragraph gives it with its verdict.
#
# *The paper's claim (§5.3, Figure 4a): GRPO improves accuracy on held-out languages, too; SFT hardly does.*

# %%
plates.evaluation.trained_and_held_out(view)

# %% [markdown]
# The paper's form for single languages is grouped bars (Figure 4b). Two bars with overlapping intervals may still differ
# beyond noise, because both checkpoints answer the same facts: the difference is paired, the bars are not.
#
# *The paper's claim (§5.3, Figure 4b): CPT with GRPO improves languages with a low baseline the most, and held-out
# languages in a script of their own (Greek, Korean, Hebrew) drop.*

# %%
plates.evaluation.language_accuracy(view, benchmark="mcq")

# %%
plates.evaluation.language_accuracy(view, benchmark="klar")

# %% [markdown]
# The better form: a point per checkpoint, joined to the base, sorted by change, with the verdict on every difference at
# the right.

# %%
plates.evaluation.accuracy_change(view, benchmark="mcq")

# %%
plates.evaluation.accuracy_change(view, benchmark="klar")

# %% [markdown]
# ## Facts that only the English text states
#
# Where the training texts are known, a fact can be one that the language's own text never states. A model that knows it
# in English and fails in the language has a failure of *transfer*, not of knowledge.

# %%
plates.evaluation.english_only(view)

# %% [markdown]
# ## What changed sides
#
# A small difference of accuracy can be few answers gained, or many gained and almost as many lost. Bars above 0 are
# answers that the base has wrong and the checkpoint right, bars below 0 the other way round. A dagger marks gains and
# losses that McNemar's test calls unbalanced.

# %%
plates.evaluation.flips(view, benchmark="mcq")

# %%
plates.evaluation.flips(view, benchmark="klar")

# %% [markdown]
# ## Names or common nouns?
#
# The change of accuracy for relations whose answers are names of places and organisations, and for those whose answers
# are translated words (languages, occupations). The paper gives no list of its proper-noun relations; the table used here
# is `interp.data.relations`, and the paragraph says what share of the facts it makes.
#
# *The paper's claim (Appendix C, Figure 10): improvements on common-noun relations are substantially larger across the
# board, since regressions concentrate on proper nouns, which come out in English (61, 76 and 73 % of the regressions in
# Russian, French and Spanish); proper nouns are 55 % of KLAR.*

# %%
plates.evaluation.gain_by_kind(view, benchmark="klar")

# %%
plates.evaluation.gain_by_kind(view, benchmark="mcq")

# %% [markdown]
# Two kinds are a coarse split. Relation by relation, with an interval for each:

# %%
plates.evaluation.gain_by_relation(view, benchmark="klar")

# %%
plates.evaluation.gain_by_relation(view, benchmark="mcq")

# %% [markdown]
# ## Is a fact known in every language, or in some?
#
# How many facts are right in exactly *k* languages. Open markers are what the same accuracies would give if languages
# erred independently: a model that knows facts, and not languages, has more at both ends.

# %%
plates.evaluation.right_in_k(view, benchmark="mcq")

# %%
plates.evaluation.right_in_k(view, benchmark="klar")

# %% [markdown]
# ### Two languages at a time
#
# For scored options *RankC* (Qi et al. 2023): how alike two languages rank the options, right or wrong; the paragraph gives
# what random rankings would have. For generated answers *CLC* (Wang et al. 2025): facts right in both over facts right in
# either, which rises with accuracy alone.

# %%
plates.evaluation.consistency(view, benchmark="mcq")

# %%
plates.evaluation.consistency(view, benchmark="klar")

# %% [markdown]
# ## How are answers wrong?
#
# Scored options: beside what was chosen for the same fact in English. Generated answers: the first that fits of *empty*,
# *digits*, *English answer* (where it is written otherwise), *another answer of the relation*, *another script*, *other*.
#
# *The paper's claim (§5.1, Appendix C): the base's main failure is incoherent answers, among them numbers, and GRPO
# reduces it; it also increases English answers to proper-noun questions.*

# %%
plates.evaluation.wrong_answers(view, benchmark="mcq")

# %%
plates.evaluation.wrong_answers(view, benchmark="klar")

# %% [markdown]
# ## Your own
#
# Every plate holds its numbers (`.frame`), its paragraph (`.reading`) and its figure; the figure's builder takes a frame
# of the same columns, so that a part of it, or one of your own, is drawn in the same look.

# %%
change = plates.evaluation.accuracy_change(view)
change.frame.sort_values("delta", ascending=False).head()

# %%
from interp.figures.fact_accuracy import dumbbell

shown = list(change.frame["lang"].unique()[:4])
dumbbell(
    change.frame,
    list(view.labels),
    shown,
    view.base,
    title=f"{change.title}: {', '.join(shown)}",
    marks=view.marks,
)

# %% [markdown]
# Another split of high- and low-resource languages, another statistic of two languages, other languages:

# %%
plates.evaluation.accuracy_summary(view, split="high_low").table

# %%
few = plates.View.of(study, base=base, labels=labels, languages=list(view.languages[:6]))
plates.evaluation.consistency(few, statistic="clc")
