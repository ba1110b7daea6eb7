import copy
import pickle
import pprint
import traceback

import pytest

from vmware_panel.secret import Secret

PASSWORD = "pa55-w0rd-nobody-may-see"


def test_reveal() -> None:
    assert Secret.of(PASSWORD).reveal() == PASSWORD


@pytest.mark.parametrize(
    "show",
    [repr, str, pprint.pformat, "{}".format, "{!r:>40}".format, "%s".__mod__, ascii],
    ids=["repr", "str", "pprint", "format", "format-spec", "percent", "ascii"],
)
def test_it_never_shows(show: object) -> None:
    assert callable(show)
    shown = show(Secret.of(PASSWORD))
    assert "<secret>" in shown
    assert PASSWORD not in shown


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_it_cannot_be_pickled(protocol: int) -> None:
    with pytest.raises(TypeError, match="pickled"):
        pickle.dumps(Secret.of(PASSWORD), protocol)


def test_a_copy_is_the_same_secret() -> None:
    secret = Secret.of(PASSWORD)
    assert copy.copy(secret) is secret
    assert copy.deepcopy([secret])[0] is secret


def test_a_traceback_with_local_variables_does_not_show_it() -> None:
    def fail(secret: Secret) -> None:
        raise ValueError(f"login with {secret} failed")

    try:
        fail(Secret.of(PASSWORD))
    except ValueError as error:
        told = "".join(
            traceback.TracebackException.from_exception(error, capture_locals=True).format()
        )
    assert "<secret>" in told
    assert PASSWORD not in told


def test_it_has_no_attributes_to_look_through() -> None:
    assert not hasattr(Secret.of(PASSWORD), "__dict__")
