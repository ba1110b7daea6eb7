"""Pictures: geometry computed here from figures, drawn as inline SVG by `vmware_panel/drawing/`.

Each picture says the same in words: a title and a text for those who hear it, and a table beside it.
"""
