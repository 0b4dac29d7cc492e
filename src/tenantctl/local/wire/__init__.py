"""Requests and answers on their way: read, checked, parsed, sent back."""
