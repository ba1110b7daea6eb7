"""Mends of VMs' snapshots, each with its reason."""

from __future__ import annotations

from lab.simulator.patching import Patch

SNAPSHOT_PATCHES: tuple[Patch, ...] = (
    Patch(
        "virtual_machine.go",
        "A VM named none of its snapshots as `rootSnapshot`, by which a PropertyCollector finds them.",
        "\t\t\t\tVal:  append(vm.Snapshot.RootSnapshotList, treeItem),\n\t\t\t})\n",
        "\t\t\t\tVal:  append(vm.Snapshot.RootSnapshotList, treeItem),\n\t\t\t}, types.PropertyChange{\n"
        '\t\t\t\tName: "rootSnapshot",\n'
        "\t\t\t\tVal:  append(vm.RootSnapshot[:len(vm.RootSnapshot):len(vm.RootSnapshot)],"
        " snapshot.Self),\n\t\t\t})\n",
    ),
    Patch(
        "virtual_machine.go",
        "Who waits for updates heard nothing of a snapshot below another.",
        "\t\t\tparent.ChildSnapshot = append(parent.ChildSnapshot, snapshot.Self)\n",
        '\t\t\tMap.Update(parent, []types.PropertyChange{{Name: "childSnapshot", Val: append('
        "parent.ChildSnapshot[:len(parent.ChildSnapshot):len(parent.ChildSnapshot)],"
        " snapshot.Self)}})\n",
    ),
    Patch(
        "virtual_machine.go",
        "As above, for the end of all.",
        '\t\t\t{Name: "snapshot", Val: nil},\n\t\t})\n\n\t\tfor _, ref := range refs {\n',
        '\t\t\t{Name: "snapshot", Val: nil},\n'
        '\t\t\t{Name: "rootSnapshot", Val: []types.ManagedObjectReference{}},\n'
        "\t\t})\n\n\t\tfor _, ref := range refs {\n",
    ),
    Patch(
        "snapshot.go",
        "As above, for the end of one.",
        "\t\t\tMap.Get(req.This).(*VirtualMachineSnapshot).removeSnapshotFiles(ctx)\n\n"
        "\t\t\tMap.Update(vm, changes)\n",
        "\t\t\tMap.Get(req.This).(*VirtualMachineSnapshot).removeSnapshotFiles(ctx)\n\n"
        "\t\t\troots := []types.ManagedObjectReference{}\n"
        "\t\t\tfor _, root := range rootSnapshots {\n"
        "\t\t\t\troots = append(roots, root.Snapshot)\n\t\t\t}\n"
        '\t\t\tchanges = append(changes, types.PropertyChange{Name: "rootSnapshot", Val: roots})\n'
        "\t\t\tMap.Update(vm, changes)\n",
    ),
)
