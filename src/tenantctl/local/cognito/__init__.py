"""Cognito's rules that moto lacks."""
