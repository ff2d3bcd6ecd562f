import { writeSync } from 'node:fs'

/**
 * Watches for the host's end: the parent process changes, or stdout, which the host drains all its life, breaks. A
 * Unix process is told neither, so an idle plugin would stay for ever.
 */
export class ParentWatch {
  readonly #parent = process.ppid
  readonly #gone: () => void
  readonly #timer: NodeJS.Timeout
  #told = false
  #connected = true

  constructor(gone: () => void, intervalMs = 1000) {
    this.#gone = gone
    this.#timer = setInterval(() => this.#check(), intervalMs)
    this.#timer.unref()
  }

  /** Says whether the host is connected; when it is not, stdout is tried as well. */
  set connected(value: boolean) {
    this.#connected = value
    if (!value) this.#check()
  }

  /** The host is gone for a reason seen elsewhere (a broken pipe). */
  lost(): void {
    if (this.#told) return
    this.#told = true
    this.stop()
    this.#gone()
  }

  stop(): void {
    this.#told = true
    clearInterval(this.#timer)
  }

  #check(): void {
    if (this.#told) return
    if (process.ppid !== this.#parent || (!this.#connected && !stdoutStands())) this.lost()
  }
}

/**
 * Under `sh -c plugin` the parent is a shell that outlives the host. A host drops whatever comes after the first line.
 */
function stdoutStands(): boolean {
  try {
    writeSync(1, '\n')
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EAGAIN'
  }
}
