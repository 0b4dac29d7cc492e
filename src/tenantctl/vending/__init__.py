"""From a token to scoped credentials: verify, assume, assume again with tags."""
