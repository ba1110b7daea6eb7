"""Pictures as geometry: templates draw them as inline SVG, in the colours of the page's text.

Each picture comes with the same facts in words, and as a table.
"""
