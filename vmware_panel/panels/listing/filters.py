"""Filters of a list as a Django form: its choices come from the rows, its answer is three-valued."""

import fnmatch
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from django import forms
from django.core.exceptions import ValidationError
from django.utils.functional import lazy
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from vmware_panel.domain.kept import Kept
from vmware_panel.panels.listing.columns import Text
from vmware_panel.panels.listing.ordering import natural_key

UNKNOWN = "~unknown"
NOTHING = "~none"

MOST_OPTIONS = 50
"""Beyond as many choices, a field is typed into instead of opened."""
MOST_SUGGESTIONS = 200
MOST_NAMED = 8
"""As many allowed values does a message name."""

Predicate = Callable[[Any], bool | None]
"""Whether a row belongs; None where the row's own value is unknown."""


class Choice(NamedTuple):
    value: str
    label: str


class Found(NamedTuple):
    """The values of a column."""

    choices: tuple[Choice, ...]
    has_unknown: bool
    has_nothing: bool


class TextFilter(forms.CharField):
    """Rows that hold the words somewhere in `texts`; case does not matter."""

    def __init__(self, label: Text, texts: Callable[[Any], Iterable[str | None]]) -> None:
        super().__init__(label=label, required=False, max_length=255)
        self.texts = texts
        self.widget.attrs["class"] = "form-control input-sm"

    def study(self, rows: Iterable[Any]) -> None:
        """Has no choices."""

    def studied(self, row: Any) -> None:
        """Nothing of a row."""

    def learn(self, found: None, known: Iterable[str], chosen: str) -> None:
        """Has no choices."""

    def clean(self, value: Any) -> Predicate | None:
        words = super().clean(value).casefold().split()
        if not words:
            return None

        def matches(row: Any) -> bool:
            text = "\n".join(part for part in self.texts(row) if part).casefold()
            return all(word in text for word in words)

        return matches


def labels_of(values: Iterable[str], words: Callable[[Any], str]) -> Mapping[str, Text]:
    """`fixed` of values that `words` names: in the language of whoever looks, not of the import."""
    return {str(value): lazy(words, str)(value) for value in values}


class ChoiceFilter(forms.CharField):
    """Rows that have one value of those that there are, or with `*` a part of it.

    `values` reads a row's own: a text, several, or None for unknown. `labels` names the values
    where they are ids. `fixed` are the values that exist whether a row has them or not; `extra`
    are choices that mean more than one value, with what each asks of a row.
    """

    def __init__(
        self,
        label: Text,
        values: Callable[[Any], str | tuple[str | None, ...] | None],
        *,
        labels: Callable[[Any], str] | None = None,
        fixed: Mapping[str, Text] | None = None,
        extra: Mapping[str, tuple[Text, Predicate]] | None = None,
    ) -> None:
        # a name may begin or end with a space
        super().__init__(label=label, required=False, max_length=255, strip=False)
        self.values = values
        self.labels = labels
        self.fixed = fixed or {}
        self.extra = extra or {}
        self._choices: tuple[Choice, ...] = ()
        self._known: frozenset[str] = frozenset()
        self._has_unknown = False
        self._has_nothing = False

    def study(self, rows: Iterable[Any]) -> Found:
        """The values that the rows have; depends on nothing but them and the language."""
        names: dict[str, str] = {}
        has_unknown = has_nothing = False
        for row in rows:
            values = self.values(row)
            if values is None:
                has_unknown = True
            elif not values:
                has_nothing = True
            elif isinstance(values, str):
                if values not in names:
                    names[values] = self.labels(row) if self.labels else self._label(values)
            else:
                has_unknown = has_unknown or None in values
                names.update((v, self._label(v)) for v in values if v and v not in names)
        choices = [Choice(_escaped(value), name) for value, name in names.items()]
        ordered = sorted(_distinct(choices), key=lambda c: natural_key(c.label))
        return Found(tuple(ordered), has_unknown, has_nothing)

    def studied(self, row: Any) -> object:
        """All of a row that `study` goes by."""
        values = self.values(row)
        return (values, self.labels(row)) if self.labels else values

    def learn(self, found: Found, known: Iterable[str], chosen: str) -> None:
        """Takes the choices from what the rows have; `known` are allowed too, though no row has
        them.

        `chosen` is what the query string brought, and is shown even if it is no choice.
        """
        self._choices, self._has_unknown, self._has_nothing = found
        self._known = frozenset(known) | set(self.fixed)
        self._set_widget(chosen)

    def _label(self, value: str) -> str:
        return str(self.fixed.get(value, value))

    @property
    def special(self) -> tuple[Choice, ...]:
        """The choices that are no values."""
        choices = [Choice(value, str(label)) for value, (label, _ask) in self.extra.items()]
        if self._has_nothing and not self.extra:
            choices.append(Choice(NOTHING, _("(none)")))
        if self._has_unknown:
            choices.append(Choice(UNKNOWN, _("(unknown)")))
        return tuple(choices)

    @property
    def typed(self) -> bool:
        """Too many choices for a list to open."""
        return len(self._choices) > MOST_OPTIONS

    @property
    def suggestions(self) -> Sequence[Choice]:
        if not self.typed:
            return ()
        return (*self.special, *self._choices[:MOST_SUGGESTIONS])

    def _set_widget(self, chosen: str) -> None:
        if self.typed:
            self.widget = forms.TextInput(attrs={"autocomplete": "off"})
            self.help_text = _("One of %(count)d, or a part of a name with *, e.g. *-7*") % {
                "count": len(self._choices)
            }
        else:
            options = [("", _("any")), *map(tuple, self.special), *map(tuple, self._choices)]
            if chosen not in {value for value, _label in options}:
                options.append((chosen, self._label(chosen)))
            self.widget = forms.Select(choices=options)
        self.widget.attrs["class"] = "form-control input-sm"

    def clean(self, value: Any) -> Predicate | None:
        text = super().clean(value)
        if not text.strip():
            return None
        if text in self.extra:
            return self.extra[text][1]
        if text == UNKNOWN:
            return lambda row: self._is_unknown(self.values(row))
        if text == NOTHING:
            return lambda row: _is_empty(self.values(row))
        wanted = self._wanted(text)
        return lambda row: _is_among(self.values(row), wanted)

    def _wanted(self, text: str) -> frozenset[str]:
        """The values that the text means: one by value or name, or all that fit its `*`."""
        value = _unescaped(text)
        whole = {_unescaped(c.value) for c in self._choices if text in c}
        if whole or value in self._known:
            return frozenset(whole | {value})
        if "*" in text:
            fits = re.compile(fnmatch.translate(_literal(text)), re.IGNORECASE).fullmatch
            parts = {_unescaped(c.value) for c in self._choices if fits(c.label)}
            if parts or any(fits(known) for known in self._known):
                return frozenset(parts)
        if text != text.strip():
            return self._wanted(text.strip())
        if self._has_unknown:  # it may well be the one that nobody could tell
            return frozenset({value})
        raise ValidationError(self._fault(text), code="invalid_choice")

    def _fault(self, text: str) -> str:
        close = [c for c in self._choices if text.strip("*").casefold() in c.label.casefold()]
        named = close or self._choices
        if not named and not self.special:
            return _("“%(text)s” is not among the values, and there are none now.") % {
                "text": _short(text)
            }
        allowed = [c.label for c in named[:MOST_NAMED]]
        allowed += [] if close else [c.value for c in self.special]
        message = _("“%(text)s” is not among the values. Allowed: %(allowed)s") % {
            "text": _short(text),
            "allowed": ", ".join(allowed),
        }
        left = len(self._choices) - len(named[:MOST_NAMED])
        if left:
            message += ngettext(" and %(count)d more", " and %(count)d more", left) % {
                "count": left
            }
        return message + _("; a part of a name goes with *.")

    @staticmethod
    def _is_unknown(values: str | tuple[str | None, ...] | None) -> bool:
        return values is None or (isinstance(values, tuple) and None in values)


