"""Django's system checks of `VMWARE_PANEL`: `manage.py check` names key, fault and remedy.

Errors (E) are faults of the settings' text; the ids are those of `FaultKind`. Warnings (W) are
what an operator should know, and what this machine lacks just now: a settings file is also read
where an image is built, without its password files.
"""

import ssl
from collections.abc import Iterator, Sequence

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error, Warning, register

from vmware_panel.config import SETTING, ConfigError, VCenterConfig, get_config
from vmware_panel.secret import SecretUnavailableError

INSECURE = "vmware_panel.W001"
NO_VCENTER = "vmware_panel.W002"
NO_PASSWORD = "vmware_panel.W003"  # noqa: S105
BAD_CA_FILE = "vmware_panel.W004"


@register("vmware_panel")
def check_settings(
    app_configs: Sequence[AppConfig] | None = None, **kwargs: object
) -> list[CheckMessage]:
    try:
        config = get_config()
    except ConfigError as error:
        return [Error(f.statement, hint=f.advice, id=f.kind) for f in error.faults]
    if not config.vcenters:
        return [
            Warning(
                f"{SETTING} describes no vCenter, so the VMware pages have nothing to show.",
                hint=f"Write {SETTING} = {{'vcenters': {{'prod': {{'host': "
                "'vcenter.example.org', 'username': 'horizon@vsphere.local', 'password_file': "
                "'/etc/openstack-dashboard/vcenter-prod.password'}}} into local_settings.py.",
                id=NO_VCENTER,
            )
        ]
    return [message for vcenter in config.vcenters for message in _warnings(vcenter)]


def _warnings(vcenter: VCenterConfig) -> Iterator[Warning]:
    key = f"{SETTING}.vcenters.{vcenter.name}"
    if vcenter.insecure:
        yield Warning(
            f"{key}.insecure: the certificate of {vcenter.host} is not checked, so whoever can "
            "answer in its place gets the password.",
            hint="Remove insecure, and name the CA that signed the certificate in ca_file.",
            id=INSECURE,
        )
    try:
        vcenter.password.reveal()
    except SecretUnavailableError as error:
        yield Warning(
            f"{key}.password: {error}.",
            hint="Provide it to the user that runs Horizon, or correct password_env or "
            "password_file.",
            id=NO_PASSWORD,
        )
    if vcenter.ca_file and (fault := _ca_file_fault(vcenter.ca_file)):
        yield Warning(
            f"{key}.ca_file: {fault}.",
            hint="Give a PEM file with the CA's certificate that the user who runs Horizon can "
            "read, or remove ca_file to use the system's CAs.",
            id=BAD_CA_FILE,
        )


def _ca_file_fault(path: str) -> str:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(cafile=path)
    except ssl.SSLError:
        return f"{path} holds no certificate in PEM form"
    except OSError as error:
        return f"cannot read {path}: {error.strerror}"
    return ""
