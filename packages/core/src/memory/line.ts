import type { Clock, Timer } from '../contracts/clock.ts'
import { seededRandom } from './random.ts'

/** How a client's line to the network behaves. Every fault is drawn from `seed`, so a run repeats itself. */
export interface MemoryLineInit {
  /** Time that each message takes to the network, in milliseconds. @default 0 */
  readonly latencyMs?: number
  /** At most so much more, drawn for each message; order is kept. In milliseconds. @default 0 */
  readonly jitterMs?: number
  /** Share of messages that get lost on the way, in [0, 1]. @default 0 */
  readonly dropRate?: number
  /** Share of messages that arrive twice, in [0, 1]. @default 0 */
  readonly duplicateRate?: number
  /** What chance starts from. @default 1 */
  readonly seed?: number
}

interface Parcel {
  readonly due: number
  readonly arrive: () => void
}

/** One client's way to the network: first in, first out, with the delays and faults that were asked for. */
export class Line {
  readonly #clock: Clock
  readonly #init: Required<MemoryLineInit>
  readonly #random: () => number
  #queue: Parcel[] = []
  #latest = 0
  #timer: Timer | undefined
  #pumping = false

  constructor(clock: Clock, init: MemoryLineInit) {
    this.#clock = clock
    this.#init = { latencyMs: 0, jitterMs: 0, dropRate: 0, duplicateRate: 0, seed: 1, ...init }
    this.#random = seededRandom(this.#init.seed)
  }

  /** Sends something that may get lost, or arrive twice. */
  send(arrive: () => void): void {
    const { dropRate, duplicateRate } = this.#init
    if (dropRate > 0 && this.#random() < dropRate) return
    this.control(arrive)
    if (duplicateRate > 0 && this.#random() < duplicateRate) this.control(arrive)
  }

  /** Sends something that always arrives while the line holds: what a protocol says to keep itself going. */
  control(arrive: () => void): void {
    const { latencyMs, jitterMs } = this.#init
    const delay = latencyMs + (jitterMs > 0 ? this.#random() * jitterMs : 0)
    this.#latest = Math.max(this.#latest, this.#clock.now() + delay)
    this.#queue.push({ due: this.#latest, arrive })
    this.#arm(delay === 0)
  }

  /** Loses all that is on the way. */
  cut(): void {
    this.#queue = []
    this.#timer?.cancel()
    this.#timer = undefined
  }

  #arm(soon: boolean): void {
    if (this.#timer || this.#pumping) return
    const head = this.#queue[0]
    if (!head) return
    // Never at once: no real line delivers while its sender is still speaking.
    if (soon && head.due <= this.#clock.now()) {
      this.#pumping = true
      queueMicrotask(() => this.#pump())
      return
    }
    this.#timer = this.#clock.after(Math.max(0, head.due - this.#clock.now()), () => {
      this.#timer = undefined
      this.#pump()
    })
  }

  #pump(): void {
    this.#pumping = true
    const now = this.#clock.now()
    while (this.#queue.length > 0 && (this.#queue[0] as Parcel).due <= now) (this.#queue.shift() as Parcel).arrive()
    this.#pumping = false
    this.#arm(false)
  }
}
