"""Mends of virtual machines, hosts, datastores and disks, each with its reason."""

from __future__ import annotations

from lab.simulator.patching import Patch, renamed

MACHINE_PATCHES: tuple[Patch, ...] = (
    # --- virtual machines
    Patch(
        "registry.go",
        "An answer that was being written showed a list in the middle of a removal.",
        "*field = append((*field)[:i], (*field)[i+1:]...)\n",
        "*field = append((*field)[:i:i], (*field)[i+1:]...)\n",
        2,
    ),
    Patch(
        "virtual_machine.go",
        "As above.",
        "\t\tdevices = append(devices[:i], devices[i+1:]...)\n",
        "\t\tdevices = append(devices[:i:i], devices[i+1:]...)\n",
    ),
    Patch(
        "virtual_machine.go",
        "Nova reads scsiCtlrUnitNumber, volumes are detached by backing.uuid, and an attached disk "
        "has the size of its file.",
        """\t\t\terr := vm.configureDevice(devices, dspec)
\t\t\tif err != nil {
\t\t\t\treturn err
\t\t\t}

\t\t\tdevices = append(devices, dspec.Device)""",
        """\t\t\tscsiUnit(dspec.Device)
\t\t\terr := vm.configureDevice(devices, dspec)
\t\t\tif err != nil {
\t\t\t\treturn err
\t\t\t}
\t\t\tdescribeDisk(dspec.Device)

\t\t\tdevices = append(devices, dspec.Device)""",
        2,
    ),
    Patch(
        "virtual_machine.go",
        "A vCenter calls disks Hard disk 1, Hard disk 2, ...; the simulator disk--101-0.",
        "\tlabel := devices.Name(device)\n",
        "\tlabel := deviceLabel(devices, device)\n",
    ),
    Patch(
        "virtual_machine.go",
        "A vCenter replaces the value of a key.",
        "\t\t\tvm.Config.ExtraConfig = append(vm.Config.ExtraConfig, c)\n",
        "\t\t\tvm.Config.ExtraConfig = setExtraConfig(vm.Config.ExtraConfig, c)\n",
    ),
    Patch(
        "virtual_machine.go",
        "The lists of datastores follow a reconfiguration, and those who wait for updates hear.",
        "\t\terr := vm.configure(&req.Spec)\n\n\t\treturn nil, err\n",
        "\t\terr := vm.configure(&req.Spec)\n\t\tvm.reconfigured()\n\n\t\treturn nil, err\n",
    ),
    Patch(
        "virtual_machine.go",
        "A datastore that the host does not mount was a panic.",
        """\thost := Map.Get(*vm.Runtime.Host).(*HostSystem)

\treturn Map.FindByName(name, host.Datastore).(*Datastore)
""",
        "\treturn vm.datastoreNamed(name)\n",
    ),
    Patch(
        "virtual_machine.go",
        "Free space is computed from what is there (space.go), not counted down.",
        """\t\t\t// XXX: compare disk size and free space until windows stat is supported
\t\t\tMap.WithLock(ds, func() {
\t\t\t\tds.Summary.FreeSpace -= getDiskSize(x)
\t\t\t\tds.Info.GetDatastoreInfo().FreeSpace = ds.Summary.FreeSpace
\t\t\t})

""",
        "",
    ),
    Patch(
        "virtual_machine.go",
        "As above.",
        """
\t\t\t\t\tp, _ := parseDatastorePath(file)
\t\t\t\t\tds := vm.findDatastore(p.Datastore)

\t\t\t\t\tMap.WithLock(ds, func() {
\t\t\t\t\t\tds.Summary.FreeSpace += getDiskSize(device)
\t\t\t\t\t\tds.Info.GetDatastoreInfo().FreeSpace = ds.Summary.FreeSpace
\t\t\t\t\t})
""",
        "",
    ),
    Patch(
        "virtual_machine.go",
        "layoutEx named the VM's files without their folder.",
        "\t\t\t\tPath:      strings.TrimPrefix(file.Name(), datastore.Info.GetDatastoreInfo().Url),\n",
        "\t\t\t\tPath:      path.Join(folderOf(p.Path), file.Name()),\n",
    ),
    Patch(
        "virtual_machine.go",
        "The storage of a VM was that of its last file.",
        "\t\tdsUsage.Committed = file.Size\n",
        "\t\tdsUsage.Committed += file.Size\n",
    ),
    Patch(
        "virtual_machine.go",
        "As above.",
        "\t\t\tdsUsage.Unshared = file.Size\n",
        "\t\t\tdsUsage.Unshared += file.Size\n",
    ),
    Patch(
        "virtual_machine.go",
        "As above.",
        "\t\t\t\tdsUsage.Uncommitted = disk.CapacityInBytes\n",
        "\t\t\t\tdsUsage.Uncommitted += disk.CapacityInBytes\n",
    ),
    Patch(
        "virtual_machine.go",
        "VMs that were put straight into the inventory have no log.",
        "\tf, err := os.OpenFile(vm.log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0)\n",
        '\tif vm.log == "" {\n\t\treturn\n\t}\n'
        "\tf, err := os.OpenFile(vm.log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0)\n",
    ),
    renamed(
        "virtual_machine.go",
        "(vm *VirtualMachine)",
        "RelocateVMTask",
        "It left files, disks and most lists as they were (relocate.go).",
    ),
    Patch(
        "virtual_machine.go",
        "A clone shared its devices with the source, whose disks lost their file names.",
        """\t\t\tswitch disk := device.(type) {
\t\t\tcase *types.VirtualDisk:
\t\t\t\t// TODO: consider VirtualMachineCloneSpec.DiskMoveType
\t\t\t\tfop = types.VirtualDeviceConfigSpecFileOperationCreate

\t\t\t\t// Leave FileName empty so CreateVM will just create a new one under VmPathName
\t\t\t\tdisk.Backing.(*types.VirtualDiskFlatVer2BackingInfo).FileName = ""
\t\t\t\tdisk.Backing.(*types.VirtualDiskFlatVer2BackingInfo).Parent = nil
\t\t\t}
""",
        """\t\t\tdevice = vm.cloneDevice(device, &req.Spec)
\t\t\tif _, ok := device.(*types.VirtualDisk); ok {
\t\t\t\tfop = types.VirtualDeviceConfigSpecFileOperationCreate
\t\t\t}
""",
    ),
    Patch(
        "virtual_machine.go",
        "A clone has the source's annotation and extraConfig, and the spec's uuid and managedBy.",
        """\t\tif req.Spec.Config != nil {
\t\t\tconfig.ExtraConfig = req.Spec.Config.ExtraConfig
\t\t\tconfig.InstanceUuid = req.Spec.Config.InstanceUuid
\t\t}
""",
        "\t\tvm.cloneConfig(&config, req.Spec.Config)\n",
    ),
    Patch(
        "virtual_machine.go",
        "A clone went to the source's host, even with a pool of another cluster.",
        "\t\t\tHost:   vm.Runtime.Host,\n",
        "\t\t\tHost:   vm.cloneHost(&req.Spec, *pool),\n",
    ),
    Patch(
        "virtual_machine.go",
        "CloneSpec.powerOn was ignored.",
        "\t\t\t_ = clone.MarkAsTemplate(&types.MarkAsTemplate{This: clone.Self})\n\t\t}\n",
        "\t\t\t_ = clone.MarkAsTemplate(&types.MarkAsTemplate{This: clone.Self})\n"
        "\t\t} else if req.Spec.PowerOn {\n"
        "\t\t\t_ = clone.PowerOnVMTask(ctx, &types.PowerOnVM_Task{This: clone.Self})\n\t\t}\n",
    ),
    Patch(
        "esx/event_manager.go",
        "The text of the event did not parse, which was a panic.",
        "from {{.SourceHost.Name}, {{.SourceDatastore.Name}} to {{.Host.Name}, {{.Ds.Name}} ",
        "from {{.SourceHost.Name}}, {{.SourceDatastore.Name}} to {{.Host.Name}}, {{.Ds.Name}} ",
    ),
    # --- hosts, datastores, disks
    Patch(
        "host_system.go",
        "The copy of a host's configuration takes milliseconds: 10 s for 2,500 hosts.",
        "\tdeepCopy(hs.Config, cfg)\n",
        "\tcopyHostConfig(hs.Config, cfg)\n",
    ),
    renamed(
        "host_system.go",
        "(h *HostSystem)",
        "EnterMaintenanceModeTask",
        "It set a flag, and the VMs stayed (hosts.go).",
    ),
    renamed(
        "host_system.go",
        "(h *HostSystem)",
        "ExitMaintenanceModeTask",
        "It told nobody (hosts.go).",
    ),
    Patch(
        "datastore.go",
        "RefreshDatastore had no answer.",
        "\tinfo.MaxFileSize = info.FreeSpace\n\n\treturn r\n",
        "\tinfo.MaxFileSize = info.FreeSpace\n\tr.Res = new(types.RefreshDatastoreResponse)\n\n"
        "\treturn r\n",
    ),
    Patch(
        "os_unix.go",
        "The size of this machine's disk is not that of a datastore (space.go).",
        "func (ds *Datastore) stat() error {",
        "func (ds *Datastore) statMachine() error {",
    ),
    Patch(
        "host_datastore_browser.go",
        "A search without a spec was a nil dereference.",
        "\t\tSearchSpec:           s.SearchSpec,\n",
        "\t\tSearchSpec:           searchSpec(s.SearchSpec),\n",
        2,
    ),
    renamed(
        "virtual_disk_manager.go",
        "(m *VirtualDiskManager)",
        "CreateVirtualDiskTask",
        "It made no extent (disks.go).",
    ),
    renamed(
        "virtual_disk_manager.go",
        "(m *VirtualDiskManager)",
        "CopyVirtualDiskTask",
        "It refused what Nova asks for, and took no time (disk_copies.go).",
    ),
    Patch(
        "http_nfc_lease.go",
        "A download was copied into a nil writer.",
        "\t\tsrc = f\n",
        "\t\tsrc, dst = f, w\n",
    ),
)
