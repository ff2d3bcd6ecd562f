import type { Advertisement, Identity, Logger, MeshHandler, Transport } from '@backplane/core'
import { type MemoryNetwork, manualClock, memoryNetwork, memoryTransport } from '@backplane/core/memory'
import { type DeviceConnectInit, deviceConnect } from '../src/index.ts'
import { decodeJson } from '../src/json.ts'

/** A record that a logger took. */
interface LogRecord {
  readonly level: string
  readonly text: string
}

/** A network in memory with a clock that a test moves, members that it closes, and an ear on the wire. */
export function testNetwork(startMs = 1_795_298_180_000) {
  const clock = manualClock(startMs)
  const network: MemoryNetwork = memoryNetwork()
  const logs: LogRecord[] = []
  const logger = recorder(logs)
  const open: AsyncDisposable[] = []
  let clients = 0

  return {
    clock,
    network,
    logs,
    /** A mesh; with a handler it is a device. `name` is its line on the network. */
    member(identity: Identity, handler?: MeshHandler, init: Partial<DeviceConnectInit> = {}, name?: string) {
      const transport = memoryTransport({ network, client: name ?? `client-${++clients}` })
      const mesh = deviceConnect({ transport, ...init })({ identity, logger, clock })
      if (handler) mesh.serve(handler)
      open.push(mesh)
      return mesh
    },
    /** A bare transport, to speak the wire by hand. */
    async wire(): Promise<Transport> {
      const transport = memoryTransport({ network, client: `wire-${++clients}` })({ logger, clock })
      open.push(transport)
      await transport.connect()
      return transport
    },
    /** Lets `promise` come to its end while time passes. */
    async settle<T>(promise: Promise<T>, stepMs = 50): Promise<T> {
      let isDone = false
      const done = promise.finally(() => {
        isDone = true
      })
      done.catch(() => {})
      for (let turn = 0; turn < 2_000 && !isDone; turn++) await clock.advance(turn === 0 ? 0 : stepMs)
      return done
    },
    async [Symbol.asyncDispose]() {
      for (const one of open.splice(0)) await this.settle(Promise.resolve(one[Symbol.asyncDispose]()))
    },
  }
}

export type TestNetwork = ReturnType<typeof testNetwork>

/** Everything on a pattern, as JSON, from now on. */
export async function tap(wire: Transport, pattern: string) {
  // biome-ignore lint/suspicious/noExplicitAny: tests look into JSON of any form
  const heard: { subject: string; body: any }[] = []
  await wire.subscribe(pattern, ({ subject, payload }) => {
    heard.push({ subject, body: decodeJson(payload) })
  })
  return heard
}

/** Sends a body on a subject and gives the answer as JSON. */
// biome-ignore lint/suspicious/noExplicitAny: tests look into JSON of any form
export async function ask(wire: Transport, subject: string, body: unknown): Promise<any> {
  const bytes = new TextEncoder().encode(typeof body === 'string' ? body : JSON.stringify(body))
  const { payload } = await wire.request(subject, bytes, { timeoutMs: 5_000 })
  return decodeJson(payload)
}

/** What a host with these functions would advertise. */
export function offering(revision: number, ...names: string[]): Advertisement {
  return {
    revision,
    functions: names.map((name) => ({ name, description: `Runs ${name}.` })),
    events: [{ name: 'plugin_loaded', payload: { type: 'object' } }],
  }
}

function recorder(logs: LogRecord[]): Logger {
  const at = (level: string) => (fields: object | string, message?: string) => {
    logs.push({ level, text: message ?? String(fields) })
  }
  const logger: Logger = {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: () => logger,
  }
  return logger
}
