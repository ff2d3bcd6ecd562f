/**
 * Python plugins beside the real device-connect-edge 0.2.5, stock agents, pip's index and uv, and a thousand reloads.
 */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isDeepStrictEqual, promisify } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { createHost, type Value } from '@backplane/core'
import { type InstallProgress, pythonRuntime } from '@backplane/runtime-python'
import { root } from '../../tools/workspace.ts'
import { type Interop, interop } from '../harness.ts'
import type { Venv } from '../venv.ts'

const execute = promisify(execFile)
const here = import.meta.dirname
const worker = join(root, 'packages/runtime-python/python')
const tenant = 'dev'
const deviceId = 'plugin-host-1'

const wanting = `from device_connect_edge.drivers import rpc
import idna

class Plugin:
    def __init__(self, device):
        pass

    @rpc()
    async def version(self) -> str:
        return idna.__version__
`

await interop('python', async (kit) => {
  const edge = await kit.venv(['device-connect-edge[predicate]==0.2.5', 'device-connect-agent-tools==0.2.5'])
  await signatures(kit, edge)
  await withUpstream(kit, edge)
  await using server = await kit.natsServer()
  await agents(kit, edge, server.url)
  await installs(kit)
  await reloads(kit, edge)
})

type Answers = Record<'same' | 'unions' | 'catchAlls', [signature: string, doc: string | null, answer: unknown][]>

async function schemas(python: string, env: Record<string, string> = {}): Promise<Answers> {
  const { stdout } = await execute(python, [join(here, 'signatures.py')], {
    env: { ...process.env, ...env },
    maxBuffer: 1 << 26,
  })
  return JSON.parse(stdout)
}

/** Whether one answer says what the other says, or more where that only says `string` for want of knowledge. */
function describes(ours: unknown, theirs: unknown): boolean {
  if (isDeepStrictEqual(ours, theirs) || isDeepStrictEqual(theirs, { type: 'string' })) return true
  if (Array.isArray(ours) && Array.isArray(theirs)) {
    return ours.length === theirs.length && ours.every((each, index) => describes(each, theirs[index]))
  }
  if (typeof ours !== 'object' || typeof theirs !== 'object' || !ours || !theirs) return false
  const own = ours as Record<string, unknown>
  const { default: value, ...rest } = theirs as Record<string, unknown>
  if (isDeepStrictEqual(rest, { type: 'string' })) return isDeepStrictEqual(own.default, value)
  const known = Object.entries(theirs).every(([key, value]) =>
    key in own ? describes(own[key], value) : isDeepStrictEqual(value, { type: 'string' }),
  )
  return known && Object.keys(own).every((key) => key in theirs || key === 'description')
}

async function signatures(kit: Interop, edge: Venv): Promise<void> {
  const base = await execute(edge.bin('python'), ['-c', 'import sys; print(sys._base_executable)'])
  const ours = await schemas(base.stdout.trim(), {
    PYTHONPATH: [join(worker, 'shims/device_connect_edge'), worker].join(':'),
  })
  const theirs = await schemas(edge.bin('python'))
  await kit.check(`schemas: ${ours.same.length} signatures and docstrings as device-connect-edge has them`, () => {
    assert.ok(ours.same.length >= 60)
    const different = ours.same.filter((row, index) => !isDeepStrictEqual(row, theirs.same[index]))
    // Upstream calls what it does not know a string; here it is described, and nothing else may differ.
    for (const row of different) {
      const theirRow = theirs.same[ours.same.indexOf(row)]
      assert.ok(describes(row, theirRow), `${row[0]}: ${JSON.stringify(row[2])} and ${JSON.stringify(theirRow?.[2])}`)
    }
    assert.ok(ours.same.length - different.length >= 70, `${different.length} different`)
  })
  await kit.check('schemas: X | None and *args, **params are right where upstream is not', () => {
    const properties = ([, , answer]: Answers['same'][number]) =>
      (answer as [string, string, string, string, { properties: Record<string, unknown>; required: string[] }[]])[4][0]!
    for (const row of ours.unions) assert.notEqual(typeof row[2], 'string', row[0])
    const [, number] = ours.unions
    assert.deepEqual(properties(number!).properties.a, { type: 'integer' })
    for (const row of ours.catchAlls) {
      assert.equal('params' in properties(row).properties || 'args' in properties(row).properties, false, row[0])
    }
    assert.notDeepEqual(ours.unions, theirs.unions, 'upstream is right now: compare these as well')
  })
}

