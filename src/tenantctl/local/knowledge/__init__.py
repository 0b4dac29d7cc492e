"""Bedrock's knowledge bases: their control plane, ingestion, and retrieval with its filter."""
