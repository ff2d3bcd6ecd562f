/** A preset host takes a plugin's folder that has no manifest, where one of its runtimes knows the kind. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { localHost } from '../src/index.ts'

const plugin = `
def plugin_info():
    return {'name': 'Level', 'version': '1.0.0', 'mode': 'poll', 'type': 'south', 'interface': '1.0', 'config': {
        'plugin': {'description': 'A level', 'type': 'string', 'default': 'level', 'readonly': 'true'},
        'step': {'description': 'Step', 'type': 'integer', 'default': '1', 'minimum': '1'}}}
def plugin_init(config): return dict(config)
def plugin_poll(handle): return {'asset': 'tank', 'timestamp': 't', 'readings': {'step': int(handle['step']['value'])}}
def plugin_reconfigure(handle, config):
    if config['step']['value'] == '13': raise ValueError('not that many')
    return dict(config)
def plugin_shutdown(handle): pass
`

test('a Fledge plugin, found by its folder alone, with live configuration', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'backplane-recognised-'))
  onTestFinished(() => rm(dir, { recursive: true }))
  await mkdir(join(dir, 'level'))
  await mkdir(join(dir, 'nothing'))
  await writeFile(join(dir, 'level', 'level.py'), plugin)
  const host = localHost({ plugins: dir, brokerPort: 0 })
  onTestFinished(() => host.stop())
  await host.start()

  const reports = await host.loadAll()
  expect(reports.map(({ id, error }) => [id, error])).toEqual([['level', undefined]])
  expect(await host.call('list_plugins')).toMatchObject({
    loaded: { level: { functions: ['poll'], manifest: { description: 'A level', version: '1.0.0' } } },
  })
  await host.config.set('level', 'step', 5)
  expect(await host.call('level.poll')).toEqual([{ asset: 'tank', timestamp: 't', readings: { step: 5 } }])
  await expect(host.config.set('level', 'step', 0)).rejects.toThrow()
  await expect(host.config.set('level', 'step', 13)).rejects.toThrow('not that many')
  expect(await host.call('level.poll')).toMatchObject([{ readings: { step: 5 } }])
  expect(await host.call('reload_plugin', { plugin_id: 'level' })).toMatchObject({ status: 'success' })
  expect(await host.call('level.poll')).toMatchObject([{ readings: { step: 5 } }])
})
