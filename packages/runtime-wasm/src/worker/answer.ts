import { coreError } from '@backplane/core'
import { parseJson } from '@backplane/core/json'
import type { LoadedPlugin } from '../extism/foreground.ts'
import type { HostCall, HostResult } from '../extism/host-functions.ts'
import type { Answer, Question } from './protocol.ts'

const decoder = new TextDecoder()

/** Does on the host's side what a guest in a thread asks for. */
export async function answerOf(
  question: Question,
  { http, functions }: Pick<LoadedPlugin, 'http' | 'functions'>,
  signal: AbortSignal,
  hostContext: unknown,
): Promise<Omit<Answer, 'id'>> {
  if ('request' in question) return { http: await http(question.request, question.body, signal) }
  const { space, name, args, blocks } = question
  const run = functions.get(space)?.get(name)
  if (!run) throw coreError('BP_FUNCTION_UNKNOWN', { details: { name } })
  const call = new RemoteCall(args, blocks, signal, hostContext)
  const value = call.settled(await run(call, ...args))
  return { value, ...(call.failed === undefined ? {} : { failed: call.failed }) }
}

/** What a host function sees of a guest in another thread: the blocks that its arguments name. */
class RemoteCall implements HostCall {
  readonly signal: AbortSignal
  readonly hostContext: unknown
  failed: string | undefined
  readonly #blocks = new Map<bigint, Uint8Array>()
  readonly #stored = new Map<bigint, Uint8Array | string>()

  constructor(
    args: readonly (number | bigint)[],
    blocks: readonly (Uint8Array | undefined)[],
    signal: AbortSignal,
    hostContext: unknown,
  ) {
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

  settled(value: HostResult): HostResult {
    return (typeof value === 'bigint' ? this.#stored.get(value) : undefined) ?? value
  }
}
