"""Generated parts of answers, in the ways that XML has to write them."""

from xml.sax.saxutils import escape

from hypothesis import strategies as st
from pyVmomi import vim
from pyVmomi.VmomiSupport import byte, long, short

from tests.vsphere.answers import missing, prop, serialized

XSI = "http://www.w3.org/2001/XMLSchema-instance"

TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc"))) | st.sampled_from(
    ["", " ", "\n a \t", "<&>\"'", "]]>", "true", "0", "%2f", "ü…𝄞"]
)


def written(text: str, how: str) -> str:
    if how == "cdata":
        return "<![CDATA[" + text.replace("]]>", "]]]]><![CDATA[>") + "]]>"
    if how == "numbers":
        return "".join(f"&#x{ord(char):x};" for char in text)
    if how == "split":
        return "<!-- a -->".join(map(escape, text)) + "<?a b?>"
    return escape(text)


HOW = st.sampled_from(["escaped", "cdata", "numbers", "split"])


@st.composite
def plain(draw: st.DrawFn) -> str:
    """A value of a type that is a plain one, as XML."""
    kind = draw(
        st.sampled_from(
            ["string", "int", "long", "short", "byte", "boolean", "anyURI", "double", "dateTime"]
        )
    )
    text = {
        "string": TEXTS,
        "anyURI": TEXTS,
        "boolean": st.sampled_from(["true", "false", "1", "0", "TRUE", "False"]),
        "double": st.sampled_from(["1.5", "0"]),
        "dateTime": st.just("2026-11-22T10:00:00Z"),
    }.get(kind, st.integers(-(2**63), 2**63 - 1).map(lambda n: f" {n}\n"))
    return f'<val xsi:type="xsd:{kind}">{written(draw(text), draw(HOW))}</val>'


@st.composite
def reference(draw: st.DrawFn, tag: str = "val", said: bool = True) -> str:
    kind = draw(st.sampled_from(["HostSystem", "Datastore", "Folder", "ResourcePool"]))
    moref = escape(draw(st.sampled_from(["host-1", "", "a b"]) | TEXTS))
    return f'<{tag}{" xsi:type=" + chr(34) + "ManagedObjectReference" + chr(34) if said else ""} type="{kind}">{moref}</{tag}>'


references = st.lists(reference("ManagedObjectReference", False)).map(
    lambda them: f'<val xsi:type="ArrayOfManagedObjectReference">{"".join(them)}</val>'
)

_USAGE_NUMBERS = (
    "totalCpuCapacityMhz",
    "totalMemCapacityMB",
    "cpuReservationMhz",
    "memReservationMB",
    "poweredOffCpuReservationMhz",
    "poweredOffMemReservationMB",
    "cpuEntitledMhz",
    "memEntitledMB",
    "poweredOffVmCount",
    "totalVmCount",
)


def usage_summary(cpu_mhz: int, memory_mb: int) -> vim.cluster.UsageSummary:
    return vim.cluster.UsageSummary(
        cpuDemandMhz=cpu_mhz,
        memDemandMB=memory_mb,
        statsGenNumber=long(1),
        **dict.fromkeys(_USAGE_NUMBERS, 7),
    )


NUMBERS = st.integers(0, 2**31 - 1)
HA_POLICIES = st.one_of(
    st.builds(
        vim.cluster.FailoverResourcesAdmissionControlPolicy,
        cpuFailoverResourcesPercent=NUMBERS,
        memoryFailoverResourcesPercent=NUMBERS,
    ),
    st.builds(
        vim.cluster.FailoverLevelAdmissionControlPolicy,
        failoverLevel=NUMBERS,
        slotPolicy=st.none()
        | st.builds(vim.cluster.FixedSizeSlotPolicy, cpu=NUMBERS, memory=NUMBERS),
    ),
    st.builds(
        vim.cluster.FailoverHostAdmissionControlPolicy,
        failoverHosts=st.lists(st.sampled_from(["host-1", "host-2", "host-3"]), max_size=3).map(
            lambda morefs: [vim.HostSystem(moref) for moref in morefs]
        ),
    ),
    st.just(vim.cluster.DasAdmissionControlPolicy()),
)
CLUSTER_SUMMARIES = st.builds(
    vim.ClusterComputeResource.Summary,
    totalCpu=NUMBERS,
    totalMemory=NUMBERS.map(long),
    numCpuCores=st.just(short(8)),
    numCpuThreads=st.just(short(16)),
    effectiveCpu=NUMBERS,
    effectiveMemory=NUMBERS.map(long),
    numHosts=NUMBERS,
    numEffectiveHosts=NUMBERS,
    overallStatus=st.just("green"),
    currentFailoverLevel=NUMBERS,
    numVmotions=NUMBERS,
    drsScore=st.none() | NUMBERS,
    admissionControlInfo=st.none()
    | st.builds(
        vim.cluster.FailoverResourcesAdmissionControlInfo,
        currentCpuFailoverResourcesPercent=NUMBERS,
        currentMemoryFailoverResourcesPercent=NUMBERS,
    )
    | st.builds(vim.cluster.FailoverLevelAdmissionControlInfo, currentFailoverLevel=NUMBERS),
    usageSummary=st.none() | st.builds(usage_summary, NUMBERS, NUMBERS),
)
NUMA_NODES = st.lists(
    st.builds(
        vim.host.NumaNode,
        typeId=st.integers(0, 7).map(byte),
        cpuID=st.lists(st.integers(0, 255).map(short), min_size=1, max_size=4),
        memoryRangeBegin=NUMBERS.map(long),
        memoryRangeLength=NUMBERS.map(long),
    ),
    max_size=3,
).map(vim.host.NumaNode.Array)
ADAPTERS = st.lists(
    st.builds(
        vim.host.PhysicalNic,
        device=TEXTS,
        mac=TEXTS,
        driver=st.none() | TEXTS,
        pci=st.just("0000:01:00.0"),
        wakeOnLanSupported=st.booleans(),
        spec=st.just(vim.host.PhysicalNic.Specification()),
        linkSpeed=st.none()
        | st.builds(vim.host.PhysicalNic.LinkSpeedDuplex, speedMb=NUMBERS, duplex=st.booleans()),
    ),
    max_size=3,
).map(vim.host.PhysicalNic.Array)