/** The folder of the compliance suite's plugins uses every decorator, synchronous functions among them. */
async function withUpstream(kit: Interop, edge: Venv): Promise<void> {
  await kit.check('the decorators of an installed device-connect-edge are used, and what it breaks works', async () => {
    const host = createHost({
      identity: { deviceId: 'h' },
      runtimes: [pythonRuntime({ python: edge.bin('python') })],
    })
    await using _ = host
    const dir = join(root, 'packages/runtime-python/test/fixtures/behaviours')
    for (const class_name of ['Plain', 'Threaded', 'All', 'Periodic']) {
      await host.load({ dir, manifest: { id: class_name.toLowerCase(), entry_point: 'capability.py', class_name } })
    }
    for (const plugin of ['plain', 'threaded']) {
      assert.equal(await host.call(`${plugin}.echo`, { value: 'x' }), 'x')
      await assert.rejects(host.call(`${plugin}.fail`, { message: 'on purpose' }), /on purpose/)
      assert.deepEqual(await host.call(`${plugin}.stream`, { count: 3 }), [{ n: 0 }, { n: 1 }, { n: 2 }])
      assert.equal(await host.call(`${plugin}.invoke`, { name: `${plugin}.count`, params: {} }), 1)
    }
    await host.call('all.emit', { event: 'said', payload: { text: 'hi' } })
    for (let turn = 0; turn < 100; turn++) {
      if (((await host.call('all.seen')) as Value[]).length > 0) return
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    assert.fail('@on has heard nothing')
  })
}

// biome-ignore lint/suspicious/noExplicitAny: what Python prints is looked into by the checks
type Steps = Record<string, any>

async function agents(kit: Interop, edge: Venv, url: string): Promise<void> {
  const command = [join(root, 'packages/cli/bin/backplane.js'), 'up', '--nats', url, '--device-id', deviceId]
  const options = ['--tenant', tenant, '--plugins', join(here, 'plugins'), '--no-auto-load']
  const ready = /Ctrl\+C stops the host/
  await using _ = await kit.start(process.execPath, [...command, ...options], { ready, cwd: root })
  const env = {
    ...process.env,
    MESSAGING_BACKEND: 'nats',
    NATS_URL: url,
    DEVICE_CONNECT_DISCOVERY_MODE: 'd2d',
    TENANT: tenant,
    DEVICE_CONNECT_ALLOW_INSECURE: 'true',
    DEVICE_CONNECT_LOG_LEVEL: 'WARNING',
  }
  const run = execute(edge.bin('python'), [join(here, 'agent.py'), deviceId], { env, timeout: 90_000 })
  const { stdout, stderr } = await run.catch((error) => error as { stdout: string; stderr: string })
  const steps: Steps = {}
  for (const [, step, value] of stdout.matchAll(/^STEP (\w+) (.*)$/gm)) steps[step!] = JSON.parse(value!)
  const check = (what: string, look: () => void) =>
    kit.check(`agent tools: ${what}`, () => {
      try {
        look()
      } catch (error) {
        const seen = JSON.stringify(steps, null, 1).slice(0, 4_000)
        throw new Error(`${(error as Error).message}\n${seen}\n${stderr.slice(-2_000)}`)
      }
    })
  await check('hello-world, demo and the template load', () => {
    for (const plugin of ['hello_world', 'demo', 'plugin_template'])
      assert.equal(steps[`load_${plugin}`].result.status, 'success')
  })
  await check('their functions and events are advertised', () => {
    assert.equal(steps.advertised.matched, 1)
    assert.equal(steps.event_advertised.matched, 1)
  })
  await check('hello-world greets', () => {
    assert.deepEqual(steps.hello.result, { message: 'Hello, agent!' })
    assert.deepEqual(steps.hello_default.result, { message: 'Hello, world!' })
  })
  await check('demo answers and emits', () => {
    assert.deepEqual(steps.ping.result, { pong: true, plugin: 'demo' })
    assert.equal(steps.echo.result.message, 'hi')
    assert.equal(typeof steps.echo.result.tick, 'number')
    assert.match(JSON.stringify(steps.event), /demo_ready/)
  })
  await check('the template answers, with parameters of any name', () => {
    assert.deepEqual(steps.status.result, { status: 'ok', plugin_id: 'plugin-template' })
    assert.deepEqual(steps.action.result, { status: 'success', action: 'open', params: { speed: 3 } })
  })
  await check('what is wrong is an error, and a reload changes nothing', () => {
    assert.equal(steps.surplus.success, false)
    assert.equal(steps.reload.result.status, 'success')
    assert.equal(steps.again.result.pong, true)
  })
}

/** Installs from the real index, which tests beside the source must do without. */
async function installs(kit: Interop): Promise<void> {
  const uv = await kit.venv(['uv==0.9.11']).catch(() => undefined)
  for (const [name, program] of [
    ['venv and pip', false],
    ['uv', uv?.bin('uv')],
  ] as const) {
    await kit.check(
      `packages from the index, by ${name}`,
      async () => {
        if (program === undefined) kit.skip('uv could not be installed')
        const dir = kit.scratch()
        writeFileSync(join(dir, 'capability.py'), wanting)
        const progress: InstallProgress[] = []
        const dependencies = {
          install: true,
          uv: program,
          onProgress: (step: InstallProgress) => void progress.push(step),
        }
        const runtime = pythonRuntime({ cacheDir: kit.scratch(), dependencies })
        await using host = createHost({ identity: { deviceId: 'h' }, runtimes: [runtime] })
        const manifest = { id: 'idna', entry_point: 'capability.py', class_name: 'Plugin' }
        await host.load({ dir, manifest: { ...manifest, dependencies: { python: ['idna==3.10'] } } })
        assert.equal(await host.call('version'), '3.10')
        assert.equal(progress.at(-1)?.step, 'done')
      },
      { timeoutMs: 170_000 },
    )
  }
}

async function reloads(kit: Interop, edge: Venv): Promise<void> {
  const python = (await execute(edge.bin('python'), ['-c', 'import sys; print(sys._base_executable)'])).stdout.trim()
  await kit.check(
    'a thousand reloads leave no process and no descriptor, and memory as it was',
    async () => {
      if (!existsSync('/proc/self/fd')) kit.skip('there is no /proc to count in')
      const dir = mkdtempSync(join(tmpdir(), 'backplane-reloads-'))
      try {
        writeFileSync(
          join(dir, 'capability.py'),
          'from device_connect_edge.drivers import rpc\nclass Plugin:\n    def __init__(self, device):\n        pass\n    @rpc()\n    async def one(self):\n        return 1\n    @rpc()\n    def two(self):\n        return 2\n',
        )
        await using host = createHost({ identity: { deviceId: 'h' }, runtimes: [pythonRuntime({ python })] })
        await host.load({ dir, manifest: { id: 'p', entry_point: 'capability.py', class_name: 'Plugin' } })
        const turn = async () => {
          await host.reload('p')
          assert.equal(await host.call('one'), 1)
          assert.equal(await host.call('two'), 2)
        }
        const collect = collector()
        // What is reachable: resident memory also holds what V8 has not given back yet.
        const held = () => {
          collect()
          const { heapUsed, external } = process.memoryUsage()
          return heapUsed + external
        }
        for (let n = 0; n < 100; n++) await turn()
        const [before, fds] = [held(), readdirSync('/proc/self/fd').length]
        for (let n = 0; n < 900; n++) await turn()
        const grown = (held() - before) / 2 ** 20
        console.log(`     memory held: ${grown.toFixed(2)} MiB more after 900 reloads`)
        assert.ok(grown < 5, `${grown} MiB more`)
        assert.ok(readdirSync('/proc/self/fd').length <= fds + 2, 'descriptors')
        assert.equal(workersHere().length, 1)
        await host.stop()
        assert.deepEqual(workersHere(), [])
      } finally {
        rmSync(dir, { recursive: true, force: true })
      }
    },
    { timeoutMs: 900_000 },
  )
}

/** The workers that this process has started and that still are. */
function workersHere(): string[] {
  const children = readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8').trim()
  return children.split(' ').filter((pid) => pid !== '' && commandOf(pid).includes(worker))
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return ''
  }
}

/** Gives what collects garbage at once, in a process that was not started with --expose-gc. */
function collector(): () => void {
  setFlagsFromString('--expose-gc')
  return runInNewContext('gc') as () => void
}
