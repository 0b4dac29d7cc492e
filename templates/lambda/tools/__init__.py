"""The agent's tools; each reads with credentials that IAM confines to the calling clinic."""
