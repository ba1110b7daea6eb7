# mypy: allow-untyped-calls
"""Decodes one managed object of an answer: who it is, its properties, and which of them fail."""

from typing import Any, NamedTuple

from pyVmomi import vim
from pyVmomi.SoapAdapter import XSI_TYPE

from vmware_panel.vsphere.answer_decoder import AnswerDecoder
from vmware_panel.vsphere.leaves import refuse
from vmware_panel.vsphere.rows import Reference, Value
from vmware_panel.vsphere.search_results import searched_folder
from vmware_panel.vsphere.structures import TYPE, Tree, disk, mounted_image, structure
from vmware_panel.vsphere.wire_types import UNKNOWN, Shape

EVERY_OBJECT_MAY_HAVE = frozenset({"dynamicType", "dynamicProperty"})

_REFERENCES, _OPTIONS, _STRUCTURE = Shape.REFERENCES, Shape.OPTIONS, Shape.STRUCTURE
_FOLDERS = Shape.FOLDERS


class Names(NamedTuple):
    """What an object's parts are called in one kind of answer."""

    object: str
    property: str
    plain: str = ""  # a plain part of the object
    plain_of_property: str = ""  # one of a property, beside its name


class ObjectDecoder(AnswerDecoder):
    """The frame within an object, which stands at `level`; what is around it is for subclasses.

    They find the object in `_ref`, `_values`, `_missing` and `_plain`, and take it when it ends.
    """

    keeps_drives = False

    def __init__(self, version: str, names: Names, level: int) -> None:
        super().__init__(version)
        self._names = names
        # The levels of an object, of its parts, of theirs, and of the items of a list
        self._object, self._part, self._item, self._list_item = range(level, level + 4)
        self._open = [""] * (level + 4)  # the tags of the open elements, by level
        self._begin_object()
        # One property
        self._in_property = False
        self._path: str | None = None
        self._value: Value | None = None
        self._value_type = UNKNOWN
        self._attributes: dict[str, str] = {}
        self._items: list[Any] = []
        self._plain_of_property = ""

    def _begin_object(self) -> None:
        self._ref: Reference | None = None
        self._values: dict[str, Value | None] = {}
        self._missing: list[Tree] = []
        self._plain = ""

    def _start_around(self, level: int, name: str, attributes: dict[str, str]) -> None:
        raise NotImplementedError

    def _end_around(self, level: int, name: str) -> None:
        raise NotImplementedError

    def _end_property(self) -> None:
        raise NotImplementedError

    def _is_unset(self, _attributes: dict[str, str]) -> bool:
        """True for a value that is there to say that there is none."""
        return False

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._text.clear()
        level = self._level = self._level + 1
        if level > self._list_item:
            refuse("an element within a plain value")
        self._open[level] = tag
        if level == self._item:
            if not self._in_property:
                refuse("an element within a reference")
            name = self._local[tag]
            if name == "val":
                self._start_value(attributes)
            elif name != "name" and name != self._names.plain_of_property:
                refuse("no part of a property")
        elif level == self._part:
            self._start_part(self._local[tag], attributes)
        elif level == self._list_item:
            self._start_of_list_item(tag, attributes)
        else:
            self._start_around(level, self._local[tag], attributes)

    def _start_part(self, name: str, attributes: dict[str, str]) -> None:
        if self._local[self._open[self._object]] != self._names.object:
            refuse("an element within a plain value")
        self._in_property = False
        if name == self._names.property:
            self._in_property = True
            self._path = self._value = None
            self._plain_of_property = ""
        elif name == "obj":
            self._attributes = attributes
        elif name == "missingSet":
            self._plant(attributes, self._missing.append)
        elif name in EVERY_OBJECT_MAY_HAVE:
            self._pass_over()
        elif name != self._names.plain:
            refuse("no part of an object")

    def _start_value(self, attributes: dict[str, str]) -> None:
        said = attributes.get(XSI_TYPE)
        if self._is_unset(attributes):
            self._pass_over()
            return
        if said is None:
            refuse("a value without a type")
        found = self._value_type = self._types[said]
        if found.is_leaf:
            self._attributes = attributes
        elif found.is_list:
            self._items = []
        elif found.shape is _STRUCTURE:
            self._plant(attributes, self._set_structure)
        else:
            self._pass_over()

    def _start_of_list_item(self, tag: str, attributes: dict[str, str]) -> None:
        if not self._value_type.is_list or self._local[self._open[self._item]] != "val":
            refuse("an element within a plain value")
        said = attributes.get(XSI_TYPE)
        found = UNKNOWN if said is None else self._types[said]
        shape = self._value_type.shape
        if shape is _REFERENCES:
            if said is None or found.is_reference:
                self._attributes = attributes
            else:
                self._pass_over()
        elif shape is _OPTIONS:
            self._plant(attributes, self._add_option)
        elif shape is _FOLDERS:
            self._plant(attributes, self._add_folder)
        elif found.is_disk:
            self._plant(attributes, self._add_disk)
        elif self.keeps_drives and found.is_drive:
            self._plant(attributes, self._add_drive)
        else:
            self._pass_over_item(tag)

    def _end(self, tag: str) -> None:
        level = self._level
        if tag != self._open[level]:
            refuse("an element within another of its name")  # see `_pass_over_item`
        self._level = level - 1
        if level == self._item:
            name = self._local[tag]
            if name == "name":
                self._path = "".join(self._text)
            elif name != "val":
                self._plain_of_property = "".join(self._text)
            elif self._value_type.is_list:
                self._value = tuple(self._items)
            else:
                self._value = self._leaves.value(
                    self._value_type, self._attributes, "".join(self._text)
                )
        elif level == self._part:
            if self._in_property:
                self._end_property()
            elif self._local[tag] == "obj":
                self._ref = self._leaves.reference(self._attributes, "".join(self._text))
            else:
                self._plain = "".join(self._text)
        elif level == self._list_item:
            self._items.append(self._leaves.reference(self._attributes, "".join(self._text)))
        else:
            self._end_around(level, self._local[tag])

    def _set_structure(self, tree: Tree) -> None:
        self._value = structure(tree)

    def _add_disk(self, tree: Tree) -> None:
        self._items.append(disk(tree))

    def _add_drive(self, tree: Tree) -> None:
        if (found := mounted_image(tree)) is not None:
            self._items.append(found)

    def _add_option(self, tree: Tree) -> None:
        tree.setdefault(TYPE, vim.option.OptionValue)
        if (found := structure(tree)) is not None:
            self._items.append(found)

    def _add_folder(self, tree: Tree) -> None:
        self._items.append(searched_folder(tree))

    def _named_object(self) -> tuple[type, Reference]:
        ref = self._ref
        if ref is None:
            refuse("an object that is not named")
        return self._classes.get(ref.type) or self._class_of(ref.type), ref
