"""Names that have to fit into a picture."""

import unicodedata


def shortened(text: str, fitting: int) -> str:
    """Leaves out the middle of a name of more than `fitting` narrow characters: its ends tell more
    (a folder, an extension, a number).
    """
    if _cells(text) <= fitting:
        return text
    half = (fitting - 1) // 2
    return f"{_taken(text, half)}…{_taken(text[::-1], half)[::-1]}"


def _cells(text: str) -> int:
    """The width in narrow characters; East Asian wide ones count twice."""
    return sum(_cell(character) for character in text)


def _cell(character: str) -> int:
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _taken(text: str, cells: int) -> str:
    taken = 0
    for index, character in enumerate(text):
        taken += _cell(character)
        if taken > cells:
            return text[:index]
    return text
