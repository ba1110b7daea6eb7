"""Admin > VMware > Clusters: every cluster in all books, and the page of one.

A tab of a cluster's page is a module of its own, `<name>_tab.py`, with a `ClusterTab`; it joins
the page by its line in `tabs.py`.
"""
