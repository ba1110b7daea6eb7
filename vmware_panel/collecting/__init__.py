"""Runs the collectors: one a vCenter in the whole deployment, and its inventory into the store.

The same keepers run in a thread of a web process (`embedded`) and in a process of their own
(`manage.py vmware_collect`). Where several share a store, a lease decides whose collector runs.
"""
