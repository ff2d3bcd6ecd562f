import { coreError } from '@backplane/core'
import { parseJson } from '@backplane/core/json'
import type { LoadedPlugin } from '../extism/foreground.ts'
import type { HostCall, HostResult } from '../extism/host-functions.ts'
import type { Answer, Question } from './protocol.ts'
import type { RemoteVariables } from './remote-variables.ts'

const decoder = new TextDecoder()

/** What answering takes. */
export interface AnswerInit extends Pick<LoadedPlugin, 'http' | 'functions'> {
  readonly variables: RemoteVariables
  /** Aborts when the guest's call ends early. */
  readonly signal: AbortSignal
  readonly hostContext: unknown
}

/** Does on the host's side what a guest in a thread asks for. */
export async function answerOf(question: Question, init: AnswerInit): Promise<Omit<Answer, 'id' | 'variables'>> {
  const { http, functions } = init
  if ('request' in question) return { http: await http(question.request, question.body, init.signal) }
  const { space, name, args, blocks } = question
  const run = functions.get(space)?.get(name)
  if (!run) throw coreError('BP_FUNCTION_UNKNOWN', { details: { name } })
  const call = new RemoteCall(args, blocks, init)
  const value = call.settled(await run(call, ...args))
  return { value, ...(call.failed === undefined ? {} : { failed: call.failed }) }
}

/** What a host function sees of a guest in another thread: the blocks that its arguments name. */
class RemoteCall implements HostCall {
  readonly signal: AbortSignal
  readonly hostContext: unknown
  failed: string | undefined
  readonly #variables: RemoteVariables
  readonly #blocks = new Map<bigint, Uint8Array>()
  readonly #stored = new Map<bigint, Uint8Array | string>()

  constructor(
    args: readonly (number | bigint)[],
    blocks: readonly (Uint8Array | undefined)[],
    { signal, hostContext, variables }: AnswerInit,
  ) {
    this.#variables = variables
    this.signal = signal
    this.hostContext = hostContext
    for (const [index, block] of blocks.entries()) if (block) this.#blocks.set(args[index] as bigint, block)
  }

  bytes(handle: bigint): Uint8Array {
    return this.#blocks.get(handle) ?? new Uint8Array()
  }

  text(handle: bigint): string {
    return decoder.decode(this.bytes(handle))
  }

  json(handle: bigint): unknown {
    return parseJson(this.text(handle))
  }

  /** A name for what is stored once it has crossed; handles are never negative. */
  store(value: Uint8Array | string): bigint {
    const handle = -1n - BigInt(this.#stored.size)
    this.#stored.set(handle, value)
    return handle
  }

  fail(message: string): bigint {
    this.failed = message
    return 0n
  }

  getVariable(name: string): Uint8Array | undefined {
    return this.#variables.get(name)
  }

  setVariable(name: string, value: Uint8Array | string | undefined): void {
    this.#variables.set(name, value)
  }

  settled(value: HostResult): HostResult {
    return (typeof value === 'bigint' ? this.#stored.get(value) : undefined) ?? value
  }
}
