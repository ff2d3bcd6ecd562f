import { abortedBy, type BackplaneError, type Params, type RemoteOptions, type Value } from '@backplane/core'

/** How many requests may be on their way: a flood that nobody awaits must fill this thread's memory, not the host's. */
const mostRequests = 8192

interface Pending {
  resolve(value: Value): void
  reject(error: BackplaneError): void
}

/** What a plugin in a thread asks of its host, and waits for. */
export class ThreadRequests {
  readonly #post: (message: readonly unknown[]) => void
  readonly #open = new Map<number, Pending>()
  readonly #waiting: (() => void)[] = []
  #lastId = 0

  /** @param post - sends a message to the host; throws for what cannot cross */
  constructor(post: (message: readonly unknown[]) => void) {
    this.#post = post
  }

  async emit(event: string, payload: Params | undefined): Promise<void> {
    await this.#begin((id) => ['emit', id, event, payload])
  }

  async invoke(name: string, params: Params | undefined, options: RemoteOptions = {}): Promise<Value> {
    const { signal, device, timeoutMs: timeout_ms, trace } = options
    if (signal?.aborted) throw abortedBy(signal)
    let sent = 0
    const abort = () => {
      if (sent === 0) return
      this.#post(['cancel', sent])
      this.take(sent)?.reject(abortedBy(signal))
    }
    signal?.addEventListener('abort', abort, { once: true })
    try {
      return await this.#begin((id) => {
        if (signal?.aborted) throw abortedBy(signal)
        sent = id
        return ['invoke', id, name, params, { device, timeout_ms, trace }]
      })
    } finally {
      signal?.removeEventListener('abort', abort)
    }
  }

  /** Gives who waits for an answer, once: it has come. */
  take(id: number): Pending | undefined {
    const pending = this.#open.get(id)
    this.#open.delete(id)
    while (this.#open.size < mostRequests && this.#waiting.length > 0) this.#waiting.shift()?.()
    return pending
  }

  #begin(message: (id: number) => readonly unknown[]): Promise<Value> {
    return new Promise((resolve, reject) => {
      const say = () => {
        const id = ++this.#lastId
        this.#open.set(id, { resolve, reject })
        try {
          this.#post(message(id))
        } catch (error) {
          this.#open.delete(id)
          reject(error)
        }
      }
      if (this.#open.size < mostRequests) say()
      else this.#waiting.push(say)
    })
  }
}
