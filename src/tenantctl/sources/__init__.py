"""Where a proof's documents come from, besides a directory: templates, plans, accounts."""
