from device_connect_edge.drivers import rpc


class Numbers:
    def __init__(self, device):
        self.device = device

    @rpc()
    async def give_back(self, values: list, half: float = 0.5) -> dict:
        """Gives its values back, with the types that Python sees."""
        return {"values": values, "types": [type(value).__name__ for value in values], "half": repr(half)}
