"""Choose where the network runs: a device is taken only after a real kernel worked on it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

import torch

from flowersorter.records import Code, Refused

Gpu = Literal["cuda", "mps"]
DeviceName = Literal["cpu", "cuda", "mps"]
Precision = Literal["float32", "bfloat16", "float16"]


@dataclass(frozen=True, slots=True)
class ChosenDevice:
    """A device that works. `detail` is its maker's name; `reason` says why a better one was not taken."""

    name: DeviceName
    detail: str
    reason: str = ""

    def __str__(self) -> str:
        return f"{self.name} ({self.detail})"


def choose_device(wanted: str) -> ChosenDevice:
    """The device for "auto", "cpu", "cuda" or "mps"; auto takes a GPU that works, else the CPU.

    Raises `Refused`: DEVICE_UNUSABLE for a named device that does not work or does not exist.
    """
    if wanted == "cpu":
        return _cpu("")
    gpus: tuple[Gpu, ...] = ("cuda", "mps")
    if wanted not in ("auto", *gpus):
        raise Refused(Code.DEVICE_UNUSABLE, device=wanted, detail="there is no such device")
    problems = []
    for name in gpus:
        if wanted in ("auto", name):
            problem = _problem(name)
            if not problem:
                return _gpu(name)
            problems.append(problem)
    if wanted != "auto":
        raise Refused(Code.DEVICE_UNUSABLE, device=wanted, detail=problems[0])
    return _cpu("; ".join(problems))


def precisions(name: DeviceName) -> tuple[Precision, ...]:
    """The precisions that a device calculates in by itself, the fastest first."""
    if name == "cpu":  # others can emulate bfloat16, and are slower with it than with float32
        able = torch.cpu.get_capabilities()
        return ("bfloat16", "float32") if able.get("avx512_bf16") or able.get("amx_bf16") else ("float32",)
    if name == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False):
        return ("bfloat16", "float32")
    return ("float16", "float32")


def training_type(name: DeviceName) -> torch.dtype:
    """bfloat16 where the device calculates in it by itself; float16 has too narrow a range to train in."""
    return torch.bfloat16 if precisions(name)[0] == "bfloat16" else torch.float32


def free_memory(name: DeviceName) -> int | None:
    """Bytes that are free on a GPU now, None for the CPU."""
    if name == "cuda":
        return int(torch.cuda.mem_get_info()[0])
    if name == "mps":
        return int(torch.mps.recommended_max_memory() - torch.mps.driver_allocated_memory())
    return None


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch calculate on one processor: its threads wait for each other in a loop, which costs half as
    much again where other processes keep the processors busy. The results are the same bits.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def machine_of(device: ChosenDevice) -> str:
    """What calculates, by name: verdicts on one machine say nothing of another."""
    detail = torch.cpu.get_capabilities().get("cpu_name", "") if device.name == "cpu" else device.detail
    return f"{device.name} ({detail})"


def _problem(name: str) -> str:
    """Why a GPU cannot be used; empty when a small convolution came out right on it."""
    if name == "cuda" and not torch.cuda.is_available():
        return "no CUDA device was found"
    if name == "mps" and not torch.backends.mps.is_available():
        return "no Apple GPU was found"
    pixels, kernel = torch.ones(1, 3, 16, 16), torch.ones(4, 3, 3, 3)
    try:
        answer = torch.nn.functional.conv2d(pixels.to(name), kernel.to(name)).cpu()
    except (RuntimeError, NotImplementedError) as error:  # what torch raises for every failing kernel
        return str(error).partition("\n")[0]
    return "" if torch.allclose(answer, torch.full_like(answer, 27.0)) else "it calculates wrongly"


def _gpu(name: Gpu) -> ChosenDevice:
    return ChosenDevice(name, torch.cuda.get_device_name() if name == "cuda" else "Apple GPU")


def _cpu(reason: str) -> ChosenDevice:
    """The CPU, with no more threads than this process may use: containers lend only some cores."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    torch.set_num_threads(min(torch.get_num_threads(), cores))
    return ChosenDevice("cpu", f"{torch.get_num_threads()} threads", reason)
