"""Attacks on the gateways: forged tokens, spoofed headers, what a tool is told."""
