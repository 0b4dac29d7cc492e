"""IAM's evaluation, pure: documents and a request in, a decision with its statements out."""
