import { expect } from 'vitest'
import { rejection, soon } from '../waiting.ts'
import type { MeshCase } from './bench.ts'
import { methods } from './methods.ts'

/** Joining, leaving, and being the only one of one's name. */
export const lifeCases: Record<string, MeshCase> = {
  async 'is idle before connect, and says where it goes'(bench) {
    const mesh = bench.make('a')
    expect(mesh.status).toBe('idle')
    expect(mesh.address).toMatch(/\S/)
  },
  async 'connects, and tells it'(bench) {
    const mesh = bench.make('a')
    const statuses = bench.statuses(mesh)
    await mesh.connect()
    expect(mesh.status).toBe('connected')
    expect(statuses.filter(({ type }) => type === 'connected')).toHaveLength(1)
  },
  async 'two connects at once are one'(bench) {
    const mesh = bench.make('a')
    const statuses = bench.statuses(mesh)
    await Promise.all([mesh.connect(), mesh.connect()])
    await mesh.connect()
    expect(statuses.filter(({ type }) => type === 'connected')).toHaveLength(1)
  },
  async 'connect with an aborted signal rejects with BP_ABORTED, and may be called again'(bench) {
    const mesh = bench.make('a')
    await rejection(mesh.connect({ signal: AbortSignal.abort() }), 'BP_ABORTED')
    expect(mesh.status).not.toBe('connected')
    await mesh.connect()
    expect(mesh.status).toBe('connected')
  },
  async 'connect that nobody takes rejects with BP_CONNECT_FAILED, and may be called again'(bench) {
    const outage = bench.outage()
    await outage.interrupt()
    const mesh = bench.make('a')
    await rejection(mesh.connect({ timeoutMs: 3000 }), ['BP_CONNECT_FAILED', 'BP_TIMEOUT'])
    await outage.restore()
    await mesh.connect()
    expect(mesh.status).toBe('connected')
  },
  ...Object.fromEntries(
    methods.map(({ name, call }): [string, MeshCase] => [
      `${name} before connect rejects with BP_DISCONNECTED`,
      async (bench) => {
        await rejection(call(bench.make('a'), bench.id('b')), 'BP_DISCONNECTED')
      },
    ]),
  ),
  ...Object.fromEntries(
    [...methods, { name: 'connect', call: (mesh: ReturnType<Parameters<MeshCase>[0]['make']>) => mesh.connect() }].map(
      ({ name, call }): [string, MeshCase] => [
        `${name} after close rejects with BP_CLOSED`,
        async (bench) => {
          const mesh = await bench.join('a')
          await mesh.close()
          await rejection(call(mesh, bench.id('b')), 'BP_CLOSED')
        },
      ],
    ),
  ),
  async 'close is idempotent, and needs no connect'(bench) {
    const mesh = await bench.join('a')
    await Promise.all([mesh.close(), mesh.close()])
    await mesh.close()
    expect(mesh.status).toBe('closed')
    const never = bench.make('b')
    await never.close()
    expect(never.status).toBe('closed')
  },
  async '`await using` closes it'(bench) {
    const mesh = await bench.join('a')
    await mesh[Symbol.asyncDispose]()
    expect(mesh.status).toBe('closed')
  },
  async 'a status listener that was ended hears no more'(bench) {
    const mesh = bench.make('a')
    let heard = 0
    const stop = mesh.onStatus(() => heard++)
    stop()
    await mesh.connect()
    expect(heard).toBe(0)
  },
  async 'an id that is taken: BP_IDENTITY_TAKEN, and who has it goes on undisturbed'(bench) {
    const first = await bench.join('a', { handler: async () => 'first' })
    const other = await bench.join('b')
    const statuses = bench.statuses(first)
    const second = bench.make('a', { handler: async () => 'second' })
    const error = await rejection(second.connect(), 'BP_IDENTITY_TAKEN')
    expect(error.message).toContain(bench.id('a'))
    expect(second.status).not.toBe('connected')
    expect(first.status).toBe('connected')
    for (let i = 0; i < 5; i++) expect(await other.invoke(bench.id('a'), 'who')).toBe('first')
    expect(statuses.filter(({ type }) => type !== 'error')).toEqual([])
  },
  async 'an id is free again when who had it has left'(bench) {
    const first = await bench.join('a', { handler: async () => 'first' })
    const other = await bench.join('b')
    const second = bench.make('a', { handler: async () => 'second' })
    await rejection(second.connect(), 'BP_IDENTITY_TAKEN')
    await first.close()
    await bench.eventually('the id is free', async () => {
      const failed = await second.connect().then(
        () => undefined,
        (error: { code: string }) => error.code,
      )
      expect([undefined, 'BP_IDENTITY_TAKEN']).toContain(failed)
      return failed === undefined
    })
    expect(await other.invoke(bench.id('a'), 'who')).toBe('second')
  },
  async 'one id in two tenants is two devices'(bench) {
    await bench.join('a', { handler: async () => 'here' })
    await bench.join('a', { handler: async () => 'there', tenant: bench.tenant('other') })
    const here = await bench.join('b')
    const there = await bench.join('b', { tenant: bench.tenant('other') })
    expect(await here.invoke(bench.id('a'), 'where')).toBe('here')
    expect(await there.invoke(bench.id('a'), 'where')).toBe('there')
  },
  async 'a loss and a return are told'(bench) {
    const outage = bench.outage()
    const mesh = await bench.join('a')
    const statuses = bench.statuses(mesh)
    await outage.interrupt()
    await outage.restore()
    const types = statuses.map(({ type }) => type).filter((type) => type === 'connected' || type === 'disconnected')
    expect(types).toEqual(['disconnected', 'connected'])
  },
  ...Object.fromEntries(
    methods.map(({ name, call }): [string, MeshCase] => [
      `${name} while there is no connection rejects with BP_DISCONNECTED, at once`,
      async (bench) => {
        const outage = bench.outage()
        const mesh = await bench.join('a')
        await outage.interrupt()
        await rejection(soon(call(mesh, bench.id('b')), 'it does not wait', 2000), 'BP_DISCONNECTED')
        await outage.restore()
      },
    ]),
  ),
  async 'after a return it is called, heard and found again'(bench) {
    const outage = bench.outage()
    const a = await bench.join('a', { handler: async ({ name }) => name })
    const b = await bench.join('b')
    const heard = await bench.hear(b, { device: bench.id('a') })
    await outage.interrupt()
    await outage.restore()
    await bench.eventually('calls arrive again', async () => {
      const answer = await b.invoke(bench.id('a'), 'again', {}, { timeoutMs: 500 }).catch(() => undefined)
      return answer === 'again'
    })
    await a.emit('said', { n: 1 })
    await bench.eventually('events arrive again', async () => heard.events.length === 1)
    await bench.found(b, 'a')
  },
  async 'what is advertised meanwhile is found after the return'(bench) {
    const outage = bench.outage()
    const a = await bench.join('a')
    const b = await bench.join('b')
    await outage.interrupt()
    a.advertise({ revision: 5, functions: [{ name: 'meanwhile' }], events: [] })
    await outage.restore()
    await bench.found(b, 'a', ({ functions }) => functions.some(({ name }) => name === 'meanwhile'))
  },
  async 'closing what is away ends it for good'(bench) {
    const outage = bench.outage()
    const mesh = await bench.join('a')
    await outage.interrupt()
    await soon(mesh.close(), 'closing', bench.patienceMs)
    await outage.restore()
    expect(mesh.status).toBe('closed')
  },
}
