"""The machine that figures belong to, and the most that it computes a second."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F

from benchmarks.speed.timing import alternately


def describe() -> dict[str, Any]:
    """What a figure depends on: processor, cores, memory, versions, and what else runs at the moment."""
    can = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if hasattr(os, "sysconf") else 0
    return {
        "processor": _processor(),
        "instructions": [name for name in ("avx2", "avx512_f", "avx512_bf16", "amx_bf16") if can.get(name)],
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "memory_gib": round(memory / 2**30),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "waiting_processes": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None,
        "system": platform.platform(),
        "python": platform.python_version(),
        "torch": torch.__version__,
    }


def _processor() -> str:
    lines = Path("/proc/cpuinfo")
    if lines.is_file():
        names = [line.split(":")[1].strip() for line in lines.read_text().splitlines() if line.startswith("model name")]
        if names:
            return names[0]
    return platform.processor() or platform.machine()


@torch.no_grad()
def peak(dtype: torch.dtype, *, repeats: int) -> dict[str, float]:
    """The fastest of a large matrix product and of a 3×3 convolution, in GFLOP/s."""
    side, channels, pixels = 2048, 256, 64
    generator = torch.Generator().manual_seed(0)
    a, b = (torch.randn(side, side, generator=generator).to(dtype) for _ in range(2))
    x = torch.randn(2, channels, pixels, pixels, generator=generator).to(dtype, memory_format=torch.channels_last)
    kernel = torch.randn(channels, channels, 3, 3, generator=generator).to(dtype, memory_format=torch.channels_last)
    flops = {
        "matrix product": 2 * side**3,
        "3×3 convolution": 2 * x.numel() * channels * 9,
    }
    timings = alternately(
        {"matrix product": lambda: a @ b, "3×3 convolution": lambda: F.conv2d(x, kernel, padding=1)}, repeats=repeats
    )
    return {name: flops[name] / min(timing.seconds) / 1e9 for name, timing in timings.items()}
