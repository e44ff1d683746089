"""Pickles, templates and remote code: nothing that comes with a checkpoint is run."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch

from interp.errors import InterpError
from interp.importers import read_lahis, read_masks
from interp.model import HookedModel
from tests.hostile.made import LIES, Command, lying_safetensors
from tests.importers.made import matrices, write_lahis
from tests.tiny import save_tiny, tiny_model


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny(tmp_path_factory.mktemp("sound") / "tiny")


@pytest.fixture
def copy(sound: Path, tmp_path: Path) -> Path:
    shutil.copytree(sound, tmp_path / "copy")
    return tmp_path / "copy"


@pytest.fixture
def adapter(sound: Path, tmp_path: Path) -> Path:
    from peft import LoraConfig, get_peft_model

    model, _ = tiny_model("olmo2")
    wrapped = get_peft_model(model, LoraConfig(r=2, target_modules=["q_proj"]))
    wrapped.save_pretrained(tmp_path / "adapter")
    rename_base(tmp_path / "adapter", str(sound))
    return tmp_path / "adapter"


def rename_base(adapter: Path, base: object) -> None:
    path = adapter / "adapter_config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "base_model_name_or_path": base}))


def refused(model: Path, *words: str) -> None:
    with pytest.raises(InterpError) as caught:
        HookedModel.load(str(model))
    assert "\n" not in str(caught.value)
    for word in words:
        assert word in str(caught.value)


def test_the_trap_works(tmp_path: Path) -> None:
    """Otherwise the tests below could not fail."""
    torch.save(Command(tmp_path / "trace"), tmp_path / "x.pth")
    torch.load(tmp_path / "x.pth", weights_only=False)
    assert (tmp_path / "trace").exists()


@pytest.mark.parametrize("whole", [True, False])
def test_a_checkpoint_of_pickles_never_runs_code(copy: Path, tmp_path: Path, whole: bool) -> None:
    (copy / "model.safetensors").unlink()
    hostile = Command(tmp_path / "trace")
    state = hostile if whole else {"lm_head.weight": torch.zeros(264, 32), "x": hostile}
    torch.save(state, copy / "pytorch_model.bin")
    refused(copy, str(copy), "cannot be loaded")
    assert not (tmp_path / "trace").exists()


def test_an_adapter_of_pickles_never_runs_code(adapter: Path, tmp_path: Path) -> None:
    (adapter / "adapter_model.safetensors").unlink()
    torch.save({"x": Command(tmp_path / "trace")}, adapter / "adapter_model.bin")
    refused(adapter, str(adapter))
    assert not (tmp_path / "trace").exists()


def test_imported_pickles_never_run_code(tmp_path: Path) -> None:
    hostile = Command(tmp_path / "trace")
    folder = write_lahis(tmp_path / "heads", {**matrices(), "en": hostile})
    with pytest.raises(InterpError, match="nothing was executed"):
        read_lahis(folder)
    torch.save([[hostile]], tmp_path / "x.pth")
    with pytest.raises(InterpError, match="nothing was executed"):
        read_masks(tmp_path / "x.pth", languages=["en"], n_neurons=9)
    assert not (tmp_path / "trace").exists()


def test_remote_code_is_not_run_unless_it_is_trusted(copy: Path, tmp_path: Path) -> None:
    (copy / "evil.py").write_text(f"open({str(tmp_path / 'trace')!r}, 'w')\nclass C: pass\n")
    path = copy / "config.json"
    code = {
        "AutoConfig": "evil.C",
        "AutoModelForCausalLM": "evil.C",
        "AutoTokenizer": ["evil.C", None],
    }
    path.write_text(json.dumps({**json.loads(path.read_text()), "auto_map": code}))
    HookedModel.load(str(copy))  # its type is known: transformers' own class reads it
    assert not (tmp_path / "trace").exists()
    path.write_text(json.dumps({**json.loads(path.read_text()), "model_type": "evil"}))
    refused(copy, "evil")
    assert not (tmp_path / "trace").exists()


@pytest.mark.parametrize(
    "template",
    [
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ cycler.__init__.__globals__.os.system('touch TRACE') }}",
        "{% include '/etc/passwd' %}",
        "{% for i in range(10**10) %}x{% endfor %}",
        "{{ messages[0",
        "no question in it",
    ],
)
def test_a_chat_template_cannot_leave_its_sandbox(
    copy: Path, tmp_path: Path, template: str
) -> None:
    from transformers import AutoTokenizer

    from interp.data.facts import FactText
    from interp.data.prompts import encode_prompt

    tokenizer = AutoTokenizer.from_pretrained(copy)
    tokenizer.chat_template = template.replace("TRACE", str(tmp_path / "trace"))
    text = FactText("Q?", ("a", "b", "c", "d"), 0)
    with pytest.raises(InterpError, match="chat"):
        encode_prompt(tokenizer, text, form="chat")
    assert not (tmp_path / "trace").exists()


@pytest.mark.parametrize("lie", LIES)
def test_a_header_that_lies_is_refused(copy: Path, lie: str) -> None:
    (copy / "model.safetensors").write_bytes(lying_safetensors(lie))
    refused(copy, str(copy))


@pytest.mark.parametrize("lie", LIES)
def test_an_adapters_header_that_lies_is_refused(adapter: Path, lie: str) -> None:
    (adapter / "adapter_model.safetensors").write_bytes(lying_safetensors(lie))
    refused(adapter, str(adapter))


@pytest.mark.parametrize(
    "base", ["/etc", "../" * 30 + "etc", "~/.ssh", "link", ".", 3, ["a"], "\0", "a\nb"]
)
def test_a_base_elsewhere_is_one_line(adapter: Path, base: object) -> None:
    (adapter / "link").symlink_to("/etc")
    rename_base(adapter, base)
    refused(adapter, str(adapter), "base")


def test_an_adapter_from_the_hub_chooses_no_folder_here(
    adapter: Path, sound: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from interp.model import adapters

    monkeypatch.setattr(adapters, "find_folder", lambda *_: adapter)  # as if it had been downloaded
    monkeypatch.chdir(sound.parent)
    for base in (str(sound), "../" + sound.name, "~"):
        rename_base(adapter, base)
        with pytest.raises(InterpError, match=r"another machine.*--base"):
            adapters.read_adapter("some/adapter", None, None)
    rename_base(adapter, sound.name)  # a folder of this name is here, too: the hub's is meant
    assert adapters.read_adapter("some/adapter", None, None).base == sound.name
