import { messageOf, systemClock } from '@backplane/core'
import { parseJson } from '@backplane/core/json'
import { wasmError } from '../errors.ts'
import type { FunctionType } from '../module/read-module.ts'
import type { Meter } from '../sandbox/meter.ts'
import { wasm } from '../webassembly.ts'
import type { GuestCall } from './guest.ts'
import { guestResult, type HostCall, type HostResult, hostFailed } from './host-functions.ts'
import { badRequest, type HttpAnswer, type HttpRequest } from './http.ts'
import type { Kernel } from './kernel.ts'
import { type Variables, variableBytes } from './variables.ts'

const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'off'] as const

/**
 * One of Extism's log levels, the lowest first. What a plugin says below its level is dropped; `off` drops everything.
 */
export type LogLevel = (typeof logLevels)[number]

/** What a guest's host services do. */
export interface Services {
  readonly config: ReadonlyMap<string, string>
  readonly variables: Variables
  readonly logLevel: LogLevel
  log(level: LogLevel, text: string): void
  /** By namespace, then name. */
  readonly functions: ReadonlyMap<string, ReadonlyMap<string, ServiceFunction>>
  http(request: HttpRequest, body: Uint8Array | undefined, signal: AbortSignal): HttpAnswer | Promise<HttpAnswer>
  /** Whether guests see the headers of HTTP answers. */
  readonly httpHeaders?: boolean | undefined
  /** Whether a guest can wait for a promise here. */
  readonly waits: boolean
}

type ServiceFunction = (call: HostCall, ...args: (number | bigint)[]) => HostResult | Promise<HostResult>

type Numbers = (number | bigint)[]
type Result = number | bigint | undefined
const text = new TextDecoder()
const bytes = new TextEncoder()

/** Makes the functions that one instance imports from its host. */
export class HostImports {
  /** The call under way. */
  call: GuestCall = { timeoutMs: 0, signal: new AbortController().signal }
  readonly #services: Services
  readonly #kernel: Kernel
  readonly #meter: Meter
  #lastAnswer: HttpAnswer | undefined
  readonly #env: Readonly<Record<string, (...args: never[]) => unknown>>

  constructor(services: Services, kernel: Kernel, meter: Meter) {
    this.#services = services
    this.#kernel = kernel
    this.#meter = meter
    this.#env = this.#makeEnv()
  }

  has(module: string, name: string): boolean {
    if (module === env && Object.hasOwn(this.#env, name)) return true
    return this.#services.functions.get(module)?.has(name) ?? false
  }

  /** Makes the import; call it only for what {@link has}. */
  make(module: string, name: string, type: FunctionType | undefined): unknown {
    const own = module === env ? this.#env[name] : undefined
    if (own && name !== 'http_request') return this.#sync(name, own as (...args: Numbers) => Result)
    if (own) return this.#waiting(name, own as (...args: Numbers) => Promise<Result>)
    const run = this.#services.functions.get(module)?.get(name) as ServiceFunction
    const store = (value: Uint8Array | string) => this.#store(value)
    const result = type?.results[0]
    const call = this.#hostCall()
    return this.#waiting(name, (...args) => {
      const value = run(call, ...args)
      if (!isPromise(value)) return guestResult(value, result, store)
      return value.then((settled) => guestResult(settled, result, store))
    })
  }

  /** Lets time pass for a guest that is suspended meanwhile. Rejects when its call must end before. */
  sleep(ms: number): Promise<void> {
    let end = () => {}
    const slept = new Promise<void>((resolve) => {
      const timer = systemClock.after(ms, resolve)
      end = () => timer.cancel()
    })
    return this.#inTime(slept).finally(end)
  }

  #makeEnv(): Record<string, (...args: never[]) => unknown> {
    const { config, variables, logLevel } = this.#services
    const least = logLevels.indexOf(logLevel)
    const logging = Object.fromEntries(
      (['trace', 'debug', 'info', 'warn', 'error'] as const).map((level, rank) => [
        `log_${level}`,
        (handle: bigint) => {
          if (rank >= least) this.#services.log(level, this.#takeText(handle))
          else this.#kernel.free(handle)
        },
      ]),
    )
    return {
      ...logging,
      get_log_level: () => least,
      config_get: (key: bigint) => this.#storeOptional(config.get(this.#takeText(key))),
      var_get: (key: bigint) => this.#storeOptional(variables.get(this.#takeText(key))),
      var_set: (key: bigint, handle: bigint) => {
        // Read before the key is freed: both may be one block.
        const value = handle === 0n ? undefined : this.#kernel.read(handle)
        variables.set(this.#takeText(key), value)
      },
      http_request: (request: bigint, body: bigint) => this.#http(request, body),
      http_status_code: () => this.#lastAnswer?.status ?? 0,
      http_headers: () =>
        this.#services.httpHeaders && this.#lastAnswer ? this.#store(JSON.stringify(this.#lastAnswer.headers)) : 0n,
    }
  }