class FilterForm(forms.Form):
    """All filters of a list. A field whose value is wrong is left out, and `errors` says why."""

    use_required_attribute = False

    def __init__(
        self,
        data: Mapping[str, Any],
        rows: Kept[Any],
        known: Mapping[str, Iterable[str]] | None = None,
    ) -> None:
        super().__init__(data, auto_id="filter_%s")
        for name, field in self.fields.items():
            key = ("values", type(self), name, get_language())
            found = rows.digested(key, field.studied, partial(field.study, rows))
            field.learn(found, (known or {}).get(name, ()), str(data.get(name, "")))
            if getattr(field, "typed", False):
                field.widget.attrs["list"] = f"filter_{name}_values"
            if field.help_text:
                field.widget.attrs["aria-describedby"] = f"filter_{name}_help"

    @property
    def predicates(self) -> tuple[Predicate, ...]:
        self.full_clean()
        return tuple(p for p in self.cleaned_data.values() if p)

    def split(self, rows: Iterable[Any]) -> tuple[list[Any], int]:
        """The rows that belong, and the number of those that nobody can tell of."""
        predicates = self.predicates
        if not predicates:
            return list(rows), 0
        belonging: list[Any] = []
        undecided = 0
        for row in rows:
            answer = _all(predicates, row)
            if answer:
                belonging.append(row)
            elif answer is None:
                undecided += 1
        return belonging, undecided


def _all(predicates: Iterable[Predicate], row: Any) -> bool | None:
    """No, if one says no; unknown, if one does not know; else yes."""
    answer: bool | None = True
    for predicate in predicates:
        its = predicate(row)
        if its is False:
            return False
        if its is None:
            answer = None
    return answer


def _is_empty(values: str | tuple[str | None, ...] | None) -> bool | None:
    return None if values is None else not values


def _is_among(values: str | tuple[str | None, ...] | None, wanted: frozenset[str]) -> bool | None:
    if values is None:
        return None
    if isinstance(values, str):
        return values in wanted
    if any(v in wanted for v in values):
        return True
    return None if None in values else False


def _distinct(choices: Sequence[Choice]) -> list[Choice]:
    """Two values of one name (projects of two domains) are told apart by their values."""
    counts: dict[str, int] = {}
    for choice in choices:
        counts[choice.label] = counts.get(choice.label, 0) + 1
    return [
        c if counts[c.label] == 1 else Choice(c.value, f"{c.label} ({c.value})") for c in choices
    ]


def _escaped(value: str) -> str:
    """A value that begins like `UNKNOWN` and `NOTHING` is not taken for one of them."""
    return f"~{value}" if value.startswith("~") else value


def _unescaped(text: str) -> str:
    return text[1:] if text.startswith("~~") else text


def _literal(text: str) -> str:
    """Only `*` stands for something else; `?` and `[` are part of names."""
    return re.sub(r"([\[?])", r"[\1]", text)


def _short(text: str, most: int = 60) -> str:
    return text if len(text) <= most else f"{text[:most]}…"
