"""Styles: how a role feels, where it plays and what patterns it knows. Values, schema and loading."""
