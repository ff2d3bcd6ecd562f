/**
 * `npm run stress`: what a host of mixed plugins loses while it is killed, while its plugins are swapped and while it
 * is stopped under load, and what a killed host leaves behind. It runs the real command, with its embedded broker and a
 * folder of plugins.
 *
 *     npm run stress                                                      # a smoke run
 *     npm run stress -- --plugins 50 --kills 50 --swaps 200 --in-flight 512   # the whole, many minutes
 *
 * Prints a table, and ends with 1 where a figure that is to be 0 is not. Reads /proc: for Linux only.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { BackplaneError, silentLogger, systemClock } from '@backplane/core'
import { deviceConnect } from '@backplane/mesh-device-connect'
import { natsTransport } from '@backplane/transport-nats'
import { type Ask, kinds, putPlugins, type StressPlugin } from './stress-plugins.ts'

const number = (value: string) => ({ type: 'string' as const, default: value })
const { values } = parseArgs({
  options: { plugins: number('8'), kills: number('3'), swaps: number('5'), 'in-flight': number('64') },
})
const sizes = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, Number(value)]))
const { plugins: pluginCount = 8, kills = 3, swaps = 5, 'in-flight': inFlight = 64 } = sizes
for (const [name, size] of Object.entries(sizes)) {
  if (Number.isInteger(size) && size >= 0) continue
  console.error(`--${name} is a whole number.`)
  process.exit(2)
}

/** How long a host may take to stop, by its own default, and what is granted beyond for the process to end. */
const stopLimitMs = 8_000
const graceMs = 2_000
const loadLanes = 16
/** How a call fails whose plugin broke under it. Other codes that the host itself says are refusals. */
const broken = ['BP_PLUGIN_FAILED', 'BP_REMOTE_FAILED']

const home = mkdtempSync(join(tmpdir(), 'backplane-stress-'))
const folders = { plugins: join(home, 'plugins'), tmp: join(home, 'tmp'), state: join(home, 'state') }
for (const folder of Object.values(folders)) mkdirSync(folder)
process.on('exit', () => rmSync(home, { recursive: true, force: true }))
const plugins = putPlugins(folders.plugins, pluginCount)

/** A host that runs, and a client of it. */
interface Running {
  readonly child: ChildProcess
  readonly call: Ask
  close(): Promise<void>
}

async function up(): Promise<Running> {
  const bin = join(import.meta.dirname, '../packages/cli/bin/backplane.js')
  const words = ['up', '--json', '--broker-port', '0', '--plugins', folders.plugins, '--state-dir', folders.state]
  const { PATH = '', HOME = '' } = process.env
  const env = { PATH, HOME, TMPDIR: folders.tmp, NODE_DISABLE_COMPILE_CACHE: '1' }
  const child = spawn(process.execPath, [bin, ...words], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    return await joined(child)
  } catch (error) {
    child.kill('SIGKILL')
    throw error
  }
}

async function joined(child: ChildProcess): Promise<Running> {
  const [line] = (await Promise.race([
    once(createInterface(child.stdout!), 'line'),
    once(child, 'exit').then(() => Promise.reject(new Error('the host ended instead of coming up'))),
  ])) as [string]
  const { address, failed } = JSON.parse(line)
  if (failed.length > 0) throw new Error(`not loaded: ${JSON.stringify(failed)}`)
  const member = deviceConnect({ transport: natsTransport({ servers: address }), discovery: 'd2d' })
  const mesh = member({ identity: { deviceId: 'stress' }, logger: silentLogger, clock: systemClock })
  await mesh.connect()
  const call: Ask = (name, params) => mesh.invoke('plugin-host-1', name, params, { timeoutMs: 30_000 })
  await allLoaded(call)
  for (const plugin of plugins) if (!(await plugin.ask(call, 1, 0))) throw new Error(`${plugin.id} answers wrongly`)
  return { child, call, close: () => mesh.close() }
}

/** Some may take longer than the host's first line. */
async function allLoaded(call: Ask): Promise<void> {
  const until = performance.now() + 120_000
  for (;;) {
    const { loaded_count: loaded } = (await call('get_status', {})) as { loaded_count: number }
    if (loaded === pluginCount) return
    if (performance.now() > until) throw new Error(`${loaded} of ${pluginCount} plugins are loaded after two minutes`)
    await sleep(100)
  }
}

/** What became of calls. */
class Tally {
  right = 0
  wrong = 0
  /** Calls that the host refused with a code. */
  refused = 0
  readonly codes = new Map<string, number>()

  async count(asked: Promise<boolean>): Promise<void> {
    try {
      if (await asked) this.right++
      else this.wrong++
    } catch (thrown) {
      const { code, details } = BackplaneError.from(thrown)
      // What the host itself said, where it said something; else the call was forgotten or cut off.
      const said = details.remoteCode
      if (said !== undefined && !broken.includes(String(said))) this.refused++
      const shown = said === undefined ? `${code} (not by the host)` : String(said)
      this.codes.set(shown, (this.codes.get(shown) ?? 0) + 1)
    }
  }

  get failed(): number {
    return [...this.codes.values()].reduce((sum, count) => sum + count, 0)
  }

  get failures(): string {
    return [...this.codes].map(([code, count]) => `${count} ${code}`).join(', ')
  }
}

/** Keeps asking all plugins in turn until told to end. */
function load(call: Ask, tally: Tally): () => Promise<void> {
  let on = true
  let n = 0
  const lanes = Array.from({ length: loadLanes }, async (_, lane) => {
    while (on) {
      const at = n++
      await tally.count(plugins[at % pluginCount]!.ask(call, at, lane))
      // A call that fails at once must not keep the event loop from all else.
      await nextTurn()
    }
  })
  return async () => {
    on = false
    await Promise.all(lanes)
  }
}

