import { deviceConnectError } from './errors.ts'

/** Sends one thing after the other, in the order in which they came, and lets no more than `limit` wait. */
export class EventQueue {
  readonly #limit: number
  #tail: Promise<unknown> = Promise.resolve()
  #waiting = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  /** Runs `send` in its turn. Rejects with `BP_DEVICE_CONNECT_EVENTS_FULL`, and with what `send` rejects with. */
  push(send: () => Promise<void>): Promise<void> {
    if (this.#waiting >= this.#limit) {
      return Promise.reject(deviceConnectError('BP_DEVICE_CONNECT_EVENTS_FULL', { details: { limit: this.#limit } }))
    }
    this.#waiting++
    const sent = this.#tail.then(send).finally(() => {
      this.#waiting--
    })
    this.#tail = sent.catch(() => {})
    return sent
  }
}
