"""A password that shows itself only to the one who asks for it by name."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NoReturn

PASSWORD_FILE_LIMIT_BYTES = 4096


class SecretUnavailableError(ValueError):
    """The place that should hold the password gave none. Holds the reason, never the password."""


class Secret:
    """A password, kept out of reprs, logs, pickles, tracebacks and Django's error pages.

    It is fetched anew at each `reveal()`, so a rotated file serves from the next login on.
    """

    __slots__ = ("_fetch",)

    def __init__(self, fetch: Callable[[], str]) -> None:
        self._fetch = fetch

    @classmethod
    def of(cls, value: str) -> "Secret":
        return cls(lambda: value)

    @classmethod
    def from_environment(cls, variable: str, environ: Mapping[str, str] = os.environ) -> "Secret":
        return cls(lambda: _in_environment(variable, environ))

    @classmethod
    def from_file(cls, path: str) -> "Secret":
        return cls(lambda: _in_file(Path(path)))

    def reveal(self) -> str:
        """The password itself.

        Raises `SecretUnavailableError` when its file or environment variable gives none.
        """
        return self._fetch()

    def __repr__(self) -> str:
        return "<secret>"

    __str__ = __repr__

    def __format__(self, format_spec: str) -> str:
        return format(repr(self), format_spec)

    def __copy__(self) -> "Secret":
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> "Secret":
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret cannot be pickled")


def _in_environment(variable: str, environ: Mapping[str, str]) -> str:
    if variable not in environ:
        raise SecretUnavailableError(f"the environment variable {variable} is not set")
    if not environ[variable]:
        raise SecretUnavailableError(f"the environment variable {variable} is empty")
    return environ[variable]


def _in_file(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(PASSWORD_FILE_LIMIT_BYTES + 1)
    except OSError as error:
        raise SecretUnavailableError(f"cannot read {path}: {error.strerror}") from None
    password = _one_line(content)
    if password is None:
        # Out of the frame, which a report with local variables would show.
        del content, password
        raise SecretUnavailableError(
            f"{path} does not hold a password: one line of UTF-8 text, "
            f"at most {PASSWORD_FILE_LIMIT_BYTES} bytes"
        )
    return password


def _one_line(content: bytes) -> str | None:
    """The text without its last newline, or None if it is not one line with something on it."""
    if len(content) > PASSWORD_FILE_LIMIT_BYTES:
        return None
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return None
    text = text.removesuffix("\n").removesuffix("\r")
    if not text or "\n" in text or "\r" in text or "\0" in text:
        return None
    return text
