import { receiveMessageOnPort } from 'node:worker_threads'
import { BackplaneError, coreError } from '@backplane/core'
import type { HostCall, HostResult } from '../extism/host-functions.ts'
import { Variables } from '../extism/variables.ts'
import { Engine } from '../sandbox/engine.ts'
import { shareOf } from '../sandbox/fuel-share.ts'
import { type AnyGuest, makeGuest } from './make-guest.ts'
import {
  type Answer,
  type Question,
  type ThreadData,
  type ToHost,
  type ToThread,
  toHost,
  toThread,
  word,
} from './protocol.ts'

const quiet = new AbortController().signal

/** Runs a plugin's guest in this thread until the thread is ended. */
export function runThread(data: ThreadData): void {
  new Thread(data)
}

class Thread {
  readonly #data: ThreadData
  readonly #guest: AnyGuest
  readonly #variables: Variables
  #id = 0
  #deadline = Number.POSITIVE_INFINITY
  #timeoutMs = Number.POSITIVE_INFINITY

  constructor(data: ThreadData) {
    this.#data = data
    this.#variables = new Variables(data.limits.varBytes)
    this.#variables.replace(data.variables)
    const { functions, wasi } = data
    const services = [...functions].map(
      ([space, names]) => [space, new Map(names.map((name) => [name, this.#remote(space, name)]))] as const,
    )
    this.#guest = makeGuest({
      ...data,
      plugin: data.id,
      engine: new Engine(),
      variables: this.#variables,
      functions: new Map(services),
      log: (level, text) => this.#post([toHost.log, level, text]),
      http: (request, body) => this.#ask({ request, body }).http as NonNullable<Answer['http']>,
      waits: false,
      share: shareOf(data.limits),
      mayPause: true,
      ...(wasi
        ? {
            wasi: {
              ...wasi,
              ...(wasi.captured ? { write: (bytes) => this.#post([toHost.stdout, bytes]) } : {}),
              output: (stream, line) => this.#post([toHost.log, stream === 'stdout' ? 'info' : 'warn', line]),
            },
          }
        : { wasi: undefined }),
    } as Parameters<typeof makeGuest>[0])
    try {
      const { initialise } = data
      this.#guest.prepare(initialise ? { timeoutMs: Number.POSITIVE_INFINITY, signal: quiet } : undefined)
      data.port.on('message', (message: ToThread) => this.#receive(message))
      this.#post([toHost.ready, this.#guest.functions])
    } catch (error) {
      // Its host ends it when it has heard: what ends by itself may be gone before its last output is.
      data.port.on('message', () => {})
      this.#post([toHost.failed, record(error)])
    }
  }

  #receive(message: ToThread): void {
    if (message[0] === toThread.reset) {
      this.#variables.clear()
      this.#guest.drop()
      return
    }
    if (message[0] === toThread.variables) {
      this.#post([toHost.variables, this.#variables.entries()])
      return
    }
    if (message[0] === toThread.setVariables) {
      this.#variables.replace(message[1])
      return
    }
    const [, id, name, input, timeoutMs] = message
    this.#id = id
    this.#deadline = performance.now() + timeoutMs
    this.#timeoutMs = timeoutMs
    try {
      const interrupt = { check: () => this.#aborted(), wait: (ms: number) => this.#wait(ms) }
      const output = this.#guest.call(name, input, { timeoutMs, signal: quiet, interrupt })
      // Small results are cheaper copied than handed over.
      this.#data.port.postMessage(
        [toHost.result, id, output, this.#guest.stats],
        output.length > 16_384 ? [output.buffer] : [],
      )
    } catch (error) {
      this.#post([toHost.error, id, record(error), this.#guest.stats, this.#guest.alive])
    }
  }

  /** Stands still until the host has something to say, or so many milliseconds are over. */
  #wait(ms: number): void {
    const { words } = this.#data
    const seen = Atomics.load(words, word.wake)
    if (!this.#aborted()) Atomics.wait(words, word.wake, seen, ms)
  }

  #aborted(): BackplaneError | undefined {
    return Atomics.load(this.#data.words, word.abort) === this.#id ? coreError('BP_ABORTED') : undefined
  }

  #remote(space: string, name: string) {
    return (call: HostCall | undefined, ...args: (number | bigint)[]): HostResult => {
      const blocks = args.map((arg) => {
        const block = typeof arg === 'bigint' ? call?.bytes(arg) : undefined
        return block?.length ? block : undefined
      })
      const { value, failed } = this.#ask({ space, name, args, blocks })
      if (failed !== undefined) call?.fail(failed)
      return value
    }
  }

  /** Asks the host and waits, without letting go of this thread; cancelling and the deadline end the waiting. */
  #ask(question: Question): Answer {
    const { words, answers } = this.#data
    this.#post([toHost.ask, this.#id, question, this.#variables.changes()])
    for (;;) {
      const seen = Atomics.load(words, word.wake)
      const answer = receiveMessageOnPort(answers)?.message as Answer | undefined
      if (answer?.id === this.#id) {
        if (answer.variables) this.#variables.apply(answer.variables)
        if (answer.error) {
          const error = BackplaneError.revive(answer.error)
          throw Object.hasOwn(answer, 'payload') ? Object.assign(error, { payload: answer.payload }) : error
        }
        return answer
      }
      // One of a call that has been given up.
      if (answer) continue
      const aborted = this.#aborted()
      if (aborted) throw aborted
      const left = this.#deadline - performance.now()
      if (left <= 0)
        throw coreError('BP_TIMEOUT', {
          details: { what: 'A call of its host', timeoutMs: this.#timeoutMs, limit: 'timeoutMs' },
        })
      Atomics.wait(words, word.wake, seen, Math.min(left, 60_000))
    }
  }

  #post(message: ToHost): void {
    this.#data.port.postMessage(message)
  }
}

function record(error: unknown) {
  return BackplaneError.from(error).toJSON()
}
