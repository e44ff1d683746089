"""An estimate in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from interp.estimates.memory import Memory
from interp.estimates.seconds import Seconds
from interp.estimates.sketch import Sketch
from interp.estimates.work import Pass, Work

_FEW = 6
"""Languages that are listed one by one; of more, the shortest, the longest and the middle."""

_TIGHT = 0.9
"""Share of what is free beyond which memory may not suffice."""


@dataclass(frozen=True)
class Estimate:
    """What a run would take.

    Attributes:
        work: what it does.
        seconds: how long it takes; None where the device is not at hand.
        memory: what it holds.
        disk_free: bytes free where it writes.
        threads: of the CPU.
    """

    work: Work
    seconds: Seconds | None
    memory: Memory
    disk_free: int
    threads: int


def lines(sketch: Sketch, found: Estimate, notes: Iterable[str] = ()) -> list[str]:
    """Say everything, a line each."""
    work = found.work
    rows = [("checkpoint", _checkpoint(sketch)), *(("data", line) for line in work.counted)]
    if work.tokens:
        rows.append(("tokens", _tokens(work)))
    rows += [("pass", _pass(one)) for one in work.passes]
    rows += [
        ("time", _time(sketch, found)),
        ("memory", _memory(sketch, found.memory)),
        ("disk", _disk(found)),
    ]
    rows += [("note", text) for text in (*notes, *doubts(sketch, found))]
    return [f"{work.command}: dry run, nothing is computed or written"] + [
        f"  {name:<11}{text}" for name, text in rows
    ]


def impossible(sketch: Sketch, found: Estimate) -> str:
    """Why the run certainly does not fit, in one line; empty where it may.

    Certain is: the weights alone are larger than the whole memory they would be in, or what is
    left at the end is larger than the free disk.
    """
    if why := too_large(sketch, found.memory):
        return why
    files = sum(found.work.files.values())
    if files > found.disk_free:
        return (
            f"the results are {size(files)} and {found.work.where} has {size(found.disk_free)} "
            "free: expected more space, or less data"
        )
    return ""


def too_large(sketch: Sketch, memory: Memory) -> str:
    """Say that the weights alone exceed the memory they would be in; empty where they do not."""
    there = memory.device_total if memory.device else memory.main_total
    if not there or sketch.weight_bytes <= there:
        return ""
    where = f"{sketch.device} has" if memory.device else "this machine has"
    return (
        f"the weights of {sketch.name!r} are {size(sketch.weight_bytes)} in {_dtype(sketch)} "
        f"and {where} {size(there)}: expected a smaller --dtype, or a larger device"
    )


def room_for_a_block(sketch: Sketch, memory: Memory) -> bool:
    """Say whether one block can be built with random weights, to be measured."""
    free = memory.device_free if memory.device else memory.main_free
    return 3 * sketch.matrix_parameters() * sketch.dtype.itemsize < (free or 0)


def doubts(sketch: Sketch, found: Estimate) -> list[str]:
    """What may make the run fail although it is not certain."""
    memory, said = found.memory, []
    remedy = (
        "smaller micro-batches (--set micro_facts=1, micro_rows=1) or --set "
        "gradient_checkpointing=true need less"
        if found.work.command.startswith("interp train")
        else "a smaller --batch-size or --dtype needs less, and a batch that does not fit is halved"
    )
    if memory.main_total and sum(memory.main.values()) > _TIGHT * memory.main_free:
        said.append(f"main memory may not suffice: {size(memory.main_free)} free; {remedy}")
    if memory.device_free and sum(memory.device.values()) > _TIGHT * memory.device_free:
        said.append(
            f"the memory of {sketch.device} may not suffice: {size(memory.device_free)} free; "
            f"{remedy}"
        )
    need = sum(found.work.files.values()) + sum(found.work.meanwhile.values())
    if need > _TIGHT * found.disk_free:
        said.append(f"the disk may not suffice: {size(found.disk_free)} free")
    if found.work.sampled < 1:
        said.append(
            f"tokens were counted on {100 * found.work.sampled:.0f} % of the data and scaled"
        )
    if sketch.device_there and found.seconds is None:
        said.append("no time: there is no room to measure one block of the checkpoint")
    if not sketch.device_there:
        said.append(
            f"{sketch.device} is not on this machine: no time, and whether its memory suffices is "
            "not known"
        )
    return said


def size(n_bytes: float) -> str:
    """Bytes in words: ``0.5 GB``, ``20 MB``, ``3 kB``."""
    for unit, name in ((1e12, "TB"), (1e9, "GB"), (1e6, "MB")):
        if n_bytes >= unit:
            number = n_bytes / unit
            return f"{number:.0f} {name}" if number >= 10 else f"{number:.1f} {name}"
    return f"{max(1, round(n_bytes / 1e3))} kB"


def duration(seconds: float) -> str:
    """Seconds in words: ``40 s``, ``12 min``, ``3.5 h``, ``2.1 days``."""
    if seconds < 100:
        return f"{max(1, round(seconds))} s"
    if seconds < 5400:
        return f"{round(seconds / 60)} min"
    hours = seconds / 3600
    return f"{hours:.1f} h" if hours < 48 else f"{hours / 24:.1f} days"


def _checkpoint(sketch: Sketch) -> str:
    shape = sketch.shape
    return (
        f"{sketch.name}: {sketch.model.config.model_type}, {shape.n_layers} layers, "
        f"{sketch.n_parameters:,} parameters, {_dtype(sketch)} on {sketch.device}"
    )


def _dtype(sketch: Sketch) -> str:
    return str(sketch.dtype).removeprefix("torch.")


def _tokens(work: Work) -> str:
    parts = list(work.tokens.items())
    text = f"{'' if work.sampled == 1 else 'about '}{work.total_tokens:,}"
    if len(parts) == 1:
        return text
    if len(parts) <= _FEW:
        return f"{text}: " + ", ".join(f"{lang} {n:,}" for lang, n in parts)
    ordered = sorted(parts, key=lambda pair: pair[1])
    named = {"fewest": ordered[0], "middle": ordered[len(ordered) // 2], "most": ordered[-1]}
    if ordered[0][1] == ordered[-1][1]:
        return f"{text}: {ordered[0][1]:,} in each of {len(parts)} languages"
    return f"{text} in {len(parts)} languages: " + ", ".join(
        f"{word} {lang} {n:,}" for word, (lang, n) in named.items()
    )


def _pass(one: Pass) -> str:
    goes = "" if one.repeats == 1 else f", {one.repeats} times"
    extra = f", then up to {one.steps} tokens one by one" if one.steps else ""
    back = {"forward": "", "inputs": ", and back", "weights": ", and back with weight gradients"}
    rows, width = one.largest
    return (
        f"{one.name}: {len(one.shapes):,} batches of up to {rows} x {width} tokens"
        f"{goes}{back[one.kind]}{extra}; {one.tokens:,} tokens, {one.padded_tokens:,} padded"
    )


def _time(sketch: Sketch, found: Estimate) -> str:
    if found.seconds is None:
        return "unknown"
    took = found.seconds
    threads = ""
    if sketch.device.type == "cpu":
        threads = f" with {found.threads} thread{'s' if found.threads > 1 else ''}"
    longest = _largest({k: v for k, v in took.parts.items() if v}, duration)
    return (
        f"about {duration(took.total)} ({duration(took.low)} to {duration(took.high)}): {longest}; "
        f"from one block measured here for {duration(took.measured)} on {sketch.device}{threads}"
    )


def _memory(sketch: Sketch, memory: Memory) -> str:
    main = sum(memory.main.values())
    text = f"peak about {size(main)} of main memory ({_largest(memory.main, size)})"
    free = f"; {size(memory.main_free)} of {size(memory.main_total)} free"
    if not memory.device:
        return text + (free if memory.main_total else "")
    on_device = f"peak about {size(sum(memory.device.values()))} on {sketch.device} "
    on_device += f"({_largest(memory.device, size)})"
    if memory.device_total is not None:
        on_device += f"; {size(memory.device_free or 0)} of {size(memory.device_total)} free"
    return f"{on_device}; {text}"


def _disk(found: Estimate) -> str:
    files, meanwhile = found.work.files, found.work.meanwhile
    text = f"about {size(sum(files.values()))} in {found.work.where} ({_largest(files, size)})"
    if meanwhile:
        text += f"; while it runs also up to {size(sum(meanwhile.values()))}"
        text += f" ({', '.join(meanwhile)})"
    return f"{text}; {size(found.disk_free)} free"


def _largest(parts: Mapping[str, float], words: object) -> str:
    """The parts from large to small, those below a hundredth left out."""
    assert callable(words)
    whole = sum(parts.values()) or 1
    kept: Iterable[tuple[str, float]] = sorted(parts.items(), key=lambda pair: -pair[1])
    return ", ".join(f"{name} {words(n)}" for name, n in kept if n >= whole / 100)
