"""What interceptor and tools agree on: headers, the form of an identity, the clinic's clock."""
