"""Who may see and do what. Fails closed: whatever cannot be decided is refused.

Horizon's own check allows an unregistered scope and an unknown rule, and its dashboards' rules hide
only navigation. So every view, action, export and command of this project asks here instead.
"""

import logging
import os
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.core.signals import setting_changed
from django.http import HttpRequest, HttpResponseBase
from oslo_config import cfg
from oslo_policy import opts, policy

from vmware_panel.policies import DEFAULTS, SCOPE, Rule

__all__ = ["Rule", "allowed", "require", "required"]

LOG = logging.getLogger(__name__)

DEFAULT_FILE = "vmware_policy.yaml"

# The last two are how oslo.policy takes a file that holds no mapping of rules.
UNREADABLE = (
    OSError,
    ValueError,
    cfg.Error,
    policy.InvalidDefinitionError,
    AttributeError,
    TypeError,
)

_enforcer: policy.Enforcer | None = None


def allowed(request: HttpRequest, rule: Rule, target: Mapping[str, str] | None = None) -> bool:
    """Whether the one who asks may. `target` is the thing concerned, e.g. its `project_id`.

    Anonymous, unknown rule, unreadable policy file: no.
    """
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return False
    credentials = {
        "user_id": user.id,
        "username": user.username,
        "project_id": user.project_id,
        "tenant_id": user.project_id,
        "domain_id": user.domain_id,
        "user_domain_id": user.user_domain_id,
        "roles": [role["name"] for role in user.roles],
        "is_admin": user.is_superuser,
    }
    try:
        return bool(_get_enforcer().authorize(rule.value, dict(target or {}), credentials))
    except (policy.PolicyNotRegistered, policy.InvalidScope):
        LOG.error("Policy rule %s is not registered; access refused", rule.value)
    except UNREADABLE as error:
        LOG.error("Policy of %s cannot be read, access refused: %s", SCOPE, error)
    return False


def require(request: HttpRequest, rule: Rule, target: Mapping[str, str] | None = None) -> None:
    """Raises PermissionDenied (403) unless `allowed`."""
    if not allowed(request, rule, target):
        raise PermissionDenied


def required(
    rule: Rule,
) -> Callable[[Callable[..., HttpResponseBase]], Callable[..., HttpResponseBase]]:
    """Decorator of a view function, or of a view's `dispatch` through `method_decorator`."""

    def decorate(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
        @wraps(view)
        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            require(request, rule)
            return view(request, *args, **kwargs)

        return checked

    return decorate


def _get_enforcer() -> policy.Enforcer:
    global _enforcer
    if _enforcer is None:
        conf = cfg.ConfigOpts()
        conf([])  # else oslo.config reads the web server's command line
        opts.set_defaults(conf)
        base = settings.POLICY_FILES_PATH
        path = settings.POLICY_FILES.get(SCOPE, DEFAULT_FILE)  # need not be there
        folders = [os.path.join(base, folder) for folder in settings.POLICY_DIRS.get(SCOPE, [])]
        conf.set_default("policy_file", os.path.join(base, path), "oslo_policy")
        conf.set_default("policy_dirs", folders, "oslo_policy")
        enforcer = policy.Enforcer(conf)
        enforcer.suppress_default_change_warnings = True
        enforcer.register_defaults(DEFAULTS)
        _enforcer = enforcer
    return _enforcer


def _forget_enforcer(*, setting: str, **_kwargs: Any) -> None:
    global _enforcer
    if setting in {"POLICY_FILES", "POLICY_FILES_PATH", "POLICY_DIRS"}:
        _enforcer = None


setting_changed.connect(_forget_enforcer, dispatch_uid="vmware_panel.policy")
