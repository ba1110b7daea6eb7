"""Mends of reads, sessions, names and folders, each with its reason."""

from __future__ import annotations

from lab.simulator.patching import Patch, renamed

INVENTORY_PATCHES: tuple[Patch, ...] = (
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

\t\tfor _, ref := range rr.unvisited(ts, rr.step(ctx, obj, ts.Path)) {""",
    ),
    Patch(
        "property_collector.go",
        "The memory of the ways already gone, and of where the selection was read.",
        "\tspecs     map[string]*types.TraversalSpec\n}",
        "\tspecs     map[string]*types.TraversalSpec\n\tvisited   map[visit]bool\n"
        "\tsources   map[types.ManagedObjectReference]struct{}\n}",
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
        "The pages that wait for ContinueRetrievePropertiesEx, and what updates need.",
        "\tcancel  context.CancelFunc\n}",
        "\tcancel  context.CancelFunc\n\tpages   map[string]propertyPage\n"
        "\tlive    liveUpdates\n}",
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
)
