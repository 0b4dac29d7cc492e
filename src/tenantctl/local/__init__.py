"""The embedded cloud: moto behind a layer that authenticates, authorizes and remembers."""
