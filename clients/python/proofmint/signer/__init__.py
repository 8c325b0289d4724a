"""Clients of proofmintd."""
