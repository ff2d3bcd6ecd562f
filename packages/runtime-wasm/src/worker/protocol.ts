import type { MessagePort } from 'node:worker_threads'
import type { ErrorRecord } from '@backplane/core'
import type { LoadedPlugin } from '../extism/foreground.ts'
import type { LogLevel } from '../extism/host-imports.ts'
import type { HttpAnswer, HttpRequest } from '../extism/http.ts'
import type { VariableChanges } from '../extism/variables.ts'
import type { CompiledModule } from '../sandbox/engine.ts'
import type { FullLimits } from '../sandbox/limits.ts'
import type { CallStats } from '../sandbox/meter.ts'

/** Places of the words that both sides see at any time. */
export const word = {
  /** Number of the call that must end. */
  abort: 0,
  /** Counts up whenever there is something for a thread that waits. */
  wake: 1,
} as const

/** What a thread is started with. */
export interface ThreadData {
  readonly id: string
  readonly modules: readonly CompiledModule[]
  readonly kernel: CompiledModule
  readonly limits: FullLimits
  readonly config: ReadonlyMap<string, string>
  readonly logLevel: LogLevel
  /** Names of the host functions, by namespace. */
  readonly functions: ReadonlyMap<string, readonly string[]>
  readonly httpHeaders: boolean | undefined
  readonly wasi: LoadedPlugin['wasi']
  readonly vyra: LoadedPlugin['vyra']
  readonly component: LoadedPlugin['component']
  readonly initialise: boolean
  /** What it begins with. */
  readonly variables: ReadonlyMap<string, Uint8Array>
  readonly words: Int32Array
  readonly port: MessagePort
  /** Answers of the host, read by a thread that waits. */
  readonly answers: MessagePort
}

/** What the host says: a number first, the cheapest form that structured clone carries. */
export type ToThread =
  | readonly [kind: 0, id: number, name: string, input: Uint8Array, timeoutMs: number]
  | readonly [kind: 1]
  | readonly [kind: 2]
  | readonly [kind: 3, variables: ReadonlyMap<string, Uint8Array>]
export const toThread = { call: 0, reset: 1, variables: 2, setVariables: 3 } as const

/** What a thread says. */
export type ToHost =
  | readonly [kind: 0, id: number, output: Uint8Array<ArrayBuffer>, stats: CallStats]
  | readonly [kind: 1, id: number, error: ErrorRecord, stats: CallStats, alive: boolean]
  | readonly [kind: 2, id: number, question: Question, variables: VariableChanges | undefined]
  | readonly [kind: 3, level: LogLevel, text: string]
  | readonly [kind: 4, functions: readonly string[]]
  | readonly [kind: 5, error: ErrorRecord]
  | readonly [kind: 6, variables: ReadonlyMap<string, Uint8Array>]
  | readonly [kind: 7, stdout: Uint8Array]
export const toHost = { result: 0, error: 1, ask: 2, log: 3, ready: 4, failed: 5, variables: 6, stdout: 7 } as const

/** What a thread waits for. */
export type Question =
  | {
      readonly space: string
      readonly name: string
      readonly args: (number | bigint)[]
      readonly blocks: (Uint8Array | undefined)[]
    }
  | { readonly request: HttpRequest; readonly body: Uint8Array | undefined }

/** What the host answers, to the question of that call. */
export interface Answer {
  readonly id: number
  readonly error?: ErrorRecord
  readonly value?: number | bigint | boolean | string | Uint8Array | undefined
  /** What the function set as the guest's error. */
  readonly failed?: string
  readonly http?: HttpAnswer
  /** What a component finds as the error of a `result`, where the function gave one. */
  readonly payload?: unknown
  /** What the function has set. */
  readonly variables?: VariableChanges | undefined
}
