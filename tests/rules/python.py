"""Rules about a Python module: no blanket except, no room that has grown too large."""

import ast
import re
from collections.abc import Iterator

from tests.rules import markup

LINE_LIMIT = 400
BLANKET = frozenset({"Exception", "BaseException"})
EVENT_HANDLER = re.compile(
    r"on(abort|blur|change|click|error|focus|input|key\w+|load|mouse\w+|reset|submit)"
)


def faults(name: str, source: str) -> list[str]:
    tree = ast.parse(source)
    found = [f"{name}:{line} catches everything: name the errors" for line in blankets(tree)]
    lines = source.count("\n")
    if lines > LINE_LIMIT:
        found.append(f"{name} has {lines} lines, more than {LINE_LIMIT}: make it two")
    for line, text in _texts(tree):
        found += [f"{name}:{line} {fault}" for fault in markup.script_faults(text)]
        if EVENT_HANDLER.fullmatch(text):
            found.append(f"{name}:{line} names the event attribute {text}")
    return found


def blankets(tree: ast.AST) -> Iterator[int]:
    """Lines of `except:`, `except Exception`, and `suppress(Exception)`, tuples included."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler) and (node.type is None or _catches_all(node.type)):
            yield node.lineno
        elif isinstance(node, ast.Call) and _name(node.func) == "suppress":
            if any(_catches_all(argument) for argument in node.args):
                yield node.lineno


def _catches_all(node: ast.expr) -> bool:
    if isinstance(node, ast.Tuple):
        return any(_catches_all(element) for element in node.elts)
    return _name(node) in BLANKET


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _texts(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value
