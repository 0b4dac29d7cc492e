"""Identifiers, policies and layouts as automata over one alphabet of representatives."""
