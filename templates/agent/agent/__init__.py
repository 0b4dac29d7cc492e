"""The pool's agent: it calls tools over its tier's gateway, as the user who calls it."""
