import type { Mesh } from './contracts/mesh.ts'
import type { Params } from './contracts/values.ts'

/** How many events wait for the first connection; the oldest give way. */
const capacity = 1000

/** Keeps what is emitted before the host has joined its mesh, and sends it then, in order. */
export class Outbox {
  readonly #mesh: Mesh | undefined
  #waiting: { event: string; payload: Params }[] | undefined

  constructor(mesh: Mesh | undefined) {
    this.#mesh = mesh
    this.#waiting = mesh && []
  }

  async send(event: string, payload: Params): Promise<void> {
    if (!this.#waiting) return this.#mesh?.emit(event, payload)
    this.#waiting.push({ event, payload })
    if (this.#waiting.length > capacity) this.#waiting.shift()
  }

  /**
   * Sends what waits, and what comes meanwhile after it; then `send` sends at once. Never rejects: what the mesh does
   * not take is lost.
   */
  async open(): Promise<void> {
    for (let next = this.#waiting?.shift(); next; next = this.#waiting?.shift()) {
      await this.#mesh?.emit(next.event, next.payload).catch(() => {})
    }
    this.#waiting = undefined
  }
}
