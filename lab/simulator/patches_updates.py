"""Mends of the PropertyCollector's updates, of views and of sessions, each with its reason."""

from __future__ import annotations

from lab.simulator.patching import Patch, renamed

UPDATE_PATCHES: tuple[Patch, ...] = (
    *(
        renamed(
            "property_collector.go",
            "(pc *PropertyCollector)",
            name,
            "Each change made it collect everything again, nothing was paged, and every version "
            "was the same (property_updates.go, property_filters.go).",
        )
        for name in (
            "CreateFilter",
            "DestroyPropertyCollector",
            "CancelWaitForUpdates",
            "WaitForUpdatesEx",
        )
    ),
    renamed(
        "property_filter.go",
        "(f *PropertyFilter)",
        "DestroyPropertyFilter",
        "As above.",
    ),
    Patch(
        "property_filter.go",
        "What a filter's client knows.",
        "\trefs map[types.ManagedObjectReference]struct{}\n}",
        "\trefs map[types.ManagedObjectReference]struct{}\n\tstate filterState\n}",
    ),
    Patch(
        "registry.go",
        "A list that grew or shrank was not told to those who wait for updates.",
        "\t\t*field = append(*field, ref...)\n\t})\n",
        "\t\t*field = append(*field, ref...)\n\t})\n\ttouch(obj.Reference())\n",
    ),
    Patch(
        "registry.go",
        "As above.",
        "\t\t\t*field = append(*field, ref)\n\t\t}\n\t})\n",
        "\t\t\t*field = append(*field, ref)\n\t\t}\n\t})\n\ttouch(obj.Reference())\n",
    ),
    Patch(
        "registry.go",
        "As above.",
        "\t\tRemoveReference(field, ref)\n\t})\n",
        "\t\tRemoveReference(field, ref)\n\t})\n\ttouch(obj.Reference())\n",
    ),
    Patch(
        "cluster_compute_resource.go",
        "A change of DRS or HA was passed over.",
        "\t\t\tc.updateRules,\n",
        "\t\t\tc.updateServices,\n\t\t\tc.updateRules,\n",
    ),
    # --- views
    Patch(
        "view_manager.go",
        "A view knows its members, and what is under way with it.",
        "\troot  mo.Reference\n\ttypes map[string]bool\n}",
        "\troot  mo.Reference\n\ttypes map[string]bool\n\n\tmu        sync.Mutex\n"
        "\tmembers   map[types.ManagedObjectReference]bool\n\tdestroyed bool\n}",
    ),
    Patch("view_manager.go", "As above.", '\t"reflect"\n', '\t"reflect"\n\t"sync"\n'),
    Patch(
        "view_manager.go",
        "As above.",
        "\tcontainer := &ContainerView{\n\t\tmo.ContainerView{\n",
        "\tcontainer := &ContainerView{\n\t\tContainerView: mo.ContainerView{\n",
    ),
    Patch(
        "view_manager.go",
        "As above.",
        "\t\troot,\n\t\tmake(map[string]bool),\n\t}\n",
        "\t\troot: root,\n\t\ttypes: make(map[string]bool),\n\t}\n",
    ),
    Patch(
        "view_manager.go",
        "As above.",
        "\tcontainer.add(root, seen)\n",
        "\tcontainer.add(root, seen)\n\tcontainer.members = seen\n",
    ),
    *(
        renamed(
            "view_manager.go",
            receiver,
            name,
            "Each new object cost a walk through the whole inventory, and one that moved stayed "
            "(container_view.go).",
        )
        for receiver, name in (
            ("(v *ContainerView)", "PutObject"),
            ("(v *ContainerView)", "RemoveObject"),
            ("(*ContainerView)", "UpdateObject"),
            ("(v *ContainerView)", "DestroyView"),
        )
    ),
    # --- sessions
    Patch(
        "session_manager.go",
        "As for a logout: what a session has made stops to listen when the session ends.",
        "\tpc := Map.content().PropertyCollector\n\n"
        "\tfor ref, obj := range ctx.Session.Registry.objects {\n"
        "\t\tif ref == pc {\n"
        "\t\t\tcontinue // don't unregister the PropertyCollector singleton\n"
        "\t\t}\n"
        "\t\tif _, ok := obj.(RegisterObject); ok {\n"
        "\t\t\tctx.Map.Remove(ref) // Remove RegisterObject handlers\n"
        "\t\t}\n"
        "\t}\n",
        "\tsession.stopListening()\n",
    ),
    Patch(
        "session_manager.go",
        "As above, for a session that an admin ends.",
        "\t\ts.delSession(id)\n\t}\n\n\tbody.Res = new(types.TerminateSessionResponse)\n",
        "\t\ts.terminate(id)\n\t}\n\n\tbody.Res = new(types.TerminateSessionResponse)\n",
    ),
    Patch(
        "session_manager.go",
        "A session that ended while a call of it arrived was there again.",
        "\tc.svc.sm.putSession(session)\n\tc.Session = &session\n",
        "\tif !c.svc.sm.keep(session, login) {\n\t\treturn\n\t}\n\tc.Session = &session\n",
    ),
)
