"""Lambda functions of the embedded cloud: moto keeps them; what may be put there, and what is."""
