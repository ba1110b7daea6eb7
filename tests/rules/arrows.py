"""Which room of `vmware_panel` may import which, and who alone may import an SDK.

A room is a package or module right under `vmware_panel`. Imports for type checking count too.
"""

import ast
import sys
from collections.abc import Iterator

PACKAGE = "vmware_panel"

SETTINGS = frozenset({"config", "config_types", "secret"})
POLICY = frozenset({"policy", "policies"})
PAGES = frozenset({"api", "domain", "exports", "wording"}) | POLICY | SETTINGS

MAY_IMPORT: dict[str, frozenset[str]] = {
    "domain": frozenset(),
    "vsphere": frozenset({"domain"}),
    "openstack": frozenset({"domain"}),
    "store": frozenset({"domain"}),
    "endpoints": frozenset({"vsphere"}) | SETTINGS,
    "jobs": frozenset({"audit", "domain", "openstack", "store"}) | SETTINGS,
    "collecting": frozenset({"domain", "endpoints", "store", "vsphere"}) | SETTINGS,
    "api": frozenset(
        {"audit", "collecting", "domain", "endpoints", "jobs", "openstack", "store", "vsphere"}
    )
    | POLICY
    | SETTINGS,
    "panels": PAGES,
    "instance_views": PAGES,
    "templatetags": PAGES,
    "management": PAGES | {"collecting", "endpoints", "jobs", "store"},
    "enabled": frozenset(),
    "apps": frozenset({"checks", "instance_views"}) | PAGES,
    "audit": frozenset({"domain"}) | POLICY | SETTINGS,
    "checks": frozenset({"jobs", "settings_reader"}) | POLICY | SETTINGS,
    "config": frozenset({"config_types", "config_vcenters", "secret", "settings_reader"}),
    "config_types": frozenset({"secret"}),
    "config_vcenters": frozenset({"config_types", "secret", "settings_reader"}),
    "exports": frozenset(),
    "policy": frozenset({"policies"}),
    "policies": frozenset(),
    "secret": frozenset(),
    "settings_reader": frozenset(),
    "wording": frozenset({"domain"}),
}

# Rooms that know nothing of the web, so that they serve a command and a collector as well.
WITHOUT_DJANGO = frozenset({"domain", "vsphere", "openstack"})
WEB = frozenset({"django", "django_tables2", "horizon", "openstack_dashboard", "openstack_auth"})

# Horizon's own ways to OpenStack: their clients wait for an answer without an end.
WITHOUT_DEADLINE = ("openstack_dashboard.api", "openstack_dashboard.usage")

SDK_OWNER = {
    "pyVmomi": "vsphere",
    "pyVim": "vsphere",
    "vmware": "vsphere",
    "novaclient": "openstack",
    "glanceclient": "openstack",
    "cinderclient": "openstack",
    "keystoneauth1": "openstack",
    "openstack": "openstack",
}

# The domain asks nothing of the machine that it runs on.
IMPURE = frozenset(
    {"logging", "os", "pathlib", "random", "socket", "subprocess", "threading", "time"}
)
CLOCKS = frozenset({"now", "utcnow", "today"})


def faults(module: str, source: str) -> list[str]:
    """What the module imports although its room may not, one sentence each."""
    tree = ast.parse(source)
    room = module.removeprefix(PACKAGE).strip(".").partition(".")[0]
    found = [
        f"{module}:{line} imports {name}: {reason}"
        for name, line in imports(module, tree)
        if (reason := refusal(room, name))
    ]
    if room == "domain":
        found += [f"{module}:{line} asks for the time" for line in clock_reads(tree)]
    return found


def refusal(room: str, name: str) -> str:
    """Why a module of `room` may not import `name`; empty if it may."""
    top, _, rest = name.partition(".")
    if top == PACKAGE:
        return _refusal_within(room, rest.partition(".")[0])
    owner = SDK_OWNER.get(top)
    if owner and owner != room:
        return f"only {PACKAGE}.{owner} may"
    if f"{name}.".startswith(tuple(f"{way}." for way in WITHOUT_DEADLINE)):
        return f"only {PACKAGE}.openstack asks OpenStack: Horizon's clients have no deadline"
    if room in WITHOUT_DJANGO and top in WEB:
        return f"{room} knows nothing of Django and Horizon"
    if room == "domain" and (top in IMPURE or top not in sys.stdlib_module_names):
        return "the domain is pure"
    return ""


def _refusal_within(room: str, other: str) -> str:
    if other in ("", room) or other.startswith("__") or not room:
        return ""
    if room not in MAY_IMPORT:
        return f"{room} has no place in tests/rules/arrows.py yet: give it one"
    if other in MAY_IMPORT[room]:
        return ""
    allowed = ", ".join(sorted(MAY_IMPORT[room])) or "nothing of the project"
    return f"{room} may import {allowed}"


def imports(module: str, tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Absolute names of everything imported, wherever it stands, with its line.

    `from a import b` gives `a.b`, because b may be a module.
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(module, node)
            for alias in node.names:
                yield f"{base}.{alias.name}", node.lineno
        elif isinstance(node, ast.Call) and _called(node) in ("import_module", "__import__"):
            if node.args and isinstance(node.args[0], ast.Constant):
                yield str(node.args[0].value), node.lineno


def clock_reads(tree: ast.AST) -> Iterator[int]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr in CLOCKS:
                yield node.lineno


def _absolute(module: str, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    parents = module.split(".")[: -node.level]
    return ".".join([*parents, *([node.module] if node.module else [])])


def _called(node: ast.Call) -> str:
    if isinstance(node.func, ast.Attribute):
        return node.func.attr
    return node.func.id if isinstance(node.func, ast.Name) else ""
