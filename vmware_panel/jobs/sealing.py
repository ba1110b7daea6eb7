"""The asker's access to OpenStack, so that only a process with Django's SECRET_KEY can read it."""

import base64
from datetime import UTC, datetime

import msgspec
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from vmware_panel.openstack.access import Access, Service

_PURPOSE = b"vmware_panel.jobs"


class _Sealed(msgspec.Struct, array_like=True):
    token: str
    expires_at: datetime | None
    endpoints: dict[Service, str]
    region: str
    project_id: str
    timeout_s: float
    ca_file: str | None
    insecure: bool


def seal(access: Access, expires_at: datetime | None) -> bytes:
    """`expires_at` is the token's."""
    plain = _Sealed(
        access.token,
        expires_at,
        dict(access.endpoints),
        access.region,
        access.project_id,
        access.timeout_s,
        access.ca_file,
        access.insecure,
    )
    return _fernet().encrypt(msgspec.msgpack.encode(plain))


def unseal(sealed: bytes) -> Access | None:
    """None if the token has expired, or was sealed with another key."""
    try:
        plain = msgspec.msgpack.decode(_fernet().decrypt(sealed), type=_Sealed)
    except (InvalidToken, msgspec.MsgspecError):
        return None
    if plain.expires_at is not None and plain.expires_at <= datetime.now(UTC):
        return None
    return Access(
        token=plain.token,
        endpoints=plain.endpoints,
        region=plain.region,
        project_id=plain.project_id,
        timeout_s=plain.timeout_s,
        ca_file=plain.ca_file,
        insecure=plain.insecure,
    )


def _fernet() -> MultiFernet:
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return MultiFernet([Fernet(_key(key)) for key in keys])


def _key(secret: str | bytes) -> bytes:
    derived = HKDF(SHA256(), 32, salt=None, info=_PURPOSE).derive(
        secret.encode() if isinstance(secret, str) else secret
    )
    return base64.urlsafe_b64encode(derived)
