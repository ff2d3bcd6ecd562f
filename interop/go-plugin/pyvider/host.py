"""A KV host on pyvider-rpcplugin: starts the plugin named by its arguments, puts, gets, and prints what it got."""

import asyncio
import os
import sys

from pyvider.rpcplugin import configure, plugin_client


async def main() -> None:
    configure(
        magic_cookie_key="BASIC_PLUGIN",
        magic_cookie_value="hello",
        auto_mtls=os.environ.get("KV_MTLS") == "1",
    )
    async with plugin_client(command=sys.argv[1:], config={"env": {"BASIC_PLUGIN": "hello"}}) as client:
        put = client.grpc_channel.unary_unary("/proto.KV/Put")
        get = client.grpc_channel.unary_unary("/proto.KV/Get")
        await put(b"\x0a\x05hello\x12\x05world")
        reply = await get(b"\x0a\x05hello")
        print("got", reply[2:].decode().split("\n")[0], flush=True)
        await client.shutdown_plugin()
    print("closed", flush=True)


asyncio.run(main())
