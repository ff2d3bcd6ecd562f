import { expect } from 'vitest'
import { openResources } from '../resources.ts'
import { pause, rejection, soon, until } from '../waiting.ts'
import type { TransportCase } from './bench.ts'
import { methods } from './methods.ts'
import { bytes } from './payloads.ts'

/** Connecting, status and closing. */
export const lifeCases: Record<string, TransportCase> = {
  async 'is idle before connect, and says what it is and where it goes'(bench) {
    const transport = bench.make()
    expect(transport.status).toBe('idle')
    expect(transport.kind).toMatch(/^[a-z][a-z0-9-]*$/)
    expect(transport.address).toMatch(/\S/)
    expect(transport.maxPayload).toBeGreaterThan(0)
  },
  async 'connects, and tells it'(bench) {
    const transport = bench.make()
    const events = bench.events(transport)
    await transport.connect()
    expect(transport.status).toBe('connected')
    expect(events.map((event) => event.type)).toEqual(['connected'])
    expect(transport.maxPayload).toBeGreaterThan(0)
  },
  async 'two connects at once are one'(bench) {
    const transport = bench.make()
    const events = bench.events(transport)
    await Promise.all([transport.connect(), transport.connect()])
    expect(events.filter((event) => event.type === 'connected')).toHaveLength(1)
  },
  async 'connect on what is connected resolves and changes nothing'(bench) {
    const transport = await bench.open()
    const events = bench.events(transport)
    await transport.connect()
    expect(events).toEqual([])
    expect(transport.status).toBe('connected')
  },
  ...Object.fromEntries(
    methods.map(({ name, call }): [string, TransportCase] => [
      `${name} before connect rejects with BP_DISCONNECTED`,
      async (bench) => {
        await rejection(call(bench.make(), bench.subject('x')), 'BP_DISCONNECTED')
      },
    ]),
  ),
  async 'connect with an aborted signal rejects with BP_ABORTED, and may be called again'(bench) {
    const transport = bench.make()
    await rejection(transport.connect({ signal: AbortSignal.abort() }), 'BP_ABORTED')
    expect(transport.status).not.toBe('connected')
    await transport.connect()
    expect(transport.status).toBe('connected')
  },
  async 'connect that nobody takes rejects with BP_CONNECT_FAILED, and may be called again'(bench) {
    const outage = bench.outage()
    await outage.interrupt()
    const transport = bench.make()
    const error = await rejection(transport.connect({ timeoutMs: 3000 }), ['BP_CONNECT_FAILED', 'BP_TIMEOUT'])
    expect(error.retryable).toBe(true)
    expect(transport.status).not.toBe('connected')
    await outage.restore()
    await transport.connect()
    expect(transport.status).toBe('connected')
  },
  async 'connect can be given up while nobody takes it'(bench) {
    const outage = bench.outage()
    await outage.interrupt()
    const transport = bench.make()
    const controller = new AbortController()
    const connecting = transport.connect({ signal: controller.signal, timeoutMs: 20_000 })
    controller.abort()
    await rejection(soon(connecting, 'giving up'), ['BP_ABORTED', 'BP_CONNECT_FAILED'])
    await outage.restore()
  },
  async 'wrong credentials reject with BP_AUTH_FAILED'(bench) {
    const transport = bench.make(bench.unauthorized())
    const error = await rejection(transport.connect({ timeoutMs: 5000 }), 'BP_AUTH_FAILED')
    expect(error.retryable, 'trying again with the same credentials does not help').toBe(false)
    expect(transport.status).not.toBe('connected')
  },
  async 'close tells it, once, and is idempotent'(bench) {
    const transport = await bench.open()
    const events = bench.events(transport)
    await Promise.all([transport.close(), transport.close()])
    await transport.close()
    expect(transport.status).toBe('closed')
    expect(events.filter((event) => event.type === 'closed')).toHaveLength(1)
    expect(events.filter((event) => event.type === 'disconnected' || event.type === 'reconnecting')).toEqual([])
  },
  async 'close without connect resolves'(bench) {
    const transport = bench.make()
    await transport.close()
    expect(transport.status).toBe('closed')
  },
  async 'close while connecting ends the connecting'(bench) {
    const transport = bench.make()
    const connecting = transport.connect()
    connecting.catch(() => {})
    await soon(transport.close({ drainMs: 0 }), 'closing')
    await rejection(soon(connecting, 'connecting ends'), ['BP_CLOSED', 'BP_ABORTED'])
    await pause(20)
    expect(transport.status).toBe('closed')
  },
  ...Object.fromEntries(
    [
      ...methods,
      { name: 'connect', call: (transport: Parameters<(typeof methods)[0]['call']>[0]) => transport.connect() },
    ].map(({ name, call }): [string, TransportCase] => [
      `${name} after close rejects with BP_CLOSED`,
      async (bench) => {
        const transport = await bench.open()
        await transport.close({ drainMs: 0 })
        await rejection(call(transport, bench.subject('x')), 'BP_CLOSED')
      },
    ]),
  ),
  ...Object.fromEntries(
    methods.map(({ name, call }): [string, TransportCase] => [
      `${name} with an aborted signal rejects with BP_ABORTED`,
      async (bench) => {
        const transport = await bench.open()
        await rejection(call(transport, bench.subject('x'), { signal: AbortSignal.abort() }), 'BP_ABORTED')
      },
    ]),
  ),
  async '`await using` closes it'(bench) {
    const transport = await bench.open()
    await transport[Symbol.asyncDispose]()
    expect(transport.status).toBe('closed')
  },
  async 'a status listener that was ended hears no more'(bench) {
    const transport = bench.make()
    let heard = 0
    const stop = transport.onStatus(() => heard++)
    transport.onStatus(() => {})
    await transport.connect()
    expect(heard).toBe(1)
    stop()
    stop()
    await transport.close()
    expect(heard).toBe(1)
  },
  async 'closing one transport leaves the others alone'(bench) {
    const [a, b] = await bench.pair()
    const c = await bench.open()
    const heard = await bench.hear(b, bench.subject('x'))
    await a.close()
    await c.publish(bench.subject('x'), bytes('still here'))
    await heard.count(1)
  },
  async 'a hundred connects and closes leave no socket, thread or timer'(bench) {
    await (await bench.open()).close({ drainMs: 0 })
    await pause(20)
    const before = openResources().length
    for (let round = 0; round < 20; round++) {
      const five = await Promise.all([1, 2, 3, 4, 5].map(() => bench.open()))
      await Promise.all(five.map((transport) => transport.close({ drainMs: 0 })))
    }
    await until(() => openResources().length <= before, `${openResources()} beside ${before} before`)
    await until(() => bench.clock.pending === 0, 'timers are cancelled')
  },
}