/** A process by its id and start, so that no later one is taken for it. */
type Process = `${number} ${string}`

/** All that descends from a process, without itself. */
function descendants(of: number): Process[] {
  const found: Process[] = []
  const parents = new Set([of])
  const all = readdirSync('/proc')
    .map(Number)
    .filter(Boolean)
    .flatMap((pid) => statOf(pid) ?? [])
  for (let before = -1; before !== found.length; ) {
    before = found.length
    for (const { pid, parent, started } of all) {
      if (!parents.has(parent) || parents.has(pid)) continue
      parents.add(pid)
      found.push(`${pid} ${started}`)
    }
  }
  return found
}

function statOf(pid: number): { pid: number; parent: number; started: string } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' ? undefined : { pid, parent: Number(fields[1]), started: fields[19]! }
  } catch {
    return undefined
  }
}

const isAlive = (one: Process) => statOf(Number(one.split(' ')[0]))?.started === one.split(' ')[1]

interface Line {
  readonly what: string
  readonly count: number
  readonly right: number
  readonly wrong: number
  readonly lost: number
  readonly remarks: string
}
const lines: Line[] = []
const done = (line: Line) => {
  lines.push(line)
  console.error(`${line.what}: ${line.right} right, ${line.wrong} wrong, ${line.lost} lost or left`)
}
let host = await up()
try {
  await killed()
  for (const kind of kinds) await swapped(kind)
  await stopped()
} finally {
  host.child.kill('SIGKILL')
  await host.close()
}
print()
process.exitCode = lines.some(({ wrong, lost }) => wrong + lost > 0) ? 1 : 0

/**
 * Kills the host under load and starts it again; what it had started and left is to be gone when the next one is up.
 */
async function killed(): Promise<void> {
  const tally = new Tally()
  let orphans = 0
  let left = 0
  for (let n = 0; n < kills; n++) {
    const end = load(host.call, tally)
    await sleep(500)
    const started = descendants(host.child.pid!)
    const folder = new Set(readdirSync(folders.tmp))
    host.child.kill('SIGKILL')
    await Promise.all([end(), once(host.child, 'exit')])
    await host.close()
    host = await up()
    orphans += started.filter(isAlive).length
    left += readdirSync(folders.tmp).filter((name) => folder.has(name)).length
  }
  const remarks = `${orphans} orphans, ${left} folders left; the calls that were under way failed: ${tally.failures}`
  done({ what: 'SIGKILL and restart', count: kills, ...facts(tally), lost: orphans + left, remarks })
}

/** Swaps the plugins of one kind in turn, under the load of all. */
async function swapped(kind: (typeof kinds)[number]): Promise<void> {
  const ofKind = plugins.filter((plugin) => plugin.kind === kind)
  if (ofKind.length === 0) return
  const tally = new Tally()
  const end = load(host.call, tally)
  let refused = 0
  for (let n = 0; n < swaps; n++) {
    const { status } = (await host.call('reload_plugin', { plugin_id: ofKind[n % ofKind.length]!.id })) as {
      status: string
    }
    if (status !== 'success') refused++
  }
  await end()
  const remarks = refused + tally.failed > 0 ? `${refused} swaps refused; ${tally.failures}` : ''
  done({ what: `swap, ${kind}`, count: swaps, ...facts(tally), lost: tally.failed + refused, remarks })
}

/** Stops the host with calls under way: each is to be answered or refused by the host within its limit. */
async function stopped(): Promise<void> {
  const tally = new Tally()
  const calls = Array.from({ length: inFlight }, (_, n) => tally.count(askSlowly(plugins[n % pluginCount]!, n)))
  await sleep(100)
  const started = descendants(host.child.pid!)
  const began = performance.now()
  host.child.kill('SIGTERM')
  const exit = once(host.child, 'exit') as Promise<[number | null]>
  await Promise.race([Promise.all(calls), sleep(stopLimitMs + graceMs, undefined, { ref: false })])
  const settled = tally.right + tally.wrong + tally.failed
  const answeredMs = performance.now() - began
  const [code] = await Promise.race([exit, sleep(stopLimitMs + graceMs, ['still running'], { ref: false })])
  const endedMs = performance.now() - began
  const orphans = started.filter(isAlive).length
  const cut = tally.failed - tally.refused
  const lost = inFlight - settled + cut + orphans + (code === 0 ? 0 : 1)
  const left = readdirSync(folders.tmp).length
  const remarks = [
    `calls settled after ${Math.round(answeredMs)} ms, process ended with ${code} after ${Math.round(endedMs)} ms`,
    `${orphans} orphans, ${left} folders left`,
    `not answered: ${tally.failures || 'none'}`,
  ].join('; ')
  done({ what: 'SIGTERM, calls in flight', count: inFlight, ...facts(tally), lost: lost + left, remarks })
}

function askSlowly(plugin: StressPlugin, n: number): Promise<boolean> {
  return plugin.slow ? plugin.slow(host.call, 300) : plugin.ask(host.call, n, n)
}

function facts({ right, wrong }: Tally): { right: number; wrong: number } {
  return { right, wrong }
}

function print(): void {
  console.log(`${pluginCount} plugins of ${kinds.length} kinds, ${loadLanes} calls under way\n`)
  console.log(
    '| what | times | right answers | wrong | lost or left | remarks |\n| --- | --- | --- | --- | --- | --- |',
  )
  for (const { what, count, right, wrong, lost, remarks } of lines)
    console.log(`| ${what} | ${count} | ${right} | ${wrong} | ${lost} | ${remarks} |`)
}
