"""The way by which plugins before FogLAMP 1.5 hand over readings."""


class Ingest:
    """Takes readings from asynchronous south plugins."""

    # Set by the plugin's host while the plugin runs.
    _backplane_ingest = None
    _discarded = 0

    @classmethod
    def is_available(cls):
        """Says whether readings are taken now."""
        return cls._backplane_ingest is not None

    @classmethod
    async def add_readings(cls, asset, timestamp, key=None, readings=None):
        """Hands over one reading."""
        if cls._backplane_ingest is None:
            raise RuntimeError("The south service is not started")
        reading = {"asset": asset, "timestamp": timestamp, "readings": readings}
        cls._backplane_ingest(reading if key is None else dict(reading, key=str(key)))

    @classmethod
    def increment_discarded_readings(cls):
        """Counts a reading that the plugin threw away."""
        cls._discarded += 1
