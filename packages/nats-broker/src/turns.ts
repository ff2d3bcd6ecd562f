/** How long the broker works, in all, before everything else of this process has its turn, in milliseconds. */
const turnMs = 4
/** How long what came from one client is worked on at once; what is left then waits in line. */
const clientMs = 0.05
/** How long those in line are worked on, in all, before sockets are read again. */
const lineMs = 0.1
/** How many of them, at most: each may bring as much again as one read of a socket gives, which costs time as well. */
const linePlaces = 4
/** Between two looks at the clock: so many small messages, or as much work as they are. */
const unitsPerLook = 16

/** A bound on one piece of work: it is over when its time is, which is looked at now and then. */
export class Slice {
  readonly #until: number
  #units = unitsPerLook

  constructor(until: number) {
    this.#until = until
  }

  /** Counts work that is done, in small messages; gives whether the slice is over. */
  spend(units: number): boolean {
    this.#units -= units
    if (this.#units > 0) return false
    this.#units = unitsPerLook
    return performance.now() >= this.#until
  }
}

/** What works in slices. */
export interface Worker {
  /** Works until it has nothing to do or the slice is over; gives whether something is left. */
  work(slice: Slice): boolean
}

/**
 * Divides one thread between the clients of a broker and whatever else runs there.
 *
 * A client that brings little is served at once. One that brings much is served a short while, then waits in line with
 * others like it, and the line moves a little in each turn of the event loop. So neither the neighbours of a busy
 * publisher nor the timers of the host wait for what it sends, however much, to however many.
 */
export class Turns {
  readonly #line: Worker[] = []
  readonly #inLine = new Set<Worker>()
  readonly #output: Worker
  #outputLeft = false
  #immediate: NodeJS.Immediate | undefined
  /** Time that this turn has cost so far. */
  #spentMs = 0

  /** `output` writes out what others have gathered; it works behind each of them. */
  constructor(output: Worker) {
    this.#output = output
  }

  /** Has it work now, as long as one client may, and later what is left. Does nothing for one in line. */
  take(worker: Worker): void {
    if (this.#inLine.has(worker)) return
    if (this.#spentMs < turnMs) this.#spentMs += this.#run(worker, performance.now(), Number.POSITIVE_INFINITY)
    else this.#enter(worker)
    this.#schedule()
  }

  /** Has it work later. */
  put(worker: Worker): void {
    if (!this.#inLine.has(worker)) this.#enter(worker)
    this.#schedule()
  }

  /** Gives how long it took. */
  #run(worker: Worker, began: number, end: number): number {
    if (worker.work(new Slice(Math.min(end, began + clientMs)))) this.#enter(worker)
    this.#outputLeft = this.#output.work(new Slice(Math.min(end, began + 2 * clientMs)))
    return performance.now() - began
  }

  #enter(worker: Worker): void {
    this.#inLine.add(worker)
    this.#line.push(worker)
  }

  #schedule(): void {
    this.#immediate ??= setImmediate(this.#turn)
  }

  readonly #turn = (): void => {
    this.#immediate = undefined
    const began = performance.now()
    const end = began + lineMs
    let now = began
    if (this.#outputLeft) {
      this.#outputLeft = this.#output.work(new Slice(began + clientMs))
      now = performance.now()
    }
    // Each once at most: those that come again have had their share of this turn.
    for (let count = Math.min(linePlaces, this.#line.length); count > 0 && now < end; count--) {
      const worker = this.#line.shift()!
      this.#inLine.delete(worker)
      now += this.#run(worker, now, end)
    }
    this.#spentMs = now - began
    if (this.#line.length > 0 || this.#outputLeft) this.#schedule()
  }
}
