"""The ways through the documents: which statements let a request pass, and when."""
