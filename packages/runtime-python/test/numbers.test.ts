import { memoryMesh, memoryNetwork } from '@backplane/core/memory'
import { expect, test } from 'vitest'
import { capability, testHost } from './harness.ts'

const asker = `import math, random, struct
from device_connect_edge.drivers import emit, on, rpc

def any_value(r, depth=0):
    kind = r.randrange(12 if depth < 3 else 10)
    if kind < 3:
        return r.choice([-1, 1]) * r.getrandbits(r.choice([1, 31, 53, 54, 63, 64, 65, 100, 400]))
    if kind < 6:
        return struct.unpack("d", r.randbytes(8))[0]
    if kind == 6:
        return r.choice([float("nan"), float("inf"), -float("inf"), -0.0, 1e16, 1e20, 2.0**53, 1e22, 5e-324, 2**53, 2**53 - 1, -(2**63)])
    if kind == 7:
        return r.choice([None, True, False, "", "NaN", "9007199254740993", "\\ud800", "\\u2028", "1e400"])
    if kind < 10:
        return r.random()
    if kind == 10:
        return [any_value(r, depth + 1) for _ in range(r.randrange(5))]
    return {r.choice(["__proto__", "constructor", "a", "NaN", "", "9007199254740993"]): any_value(r, depth + 1) for _ in range(4)}

def same(a, b):
    if isinstance(a, dict):
        return isinstance(b, dict) and list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list):
        return isinstance(b, list) and len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, float) and a.is_integer() and abs(a) < 2**53 and math.copysign(1, a) == math.copysign(1, b):
        # JSON has one kind of number.
        return a == b
    return type(a) is type(b) and repr(a) == repr(b)

class Plugin:
    def __init__(self, device):
        self.device = device
        self.heard = []

    @rpc()
    async def check(self, seed: int) -> list:
        r = random.Random(seed)
        wrong = []
        for _ in range(100):
            value = any_value(r)
            answer = (await self.device.invoke_remote("box-2", "echo", value=value))["result"]
            if not same(value, answer):
                wrong.append([repr(value), repr(answer)])
        return wrong

    @rpc()
    async def ask(self, value) -> str:
        await self.said(value)
        return (await self.device.invoke_remote("box-2", "told", value=value))["result"]

    @rpc()
    async def floats(self, a: float, b: list[float], c: float | None = None, d: int = 0, e=2.5, **more: float) -> str:
        return repr([a, b, c, d, e, more])

    @emit()
    async def said(self, value):
        pass
`
const answerer = `from device_connect_edge.drivers import on, rpc

class Plugin:
    def __init__(self, device):
        self.heard = []

    @rpc()
    async def echo(self, value):
        return value

    @rpc()
    async def told(self, value) -> str:
        return repr(value)

    @on(event_name="said")
    async def hear(self, device_id, event, payload):
        self.heard.append(repr(payload["value"]))

    @rpc()
    async def all(self) -> list:
        return self.heard
`

async function twoHosts() {
  const network = memoryNetwork()
  const hosts = ['box-1', 'box-2'].map((deviceId) =>
    testHost({}, { identity: { deviceId }, mesh: memoryMesh({ network }) }),
  )
  for (const [index, { host }] of hosts.entries()) {
    await host.load(await capability(index === 0 ? asker : answerer))
    await host.start()
  }
  return hosts.map(({ host }) => host)
}

test('from Python to Python every value arrives as it went', async () => {
  const [asking] = await twoHosts()
  for (let seed = 1; seed <= 10; seed++) expect(await asking!.call('check', { seed })).toEqual([])
}, 60_000)

test.each([
  ['9007199254740993', 9007199254740993n],
  ['-18446744073709551616', -18446744073709551616n],
  ['1795298180547494123', 1795298180547494123n],
  ['nan', Number.NaN],
  ['-inf', -Infinity],
  ['-0.0', -0],
  ['1e+20', 1e20],
  ['[9007199254740992.0, 9007199254740992]', [2 ** 53, 2n ** 53n]],
])('%s is that to the plugin of another device, by call and by event', async (text, value) => {
  const [asking, answering] = await twoHosts()
  expect(await asking!.call('ask', { value })).toBe(text)
  await expect.poll(() => answering!.call('all')).toEqual([text])
  expect(await answering!.call('echo', { value })).toStrictEqual(value)
})

test('a whole number is a float where the annotation says so, at no price of a digit', async () => {
  const { host } = testHost()
  await host.load(await capability(asker))
  const params = { a: 2, b: [1, 2.5, -0], c: 3, d: 4, e: 5, f: 6 }
  expect(await host.call('floats', params)).toBe("[2.0, [1.0, 2.5, -0.0], 3.0, 4, 5, {'f': 6}]")
  expect(await host.call('floats', { a: 9007199254740993n, b: [2n ** 64n] })).toBe(
    '[9007199254740993, [1.8446744073709552e+19], None, 0, 2.5, {}]',
  )
})
