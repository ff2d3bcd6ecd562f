from device_connect_edge.drivers import rpc


class HelloWorldCapability:
    def __init__(self, device):
        self.device = device

    @rpc()
    async def hello_world(self, name: str = "world") -> dict:
        """Says hello.

        Args:
            name: Whom to greet
        """
        return {"message": f"Hello, {name}!"}
