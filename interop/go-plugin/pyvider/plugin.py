"""A KV plugin on pyvider-rpcplugin. Messages are read and written by hand, since they have one field each."""

import asyncio
import os

import grpc
from pyvider.rpcplugin import RPCPluginProtocol, configure, plugin_server


def field(data: bytes, number: int) -> bytes:
    """The bytes of one length-delimited field below 128 bytes; what these messages need and no more."""
    at = 0
    while at < len(data):
        key, length = data[at], data[at + 1]
        if key >> 3 == number:
            return data[at + 2 : at + 2 + length]
        at += 2 + length
    return b""


class Store:
    def __init__(self) -> None:
        self.values: dict[bytes, bytes] = {}

    async def Put(self, request: bytes, context: grpc.aio.ServicerContext) -> bytes:
        self.values[field(request, 1)] = field(request, 2)
        return b""

    async def Get(self, request: bytes, context: grpc.aio.ServicerContext) -> bytes:
        value = self.values[field(request, 1)]
        return bytes([10, len(value)]) + value


class KV(RPCPluginProtocol):
    service_name = "proto.KV"
    supported_protocol_versions = [1]

    async def get_grpc_descriptors(self):
        return None, self.service_name

    async def add_to_server(self, server, handler) -> None:
        methods = {
            name: grpc.unary_unary_rpc_method_handler(getattr(handler, name)) for name in ("Get", "Put")
        }
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(self.service_name, methods),))

    def get_method_type(self, method_name: str) -> str:
        return "unary_unary"


async def main() -> None:
    configure(
        magic_cookie_key="BASIC_PLUGIN",
        magic_cookie_value="hello",
        auto_mtls=os.environ.get("KV_MTLS") == "1",
    )
    server = plugin_server(protocol=KV(), handler=Store(), transport=os.environ.get("KV_TRANSPORT", "unix"))
    await server.serve()


asyncio.run(main())
