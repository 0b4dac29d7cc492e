"""The gateway's REQUEST interceptor: who calls, from where, and at what time there."""
