import { randomFillSync } from 'node:crypto'
import { coreError } from '@backplane/core'
import { wasmError } from '../errors.ts'
import type { Meter } from '../sandbox/meter.ts'
import { ProgramExit } from '../wasi/wasi.ts'
import type { WitInterface } from './read-component.ts'
import { type SystemStreams, systemStreams } from './system-streams.ts'
import { camelCase } from './wit-values.ts'

/** What WASI 0.2 grants. Nothing of the host is seen but what stands here. */
export interface SystemInit {
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** What the component finds on its standard input. */
  readonly stdin: Uint8Array
  /** Takes each line of standard output and error. */
  output(stream: 'stdout' | 'stderr', line: string): void
  /** Makes time and random numbers the same in each run. */
  readonly deterministic: boolean
  /** What `wasi:config/store` gives. */
  readonly config: ReadonlyMap<string, string>
}

type Functions = Record<string, unknown>

const mostAtOnce = 1 << 20

/**
 * WASI 0.2 for one component: deny by default. Clocks, random numbers, arguments, environment and standard streams are
 * there; files, sockets and HTTP are too, since components import them whether they use them or not, and end the call
 * that uses them.
 */
export class SystemInterfaces {
  readonly #init: SystemInit
  readonly #meter: Meter
  readonly #all: Readonly<Record<string, Functions>>
  readonly #end: () => void
  #clock = 0n
  #seed = 0x9e3779b9

  constructor(init: SystemInit, meter: Meter) {
    this.#init = init
    this.#meter = meter
    const io = systemStreams(init, meter)
    this.#end = io.end
    this.#all = { ...io.interfaces, ...this.#process(io), ...this.#clocks(io), ...this.#random() }
  }

  /** Writes what is left of its last lines. */
  close(): void {
    this.#end()
  }

  /** The functions and resources of one interface, as the bindings import them. */
  interface(name: string, shape: WitInterface): Functions {
    const own = this.#all[name] ?? {}
    const made: Functions = {}
    for (const [key, value] of Object.entries(own)) made[key] = value
    for (const resource of shape.resources) made[pascalCase(resource)] ??= this.#refusing(name, resource, shape)
    for (const { name: key } of shape.functions)
      if (!key.startsWith('[')) made[camelCase(key)] ??= () => this.#refuse(name, key)
    return made
  }

  /** A class whose every method ends the call. */
  #refusing(name: string, resource: string, { functions }: WitInterface): unknown {
    const refuse = (what: string) => this.#refuse(name, what)
    class Refused {
      constructor() {
        refuse(resource)
      }
    }
    for (const { name: key } of functions) {
      const [, kind, method] = /^\[(method|static)\](?:.*)\.(.*)$/.exec(key) ?? []
      if (method === undefined || !key.includes(`]${resource}.`)) continue
      const owner = kind === 'static' ? Refused : Refused.prototype
      Object.defineProperty(owner, camelCase(method), { value: () => refuse(`${resource}.${method}`) })
    }
    return Refused
  }

  #refuse(name: string, what: string): never {
    throw coreError('BP_PERMISSION_DENIED', { details: { who: 'The component', what: `use ${name}#${what}` } })
  }

  #process(streams: SystemStreams): Record<string, Functions> {
    const { args, env, config } = this.#init
    const counted =
      <T>(value: T) =>
      () => {
        this.#meter.hostCall()
        return value
      }
    const exit = (exitCode: number) => {
      throw new ProgramExit(exitCode)
    }
    const store = {
      get: (key: string) => {
        this.#meter.hostCall()
        return config.get(key)
      },
      getAll: () => {
        this.#meter.hostCall()
        return [...config]
      },
    }
    return {
      'wasi:cli/environment': {
        getEnvironment: counted(Object.entries(env)),
        getArguments: counted([...args]),
        initialCwd: counted(undefined),
      },
      'wasi:cli/exit': {
        exit: ({ tag }: { tag: 'ok' | 'err' }) => exit(tag === 'ok' ? 0 : 1),
        exitWithCode: exit,
      },
      'wasi:cli/stdin': { getStdin: counted(streams.in) },
      'wasi:cli/stdout': { getStdout: counted(streams.out) },
      'wasi:cli/stderr': { getStderr: counted(streams.err) },
      'wasi:cli/terminal-stdin': { getTerminalStdin: counted(undefined) },
      'wasi:cli/terminal-stdout': { getTerminalStdout: counted(undefined) },
      'wasi:cli/terminal-stderr': { getTerminalStderr: counted(undefined) },
      'wasi:filesystem/preopens': { getDirectories: counted([]) },
      'wasi:config/store': store,
      'wasi:config/runtime': store,
    }
  }

  #clocks({ Pollable }: SystemStreams): Record<string, Functions> {
    const tick = 1_000_000n
    const counted = <T>(run: () => T) => {
      this.#meter.hostCall()
      return run()
    }
    const monotonic = () => {
      if (!this.#init.deterministic) return BigInt(Math.round(performance.now() * 1e6))
      this.#clock += tick
      return this.#clock
    }
    const wall = () => {
      const ns = this.#init.deterministic ? monotonic() : BigInt(Date.now()) * 1_000_000n
      return { seconds: ns / 1_000_000_000n, nanoseconds: Number(ns % 1_000_000_000n) }
    }
    const after = (at: bigint) => new Pollable(() => monotonic() >= at)
    return {
      'wasi:clocks/monotonic-clock': {
        now: () => counted(monotonic),
        resolution: () => counted(() => tick),
        subscribeInstant: (at: bigint) => counted(() => after(at)),
        subscribeDuration: (ns: bigint) => counted(() => after(monotonic() + ns)),
      },
      'wasi:clocks/wall-clock': {
        now: () => counted(wall),
        resolution: () => counted(() => ({ seconds: 0n, nanoseconds: Number(tick) })),
      },
    }
  }

  #random(): Record<string, Functions> {
    const bytes = (length: bigint): Uint8Array => {
      this.#meter.hostCall()
      if (length > BigInt(mostAtOnce)) {
        const details = { what: 'Random bytes', actual: Number(length), value: mostAtOnce, limit: 'random bytes' }
        throw wasmError('BP_WASM_SIZE_LIMIT', { details })
      }
      const into = new Uint8Array(Number(length))
      if (!this.#init.deterministic) return randomFillSync(into)
      // xorshift32 (Marsaglia 2003): the same in each run is all that is wanted of it.
      for (let i = 0; i < into.length; i++) {
        this.#seed ^= this.#seed << 13
        this.#seed ^= this.#seed >>> 17
        this.#seed ^= this.#seed << 5
        into[i] = this.#seed
      }
      return into
    }
    const u64 = () => new DataView(bytes(8n).buffer).getBigUint64(0)
    return {
      'wasi:random/random': { getRandomBytes: bytes, getRandomU64: u64 },
      'wasi:random/insecure': { getInsecureRandomBytes: bytes, getInsecureRandomU64: u64 },
      'wasi:random/insecure-seed': { insecureSeed: () => [u64(), u64()], getInsecureSeed: () => [u64(), u64()] },
    }
  }
}

function pascalCase(name: string): string {
  const camel = camelCase(name)
  return camel.charAt(0).toUpperCase() + camel.slice(1)
}
