/** Packages that plugins ask for: installed apart, once, as a whole or not at all. */
import { access, chmod, mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import type { InstallProgress, PythonDependencies } from '../src/index.ts'
import { capability, testHost, until } from './harness.ts'
import { makeWheel } from './wheel.ts'

const code = `from device_connect_edge.drivers import rpc

class Plugin:
    def __init__(self, device):
        pass

    @rpc()
    async def which(self) -> str:
        import gauge
        return gauge.VERSION
`
const slow = 120_000
const { waitFor } = vi

async function kit(init: PythonDependencies = {}) {
  const home = await mkdtemp(join(tmpdir(), 'backplane-environments-'))
  onTestFinished(() => rm(home, { recursive: true, force: true }))
  const wheels = join(home, 'wheels')
  const cacheDir = join(home, 'cache')
  await mkdir(wheels)
  const progress: InstallProgress[] = []
  const dependencies: PythonDependencies = {
    install: true,
    wheels,
    uv: false,
    onProgress: (step) => progress.push(step),
    ...init,
  }
  const environments = join(cacheDir, 'environments')
  const made = () => readdir(environments).catch(() => [])
  return { ...testHost({ cacheDir, dependencies }), wheels, progress, environments, made }
}

const wants = (...python: string[]) => ({ dependencies: { python } })

test(
  'packages are installed from a folder of wheels, once, and reused',
  async () => {
    const { host, wheels, progress, made } = await kit()
    await makeWheel(wheels, 'gauge', '1.0.0', 'VERSION = "1.0.0"')
    const source = await capability(code, wants('gauge==1.0.0'))
    await host.load(source)
    expect(await host.call('which')).toBe('1.0.0')
    expect(progress.map(({ step }) => step).filter((step) => step !== 'output')).toEqual([
      'creating',
      'installing',
      'done',
    ])
    progress.length = 0
    await host.reload('test-plugin')
    const twin = await capability(code, { id: 'twin', ...wants('gauge==1.0.0') })
    await host.load(twin)
    expect(await host.call('twin.which')).toBe('1.0.0')
    expect(progress).toEqual([])
    expect(await made()).toHaveLength(1)
  },
  slow,
)

test(
  'an installation that fails leaves what ran running, and nothing half done',
  async () => {
    const { host, wheels, progress, made } = await kit()
    await makeWheel(wheels, 'gauge', '1.0.0', 'VERSION = "1.0.0"')
    const source = await capability(code, wants('gauge==1.0.0'))
    await host.load(source)
    const next = { ...source, manifest: { ...source.manifest, ...wants('gauge==2.0.0') } }
    await expect(host.reload('test-plugin', next)).rejects.toMatchObject({
      code: 'BP_PYTHON_INSTALL_FAILED',
      message: expect.stringContaining('gauge==2.0.0'),
    })
    expect(await host.call('which')).toBe('1.0.0')
    expect(await made()).toHaveLength(1)
    expect(progress.at(-1)?.step).toBe('failed')
    await makeWheel(wheels, 'gauge', '2.0.0', 'VERSION = "2.0.0"')
    await host.reload('test-plugin', next)
    expect(await host.call('which')).toBe('2.0.0')
  },
  slow,
)

test(
  'what is not pinned by hash is refused where that is asked for',
  async () => {
    const { host, wheels } = await kit({ requireHashes: true })
    const hash = await makeWheel(wheels, 'gauge', '1.0.0', 'VERSION = "1.0.0"')
    await expect(host.load(await capability(code, wants('gauge==1.0.0')))).rejects.toMatchObject({
      code: 'BP_PYTHON_INSTALL_FAILED',
    })
    const wrong = { 'requirements.lock': `gauge==1.0.0 --hash=sha256:${'0'.repeat(64)}\n` }
    await expect(host.load(await capability(code, {}, wrong))).rejects.toMatchObject({
      code: 'BP_PYTHON_INSTALL_FAILED',
    })
    const right = { 'requirements.lock': `# made by a tool\ngauge==1.0.0 --hash=sha256:${hash}\n` }
    await host.load(await capability(code, wants('nothing-of-this-counts'), right))
    expect(await host.call('which')).toBe('1.0.0')
  },
  slow,
)

test('an installer that takes too long, or whose load is given up, is ended', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'backplane-uv-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const uv = join(folder, 'uv')
  await writeFile(uv, '#!/bin/sh\necho working\nsleep 600\n')
  await chmod(uv, 0o755)
  const { host, progress, made } = await kit({ uv, timeoutMs: 3000 })
  const source = await capability(code, wants('gauge'))
  await expect(host.load(source)).rejects.toMatchObject({ code: 'BP_PYTHON_INSTALL_TIMEOUT', retryable: true })
  expect(progress).toContainEqual({ plugin: 'test-plugin', step: 'output', text: 'working' })
  expect(await made()).toEqual([])
  const patient = await kit({ uv, timeoutMs: 60_000 })
  const given = new AbortController()
  const loading = patient.host.load(source, { signal: given.signal })
  await until(() => patient.progress.some(({ step }) => step === 'output'), 'it works')
  given.abort()
  await expect(loading).rejects.toMatchObject({ code: 'BP_ABORTED' })
  await until(async () => (await patient.made()).length === 0, 'nothing is left')
}, 30_000)

