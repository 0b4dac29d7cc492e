"""Cedar policies on their way to the policy engine: push and status."""
