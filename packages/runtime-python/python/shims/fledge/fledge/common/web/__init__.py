"""What plugins that serve HTTP themselves import."""

from . import middleware  # noqa: F401
