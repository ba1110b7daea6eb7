"""The page and the exports of a list. Neither asks anybody anything before the policy has said yes."""

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any, ClassVar

from django.conf import settings
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    JsonResponse,
    QueryDict,
)
from django.views import View
from horizon.utils.functions import get_page_size
from horizon.views import HorizonTemplateView

from vmware_panel import exports, policy
from vmware_panel.domain.kept import Kept
from vmware_panel.domain.outcome import Trouble
from vmware_panel.panels.listing.columns import ListingTable, Sort
from vmware_panel.panels.listing.filters import FilterForm
from vmware_panel.panels.listing.listing import PAGE, SIZE, Listing
from vmware_panel.wording import trouble_words


@dataclass(frozen=True)
class Source:
    """What a list is made of. `rows` is None where the source that lists them did not answer.

    `faults` are those of the settings, in words, where they keep everything from being read.
    `known` are the values that a filter allows though no row has them. `shown` is what the page's
    template wants besides the list.
    """

    rows: Kept[Any] | None
    known: Mapping[str, Iterable[str]] = field(default_factory=dict)
    read_at: datetime | None = None
    troubles: tuple[Trouble, ...] = ()
    faults: tuple[str, ...] = ()
    shown: Mapping[str, Any] = field(default_factory=dict)


class ListSource(View):
    """What the page and the exports of one list have in common."""

    rule: ClassVar[policy.Rule]
    table_class: ClassVar[type[ListingTable]]
    filter_class: ClassVar[type[FilterForm]]
    default_sort: ClassVar[Sort]
    ties: ClassVar[tuple[str, ...]] = ()
    http_method_names = ["get", "head", "options"]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        policy.require(request, self.rule)
        return super().dispatch(request, *args, **kwargs)

    @abstractmethod
    def read(self) -> Source:
        """Asks for everything that the list shows."""

    def listing(self, source: Source, query: QueryDict, default_size: int = 1) -> Listing:
        return Listing(
            self.table_class,
            self.filter_class,
            Kept() if source.rows is None else source.rows,
            query,
            default_sort=self.default_sort,
            default_size=default_size,
            known=source.known,
            ties=self.ties,
        )


class ListingView(ListSource, HorizonTemplateView):
    """The page. Its address keeps the filters, the order and the page, and nothing empty."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        filled = [(name, v) for name, values in request.GET.lists() for v in values if v]
        if len(filled) < sum(len(values) for _name, values in request.GET.lists()):
            query = request.GET.copy()
            query.clear()
            for name, value in filled:
                query.appendlist(name, value)
            return HttpResponseRedirect(f"{request.path}?{query.urlencode()}".removesuffix("?"))
        return super().get(request, *args, **kwargs)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        source = self.read()
        size = min(max(1, get_page_size(self.request)), settings.API_RESULT_LIMIT)
        listing = None if source.rows is None else self.listing(source, self.request.GET, size)
        return super().get_context_data(listing=listing, **source.shown, **kwargs)


class ExportView(ListSource):
    """The rows that the page's filters leave, in its order, all of them.

    An export that would not be what was asked for is refused: with 400 where the query string is
    wrong, with 503 where the source that lists the rows did not answer.
    """

    file_name: ClassVar[str]
    format: str = "csv"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        source = self.read()
        troubles = [trouble_words(trouble).sentence for trouble in source.troubles]
        if source.rows is None:
            return self._refused(503, [*source.faults, *troubles])
        query = request.GET.copy()
        for name in (PAGE, SIZE):  # an export has no pages, but takes the page's own address
            query.pop(name, None)
        listing = self.listing(source, query)
        problems = [str(problem) for problem in listing.problems]
        if problems:
            return self._refused(400, problems)
        if self.format == "json":
            return self._json(listing, source, troubles)
        return self._csv(listing, source, troubles)

    def _csv(self, listing: Listing, source: Source, troubles: Sequence[str]) -> HttpResponseBase:
        columns = self.table_class.exported_columns()
        read = [(column.as_text, attrgetter(name)) for name, column in columns.items()]
        read_at = source.read_at.isoformat(timespec="seconds") if source.read_at else "unknown"
        tail = [read_at, " ".join(troubles)]

        def lines() -> Iterator[list[str]]:
            for row in listing.rows:
                yield [as_text(value(row)) for as_text, value in read] + tail

        fields = [*columns, "vcenter_read_at", "sources_missing"]
        return exports.csv_response(self.file_name, datetime.now(UTC), fields, lines())

    def _json(self, listing: Listing, source: Source, troubles: Sequence[str]) -> HttpResponseBase:
        columns = self.table_class.exported_columns()
        read = [(name, column.as_json, attrgetter(name)) for name, column in columns.items()]
        now = datetime.now(UTC)
        head = {
            "generated_at": now.isoformat(timespec="seconds"),
            "read_at": source.read_at.isoformat(timespec="seconds") if source.read_at else None,
            "troubles": [
                {"source": trouble.source, "kind": trouble.kind.value, "text": text}
                for trouble, text in zip(source.troubles, troubles, strict=True)
            ],
            "filters": {name: self.request.GET[name] for name in listing.chosen},
            "sort": str(listing.sort),
            "count": len(listing.rows),
            "undecided": listing.undecided,
        }
        rows = (
            {name: as_json(value(row)) for name, as_json, value in read} for row in listing.rows
        )
        return exports.json_response(self.file_name, now, head, rows)

    def _refused(self, status: int, reasons: Sequence[str]) -> HttpResponse:
        if self.format == "json":
            return JsonResponse({"errors": list(reasons)}, status=status)
        return HttpResponse(
            "\n".join(reasons) + "\n", status=status, content_type="text/plain; charset=utf-8"
        )
