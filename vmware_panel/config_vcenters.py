"""Reads `VMWARE_PANEL["vcenters"]`, one vCenter at a time."""

import ipaddress
import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from vmware_panel.config_types import HTTPS_PORT, VCenterConfig
from vmware_panel.secret import Secret
from vmware_panel.settings_reader import FaultKind, Section

# What a page calls its other sources; see vmware_panel.domain.outcome.Trouble.source.
RESERVED_NAMES = frozenset({"nova", "glance", "cinder", "placement", "keystone", "store", "jobs"})

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")
_HOST_NAME = re.compile(r"(?=.{1,253}\Z)[A-Za-z0-9_]([A-Za-z0-9_-]*)(\.[A-Za-z0-9_-]+)*\.?")
PASSWORD_REMEDY = "Give exactly one of password, password_env and password_file"  # noqa: S105


def read_vcenter(name: str, section: Section) -> VCenterConfig:
    """`section` is closed; its faults are in it."""
    _check_name(name, section)
    host = _host(section)
    port = section.whole_number("port", HTTPS_PORT, 1, 65535)
    ca_file = section.absolute_path("ca_file", "Write the path of a PEM file")
    insecure = section.flag("insecure")
    if insecure and section.has("ca_file"):
        section.report(
            "insecure",
            "is True although ca_file is given: the certificate would not be checked",
            "Remove insecure to have the certificate checked against ca_file",
            FaultKind.CONFLICT,
        )
    vcenter = VCenterConfig(
        name=name,
        host=host,
        port=port,
        username=section.required_text(
            "username", "Write the vCenter user, e.g. horizon@vsphere.local"
        ),
        password=_password(section),
        ca_file=ca_file,
        insecure=insecure,
        connect_timeout_s=section.seconds("connect_timeout_s", 5.0, 0.1, 120),
        read_timeout_s=section.seconds("read_timeout_s", 20.0, 0.1, 300),
        list_timeout_s=section.seconds("list_timeout_s", 60.0, 1, 3600),
        region=section.text("region", "Write the region's id, or leave it out for every region"),
        web_url=_web_url(section, host, port),
    )
    section.close()
    return vcenter


def _check_name(name: str, section: Section) -> None:
    if not _NAME.fullmatch(name):
        section.report(
            "",
            "is not a name that can stand in a link",
            "Use letters, digits, '.', '_' and '-', at most 63, beginning with a letter or digit",
        )
    elif name.lower() in RESERVED_NAMES:
        section.report(
            "",
            "is the name of another source, which pages use for that source",
            "Give the vCenter another name",
            FaultKind.CONFLICT,
        )


def _host(section: Section) -> str:
    remedy = "Write only the name or address, e.g. vcenter.example.org; the port goes to 'port'"
    host = section.required_text("host", remedy)
    if host and not _is_host(host):
        section.report("host", "is not a host name or IP address", remedy)
    return host


def _is_host(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return bool(_HOST_NAME.fullmatch(text))
    return True


def _web_url(section: Section, host: str, port: int) -> str:
    given = section.text("web_url", "Write an address such as https://vcenter.example.org")
    if given is None:
        netloc = f"[{host}]" if ":" in host else host
        return f"https://{netloc}" if port == HTTPS_PORT else f"https://{netloc}:{port}"
    if not _is_web_address(given):
        section.report(
            "web_url",
            "is not an http or https address without user, query and fragment",
            "Write an address such as https://vcenter.example.org, or leave it out",
        )
    return given.rstrip("/")


def _is_web_address(text: str) -> bool:
    try:
        url = urlsplit(text)
        host, _ = url.hostname, url.port  # raises on a port that is no number
    except ValueError:
        return False
    plain = not (url.query or url.fragment or "@" in url.netloc) and " " not in text
    return url.scheme in ("http", "https") and bool(host) and plain


def _password(section: Section) -> Secret:
    sources = ("password", "password_env", "password_file")
    given = [source for source in sources if section.has(source)]
    if not given:
        section.report("password", "is missing", PASSWORD_REMEDY, FaultKind.MISSING)
    elif len(given) > 1:
        section.report(
            "password",
            f"is given by {' and by '.join(given)}",
            PASSWORD_REMEDY,
            FaultKind.CONFLICT,
        )
    elif given == ["password"]:
        return Secret.of(section.password("password"))
    elif given == ["password_env"]:
        remedy = "Write the name of an environment variable"
        return Secret.from_environment(section.text("password_env", remedy) or "")
    else:
        remedy = "Write the path of a file that holds the password"
        return Secret.from_file(section.absolute_path("password_file", remedy) or "")
    return Secret.of("")


def report_twins(vcenters: Iterable[VCenterConfig], section: Section) -> None:
    """Two that are the same vCenter; `section` is that of the whole setting."""
    seen: dict[tuple[str, int], str] = {}
    for vcenter in vcenters:
        if not vcenter.host:
            continue
        address = (vcenter.host.lower().rstrip("."), vcenter.port)
        first = seen.setdefault(address, vcenter.name)
        if first != vcenter.name:
            section.report(
                f"vcenters.{vcenter.name}.host",
                f"is the same host and port as vcenters.{first}",
                "Describe each vCenter once; without region it stands for every region",
                FaultKind.CONFLICT,
            )
