/** Running programs from the tools, and keeping what they said. */
import { spawn } from 'node:child_process'

/** How a program ended, and what it printed on both streams. */
export interface Ended {
  readonly ok: boolean
  readonly output: string
}

/** What a program runs with. */
export interface RunInit {
  readonly cwd: string
  /** Added to this process's environment; `undefined` removes. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** @default 600_000 */
  readonly timeoutMs?: number
}

/** Runs a program to its end; never rejects. */
export function run(command: string, args: readonly string[], init: RunInit): Promise<Ended> {
  const { cwd, env, timeoutMs = 600_000 } = init
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    const timer = setTimeout(() => {
      output += `\nnot done after ${timeoutMs} ms`
      child.kill('SIGKILL')
    }, timeoutMs)
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
    const end = (ok: boolean) => {
      clearTimeout(timer)
      resolve({ ok, output })
    }
    child.once('error', (error) => {
      output += String(error)
      end(false)
    })
    child.once('close', (code) => end(code === 0))
  })
}

/** Runs a program that must succeed; throws with its output when it does not. */
export async function must(command: string, args: readonly string[], init: RunInit): Promise<string> {
  const { ok, output } = await run(command, args, init)
  if (!ok) throw new Error(`${command} ${args.join(' ')} failed in ${init.cwd}:\n${output}`)
  return output
}
