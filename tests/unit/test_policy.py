"""The policy fails closed."""

from types import SimpleNamespace

import pytest
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.test import override_settings
from oslo_policy import policy as oslo_policy

from vmware_panel import policy
from vmware_panel.policies import DEFAULTS, Rule


def request_of(*roles: str, **changes: object) -> SimpleNamespace:
    user = SimpleNamespace(
        is_authenticated=True,
        id="u1",
        username="someone",
        project_id="p1",
        domain_id=None,
        user_domain_id="default",
        roles=[{"name": role} for role in roles],
        is_superuser="admin" in roles,
    )
    vars(user).update(changes)
    return SimpleNamespace(user=user)


def with_file(tmp_path, text: str):
    path = tmp_path / "vmware_policy.yaml"
    path.write_text(text)
    return override_settings(POLICY_FILES={"vmware": str(path)}, POLICY_DIRS={})


@pytest.fixture(autouse=True)
def _own_enforcer():
    with override_settings(POLICY_FILES={}, POLICY_DIRS={}):
        yield


@pytest.mark.parametrize("rule", list(Rule))
def test_an_admin_may_and_a_member_may_not_by_default(rule):
    assert policy.allowed(request_of("admin"), rule)
    assert not policy.allowed(request_of("member", "reader"), rule)
    assert not policy.allowed(request_of(), rule)


@pytest.mark.parametrize("rule", list(Rule))
def test_every_rule_has_a_default(rule):
    assert rule.value in {default.name for default in DEFAULTS}


def test_the_anonymous_and_a_request_without_user_are_refused():
    for request in (request_of("admin", is_authenticated=False), SimpleNamespace()):
        assert not policy.allowed(request, Rule.LIST_INSTANCES)


def test_an_unregistered_rule_is_refused_even_to_an_admin(monkeypatch):
    monkeypatch.setattr(policy, "DEFAULTS", ())
    monkeypatch.setattr(policy, "_enforcer", None)
    assert not policy.allowed(request_of("admin"), Rule.LIST_INSTANCES)


def test_the_operators_file_opens_one_rule_and_leaves_the_rest(tmp_path):
    rule = Rule.GET_INSTANCE_CLUSTER
    with with_file(tmp_path, f'"{rule.value}": "role:member and project_id:%(project_id)s"\n'):
        assert policy.allowed(request_of("member"), rule, {"project_id": "p1"})
        assert not policy.allowed(request_of("member"), rule, {"project_id": "p2"})
        assert not policy.allowed(request_of("member"), rule)
        assert not policy.allowed(request_of("member"), Rule.GET_INSTANCE, {"project_id": "p1"})


@pytest.mark.parametrize("text", [": : :\n- [", '"vmware:instances:list": ["role:', "- a\n- b\n"])
def test_a_policy_file_that_cannot_be_read_refuses_everyone(tmp_path, text):
    with with_file(tmp_path, text):
        assert not policy.allowed(request_of("admin"), Rule.LIST_INSTANCES)


def test_a_policy_file_that_is_missing_leaves_the_defaults(tmp_path):
    with override_settings(POLICY_FILES={"vmware": str(tmp_path / "none.yaml")}, POLICY_DIRS={}):
        assert policy.allowed(request_of("admin"), Rule.LIST_INSTANCES)
        assert not policy.allowed(request_of("member"), Rule.LIST_INSTANCES)


def test_a_rule_of_nonsense_refuses_everyone(tmp_path):
    with with_file(tmp_path, f'"{Rule.LIST_INSTANCES.value}": "rule:there_is_none"\n'):
        assert not policy.allowed(request_of("admin"), Rule.LIST_INSTANCES)


def test_a_view_is_not_entered_by_one_who_may_not():
    entered = []

    @policy.required(Rule.LIST_INSTANCES)
    def view(request):
        entered.append(request)
        return HttpResponse()

    with pytest.raises(PermissionDenied):
        view(request_of("member"))
    assert not entered
    assert view(request_of("admin")).status_code == 200


def test_an_enforcer_of_oslo_policy_decides():
    policy.allowed(request_of("admin"), Rule.LIST_INSTANCES)
    assert isinstance(policy._get_enforcer(), oslo_policy.Enforcer)
