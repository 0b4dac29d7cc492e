"""STS of the embedded cloud: sessions with tags."""
