import { coreError, type Logger, systemClock } from '@backplane/core'
import { Foreground, type LoadedPlugin } from '../extism/foreground.ts'
import { compileKernel } from '../extism/kernel.ts'
import type { WasmSource } from '../extism/manifest.ts'
import type { WasmPlugin } from '../extism/plugin.ts'
import { readSources } from '../extism/sources.ts'
import { Engine } from '../sandbox/engine.ts'
import { fullLimits, type WasmLimits } from '../sandbox/limits.ts'
import { wasm } from '../webassembly.ts'
import { compileModules } from '../worker/compile-away.ts'
import { Threads } from '../worker/threads.ts'
import { vyraSpace } from './guest.ts'
import { type BaseHostFunctions, hostMethods } from './host-functions.ts'
import type { VyraMetadata } from './metadata.ts'
import { Registrations, topicOf } from './registrations.ts'

/** What {@link loadVyra} needs. */
export interface LoadVyraInit {
  readonly id: string
  readonly source: WasmSource
  readonly metadata: VyraMetadata
  readonly host: BaseHostFunctions
  readonly strict: boolean
  readonly worker: boolean
  readonly logger: Logger
  readonly limits?: WasmLimits
  readonly engine?: Engine
  readonly threadUrl?: URL | undefined
  readonly replaced?: ((error: Error) => void) | undefined
  readonly signal?: AbortSignal
}

/** Loads a module of the VYRA convention; its calls take and give packed data. */
export async function loadVyra(init: LoadVyraInit): Promise<WasmPlugin> {
  const { id, metadata, host, strict, worker, logger, signal, engine = new Engine() } = init
  const memory = metadata.memoryMb === undefined ? {} : { memoryPages: metadata.memoryMb * 16 }
  // What a processor core does in a second, roughly; 1024 shares are one.
  const share = metadata.cpuShares === undefined ? {} : { fuelPerSecond: (metadata.cpuShares / 1024) * 1e9 }
  const limits = fullLimits(memory, share, init.limits)
  const [source] = await readSources([init.source], { fetch, most: limits.moduleBytes, signal })
  if (!source) throw coreError('BP_INVALID_ARGUMENT', { details: { what: 'the source', reason: 'there is none' } })
  const modules = await compileModules([source], { engine, limits, signal, threadUrl: init.threadUrl })
  const registrations = new Registrations(host, metadata)
  const methods = new Map<string, (...args: unknown[]) => unknown>([
    ...hostMethods(host),
    ...(standardMethods(host, registrations) as [string, (...args: unknown[]) => unknown][]),
  ])
  const functions = new Map([...methods].map(([name, run]) => [name, (_: unknown, ...args: unknown[]) => run(...args)]))
  const plugin: LoadedPlugin = {
    id,
    engine,
    modules,
    kernel: compileKernel(engine, limits),
    limits,
    config: new Map(),
    functions: new Map([[vyraSpace, functions]]) as unknown as LoadedPlugin['functions'],
    http: () => {
      throw coreError('BP_PERMISSION_DENIED', { details: { who: id, what: 'use HTTP' } })
    },
    wasi: undefined,
    logger,
    logLevel: 'info',
    vyra: { metadata, strict },
    replaced: init.replaced,
  }
  if (worker) {
    const places = { instances: 1, warm: 1, clock: systemClock, threadUrl: init.threadUrl }
    return registrations.of(await Threads.start({ ...plugin, ...places }, signal))
  }
  const asks = modules.some(({ shape }) => shape.imports.length > 0)
  return registrations.of(new Foreground({ ...plugin, waits: asks && wasm.promising !== undefined }))
}

/** What stands behind the namespace `vyra`. */
function standardMethods(
  host: BaseHostFunctions,
  registrations: Registrations,
): [string, (...args: never[]) => unknown][] {
  const split = (topic: string): [string, string, string?] => {
    const { name, module, id } = topicOf(topic)
    return id === undefined ? [name, module] : [name, module, id]
  }
  return [
    ['vyra_log', (message: string, level: number) => host.log(level, message)],
    ['vyra_notify_ui', (event: string, data: unknown) => host.notify_ui(event, data)],
    [
      'vyra_publish',
      async (topic: string, payload: unknown) => (await host.create_publisher(...split(topic))).publish(payload),
    ],
    [
      'vyra_request',
      async (topic: string, payload: unknown) => (await host.create_client(...split(topic))).request(payload),
    ],
    ['vyra_create_subscriber', (topic: string, handler: string) => registrations.subscribe(topic, handler)],
    ['vyra_create_server', (name: string, handler: string) => registrations.serve(name, handler)],
  ]
}
