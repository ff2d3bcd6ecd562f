"""Plugins of this type."""
