"""Measurements: each one a ratio to a reference that is measured beside it, in the same run, on the same server."""
