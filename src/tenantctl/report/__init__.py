"""Findings as text: table, JSON and what CI reads; pure."""
