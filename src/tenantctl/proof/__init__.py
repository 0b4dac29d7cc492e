"""Isolation for all tenants at once: documents and a data layout in, a verdict out."""