test(
  'uv installs where it is there',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'backplane-uv-'))
    onTestFinished(() => rm(folder, { recursive: true, force: true }))
    const uv = join(folder, 'uv')
    // Stands in for uv, which understands the same words.
    await writeFile(
      uv,
      '#!/bin/sh\nset -e\nif [ "$1" = venv ]; then exec "$4" -m venv "$5"; fi\nshift 2\nshift\npython="$2"\nshift 2\nexec "$python" -m pip install "$@"\n',
    )
    await chmod(uv, 0o755)
    const { host, wheels } = await kit({ uv })
    await makeWheel(wheels, 'gauge', '1.0.0', 'VERSION = "1.0.0"')
    await host.load(await capability(code, wants('gauge')))
    expect(await host.call('which')).toBe('1.0.0')
  },
  slow,
)

test(
  'another that is installing is waited for, unless it has not shown for half a minute',
  async () => {
    const { host, wheels, progress, made, environments } = await kit()
    await makeWheel(wheels, 'gauge', '1.0.0', 'VERSION = "1.0.0"')
    const source = await capability(code, wants('gauge'))
    await host.load(source)
    const [name = ''] = await made()
    const lock = join(environments, `${name}.lock`)
    const begin = async (secondsAgo: number) => {
      progress.length = 0
      await host.unload('test-plugin')
      await rm(join(environments, name), { recursive: true })
      await mkdir(lock)
      const then = new Date(Date.now() - secondsAgo * 1000)
      await utimes(lock, then, then)
      return host.load(source)
    }
    const waiting = begin(20)
    await until(() => progress.length >= 3, 'it waits')
    expect(new Set(progress.map(({ step }) => step))).toEqual(new Set(['waiting']))
    await rm(lock, { recursive: true })
    await waiting
    // A clock that was set back leaves locks of a time to come.
    for (const secondsAgo of [40, -3600]) {
      await begin(secondsAgo)
      expect(await host.call('which')).toBe('1.0.0')
      expect(await made()).toEqual([name])
    }
  },
  slow,
)

test(
  'whoever is overtaken while it installs takes what is there, and does no harm to it',
  async () => {
    const home = await mkdtemp(join(tmpdir(), 'backplane-overtaken-'))
    onTestFinished(() => rm(home, { recursive: true, force: true }))
    const cacheDir = join(home, 'cache')
    const installer = async (name: string, install: string) => {
      const uv = join(home, name)
      const venv = 'if [ "$1" = venv ]; then exec "$4" -m venv --without-pip "$5"; fi'
      await writeFile(uv, `#!/bin/sh\n${venv}\ncd "$(dirname "$5")/../lib"/python*/site-packages\n${install}\n`)
      await chmod(uv, 0o755)
      return uv
    }
    const host = (uv: string, id: string) => {
      const { host } = testHost({ cacheDir, dependencies: { install: true, uv } }, { identity: { deviceId: id } })
      return host
    }
    const go = join(home, 'go')
    const until = `while [ ! -e '${go}' ]; do sleep 0.05; done`
    const first = host(await installer('first', `touch '${home}/begun'; ${until}; exit 1`), 'first')
    const second = host(await installer('second', 'echo VERSION = 2 > gauge.py'), 'second')
    const source = await capability(code, wants('gauge'))
    const loading = first.load(source)
    await waitFor(() => access(join(home, 'begun')), { timeout: slow })
    const [lock = ''] = await readdir(join(cacheDir, 'environments'))
    await rm(join(cacheDir, 'environments', lock), { recursive: true })
    await second.load(source)
    await writeFile(go, '')
    await loading
    expect(await first.call('which')).toBe(2)
    await second.reload('test-plugin')
    expect(await second.call('which')).toBe(2)
  },
  slow,
)

test('a cache that cannot be written to is said at once', async () => {
  const { host, environments } = await kit()
  await mkdir(join(environments, '..'), { recursive: true })
  await writeFile(environments, '')
  await expect(host.load(await capability(code, wants('gauge')))).rejects.toMatchObject({
    code: 'BP_PYTHON_INSTALL_FAILED',
    message: expect.stringContaining('EEXIST'),
  })
})

test('where nothing is installed the plugin loads all the same, and its log says what is missing', async () => {
  const { host, log } = testHost()
  await host.load(await capability(code, wants('surely-not-installed-xyz>=1')))
  await until(() => log.some(({ message }) => message?.includes('surely-not-installed-xyz>=1')), 'it is said')
  await expect(host.call('which')).rejects.toMatchObject({ message: "No module named 'gauge'" })
})
