/** How many lines are kept of the end, and of a crash. */
const keptLines = 20
/** Longest line that is kept, in characters. */
const keptCharacters = 2000

/**
 * What the runtimes of compiled languages say first when they crash: Go (`panic`, `fatal error`, a signal), Rust, V8.
 * What follows is a trace, of any length.
 */
const crashes =
  /^(panic: |fatal error: |SIG[A-Z]+: |thread '.*' (\(\d+\) )?panicked at |FATAL ERROR: |# Fatal error in )/

/**
 * What an error tells of a plugin's stderr: its last lines, and before them the first ones of a crash, which say what
 * happened, while the end of its trace says where some thread of many stood.
 */
export class StderrTail {
  #crash: string[] = []
  #last: string[] = []
  #left = 0

  push(line: string): void {
    const text = line.slice(0, keptCharacters)
    // The last beginning counts: a program may say that it has caught one, and go on.
    if (crashes.test(text)) {
      this.#crash = [text]
      this.#last = []
      this.#left = 0
    } else if (this.#crash.length > 0 && this.#crash.length < keptLines) this.#crash.push(text)
    else {
      this.#last.push(text)
      if (this.#last.length <= keptLines) return
      this.#last.shift()
      this.#left++
    }
  }

  get lines(): readonly string[] {
    const gap = this.#crash.length > 0 && this.#left > 0 ? [`(${this.#left} lines)`] : []
    return [...this.#crash, ...gap, ...this.#last]
  }

  /** The line that says why it crashed. */
  get crash(): string | undefined {
    return this.#crash[0]
  }
}
