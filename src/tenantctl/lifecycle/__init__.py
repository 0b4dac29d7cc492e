"""A tenant's life: onboard, list, show; every step idempotent and journalled."""
