"""All calls that policies can tell apart, one of each kind, and which of them a policy matches."""
