"""Parts of Fledge's services that plugins import."""
