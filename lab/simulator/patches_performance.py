"""Mends of the performance figures, each with its reason."""

from __future__ import annotations

from lab.simulator.patching import Patch, renamed

PERFORMANCE_PATCHES: tuple[Patch, ...] = (
    renamed(
        "performance_manager.go",
        "(p *PerformanceManager)",
        "QueryPerf",
        "Its figures were other ones at each call, backwards, and no host's own (performance.go).",
    ),
    Patch(
        "performance_manager.go",
        "A vCenter says which samples it keeps.",
        "\tm.perfCounterIndex = make(",
        "\tm.HistoricalInterval = []types.PerfInterval{dayOfSamples}\n"
        "\tm.perfCounterIndex = make(",
    ),
)
