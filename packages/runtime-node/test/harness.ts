import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type BackplaneError,
  type Call,
  createHost,
  type Host,
  type HostEvent,
  type HostInit,
  type Logger,
  type LogMethod,
  type Manifest,
  type PluginContext,
  type PluginSource,
  type RuntimeContext,
  silentLogger,
  type Value,
} from '@backplane/core'
import { onTestFinished } from 'vitest'
import { type NodeRuntimeInit, nodeRuntime } from '../src/index.ts'

/** One record of {@link recordingLogger}. */
export interface LogRecord {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly fields: Record<string, unknown>
  readonly message: string | undefined
}

/** A logger that keeps what it is told. */
export function recordingLogger(
  records: LogRecord[] = [],
  own: Record<string, unknown> = {},
): Logger & { records: LogRecord[] } {
  const method =
    (level: LogRecord['level']): LogMethod =>
    (first: object | string, message?: string) => {
      if (typeof first === 'string') records.push({ level, fields: own, message: first })
      else records.push({ level, fields: { ...own, ...first }, message })
    }
  return {
    records,
    debug: method('debug'),
    info: method('info'),
    warn: method('warn'),
    error: method('error'),
    child: (fields) => recordingLogger(records, { ...own, ...fields }),
  }
}

/** Writes a plugin into a folder of its own, which goes when the test is over. */
export async function pluginFolder(
  code: string,
  manifest: Partial<Manifest> = {},
  file = 'plugin.mjs',
): Promise<PluginSource & { dir: string }> {
  const dir = await mkdtemp(join(tmpdir(), 'backplane-runtime-node-'))
  onTestFinished(() => rm(dir, { recursive: true, force: true }))
  await writeFile(join(dir, file), code)
  return { dir, manifest: { id: 'test-plugin', entry_point: file, ...manifest } }
}

/** A host with the node runtime, its log and what it told; stopped when the test is over. */
export function testHost(runtime: NodeRuntimeInit = {}, init: Partial<HostInit> = {}) {
  const logger = recordingLogger()
  const events: HostEvent[] = []
  const host = createHost({ identity: { deviceId: 'box-1' }, runtimes: [nodeRuntime(runtime)], logger, ...init })
  host.on((event) => events.push(event))
  onTestFinished(() => host.stop())
  return { host, events, log: logger.records }
}

/** Waits for an event of a host. */
export function next(host: Host, type: HostEvent['type']): Promise<HostEvent> {
  return new Promise((resolve) => {
    const off = host.on((event) => {
      if (event.type !== type) return
      off()
      resolve(event)
    })
  })
}

/** A context for a runtime or a program without a host. */
export function testContext(over: Partial<RuntimeContext> = {}): RuntimeContext & { exits: BackplaneError[] } {
  const exits: BackplaneError[] = []
  const context: PluginContext = {
    pluginId: 'test-plugin',
    logger: silentLogger,
    config: {},
    signal: new AbortController().signal,
    permissions: {},
    simulated: false,
    emit: async () => {},
    invoke: async () => null,
  }
  return { ...context, exited: (error) => exits.push(error), changed() {}, exits, ...over }
}

/** A call as a slot would make it. */
export function testCall(
  name: string,
  params: Call['params'] = {},
  over: Partial<Call> = {},
): Call & { items: Value[] } {
  const items: Value[] = []
  return {
    name,
    params,
    signal: new AbortController().signal,
    deadline: Date.now() + 10_000,
    caller: { kind: 'local' },
    send: async (item) => void items.push(item),
    items,
    ...over,
  }
}
