/** The real `backplane` command, in an environment that says nothing of Device Connect. */
import { spawn } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from '../../tools/workspace.ts'
import type { Interop } from '../harness.ts'
import type { RunningProcess } from '../running-process.ts'

const bin = join(root, 'packages/cli/bin/backplane.js')

/** How a run ended. */
export interface Ended {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

async function run(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  const { PATH = '', HOME = '' } = process.env
  const options = { cwd: tmpdir(), env: { PATH, HOME, ...env }, timeout: 30_000 }
  const child = spawn(process.execPath, [bin, ...args], options)
  let out = ''
  let err = ''
  child.stdout.on('data', (data) => {
    out += data
  })
  child.stderr.on('data', (data) => {
    err += data
  })
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve))
  return { code, out, err }
}

export const command = {
  run,
  /** Runs it with `--json` and gives its result; of a status, what matters. */
  async json(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<unknown> {
    const { code, out, err } = await run([...args, '--json'], env)
    if (code !== 0) throw new Error(`${args[0]} ended with ${code}: ${err}`)
    const value = JSON.parse(out) as { status?: string; connected?: boolean }
    return args[0] === 'status' ? { status: value.status, connected: value.connected } : value
  },
  /** Starts a host. */
  start(kit: Interop, args: readonly string[]): Promise<RunningProcess> {
    return kit.start(process.execPath, [bin, ...args], { ready: /Ctrl\+C stops the host/, cwd: tmpdir() })
  },
}
