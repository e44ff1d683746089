"""Training that cannot start."""

from __future__ import annotations

from tests.cli.bad_inputs.case import Case, folder, text

_ON = "--model {checkpoint} --facts jsonl:{facts} --out {new}"


CASES = (
    Case("train cpt: facts that are never asked",
         "train cpt --model {checkpoint} --corpus {corpus} --out {new} --check-facts cldr",
         ("--check-facts", "check_every")),
    Case("train: no such stage", f"train ppo {_ON}", ("ppo",)),
    Case("train base: preset unknown", "train base --out {new} --preset huge", ("huge", "quick")),
    Case("train base --steps 0", "train base --out {new} --steps 0", ("steps", "0")),
    Case("train base --threads 0", "train base --out {new} --threads 0", ("threads", "0")),
    Case("train base: folder of something else", "train base --out {corpus}", ("{corpus}",)),
    Case("train sft: no such model", "train sft --model ./no --facts jsonl:{facts} --out {new}", ("./no",)),
    Case("train sft: preset unknown", f"train sft {_ON} --preset huge", ("huge", "paper")),
    Case("train sft: setting unknown", f"train sft {_ON} --set colour=red", ("colour", "learning_rate")),
    Case("train sft: setting is no pair", f"train sft {_ON} --set learning_rate", ("field=value",)),
    Case("train sft: setting of another kind", f"train sft {_ON} --set learning_rate=fast",
         ("learning_rate", "fast")),
    Case("train sft: setting out of range", f"train sft {_ON} --set learning_rate=-1", ("learning_rate", "-1")),
    Case("train sft: setting is NaN", f"train sft {_ON} --set learning_rate=nan", ("learning_rate", "nan")),
    Case("train sft: setting twice", f"train sft {_ON} --set seed=1 --set seed=2", ("seed", "twice")),
    Case("train sft: config not there", f"train sft {_ON} --config ./no.yaml", ("no.yaml",)),
    Case("train sft: config is broken", f"train sft {_ON} --config {{bad}}", ("{bad}",), text("a: [")),
    Case("train sft: config is a list", f"train sft {_ON} --config {{bad}}", ("{bad}", "list"), text("- a\n")),
    Case("train sft: config not UTF-8", f"train sft {_ON} --config {{bad}}", ("{bad}",), text(b"\xff: 1")),
    Case("train sft: config is a folder", f"train sft {_ON} --config {{bad}}", ("{bad}",), folder),
    Case("train sft: no fact of split train", f"train sft {_ON}", ("train",)),
    Case("train sft: language unknown", f"train sft {_ON} --languages xx", ("xx", "en")),
    Case("train sft: into its own checkpoint",
         "train sft --model {checkpoint} --facts jsonl:{facts} --out {checkpoint}", ("another folder",)),
    Case("train sft: folder of something else", "train sft --model {checkpoint} --out {corpus}", ("{corpus}",)),
    Case("train sft: folder is a file", "train sft --model {checkpoint} --out {facts}", ("{facts}",)),
    Case("train sft --steps 0", f"train sft {_ON} --steps 0", ("steps", "0")),
    Case("train sft --steps many", f"train sft {_ON} --steps many", ("--steps", "integer")),
    Case("train sft --threads 0", f"train sft {_ON} --threads 0", ("threads", "0")),
    Case("train sft --device unknown", f"train sft {_ON} --device tpu", ("tpu", "cuda")),
    Case("train sft: layers to adapt unknown", "train sft --model {checkpoint} --out {new} --steps 1 "
         "--languages en,es --set lora_targets=[wheel] --set lora_rank=2", ("wheel",), loads=True),
    Case("train sft: study is a file", f"train sft {_ON} --study {{facts}}", ("{facts}",)),
    Case("train sft: label with a path", f"train sft {_ON} --study {{study}} --label ../x", ("../x",)),
    Case("train grpo: one rollout", f"train grpo {_ON} --set group_size=1", ("group_size", "1")),
    Case("train grpo: reward unknown", f"train grpo {_ON} --set reward=gold", ("gold", "default")),
    Case("train grpo: reward rule unknown", f"train grpo {_ON} --set 'reward_changes={{{{gold: 1}}}}'",
         ("gold",)),
    Case("train grpo: temperature 0", f"train grpo {_ON} --set temperature=-1", ("temperature", "-1")),
    Case("train grpo --vllm without a GPU", f"train grpo {_ON} --vllm", ("--vllm",)),
    Case("train cpt: no such corpus", "train cpt --model {checkpoint} --corpus ./no --out {new}", ("./no",)),
    Case("train cpt: rows of nothing",
         "train cpt --model {checkpoint} --corpus {corpus} --out {new} --set row_tokens=0", ("row_tokens", "0")),
    Case("train cpt: facts to check unknown",
         "train cpt --model {checkpoint} --corpus {corpus} --out {new} --check-facts nowhere "
         "--set rows_per_update=1 --set check_every=1", ("nowhere",)),
)  # fmt: skip
