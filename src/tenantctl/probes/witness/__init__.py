"""Witnesses of a proof, carried out against the cloud."""