sdk_values = st.one_of(
    HA_POLICIES,
    CLUSTER_SUMMARIES,
    NUMA_NODES,
    ADAPTERS,
    st.builds(vim.ext.ManagedByInfo, extensionKey=TEXTS, type=TEXTS),
    st.builds(vim.option.OptionValue, key=TEXTS, value=TEXTS | st.booleans()),
    st.builds(
        vim.option.OptionValue.Array,
        st.lists(st.builds(vim.option.OptionValue, key=TEXTS, value=TEXTS)),
    ),
    st.sampled_from(list(vim.VirtualMachine.PowerState.values)).map(vim.VirtualMachine.PowerState),
    st.builds(vim.Description, label=TEXTS, summary=TEXTS),
    st.builds(
        vim.option.BoolOption,
        defaultValue=st.booleans(),
        valueIsReadonly=st.booleans(),
        supported=st.booleans(),
    ),
    st.just(vim.VirtualMachine.PowerState.Array(["poweredOn"])),
).map(serialized)

values = plain() | reference() | references | sdk_values

FAULTS = (
    '<fault xsi:type="NoPermission"><object type="VirtualMachine">vm-1</object>'
    "<privilegeId>System.Read</privilegeId></fault>",
    '<fault xsi:type="NotAuthenticated"/>',
    '<fault xsi:type="ManagedObjectNotFound"><obj type="VirtualMachine">vm-1</obj></fault>',
    '<fault xsi:type="SystemError"><faultCause><fault xsi:type="NotAuthenticated"/>'
    "<localizedMessage/></faultCause><reason>x</reason></fault>",
    '<fault xsi:type="ManagedObjectNotFound"><faultMessage><key>a</key><arg><key>1</key>'
    '<value xsi:type="xsd:string">x</value></arg></faultMessage>'
    '<obj type="HostSystem">host-1</obj></fault>',
)
DYNAMIC = (
    "<dynamicType>x</dynamicType>",
    '<dynamicProperty><name>name</name><val xsi:type="xsd:string">no</val></dynamicProperty>',
)
parts = st.lists(
    st.builds(prop, TEXTS.map(escape), values)
    | st.builds(missing, st.just("name"), st.sampled_from(FAULTS))
    | st.sampled_from(DYNAMIC)
)


_FRAME = (
    "RetrievePropertiesExResponse",
    "WaitForUpdatesExResponse",
    "returnval",
    "objects",
    "obj",
    "propSet",
    "val",
    "filterSet",
    "objectSet",
    "changeSet",
    "op",
)


def with_prefixes(xml: bytes) -> bytes:
    """The same, by prefixes in place of the default namespace."""
    text = xml.decode().replace('xmlns="urn:vim25"', 'xmlns:v="urn:vim25"')
    for tag in _FRAME:
        text = text.replace(f"<{tag} ", f"<v:{tag} ").replace(f"<{tag}>", f"<v:{tag}>")
        text = text.replace(f"</{tag}>", f"</v:{tag}>")
    return text.encode()


def with_other_prefixes(xml: bytes) -> bytes:
    """As the simulator writes it: the schema's prefix declared at each value."""
    text = xml.decode().replace(f' xmlns:xsi="{XSI}"', "").replace("xsi:type", "i:type")
    text = text.replace("xmlns:xsd", "xmlns:s").replace('"xsd:', '"s:')
    return text.replace('<val i:type="', f'<val xmlns:i="{XSI}" i:type="').encode()


def with_other_prefixes_anywhere(xml: bytes) -> bytes:
    text = with_other_prefixes(xml).decode()
    for tag in ("objects", "filterSet"):
        text = text.replace(f"<{tag}>", f'<{tag} xmlns:i="{XSI}">')
    return text.encode()


def indented(xml: bytes) -> bytes:
    for tag in (b"objects", b"propSet", b"missingSet", b"returnval", b"objectSet", b"changeSet"):
        xml = xml.replace(b"<%s>" % tag, b"\n <%s>\n\t" % tag)
        xml = xml.replace(b"</%s>" % tag, b"\r\n</%s> " % tag)
    return xml


SHAPES = st.sampled_from([lambda xml: xml, with_prefixes, with_other_prefixes_anywhere, indented])
