"""Mends of tasks, their history and that of events, each with its reason."""

from __future__ import annotations

from lab.simulator.patching import Patch

HISTORY_PATCHES: tuple[Patch, ...] = (
    # --- tasks
    Patch(
        "task.go",
        "Some tasks had names of the simulator's own where a vCenter's are known.",
        '\ttask.Info.DescriptionId = fmt.Sprintf("%s.%s", ref.Type, id)\n',
        "\ttask.Info.DescriptionId = descriptionID(ref.Type, id)\n",
    ),
    Patch(
        "task.go",
        "Every task was vcsim's, named its object by its id, and was remembered by nobody.",
        "\tMap.Put(task)\n\n\treturn task\n",
        "\ttask.note()\n\tMap.Put(task)\n\n\treturn task\n",
    ),
    Patch(
        "task.go",
        "The history may be reading it.",
        "\tMap.Update(t, []types.PropertyChange{",
        "\tupdateTask(t, []types.PropertyChange{",
        2,
    ),
    Patch(
        "simulator.go",
        "Who calls is who starts the task.",
        "\t\tres = m.Call(args)\n",
        "\t\tcalling(ctx, handler)\n\t\tdefer called(handler)\n\t\tres = m.Call(args)\n",
    ),
    Patch(
        "property_collector.go",
        "The recent tasks of an object were never told.",
        "\tif strings.HasPrefix(p, extraConfigPath) {\n",
        '\tif p == "recentTask" && rval.Kind() == reflect.Struct && rval.Type().Name() != "TaskManager" {\n'
        "\t\treturn recentTasksOf(rval)\n\t}\n"
        "\tif strings.HasPrefix(p, extraConfigPath) {\n",
    ),
    # --- events
    Patch(
        "event_manager.go",
        "A thousand events are soon over.",
        "\tm.page = ring.New(maxPageSize)\n",
        "\tm.page = ring.New(10 * maxPageSize)\n",
    ),
    Patch(
        "event_manager.go",
        "As above.",
        "\tfor i := 0; i < maxPageSize; i++ {\n",
        "\tfor i := 0; i < c.m.page.Len(); i++ {\n",
    ),
    Patch(
        "event_manager.go",
        "A page smaller than what matches held the newest event and then the oldest ones.",
        "\t\tmpage = mpage.Prev()\n",
        "\t\tmpage = mpage.Next()\n",
    ),
    Patch(
        "event_manager.go",
        "As above.",
        "\t\t\tpage = page.Prev()\n",
        "\t\t\tpage = page.Next()\n",
    ),
    Patch(
        "event_manager.go",
        "A page of another size had some twice, or kept what it was to drop.",
        "\tif delta < 0 {\n\t\t// Shrink ring size\n\t\tc.page = c.page.Unlink(-delta)\n\t\treturn\n",
        "\tif delta != 0 {\n\t\tc.page, delta = ring.New(size), 0\n",
    ),
    Patch(
        "event_manager.go",
        "The filter by time was passed over.",
        "\t// TODO: spec.Time, spec.UserName, etc\n",
        "\tif !eventIsWithin(event, spec.Time) {\n\t\treturn false\n\t}\n",
    ),
)
