"""What is mended in govmomi's simulator before it is built, each with its reason.

A patch replaces an exact piece of text and must match as often as it says, or the build stops: with
another govmomi the list has to be looked at again. A method that ``go/additions`` writes anew is only
given another name here (``renamed``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


class PatchError(RuntimeError):
    """A patch does not fit the sources."""


@dataclass(frozen=True)
class Patch:
    """Replace ``old``, found ``count`` times in ``file``, by ``new``."""

    file: str
    reason: str
    old: str
    new: str
    count: int = 1


def renamed(file: str, receiver: str, name: str, reason: str) -> Patch:
    """Patch that gives a method another name, so that ``go/additions`` can have its own."""
    other = name[0].lower() + name[1:]
    return Patch(file, reason, f"func {receiver} {name}(", f"func {receiver} {other}(")


PATCHES: tuple[Patch, ...] = (
    # --- PropertyCollector
    Patch(
        "property_collector.go",
        "A TraversalSpec is for objects of its type only. Without a look at it, Nova's recursive "
        "spec went in a circle until the stack was full. Ways already gone are not gone again.",
        "\t\tf, _ := fieldValue(obj, ts.Path)\n\n\t\tfor _, ref := range fieldRefs(f) {",
        """\t\tif rtype := obj.Type(); ts.Type != "" && ts.Type != rtype.Name() {
\t\t\tif field, ok := rtype.FieldByName(ts.Type); !(ok && field.Anonymous) {
\t\t\t\tcontinue
\t\t\t}
\t\t}

\t\tf, _ := fieldValue(obj, ts.Path)

