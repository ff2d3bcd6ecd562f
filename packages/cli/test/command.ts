import { spawn } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

export const bin = join(import.meta.dirname, '../bin/backplane.js')

/** How a run of the command ended. */
export interface Ended {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

export interface RunInit {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** How many file descriptors it may have open. */
  readonly descriptors?: number
}

/** A run of the command that has not ended. */
export interface Running extends AsyncDisposable {
  /** Resolves with what was printed once it matches; rejects with what came instead. */
  printed(pattern: RegExp): Promise<string>
  readonly pid: number
  /** What it has written to standard error so far. */
  readonly err: string
  kill(signal: NodeJS.Signals): void
  readonly ended: Promise<Ended>
}

/** Starts the real command, in an environment that says nothing about Backplane. */
export function start(args: readonly string[], { cwd, env = {}, descriptors }: RunInit = {}): Running {
  const { PATH = '', HOME = '' } = process.env
  const [command = '', ...before] = [
    ...(descriptors === undefined ? [] : ['/bin/sh', '-c', `ulimit -n ${descriptors}; exec "$@"`, 'sh']),
    process.execPath,
  ]
  const child = spawn(command, [...before, bin, ...args], { cwd, env: { PATH, HOME, ...env }, stdio: 'pipe' })
  let out = ''
  let err = ''
  const watchers = new Set<() => void>()
  const heard = () => {
    for (const watch of [...watchers]) watch()
  }
  child.stdout.on('data', (data) => {
    out += data
    heard()
  })
  child.stderr.on('data', (data) => {
    err += data
    heard()
  })
  const ended = new Promise<Ended>((resolve) => {
    child.on('close', (code) => {
      resolve({ code, out, err })
      heard()
    })
  })
  return {
    ended,
    pid: child.pid as number,
    get err() {
      return err
    },
    kill: (signal) => void child.kill(signal),
    printed: (pattern) =>
      new Promise((resolve, reject) => {
        const watch = () => {
          if (pattern.test(out + err)) resolve(out)
          else if (child.exitCode !== null) reject(new Error(`${args[0]} ended with ${child.exitCode}:\n${out}${err}`))
          else return
          watchers.delete(watch)
        }
        watchers.add(watch)
        watch()
      }),
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM')
      await ended
    },
  }
}

/** Runs the real command to its end. */
export function run(args: readonly string[], init?: RunInit): Promise<Ended> {
  return start(args, init).ended
}

/** A host that runs, and what it said of itself. */
export interface Up extends AsyncDisposable {
  readonly process: Running
  /** `--nats` and its value, for the other commands. */
  readonly nats: readonly [string, string]
  readonly loaded: readonly { readonly id: string; readonly functions: readonly string[] }[]
  readonly failed: readonly { readonly id: string; readonly error: { readonly code: string; readonly next: string } }[]
  readonly starting: readonly string[]
}

/** Starts a host on a free port (or as the arguments say) and waits until it says what it has loaded. */
export async function up(
  plugins: string,
  args: readonly string[] = ['--broker-port', '0'],
  init?: RunInit,
): Promise<Up> {
  const process = start(['up', '--json', '--plugins', plugins, ...args], init)
  const { address, ...said } = JSON.parse((await process.printed(/\n/)).split('\n')[0] as string)
  return { process, nats: ['--nats', address], ...said, [Symbol.asyncDispose]: () => process[Symbol.asyncDispose]() }
}

/** Writes a plugin folder: its manifest (an object, or text that is none) and its code. */
export async function putPlugin(
  home: string,
  folder: string,
  code: string,
  manifest: object | string = {},
): Promise<void> {
  const dir = join(home, folder)
  await mkdir(dir, { recursive: true })
  const whole =
    typeof manifest === 'string' ? manifest : JSON.stringify({ id: folder, entry_point: 'plugin.mjs', ...manifest })
  await writeFile(join(dir, 'manifest.json'), whole)
  await writeFile(join(dir, 'plugin.mjs'), code)
}
