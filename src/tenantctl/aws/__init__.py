"""The session layer: one boto3 session, its clients, and what their failures mean."""