\t\tfor _, ref := range rr.unvisited(ts, fieldRefs(f)) {""",
    ),
    Patch(
        "property_collector.go",
        "The memory of the ways already gone.",
        "\tspecs     map[string]*types.TraversalSpec\n}",
        "\tspecs     map[string]*types.TraversalSpec\n\tvisited   map[visit]bool\n}",
    ),
    Patch(
        "property_collector.go",
        'config.extraConfig["key"], which Nova\'s list_instances reads, was an InvalidProperty.',
        "func fieldValue(rval reflect.Value, p string) (interface{}, error) {\n",
        """func fieldValue(rval reflect.Value, p string) (interface{}, error) {
\tif strings.HasPrefix(p, extraConfigPath) {
\t\treturn extraConfigValue(rval, p)
\t}
""",
    ),
    Patch(
        "property_collector.go",
        "Fetch (attribute access in pyVmomi) of an unset property was a nil dereference.",
        "\t\tfault := obj.MissingSet[0].Fault\n",
        "\t\tif len(obj.MissingSet) == 0 {\n"
        "\t\t\tbody.Res = &internal.FetchResponse{}\n"
        "\t\t\treturn body\n"
        "\t\t}\n"
        "\t\tfault := obj.MissingSet[0].Fault\n",
    ),
    Patch(
        "property_collector.go",
        "Without a session, SessionManager.currentSession is unset, not missing.",
        "\tcontent.MissingSet = append(content.MissingSet, types.MissingProperty{\n\t\tPath: name,\n"
        "\t\tFault: types.LocalizedMethodFault{Fault: &types.NotAuthenticated{",
        '\tif content.Obj.Type == "SessionManager" {\n\t\treturn\n\t}\n\n'
        "\tcontent.MissingSet = append(content.MissingSet, types.MissingProperty{\n\t\tPath: name,\n"
        "\t\tFault: types.LocalizedMethodFault{Fault: &types.NotAuthenticated{",
    ),
    Patch(
        "property_collector.go",
        "RetrieveOptions.maxObjects was ignored: nothing was ever paged.",
        "\tfor _, ref := range refs {\n\t\tctx.WithLock(ref, func() { rr.collect(ctx, ref) })",
        "\tfor _, ref := range pc.firstPage(ctx, rr, refs) {\n"
        "\t\tctx.WithLock(ref, func() { rr.collect(ctx, ref) })",
    ),
    Patch(
        "property_collector.go",
        "The pages that wait for ContinueRetrievePropertiesEx.",
        "\tcancel  context.CancelFunc\n}",
        "\tcancel  context.CancelFunc\n\tpages   map[string]propertyPage\n}",
    ),
    renamed(
        "property_collector.go",
        "(pc *PropertyCollector)",
        "RetrievePropertiesEx",
        "A vCenter answers with nothing, not with an empty result, when nothing was selected.",
    ),
    Patch(
        "property_collector.go",
        "RetrieveProperties and Fetch use the renamed method.",
        "res := pc.RetrievePropertiesEx(ctx, ",
        "res := pc.retrievePropertiesEx(ctx, ",
        2,
    ),
    Patch(
        "property_collector.go",
        "A change between the first state and the listening was lost: a client that waited for a "
        "task waited for ever.",
        "\t\tapply()                // Collect current state\n"
        '\t\tset.Version = "-"      // Next request with Version set will wait via loop below\n'
        "\t\tctx.Map.AddHandler(pc) // Listen for create, update, delete of managed objects\n",
        '\t\tctx.Map.AddHandler(pc)\n\t\tapply()\n\t\tset.Version = "-"\n',
    ),
    Patch(
        "property_collector.go",
        "A collector without a filter kept every update that there ever was.",
        "\tpc.mu.Lock()\n\tpc.updates = append(pc.updates, u)\n",
        "\tpc.mu.Lock()\n\tif len(pc.Filter) == 0 {\n\t\tpc.mu.Unlock()\n\t\treturn\n\t}\n"
        "\tpc.updates = append(pc.updates, u)\n",
    ),
    Patch(
        "registry.go",
        "Every session has a PropertyCollector of the same name: the last that listened got all "
        "the updates.",
        "\tr.handlers[h.Reference()] = h\n",
        "\tr.handlers[handlerKey(h)] = h\n",
    ),
    Patch(
        "registry.go",
        "As above.",
        "\tdelete(r.handlers, h.Reference())\n",
        "\tdelete(r.handlers, handlerKey(h))\n",
    ),
    Patch(
        "property_collector.go",
        "As above.",
        "\tctx.Map.Remove(c.This)\n",
        "\tctx.Map.RemoveHandler(pc)\n",
    ),
    Patch(
        "session_manager.go",
        "As above: what a session has made stops to listen when the session ends.",
        """\tpc := Map.content().PropertyCollector

\tfor ref, obj := range ctx.Session.Registry.objects {
\t\tif ref == pc {
\t\t\tcontinue // don't unregister the PropertyCollector singleton
\t\t}
\t\tif _, ok := obj.(RegisterObject); ok {
\t\t\tctx.Map.Remove(ref) // Remove RegisterObject handlers
\t\t}
\t}
""",
        "\tsession.stopListening()\n",
    ),
    # --- sessions and requests
    Patch(
        "session_manager.go",
        "Several accounts, with the password of each.",
        """\tuser := ctx.svc.Listen.User
\tif user == nil || user == DefaultLogin {
\t\treturn req.UserName != "" && req.Password != ""
\t}
\tpass, _ := user.Password()
\treturn req.UserName == user.Username() && req.Password == pass
""",
        "\treturn validAccount(req.UserName, req.Password)\n",
    ),
    renamed(
        "session_manager.go",
        "(s *SessionManager)",
        "AcquireGenericServiceTicket",
        "Refused: with a ticket Nova would send an image to a host name that does not resolve.",
    ),
    Patch(
        "simulator.go",
        "suds writes times and numbers that Go's decoder refuses and a vCenter takes.",
        "\t\treadAll: ioutil.ReadAll,\n",
        "\t\treadAll: readMendedRequest,\n",
    ),
    Patch(
        "simulator.go",
        "Calls from the network are counted and held against the account's rights.",
        "\t\tres = s.call(ctx, method)\n",
        "\t\tres = s.countedCall(ctx, method)\n",
    ),
    *(
        renamed(
            "authorization_manager.go",
            "(m *AuthorizationManager)",
            name,
            "Every account had every privilege.",
        )
        for name in (
            "HasPrivilegeOnEntity",
            "HasPrivilegeOnEntities",
            "HasUserPrivilegeOnEntities",
            "FetchUserPrivilegeOnEntities",
        )
    ),
    # --- names
    Patch("registry.go", "Not used any more.", '\t"fmt"\n', ""),
    Patch(
        "registry.go",
        "Managed object ids as a vCenter has them: domain-c8, not clustercomputeresource-8.",
        '\t\tref.Value = fmt.Sprintf("%s-%d", valuePrefix(ref.Type), n)\n',
        "\t\tref.Value = moid(item, ref.Type, n)\n",
    ),
    Patch(
        "entity.go",
        "A VM's name is in its configuration too.",
        '\t\tMap.Update(e, []types.PropertyChange{{Name: "name", Val: r.NewName}})\n',
        "\t\tMap.Update(e, renamed(e, r.NewName))\n",
    ),
    Patch(
        "folder.go",
        "DuplicateName named the parent as the existing object; Nova goes on with what it names.",
        "\t\t\t\tName:   c.Name,\n\t\t\t\tObject: f.Self,",
        "\t\t\t\tName:   c.Name,\n\t\t\t\tObject: obj.Reference(),",
        2,
    ),
    # --- where a new VM goes
    Patch(
        "folder.go",
        "A new VM goes to the usable host with the fewest VMs, or nowhere: not to a random host, "
        "in maintenance mode or not, and a panic when no host mounts the datastore.",
        """\t\t\thosts = hostsWithDatastore(hosts, c.req.Config.Files.VmPathName)
\t\t\thost := hosts[rand.Intn(len(hosts))]
\t\t\tvm.Runtime.Host = &host
\t\t})
""",
        """\t\t\tvm.Runtime.Host = leastLoaded(hostsWithDatastore(hosts, c.req.Config.Files.VmPathName))