  #http(handle: bigint, bodyHandle: bigint): bigint | Promise<bigint> {
    const body = bodyHandle === 0n ? undefined : this.#kernel.read(bodyHandle)
    const request = parseRequest(this.#takeText(handle))
    this.#lastAnswer = undefined
    const done = (answer: HttpAnswer) => {
      this.#lastAnswer = answer
      return this.#store(answer.body)
    }
    const answer = this.#services.http(request, body, this.call.signal)
    return isPromise(answer) ? answer.then(done) : done(answer)
  }

  #sync(name: string, run: (...args: Numbers) => Result): unknown {
    return (...args: Numbers) => {
      this.#meter.hostCall()
      try {
        return run(...args)
      } catch (cause) {
        throw hostFailed(name, cause)
      }
    }
  }

  /** What may give a promise: waited for where the engine can, else refused by name. */
  #waiting(name: string, run: (...args: Numbers) => Result | Promise<Result>): unknown {
    const guarded = (...args: Numbers): Result | Promise<Result> => {
      this.#meter.hostCall()
      try {
        const value = run(...args)
        if (!isPromise(value)) return value
        if (this.#services.waits) return this.#inTime(value).catch((cause) => Promise.reject(hostFailed(name, cause)))
        value.catch(() => {})
      } catch (cause) {
        throw hostFailed(name, cause)
      }
      throw wasmError('BP_WASM_ASYNC_HOST', { details: { name } })
    }
    const { Suspending } = wasm
    return this.#services.waits && Suspending ? new Suspending(guarded) : guarded
  }

  /** Waits for a promise, but not beyond the call's time or its caller's patience. */
  #inTime<T>(work: Promise<T>): Promise<T> {
    const meter = this.#meter
    const { signal } = this.call
    return new Promise((resolve, reject) => {
      const stop = () => {
        meter.reason ??= meter.interrupted() ?? meter.timeout()
        end()
        reject(meter.reason)
      }
      const timer = Number.isFinite(meter.leftMs) ? systemClock.after(Math.max(0, meter.leftMs) + 1, stop) : undefined
      const end = () => {
        timer?.cancel()
        signal.removeEventListener('abort', stop)
      }
      signal.addEventListener('abort', stop, { once: true })
      work.then(resolve, reject).finally(end)
      // The call may have been ended by the very function that it waits for.
      if (signal.aborted) stop()
    })
  }

  #hostCall(): HostCall {
    const imports = this
    return {
      get hostContext() {
        return imports.call.hostContext
      },
      get signal() {
        return imports.call.signal
      },
      bytes: (handle) => this.#kernel.read(handle),
      text: (handle) => text.decode(this.#kernel.read(handle)),
      json: (handle) => parseJson(text.decode(this.#kernel.read(handle))),
      store: (value) => this.#store(value),
      fail: (message) => {
        this.#kernel.fail(messageOf(message))
        return 0n
      },
      getVariable: (name) => this.#services.variables.get(name)?.slice(),
      setVariable: (name, value) => this.#services.variables.set(name, variableBytes(name, value)),
    }
  }

  /** Reads text that the guest gives away (Extism: the host frees keys, requests and log lines). */
  #takeText(handle: bigint): string {
    const value = text.decode(this.#kernel.read(handle))
    this.#kernel.free(handle)
    return value
  }

  #store(value: Uint8Array | string): bigint {
    return this.#kernel.store(typeof value === 'string' ? bytes.encode(value) : value)
  }

  #storeOptional(value: Uint8Array | string | undefined): bigint {
    return value === undefined ? 0n : this.#store(value)
  }
}

const env = 'extism:host/env'

function isPromise<T>(value: T | Promise<T>): value is Promise<T> {
  return typeof (value as { then?: unknown } | undefined)?.then === 'function'
}

function parseRequest(text: string): HttpRequest {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw badRequest(`its request is no JSON: ${messageOf(cause)}`, cause)
  }
}
