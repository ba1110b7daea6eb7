"""Admin > VMware > Image Cache: what lies in Nova's caches, leftovers, and parents at risk."""
