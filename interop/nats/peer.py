"""A Python NATS client (nats-py) that uses everything a broker must offer; prints one line for each thing that holds."""
import asyncio
import sys

import nats
from nats.errors import NoRespondersError


async def eventually(holds) -> None:
    """Waits for what is on its way; who asks looks whether it came."""
    for _ in range(500):
        if holds():
            return
        await asyncio.sleep(0.01)


async def settled(client) -> None:
    """Waits until the server knows of what was done before: nats-py sends a PING ahead of what it has pending."""
    await client.flush()
    await client.flush()


async def main(url: str) -> None:
    connection = await nats.connect(url, allow_reconnect=False)
    other = await nats.connect(url, allow_reconnect=False)

    seen: list[str] = []

    async def note(message):
        seen.append(f"{message.subject}={message.data.decode()}")

    await connection.subscribe("py.*.>", cb=note)
    await settled(connection)
    for subject in ("py.a.b", "py.a", "py.a.b.c"):
        await other.publish(subject, "é".encode())
    await settled(other)
    await settled(connection)
    await eventually(lambda: len(seen) >= 2)
    await asyncio.sleep(0.05)
    assert seen == ["py.a.b=é", "py.a.b.c=é"], seen
    print("ok wildcards")

    async def answer(message):
        headers = {"Was": (message.headers or {}).get("Is", "")}
        await connection.publish(message.reply, message.data.upper(), headers=headers)

    await connection.subscribe("py-upper", cb=answer)
    await settled(connection)
    reply = await other.request("py-upper", b"hi", timeout=5, headers={"Is": "here"})
    assert (reply.data, reply.headers["Was"]) == (b"HI", "here"), reply
    print("ok request with headers")

    try:
        await other.request("py-nobody", b"", timeout=5)
        raise AssertionError("somebody answered")
    except NoRespondersError:
        print("ok no responders")

    counts = [0, 0]

    def counter(member: int):
        async def count(_):
            counts[member] += 1

        return count

    for member, client in enumerate((connection, other)):
        await client.subscribe("py-work", queue="q", cb=counter(member))
        await settled(client)
    for _ in range(100):
        await connection.publish("py-work", b"x" * 1000)
    await settled(connection)
    await settled(other)
    await eventually(lambda: sum(counts) >= 100)
    await asyncio.sleep(0.05)
    assert sum(counts) == 100 and min(counts) > 10, counts
    print("ok queue groups")

    subscription = await connection.subscribe("py-max")
    await subscription.unsubscribe(limit=2)
    await settled(connection)
    for i in range(5):
        await other.publish("py-max", str(i).encode())
    await settled(other)
    got = [(await subscription.next_msg(timeout=2)).data for _ in range(2)]
    assert got == [b"0", b"1"], got
    print("ok auto-unsubscribe")

    big = bytes(range(256)) * 4000

    async def echo(message):
        await message.respond(message.data)

    await connection.subscribe("py-echo", cb=echo)
    await settled(connection)
    replies = await asyncio.gather(*(other.request("py-echo", big, timeout=10) for _ in range(4)))
    assert all(reply.data == big for reply in replies)
    print("ok a megabyte there and back")

    # The transport under test serves this one.
    reply = await other.request("ts-echo", "from Python é".encode(), timeout=5)
    assert reply.data.decode() == "from Python é"
    refusal = await other.request("ts-grumpy", b"", timeout=5)
    assert refusal.headers["Nats-Service-Error"] == "not today", refusal.headers
    assert refusal.headers["Nats-Service-Error-Code"] == "500", refusal.headers
    print("ok our transport answers and refuses")

    async def serve(message):
        await message.respond(b"hello " + message.data)

    await connection.subscribe("py-serve", cb=serve)
    await settled(connection)
    print("serving", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await other.drain()
    await connection.drain()
    print("done")


asyncio.run(main(sys.argv[1]))
