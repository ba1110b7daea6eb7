"""Lists of any length: all pages or an error."""

from collections.abc import Callable, Mapping
from typing import TypeVar
from urllib.parse import parse_qs

from vmware_panel.domain.outcome import TroubleKind
from vmware_panel.openstack.clients import Changer, Json, Reader
from vmware_panel.openstack.errors import CloudError, Unanswered, cloud_error
from vmware_panel.openstack.fields import MalformedError, identity, inner, inners, text

T = TypeVar("T")

Params = Mapping[str, str | int]


def read_all(
    reader: Reader,
    path: str,
    key: str,
    build: Callable[[Json], T],
    params: Params | None = None,
    on_page: Callable[[int], None] | None = None,
) -> tuple[T, ...]:
    """Every object of a list, in the service's order, each once.

    One call a page, and none to find the end: the link to the next page says whether there is one.
    Of that link only the marker is used; its address is the service's own idea of itself, which
    is often wrong behind a proxy, and the token does not go there. `on_page` hears after each page
    how many objects were read so far.

    Raises `CloudError`; `bad_answer` where a server gives the same page over and over.
    """
    found: dict[str, T] = {}
    query: dict[str, str | int] = dict(params or {})
    while True:
        body = _page(reader, path, query)
        page = items(reader, body, key)
        before = len(found)
        for item in page:
            found.setdefault(parse(reader, identity, item), parse(reader, build, item))
        if on_page is not None:
            on_page(len(found))
        marker = _next_marker(body, key)
        if marker is None or not page:
            return tuple(found.values())
        if len(found) == before:
            raise cloud_error(
                reader.service,
                TroubleKind.BAD_ANSWER,
                f"{path} gives the same page again for another marker",
            )
        query["marker"] = marker


def _page(reader: Reader, path: str, query: Params) -> Json:
    """One page, with the two errors in better words that mean something else for a list."""
    try:
        return reader.get(path, query)
    except CloudError as error:
        if "marker" in query and error.status in (400, 404):
            # The object that the page before ended on is gone: Nova's and Glance's answer is 400.
            cause = "the list changed while it was read"
        elif error.status == 404:
            cause = "a list is always there, so check the service's address in the catalogue"
        else:
            raise
        raise cloud_error(
            reader.service, TroubleKind.BAD_ANSWER, f"HTTP {error.status} for {path}: {cause}"
        ) from error


def items(reader: Reader, body: Json, key: str) -> tuple[Json, ...]:
    """The objects under `key`; raises `CloudError` where there is no such list."""
    if not isinstance(body.get(key), list):
        raise cloud_error(
            reader.service, TroubleKind.BAD_ANSWER, f"the answer holds no list {key!r}"
        )
    return tuple(inners(body, key))


def parse(reader: Reader, build: Callable[[Json], T], item: Json) -> T:
    """`build(item)`, with what it cannot read as a `CloudError`."""
    try:
        return build(item)
    except MalformedError as error:
        raise cloud_error(reader.service, TroubleKind.BAD_ANSWER, str(error)) from error


def parse_change(changer: Changer, build: Callable[[Json], T], item: Json) -> T:
    """The same of the answer to a change, which is then `Unanswered`."""
    try:
        return build(item)
    except MalformedError as error:
        unread = cloud_error(changer.service, TroubleKind.BAD_ANSWER, str(error))
        raise Unanswered(unread.trouble) from error


def _next_marker(body: Json, key: str) -> str | None:
    """Nova and Cinder: `<key>_links`, a list of `rel` and `href`. Glance: `next`, a path.
    Keystone: `next` among `links`.
    """
    links = [
        text(link, "href") for link in inners(body, f"{key}_links") if link.get("rel") == "next"
    ]
    links += [text(body, "next"), text(inner(body, "links"), "next")]
    for link in links:
        marker = parse_qs(link.partition("?")[2]).get("marker")
        if marker:
            return marker[0]
    return None
