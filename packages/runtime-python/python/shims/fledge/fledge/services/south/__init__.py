"""Parts of Fledge's south service that plugins import."""
