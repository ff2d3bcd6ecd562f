import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads'
import { BackplaneError } from '@backplane/core'
import { failureToStart } from '@backplane/core/runtime'
import { wasmError } from '../errors.ts'
import { Variables } from '../extism/variables.ts'
import { avoidWrapperTierUp } from './avoid-wrapper-tier-up.ts'
import { type Answer, type ThreadData, type ToHost, toHost, toThread, word } from './protocol.ts'
import { threadPlace } from './thread-place.ts'

/** What a {@link ThreadHandle} tells. */
export interface ThreadListener {
  receive(message: ToHost): void
  /** It has ended, for whatever reason but {@link ThreadHandle.end}. */
  ended(reason: string): void
}

/** One worker thread with one guest, from the host's side. */
export class ThreadHandle {
  /** Resolves with the guest's functions, or rejects with why it cannot be made. */
  readonly ready: Promise<readonly string[]>
  /** Numbers of the calls that it has been given, the first is under way. */
  readonly calls: number[] = []
  /** Its variables as they were when it last asked for something. */
  readonly seen: Variables
  readonly #worker: Worker
  readonly #port: MessagePort
  readonly #answers: MessagePort
  readonly #words = new Int32Array(new SharedArrayBuffer(8))
  readonly #exit: Promise<void>
  readonly #asked: ((variables: ReadonlyMap<string, Uint8Array>) => void)[] = []
  #ending = false

  constructor(data: Omit<ThreadData, 'port' | 'answers' | 'words'>, listener: ThreadListener, url?: URL) {
    this.seen = new Variables(data.limits.varBytes)
    // Number 0 is its initialisation.
    this.#words[word.abort] = -1
    const [talk, answers] = [new MessageChannel(), new MessageChannel()]
    this.#port = talk.port1
    this.#answers = answers.port1
    avoidWrapperTierUp()
    this.#worker = new Worker(url ?? threadPlace.url, {
      name: data.id,
      workerData: { ...data, port: talk.port2, answers: answers.port2, words: this.#words } satisfies ThreadData,
      transferList: [talk.port2, answers.port2],
      // Nothing in it reads the environment or arguments.
      env: {},
      argv: [],
      ...(threadPlace.execArgv && !url ? { execArgv: threadPlace.execArgv } : {}),
    })
    let why = 'it ended'
    this.ready = new Promise((resolve, reject) => {
      this.#port.on('message', (message: ToHost) => {
        if (message[0] === toHost.ready) resolve(message[1])
        else if (message[0] === toHost.failed) {
          const error = BackplaneError.revive(message[1])
          why = error.message
          reject(error)
          void this.#worker.terminate()
        } else if (message[0] === toHost.variables) this.#asked.shift()?.(message[1])
        else listener.receive(message)
      })
      this.#worker.on('error', (error) => {
        why = failureToStart(error)
      })
      this.#worker.on('exit', () =>
        reject(wasmError('BP_WASM_POISONED', { details: { plugin: data.id, reason: why } })),
      )
    })
    this.ready.catch(() => {})
    this.#exit = new Promise((exited) => {
      this.#worker.on('exit', () => {
        this.#port.close()
        this.#answers.close()
        for (const answer of this.#asked.splice(0)) answer(new Map())
        if (!this.#ending) listener.ended(why)
        exited()
      })
    })
  }

  call(id: number, name: string, input: Uint8Array, timeoutMs: number): void {
    this.calls.push(id)
    this.#ref()
    // The caller's own buffer stays theirs: a copy is handed over.
    const copy = input.slice()
    this.#port.postMessage([toThread.call, id, name, copy, timeoutMs], copy.length > 16_384 ? [copy.buffer] : [])
  }

  /** Forgets a call that has ended. */
  done(id: number): void {
    const at = this.calls.indexOf(id)
    if (at >= 0) this.calls.splice(at, 1)
    if (this.calls.length === 0) this.#unref()
  }

  /** Ends the call under way, if it is this one; the thread stays. */
  abort(id: number): void {
    if (this.calls[0] !== id) return
    Atomics.store(this.#words, word.abort, id)
    this.#wake()
  }

  answer(answer: Answer): void {
    this.#answers.postMessage(answer)
    this.#wake()
  }

  /** Asks for its variables, behind the calls that it has been given; none of a thread that ends. */
  async variables(): Promise<ReadonlyMap<string, Uint8Array>> {
    this.#ref()
    this.#port.postMessage([toThread.variables])
    const variables = await new Promise<ReadonlyMap<string, Uint8Array>>((resolve) => this.#asked.push(resolve))
    this.settle()
    return variables
  }

  setVariables(variables: ReadonlyMap<string, Uint8Array>): void {
    this.#port.postMessage([toThread.setVariables, variables])
  }

  reset(): void {
    this.#port.postMessage([toThread.reset])
  }

  /** An idle thread does not keep the process. */
  settle(): void {
    if (this.calls.length === 0) this.#unref()
  }

  /** Ends the thread whatever it does; resolves when nothing of it is left. */
  async end(): Promise<void> {
    this.#ending = true
    // Anyone who waits for its end must see it, even where nothing else keeps the process.
    this.#worker.ref()
    await this.#worker.terminate()
    await this.#exit
  }

  #wake(): void {
    Atomics.add(this.#words, word.wake, 1)
    Atomics.notify(this.#words, word.wake)
  }

  #ref(): void {
    this.#worker.ref()
    this.#port.ref()
  }

  #unref(): void {
    // Its last output may come while it is being ended, and must not let the process go then.
    if (this.#ending) return
    this.#worker.unref()
    this.#port.unref()
    this.#answers.unref()
  }
}
