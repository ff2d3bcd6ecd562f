/** Fledge plugins under a host, in real processes: what operators and callers see of them. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { BackplaneError } from '@backplane/core'
import { expect, test } from 'vitest'
import { eventually, fledgeHost, plugin, scratch, written } from './fledge-host.ts'
import { newestPython } from './harness.ts'
import { pythonsHere } from './pythons.ts'
import { makeWheel } from './wheel.ts'

const count = `
import json
def plugin_init(config): return {'n': 0, 'step': int(config['step']['value']) if 'step' in config else 1}
def plugin_start(handle, data): handle['n'] = json.loads(data).get('n', 0)
def plugin_poll(handle):
    handle['n'] += handle['step']
    return {'asset': 'a', 'timestamp': 't', 'readings': {'n': handle['n']}}
def plugin_shutdown(handle): return json.dumps({'n': handle['n']})
`
const persisting = { flag: 8 }
const step = "{'step': {'description': 'Step', 'type': 'integer', 'default': '1'}}"

test.each([...pythonsHere()])('runs on Python %s, with interfaces 1 and 2', async (_, python) => {
  const { host } = fledgeHost({ python: { python } })
  await host.load(await written(plugin("def plugin_poll(h): return {'asset': 'a', 'readings': {'x': 1}}"), 'one'))
  const several = "def plugin_poll(h): return [{'asset': n, 'readings': {'x': 1}} for n in 'ab']"
  await host.load(await written(plugin(several, { interface: '2.0.0' }), 'two'))
  expect(await host.call('one.poll')).toMatchObject([{ asset: 'a', readings: { x: 1 } }])
  expect(await host.call('two.poll')).toMatchObject([{ asset: 'a' }, { asset: 'b' }])
})

test('its manifest is made from plugin_info; what a manifest.json says wins', async () => {
  const { host } = fledgeHost()
  const source = await written(plugin(count, { ...persisting, config: step }))
  const status = await host.load({
    ...source,
    manifest: { ...source.manifest, description: 'Ours', labels: { at: 'door' } },
  })
  expect(status).toMatchObject({
    runtime: 'python',
    source: {
      manifest: {
        id: 'it',
        version: '1.0.0',
        description: 'Ours',
        labels: { at: 'door' },
        service: { kind: 'south', mode: 'poll' },
        config: {
          plugin: { description: 'A test', type: 'string', default: 'it', readonly: 'true' },
          step: { description: 'Step', type: 'integer', default: '1' },
        },
      },
    },
  })
  expect(status.functions).toEqual([expect.objectContaining({ name: 'poll', parameters: expect.any(Object) })])
})

test('is asked anew when it is loaded anew', async () => {
  const { host, config } = fledgeHost()
  const source = await written(plugin(count, persisting))
  await host.load(source)
  await writeFile(join(source.dir, 'it.py'), plugin(count, { ...persisting, config: step }))
  await host.reload('it')
  await config.set('it', { step: 5 })
  expect(await host.call('poll')).toMatchObject([{ readings: { n: 5 } }])
})

test('several instances of one plugin have configuration and data of their own', async () => {
  const dir = await scratch()
  const { host, config } = fledgeHost({ stateDir: (id) => join(dir, id) })
  const { dir: folder } = await written(plugin(count, { ...persisting, config: step }))
  for (const id of ['one', 'two']) await host.load({ dir: folder, manifest: { id, entry_point: 'it.py' } })
  await config.set('two', { step: 10 })
  expect(await host.call('one.poll')).toMatchObject([{ readings: { n: 1 } }])
  expect(await host.call('two.poll')).toMatchObject([{ readings: { n: 10 } }])
  for (const id of ['one', 'two']) await host.reload(id)
  expect(await host.call('one.poll')).toMatchObject([{ readings: { n: 2 } }])
  expect(await host.call('two.poll')).toMatchObject([{ readings: { n: 20 } }])
})

test('kept data survives the host', async () => {
  const dir = await scratch()
  const source = await written(plugin(count, persisting))
  for (const n of [1, 2, 3]) {
    const { host } = fledgeHost({ stateDir: (id) => join(dir, id) })
    await host.load(source)
    expect(await host.call('poll')).toMatchObject([{ readings: { n } }])
    await host.stop()
  }
})

test('without a state folder, data survives a swap', async () => {
  const { host } = fledgeHost()
  await host.load(await written(plugin(count, persisting)))
  await host.call('poll')
  await host.reload('it')
  expect(await host.call('poll')).toMatchObject([{ readings: { n: 2 } }])
})

test('a change of configuration is taken, or refused with the reason while the former stays', async () => {
  const { host, config } = fledgeHost()
  const reconfigure = `
def plugin_poll(handle): return {'asset': 'a', 'readings': {'step': handle['step']['value']}}
def plugin_reconfigure(handle, config):
    handle.clear()
    if config['step']['value'] == '13': raise ValueError('no luck')
    if config['step']['value'] == '14': return None
    return config
`
  await host.load(await written(plugin(reconfigure, { config: step })))
  await config.set('it', { step: 2 })
  expect(await host.call('poll')).toMatchObject([{ readings: { step: '2' } }])
  await expect(config.set('it', { step: 13 })).rejects.toMatchObject({
    code: 'BP_CONFIG_REFUSED',
    message: "Plugin 'it' refused its new configuration: plugin_reconfigure raised ValueError: no luck",
  })
  const refused = await config.set('it', { step: 14 }).catch((error) => error)
  expect(refused.cause).toMatchObject({
    code: 'BP_FLEDGE_HANDLE_INVALID',
    message: "plugin_reconfigure of 'it' returned nothing, which cannot be its handle.",
    next: expect.stringContaining('plugin_reconfigure'),
  })
  expect(await host.call('poll')).toMatchObject([{ readings: { step: '2' } }])
  await config.set('it', { step: 3 })
  expect(await host.call('poll')).toMatchObject([{ readings: { step: '3' } }])
})

test('where it cannot reconfigure, it is begun anew, and the former goes on when that fails', async () => {
  const { host, config, readings } = fledgeHost()
  const exclusive = `
import os, threading, async_ingest
def plugin_init(config):
    if config['step']['value'] == '13': raise OSError('no such step')
    os.mkdir('only-one-of-us')
    return dict(config, end=threading.Event())
def plugin_register_ingest(handle, callback, ref): handle['to'] = (callback, ref)
def plugin_start(handle):
    def run():
        while not handle['end'].wait(0.01):
            async_ingest.ingest_callback(*handle['to'], {'asset': 'a', 'readings': {'step': handle['step']['value']}})
    handle['thread'] = threading.Thread(target=run)
    handle['thread'].start()
def plugin_shutdown(handle):
    handle['end'].set()
    handle['thread'].join()
    os.rmdir('only-one-of-us')
`
  const source = await written(plugin(exclusive, { mode: 'async', config: step }))
  const status = await host.load(source)
  expect(status.generation).toBe(1)
  const last = () => readings.at(-1)?.readings
  await eventually(() => expect(last()).toEqual({ step: '1' }))
  await config.set('it', { step: 2 })
  expect(host.plugin('it')?.generation).toBe(2)
  await eventually(() => expect(last()).toEqual({ step: '2' }))

  await expect(config.set('it', { step: 13 })).rejects.toMatchObject({
    code: 'BP_CONFIG_REFUSED',
    message: expect.stringContaining('plugin_init raised OSError: no such step'),
  })
  // Nothing is called: it goes on by itself.
  const before = readings.length
  await eventually(() => expect(readings.length).toBeGreaterThan(before + 3))
  expect(last()).toEqual({ step: '2' })
  expect(host.plugin('it')).toMatchObject({ generation: 2, state: 'running' })
})

test.each([
  ['BP_FLEDGE_ENTRY_MISSING', 'x = 1', "'it' has no plugin_info, which a plugin of its kind needs."],
  ['BP_FLEDGE_INFO_INVALID', "def plugin_info(): raise OSError('bus')", 'it raised OSError: bus'],
  ['BP_FLEDGE_INFO_INVALID', 'def plugin_info(): return 5', "it returned a value of type 'int', not a dict"],
  ['BP_FLEDGE_INTERFACE_UNKNOWN', plugin('def plugin_poll(h): pass', { interface: '9' }), "interface version '9'"],
  ['BP_FLEDGE_ENTRY_MISSING', plugin('', { type: 'filter' }), 'has no plugin_ingest'],
  ['BP_FLEDGE_HANDLE_INVALID', plugin('def plugin_poll(h): pass\ndef plugin_init(c): pass'), 'plugin_init of'],
  [
    'BP_PLUGIN_LOAD_FAILED',
    plugin("def plugin_poll(h): pass\ndef plugin_init(c): raise OSError('no sensor')"),
    "Plugin 'it' could not be loaded: plugin_init raised OSError: no sensor",
  ],
  ['BP_PLUGIN_LOAD_FAILED', 'import nothing_like_this\ndef plugin_info(): pass', 'nothing_like_this', 'Install what'],
  [
    'BP_PLUGIN_LOAD_FAILED',
    'from foglamp.services.core import connect\ndef plugin_info(): pass',
    "No module named 'foglamp.services.core'",
    "'foglamp.services.core' is a part of Fledge itself",
  ],
])('fails to load with %s', async (code, text, message, next = '') => {
  const { host } = fledgeHost()
  const source = await written(text)
  const manifest = { ...source.manifest, python: { adapter: 'fledge' } }
  const error = await host.load({ ...source, manifest }).catch((thrown) => thrown)
  expect(error).toBeInstanceOf(BackplaneError)
  expect(error).toMatchObject({ code, message: expect.stringContaining(message), next: expect.stringMatching(/./) })
  expect(error.next).toContain(next)
  expect(error.message).not.toMatch(/could not be loaded.*could not be loaded/)
  expect(host.plugins()).toEqual([])
})

test('calls fail with the text of the plugin, or with a code for what it must not return', async () => {
  const { host, log } = fledgeHost()
  const code = `
answers = iter([OSError('bus error'), 5, {'asset': 'a'}, {'asset': 'a', 'readings': {'ok': True}}])
def plugin_poll(handle):
    answer = next(answers)
    if isinstance(answer, Exception): raise answer
    return answer
`
  await host.load(await written(plugin(code)))
  await expect(host.call('poll')).rejects.toMatchObject({ code: 'BP_PLUGIN_FAILED', message: 'bus error' })
  for (const _ of [1, 2]) await expect(host.call('poll')).rejects.toMatchObject({ code: 'BP_FLEDGE_READING_INVALID' })
  expect(await host.call('poll')).toMatchObject([{ readings: { ok: true } }])
  expect(log.find(({ level, message }) => level === 'error' && message.includes('bus error'))?.fields).toMatchObject({
    plugin: 'it',
    traceback: expect.stringContaining('it.py'),
  })
})

test('what it logs and prints is in the log of the host', async () => {
  const { host, log } = fledgeHost()
  const code = "def plugin_poll(h):\n    _LOGGER.warning('low on %s', 'paper')\n    print('printed')\n"
  await host.load(await written(plugin(code)))
  expect(await host.call('poll')).toEqual([])
  await eventually(() => expect(log.map(({ message }) => message)).toContain('printed'))
  expect(log).toContainEqual({ level: 'warn', message: 'low on paper', fields: { plugin: 'it', logger: 'it' } })
})

test('what it logs in a wrong way is told all the same', async () => {
  const { host, log } = fledgeHost()
  const code = "def plugin_poll(h):\n    _LOGGER.info('low on:', 'paper')\n    _LOGGER.exception('no error at all')\n"
  await host.load(await written(plugin(code)))
  await host.call('poll')
  const fields = { plugin: 'it', logger: 'it' }
  await eventually(() => expect(log).toContainEqual({ level: 'info', message: "low on: ('paper',)", fields }))
  expect(log).toContainEqual({ level: 'error', message: 'no error at all', fields })
  expect(log.filter(({ message }) => message.includes('Logging error'))).toEqual([])
})

test('a poll that blocks is no obstacle to a write, and its process is replaced past its deadline', {
  timeout: 30_000,
}, async () => {
  const { host } = fledgeHost({ python: { hangMs: 200 }, restart: { backoff_ms: 10 } })
  const code = `
import time
def plugin_poll(handle): time.sleep(600)
def plugin_write(handle, name, value): return True
`
  await host.load(await written(plugin(code, { mode: 'poll|control' })))
  const poll = host.call('poll', {}, { timeoutMs: 3000 }).catch((error) => error)
  expect(await host.call('write', { name: 'a', value: 1 })).toBe(true)
  expect(await poll).toMatchObject({ code: 'BP_TIMEOUT' })
  await eventually(() => expect(host.plugin('it')).toMatchObject({ generation: 2, state: 'running' }))
})

test('a plugin that lies in the folder of another type is refused, as on Fledge', async () => {
  const { host } = fledgeHost()
  const dir = await scratch()
  await mkdir(join(dir, 'python/fledge/plugins/north/it'), { recursive: true })
  await writeFile(join(dir, 'python/fledge/plugins/north/it/it.py'), plugin('def plugin_poll(h): pass'))
  const manifest = await host.runtimes[0]?.recognise?.({ dir, name: 'it' })
  await expect(host.load({ dir, manifest: manifest ?? { id: 'none' } })).rejects.toMatchObject({
    code: 'BP_FLEDGE_INFO_INVALID',
    message: expect.stringContaining("says that it is a south plugin, but lies in the folder 'north'"),
  })
})

test('packages that it asks for beside its module are installed before it says what it is', {
  timeout: 120_000,
}, async () => {
  const home = await scratch()
  const [wheels, cacheDir, dir] = [join(home, 'wheels'), join(home, 'cache'), join(home, 'fledge-south-it')]
  await mkdir(wheels)
  await makeWheel(wheels, 'gauge', '1.2.0', 'VERSION = "1.2.0"')
  await makeWheel(wheels, 'dial', '2.0.0', 'VERSION = "2.0.0"')
  const place = join(dir, 'python/foglamp/plugins/south/it')
  await mkdir(place, { recursive: true })
  const code =
    "import gauge, dial\ndef plugin_poll(h): return {'asset': gauge.VERSION, 'readings': {'dial': dial.VERSION}}"
  await writeFile(join(place, 'it.py'), plugin(code).replaceAll('fledge.', 'foglamp.'))
  await writeFile(join(dir, 'python/requirements-it.txt'), '# packages\ngauge==1.2.0\n')
  await writeFile(join(dir, 'requirements.txt'), 'dial\n')
  const { host } = fledgeHost({
    python: { python: newestPython, cacheDir, dependencies: { install: true, wheels, uv: false } },
  })
  const manifest = await host.runtimes[0]?.recognise?.({ dir, name: 'fledge-south-it' })
  await host.load({ dir, manifest: manifest ?? { id: 'none' } })
  expect(await host.call('poll')).toMatchObject([{ asset: '1.2.0', readings: { dial: '2.0.0' } }])
})

test('a plugin whose device is away is loaded, says what it waits for, and starts when the device is there', async () => {
  const dir = await scratch()
  const device = join(dir, 'device')
  const code = `
import os
def plugin_register_ingest(handle, callback, ref): pass
def plugin_start(handle):
    if not os.path.exists('${device}'): raise OSError('no device')
def plugin_write(handle, name, value): return True
`
  const { host, log } = fledgeHost()
  const status = await host.load(await written(plugin(code, { mode: 'async|control' })))
  const waiting = { state: 'backoff', generation: 1, error: { message: 'plugin_start raised OSError: no device' } }
  expect(status).toMatchObject({ ...waiting, restartAt: expect.any(Number) })
  expect(await host.health()).toEqual(new Map([['it', { ok: false, message: waiting.error.message }]]))
  await expect(host.call('write', { name: 'a', value: '1' })).rejects.toMatchObject({
    code: 'BP_PLUGIN_UNAVAILABLE',
    retryable: true,
  })
  await writeFile(device, '')
  await eventually(() => expect(host.plugin('it')).toMatchObject({ state: 'running', generation: 1 }))
  expect(host.plugin('it')).not.toHaveProperty('restartAt')
  expect(await host.call('write', { name: 'a', value: '1' })).toBe(true)
  expect(log.filter(({ message }) => message.includes('it is tried again in 1 s'))).toHaveLength(1)
})

test('a plugin that waits for its device can be unloaded', async () => {
  const code = 'def plugin_register_ingest(h, c, r): pass\ndef plugin_start(h): raise OSError("no device")'
  const { host } = fledgeHost()
  await host.load(await written(plugin(code, { mode: 'async' })))
  expect(host.plugin('it')?.state).toBe('backoff')
  await host.unload('it')
  expect(host.plugins()).toEqual([])
})
