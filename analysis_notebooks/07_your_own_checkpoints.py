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
# # Your own checkpoints in ten lines
#
# The other notebooks read a study. This one makes one: it is the only notebook that runs models (and so imports torch,
# through `interp.HookedModel`). As it stands it compares two checkpoints that come with the repository, on few facts and
# little text, in under a minute on two cores and without the network; the paths in the next cell are all that has to
# be changed.

# %% tags=["parameters"]
before = "../artifacts/base"  # a folder, or a name on the Hugging Face hub
after = "../artifacts/sft"  # another; an adapter is put on the base that it names
facts = "cldr"  # or polyfact:PATH, klar:FOLDER, jsonl:FILE
corpus = "cldr"  # parallel text: or a FOLDER of <lang>.jsonl, ted:FILE, flores:FOLDER
languages = ["en", "de", "zh"]  # None: all there are
limit = 48  # facts and units of text; None: all there are
study = None  # folder of the study that is made; a temporary one by default
pictures = "interactive"  # "png": still pictures, as on a code host (needs Chrome)

# %%
import tempfile

import torch

import interp
from interp import plates
from interp.data.prompts import answer_tokens, encode_prompt
from interp.lape.run import run_lape
from interp.lens.run import run_lens
from interp.model.sites import resid_post

plates.show_as(pictures)

# %% [markdown]
# ## The logit lens by hand
#
# `HookedModel.load` takes any decoder that `transformers` loads, full weights or a LoRA adapter, and gives all of them
# the same sites. `capture` returns the residual stream where it is asked to, `unembed` reads it as the model's last
# layer would: final norm once, then the unembedding.

# %%
model = interp.HookedModel.load(before)
asked = interp.FactSet.load(facts, languages=languages)
lang = asked.languages[:2][-1]  # the second, where there is one
text = asked.facts[0].texts[lang]
prompt = torch.tensor([encode_prompt(model.tokenizer, text, lang=lang)])
answer = answer_tokens(model.tokenizer, text, text.answer, lang=lang).ids[0]

with torch.inference_mode():  # the lens, in four lines
    sites = [resid_post(layer) for layer in range(model.shape.n_layers)]
    residual = torch.stack([value[0, -1] for value in model.capture(prompt, sites=sites).values()])
    logits = model.unembed(residual)  # [layer, token]
    ranks = (logits > logits[:, [answer]]).sum(dim=1)  # tokens ahead of the answer; 0 is the first

print(f"{text.question} {text.answer}")
for layer, rank in enumerate(ranks.tolist()):
    first = model.tokenizer.decode(logits[layer].argmax())
    print(f"after layer {layer}: {rank} tokens ahead of the answer's, the first is {first!r}")

# %% [markdown]
# ## Two checkpoints, one study, ten lines
#
# Every analysis is one call that writes a run into the study; what is finished is not repeated, what was interrupted goes
# on. `compare` holds every checkpoint against the base: interval, noise floor, p and verdict of every statistic.

# %%
made = interp.Study.open(study or tempfile.mkdtemp(prefix="interp-own-"))
text_units = interp.Corpus.load(corpus, languages=languages, limit=limit)
for label, checkpoint in {"base": before, "mine": after}.items():
    model = interp.HookedModel.load(checkpoint)
    run_lens(model, asked, made, label=label, stage=label, limit=limit)
    run_lape(model, text_units, made, label=label, stage=label, top_fraction=0.05, examples=0)
compared = interp.compare(made)

# %% [markdown]
# ## What came of it
#
# From here on it is a study like any other, for the plates of the other notebooks, `interp dashboard` and `interp report`.
# With `limit` as it stands only few facts and little text are behind the verdicts, and less can be told from noise.

# %%
view = plates.View.of(made)
plates.overview.verdicts(view)

# %%
plates.overview.forest(view, analysis="lens")

# %% [markdown]
# The same from the command line, for as many checkpoints as you have:
#
# ```
# interp lens --model CHECKPOINT --facts cldr --label mine --stage sft --study artifacts/mine
# interp lape --model CHECKPOINT --corpus cldr --label mine --stage sft --study artifacts/mine
# interp compare --study artifacts/mine
# interp dashboard --study artifacts/mine
# ```
#
# `interp lahis`, `interp eval mcq`, `interp similarity`, `interp ablate` and `interp attention` add what else there is.
