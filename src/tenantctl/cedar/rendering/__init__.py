"""Policies as the configuration yields them, and the folder in which they are reviewed."""
