"""What hangs on Django's SECRET_KEY: who can read the asker's access, and whose a journal is."""

import base64
from datetime import UTC, datetime

import msgspec
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from vmware_panel.openstack.access import Access, Service

_PURPOSE = b"vmware_panel.jobs"
_WHOSE = b"vmware_panel.jobs deployment"


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


def deployment_id() -> str:
    """The same for all processes of one Horizon and another for any other, though they share a
    machine, a user or a cache: a job is nobody else's to work at, whose settings may give another
    vCenter the same name.
    """
    return _derived(settings.SECRET_KEY, _WHOSE, 6).hex()


def _key(secret: str | bytes) -> bytes:
    return base64.urlsafe_b64encode(_derived(secret, _PURPOSE, 32))


def _derived(secret: str | bytes, purpose: bytes, length: int) -> bytes:
    given = secret.encode() if isinstance(secret, str) else secret
    return HKDF(SHA256(), length, salt=None, info=purpose).derive(given)
