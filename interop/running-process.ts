/** Programs that run beside a script until it ends them. */
import { spawn } from 'node:child_process'

/** A running program. */
export interface RunningProcess extends AsyncDisposable {
  readonly pid: number
  /** What `ready` matched. */
  readonly match: RegExpMatchArray
  /** Everything that it printed so far, both streams. */
  output(): string
  /** Resolves to its exit code, or the negative number -1 after a signal. */
  readonly exited: Promise<number>
  /** Writes to its standard input. */
  write(text: string): void
  /** Ends it: `signal` first, SIGKILL after two seconds. @default 'SIGTERM' */
  stop(signal?: NodeJS.Signals): Promise<void>
}

/** Options of {@link Interop.start}. */
export interface StartInit {
  /** What its output must show before it counts as started. */
  readonly ready: RegExp
  readonly cwd?: string
  /** Added to this process's environment. */
  readonly env?: Readonly<Record<string, string>>
  /** @default 30_000 */
  readonly timeoutMs?: number
  /** Gives it a process group of its own, so that `stop` reaches its children too (`npm start`). @default false */
  readonly group?: boolean
}

/**
 * Starts a program and waits until its output matches `ready`; rejects with what it printed when that does not come.
 */
export async function startProcess(command: string, args: readonly string[], init: StartInit): Promise<RunningProcess> {
  const { ready, cwd, env, timeoutMs = 30_000, group = false } = init
  const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: 'pipe', detached: group })
  let output = ''
  const exited = new Promise<number>((resolve) => {
    child.once('error', (error) => {
      output += String(error)
      resolve(-1)
    })
    child.once('exit', (code) => resolve(code ?? -1))
  })
  child.stdin.on('error', () => {})

  const kill = (signal: NodeJS.Signals) => {
    if (!group || child.pid === undefined) return child.kill(signal)
    try {
      return process.kill(-child.pid, signal)
    } catch {
      return false
    }
  }
  const stop = async (signal: NodeJS.Signals = 'SIGTERM') => {
    kill(signal)
    const timer = setTimeout(() => kill('SIGKILL'), 2000)
    await exited
    clearTimeout(timer)
  }
  const started = new Promise<RegExpMatchArray>((resolve, reject) => {
    const fail = (why: string) => reject(new Error(`${command} ${why}:\n${output}`))
    const timer = setTimeout(() => fail(`was not ready after ${timeoutMs} ms`), timeoutMs)
    const read = (chunk: Buffer) => {
      output += chunk.toString()
      const match = output.match(ready)
      if (!match) return
      clearTimeout(timer)
      resolve(match)
    }
    child.stdout.on('data', read)
    child.stderr.on('data', read)
    exited.then((code) => {
      clearTimeout(timer)
      fail(`ended (${code}) before it was ready`)
    })
  })
  try {
    const match = await started
    return {
      pid: child.pid ?? -1,
      match,
      output: () => output,
      exited,
      write: (text) => void child.stdin.write(text),
      stop,
      [Symbol.asyncDispose]: () => stop(),
    }
  } catch (thrown) {
    await stop('SIGKILL')
    throw thrown
  }
}
