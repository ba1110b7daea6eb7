"""Mends of what a cluster's DRS is told, each with its reason."""

from __future__ import annotations

from lab.simulator.patching import Patch

DRS_PATCHES: tuple[Patch, ...] = (
    Patch(
        "cluster_compute_resource.go",
        "Nothing followed a change of the rules: compliance, recommendations.",
        "\t\t\tc.updateOverridesDRS,\n",
        "\t\t\tc.updateOverridesDRS,\n\t\t\tc.updateDerived,\n",
    ),
    Patch(
        "cluster_compute_resource.go",
        "A rule is edited by its key, which it keeps.",
        "\t\t\tcfg.Rule[i] = spec.Info\n",
        "\t\t\tkept := cfg.Rule[i].GetClusterRuleInfo()\n"
        "\t\t\tinfo := spec.Info.GetClusterRuleInfo()\n"
        "\t\t\tinfo.Key, info.RuleUuid = kept.Key, kept.RuleUuid\n"
        "\t\t\tcfg.Rule[i] = spec.Info\n",
    ),
    *(
        Patch(
            "cluster_compute_resource.go",
            "An answer that was being written showed a list in the middle of a removal.",
            f"cfg.{name} = append(cfg.{name}[:i], cfg.{name}[i+1:]...)\n",
            f"cfg.{name} = append(cfg.{name}[:i:i], cfg.{name}[i+1:]...)\n",
        )
        for name in ("Rule", "Group", "DasVmConfig", "DrsVmConfig")
    ),
)
