"""Which calls two sets of policies decide differently, in words and as JSON."""