\t\t})
\t\tif vm.Runtime.Host == nil {
\t\t\tfolderRemoveChild(c.ctx, &c.Folder.Folder, vm)
\t\t\treturn nil, new(types.NoCompatibleHost)
\t\t}
""",
    ),
    Patch("folder.go", "Not used any more.", '\t"math/rand"\n', ""),
    Patch(
        "folder.go",
        "The cluster's own list of hosts was overwritten.",
        "\tattached := hosts[:0]\n",
        "\tvar attached []types.ManagedObjectReference\n",
    ),
    Patch(
        "folder.go",
        "A VM was listed twice by its datastore.",
        "\t\tMap.AppendReference(ds, &ds.Vm, vm.Self)\n",
        "\t\tMap.AddReference(ds, &ds.Vm, vm.Self)\n",
    ),
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
        "It refused what Nova asks for (disks.go).",
    ),
    Patch(
        "http_nfc_lease.go",
        "A download was copied into a nil writer.",
        "\t\tsrc = f\n",
        "\t\tsrc, dst = f, w\n",
    ),
)


def apply_patches(package: Path, patches: tuple[Patch, ...] = PATCHES) -> Mapping[str, str]:
    """Mended text of every file of the Go package ``package`` that a patch names, by file name.

    Raises :class:`PatchError` when a patch does not match as often as it says.
    """
    mended: dict[str, str] = {}
    for patch in patches:
        text = mended.get(patch.file)
        if text is None:
            text = (package / patch.file).read_text()
        found = text.count(patch.old)
        if found != patch.count:
            raise PatchError(
                f"patch for {patch.file} ({patch.reason}) matches {found} times, "
                f"not {patch.count}:\n{patch.old}"
            )
        mended[patch.file] = text.replace(patch.old, patch.new)
    return mended
