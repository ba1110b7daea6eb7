"""What the panels call: one module an area.

Each function takes the request, asks the two adapters side by side, joins in `domain` and answers
with a report: what is known, and in which way each source failed that gave nothing.
"""
