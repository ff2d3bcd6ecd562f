import { type ChildProcess, spawn } from 'node:child_process'
import { abortedBy } from '@backplane/core'
import { failureToStart } from '@backplane/core/runtime'

/** How a program ended. */
export interface RunResult {
  readonly ok: boolean
  /** What it printed, of both streams; the end of it where it is long. */
  readonly output: string
  /** What went wrong, when it did. */
  readonly reason: string
  readonly timedOut: boolean
}

export interface RunInit {
  readonly env: Readonly<Record<string, string>>
  readonly timeoutMs: number
  readonly signal?: AbortSignal | undefined
  /** Takes each line as it comes. */
  line?(text: string): void
}

const mostOutput = 16_384

/** Runs a program to its end. Rejects only when `signal` aborts; then nothing of it is left. */
export function runProgram(command: string, args: readonly string[], init: RunInit): Promise<RunResult> {
  const { signal } = init
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(abortedBy(signal))
    let child: ChildProcess
    try {
      // A group of its own: an installer starts compilers, which end with it.
      child = spawn(command, args, { env: init.env, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
    } catch (error) {
      // Some failures are thrown (no memory, too many arguments), others told as `error`.
      return resolve({ ok: false, output: '', reason: failureToStart(error), timedOut: false })
    }
    let output = ''
    let rest = ''
    let timedOut = false
    const kill = () => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
      } catch {
        child.kill('SIGKILL')
      }
    }
    const timer = setTimeout(() => {
      timedOut = true
      kill()
    }, init.timeoutMs)
    signal?.addEventListener('abort', kill, { once: true })
    const take = (chunk: string) => {
      output = (output + chunk).slice(-mostOutput)
      const lines = (rest + chunk).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) if (line.trim() !== '') init.line?.(line.trimEnd())
    }
    const settle = (ok: boolean, reason: string) => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', kill)
      if (signal?.aborted) reject(abortedBy(signal))
      else resolve({ ok, output, reason, timedOut })
    }
    child.on('error', (error) => settle(false, failureToStart(error)))
    child.once('close', (code, ended) =>
      settle(code === 0, ended ? `it was ended by ${ended}` : `it exited with code ${code}`),
    )
    // Without descriptors for its pipes there are none, whatever the types say.
    child.stdout?.setEncoding('utf8').on('data', take)
    child.stderr?.setEncoding('utf8').on('data', take)
  })
}
