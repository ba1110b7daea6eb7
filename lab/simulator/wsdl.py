"""The WSDL that Nova's and Cinder's SOAP client (suds) fetches from a vCenter.

A vCenter serves it under ``/sdk/vimService.wsdl``; govmomi's simulator has none. It is generated:
the data types are the XSDs that oslo.vmware ships, the methods come from pyVmomi's metadata.
Methods whose types are not in those XSDs are left out.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from dataclasses import dataclass
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

XSD_VERSION = "8.0"
XSD_FILES = ("core-types.xsd", "query-types.xsd", "reflect-types.xsd", "vim-types.xsd")
NAMESPACES = (
    'targetNamespace="urn:vim25" xmlns="http://www.w3.org/2001/XMLSchema" '
    'xmlns:vim25="urn:vim25" xmlns:reflect="urn:reflect" '
    'xmlns:xsd="http://www.w3.org/2001/XMLSchema" elementFormDefault="qualified"'
)
XML = '<?xml version="1.0" encoding="UTF-8"?>'
SERVICE = f"""{XML}
<definitions targetNamespace="urn:vim25Service" xmlns="http://schemas.xmlsoap.org/wsdl/"
 xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:interface="urn:vim25">
 <import location="vim.wsdl" namespace="urn:vim25"/>
 <service name="VimService"><port binding="interface:VimBinding" name="VimPort">
  <soap:address location="https://localhost/sdk/vimService"/></port></service>
</definitions>
"""


class _UnknownType(Exception):
    """A type of pyVmomi's that the XSDs do not have."""


@dataclass(frozen=True)
class _Element:
    name: str
    type: str
    array: bool
    optional: bool

    def xml(self) -> str:
        least = ' minOccurs="0"' if self.optional else ""
        most = ' maxOccurs="unbounded"' if self.array else ""
        return f'<element name="{self.name}" type="{self.type}"{least}{most}/>'


@dataclass(frozen=True)
class _Method:
    name: str
    parameters: tuple[_Element, ...]
    result: _Element | None
    faults: tuple[str, ...]


def ensure_wsdl(build_dir: Path) -> Path:
    """Folder with ``vimService.wsdl`` and what it includes, made unless it is there already."""
    versions = f"{version('pyvmomi')} {version('oslo.vmware')} {Path(__file__).read_text()}"
    digest = hashlib.sha256(versions.encode()).hexdigest()[:16]
    folder = build_dir.resolve() / f"wsdl-{digest}"
    if folder.is_dir():
        return folder
    build_dir.mkdir(parents=True, exist_ok=True)
    unfinished = Path(mkdtemp(prefix="wsdl-part-", dir=build_dir))
    _write(unfinished)
    try:
        unfinished.rename(folder)
    except OSError:  # another process was faster
        shutil.rmtree(unfinished)
    return folder


def _write(folder: Path) -> None:
    known: set[str] = set()
    shipped = files("oslo_vmware") / "wsdl" / XSD_VERSION
    for name in XSD_FILES:
        text = (shipped / name).read_text()
        (folder / name).write_text(text)
        known.update(re.findall(r'<(?:complexType|simpleType) name="(\w+)"', text))
    methods = _methods(known)
    (folder / "vim-messagetypes.xsd").write_text(_message_types(methods))
    (folder / "vim.wsdl").write_text(_wsdl(methods))
    (folder / "vimService.wsdl").write_text(SERVICE)


def _methods(known: set[str]) -> list[_Method]:
    from pyVmomi import VmomiSupport

    methods: dict[str, _Method] = {}
    for _, definition in sorted(VmomiSupport._managedDefMap.items()):
        vmodl_name = definition[0]
        if not vmodl_name.startswith(("vim.", "vmodl.query.", "vmodl.ManagedObject")):
            continue
        for described in definition[5] or ():
            name = described[1]
            if name not in methods:
                try:
                    methods[name] = _method(described, known)
                except _UnknownType:
                    continue
    return [methods[name] for name in sorted(methods)]


def _method(described: tuple[Any, ...], known: set[str]) -> _Method:
    from pyVmomi.VmomiSupport import F_OPTIONAL

    _, name, _, parameters, result, _, faults = described
    elements = []
    for parameter in parameters or ():
        optional = bool(parameter[3] & F_OPTIONAL)
        try:
            elements.append(_Element(parameter[0], *_wsdl_type(parameter[1], known), optional))
        except _UnknownType:
            if not optional:  # a parameter of a newer version may be left out, others may not
                raise
    returned = None
    if name.endswith("_Task"):
        returned = _Element("returnval", "vim25:ManagedObjectReference", False, False)
    elif result[1] not in (None, "void"):
        optional = bool(result[0] & F_OPTIONAL)
        returned = _Element("returnval", *_wsdl_type(result[1], known), optional)
    known_faults = []
    for fault in faults or ():
        try:
            known_faults.append(_wsdl_type(fault, known)[0].split(":")[1])
        except _UnknownType:
            continue
    return _Method(name, tuple(elements), returned, tuple(known_faults))


