"""Stands in for the parts of Fledge that its Python plugins import. Not Fledge: what a plugin does not need is not here."""