def _wsdl_type(vmodl_name: str, known: set[str]) -> tuple[str, bool]:
    """(qualified XSD type, whether it is an array of it)."""
    from pyVmomi import VmomiSupport

    kind = VmomiSupport.GetVmodlType(vmodl_name)
    array = issubclass(kind, VmomiSupport.Array)
    if array:
        kind = kind.Item
        if issubclass(kind, VmomiSupport.Array):  # an array of arrays has a type of its own
            return f"vim25:{VmomiSupport.GetWsdlName(kind)}", True
    if issubclass(kind, VmomiSupport.ManagedObject):
        return "vim25:ManagedObjectReference", array
    namespace, name = VmomiSupport.GetQualifiedWsdlName(kind)
    if name in ("TypeName", "MethodName", "PropertyPath"):  # vmodl names travel as strings
        return "xsd:string", array
    if "XMLSchema" in namespace:
        return f"xsd:{name}", array
    if name in known:
        return f"vim25:{name}", array
    raise _UnknownType(f"{vmodl_name}: {name}")


def _message_types(methods: list[_Method]) -> str:
    lines = [XML, f"<schema {NAMESPACES}>"]
    for name in ("core-types.xsd", "query-types.xsd", "vim-types.xsd"):
        lines.append(f' <include schemaLocation="{name}"/>')
    for method in methods:
        lines.append(f' <complexType name="{method.name}RequestType"><sequence>')
        lines.append('  <element name="_this" type="vim25:ManagedObjectReference"/>')
        lines += [f"  {parameter.xml()}" for parameter in method.parameters]
        lines.append(" </sequence></complexType>")
    lines.append("</schema>")
    return "\n".join(lines) + "\n"


def _wsdl(methods: list[_Method]) -> str:
    faults = sorted({"RuntimeFault", *(fault for method in methods for fault in method.faults)})
    lines = [
        XML,
        '<definitions targetNamespace="urn:vim25" xmlns="http://schemas.xmlsoap.org/wsdl/" '
        'xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:vim25="urn:vim25" '
        'xmlns:xsd="http://www.w3.org/2001/XMLSchema">',
        f"<types><schema {NAMESPACES}>",
    ]
    for name in ("core-types.xsd", "query-types.xsd", "vim-types.xsd", "vim-messagetypes.xsd"):
        lines.append(f' <include schemaLocation="{name}"/>')
    lines.append(' <element name="versionURI" type="xsd:string"/>')
    lines += [f' <element name="{fault}Fault" type="vim25:{fault}"/>' for fault in faults]
    for method in methods:
        result = method.result.xml() if method.result else ""
        lines.append(f' <element name="{method.name}" type="vim25:{method.name}RequestType"/>')
        lines.append(
            f' <element name="{method.name}Response"><complexType><sequence>{result}'
            "</sequence></complexType></element>"
        )
    lines.append("</schema></types>")
    for fault in faults:
        lines.append(_message(f"{fault}FaultMsg", "fault", f"{fault}Fault"))
    for method in methods:
        lines.append(_message(f"{method.name}RequestMsg", "parameters", method.name))
        lines.append(_message(f"{method.name}ResponseMsg", "parameters", f"{method.name}Response"))
    lines.append('<portType name="VimPortType">')
    for method in methods:
        lines.append(
            f'<operation name="{method.name}"><input message="vim25:{method.name}RequestMsg"/>'
            f'<output message="vim25:{method.name}ResponseMsg"/></operation>'
        )
    lines.append("</portType>")
    lines.append('<binding name="VimBinding" type="vim25:VimPortType">')
    lines.append(
        '<soap:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>'
    )
    for method in methods:
        lines.append(
            f'<operation name="{method.name}">'
            f'<soap:operation soapAction="urn:vim25/{XSD_VERSION}.0.0" style="document"/>'
            '<input><soap:body use="literal"/></input>'
            '<output><soap:body use="literal"/></output></operation>'
        )
    lines.append("</binding></definitions>")
    return "\n".join(lines) + "\n"


def _message(name: str, part: str, element: str) -> str:
    return f'<message name="{name}"><part name="{part}" element="vim25:{element}"/></message>'
