import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { coreError } from '@backplane/core'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { pluginFolder } from './plugin-folder.ts'

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'backplane-folder-'))
})
afterEach(() => rm(dir, { recursive: true, force: true }))

async function put(folder: string, manifest?: unknown) {
  await mkdir(join(dir, folder), { recursive: true })
  const text = typeof manifest === 'string' ? manifest : JSON.stringify(manifest)
  if (manifest !== undefined) await writeFile(join(dir, folder, 'manifest.json'), text)
}

test('finds folders with a manifest, in order, and passes over files and dot names', async () => {
  await put('b', { id: 'b', entry_point: 'b.js' })
  await put('a', { entry_point: 'a.js' })
  await put('.git', { id: 'git' })
  await writeFile(join(dir, 'stray.txt'), '')
  const found = await pluginFolder(dir).list()
  expect(found.map(({ folder, source }) => [folder, source?.manifest.id, source?.dir])).toEqual([
    ['a', 'a', join(dir, 'a')],
    ['b', 'b', join(dir, 'b')],
  ])
})

test('says of each broken one what is wrong, beside the good ones', async () => {
  await put('broken', '{"id": "broken",')
  await put('empty')
  await put('fine', { id: 'fine' })
  await put('odd', [1, 2])
  const found = await pluginFolder(dir).list()
  expect(found.map(({ folder, error }) => [folder, error?.code])).toEqual([
    ['broken', 'BP_MANIFEST_INVALID'],
    ['empty', 'BP_PLUGIN_NOT_FOUND'],
    ['fine', undefined],
    ['odd', 'BP_MANIFEST_INVALID'],
  ])
  expect(found[3]?.raw).toEqual([1, 2])
})

test('finds a plugin by its id and by the name of its folder', async () => {
  await put('folder-name', { id: 'other-id', entry_point: 'x.js' })
  const plugins = pluginFolder(dir)
  await expect(plugins.find('other-id')).resolves.toMatchObject({ manifest: { id: 'other-id' } })
  await expect(plugins.find('folder-name')).resolves.toMatchObject({ manifest: { id: 'other-id' } })
})

test('names what it looked for, and what there is, when it finds nothing', async () => {
  await put('folder-name', { id: 'other-id', entry_point: 'x.js' })
  await put('empty')
  const python = { kind: 'python', recognise: async () => undefined }
  const plugins = pluginFolder(dir, { runtimes: () => [python] })
  await expect(plugins.find('othr-id')).rejects.toMatchObject({
    code: 'BP_PLUGIN_NOT_FOUND',
    message: `Failed to load plugin 'othr-id': no folder is called 'othr-id' and no manifest has that id; there are empty, folder-name (id other-id)`,
  })
  await expect(plugins.find('empty')).rejects.toMatchObject({
    code: 'BP_PLUGIN_NOT_FOUND',
    message: `Failed to load plugin 'empty': ${join(dir, 'empty')} has no manifest.json, and it is no plugin that is known without one (python)`,
  })
  await expect(pluginFolder(join(dir, 'nowhere')).find('a')).rejects.toThrow('there are no folders')
})

test('gives an id that two folders claim to the folder of that name, else to the first', async () => {
  await put('a', { id: 'twin' })
  await put('twin', { id: 'twin' })
  await put('x', { id: 'pair' })
  await put('y', { id: 'pair' })
  const plugins = pluginFolder(dir)
  await expect(plugins.find('twin')).resolves.toMatchObject({ dir: join(dir, 'twin') })
  await expect(plugins.find('a')).rejects.toMatchObject({ code: 'BP_PLUGIN_ID_TAKEN' })
  await expect(plugins.find('pair')).resolves.toMatchObject({ dir: join(dir, 'x') })
})

test.each(['../outside', '..', '.', '', 'a/b', '/etc', 'a\\b', '.hidden', 'a\0b'])(
  'never leaves the folder for %j',
  async (id) => {
    await expect(pluginFolder(dir).find(id)).rejects.toMatchObject({ code: 'BP_PLUGIN_ID_INVALID' })
  },
)

test('takes a linked folder, and a folder that is not there as an empty one', async () => {
  await put('real', { id: 'linked', entry_point: 'x.js' })
  await symlink(join(dir, 'real'), join(dir, 'linked'))
  await expect(pluginFolder(dir).find('linked')).resolves.toMatchObject({ dir: join(dir, 'linked') })
  await expect(pluginFolder(join(dir, 'nowhere')).list()).resolves.toEqual([])
})

test('says why a folder cannot be read', async () => {
  await writeFile(join(dir, 'file'), '')
  await expect(pluginFolder(join(dir, 'file')).list()).rejects.toMatchObject({ code: 'BP_PLUGINS_UNREADABLE' })
})

test('takes a folder without a manifest that a runtime recognises, by the first that does', async () => {
  await put('known')
  await put('odd')
  await put('plain')
  await put('written', { id: 'written' })
  const asked: string[] = []
  const knowing = (id: string) => ({
    recognise: async ({ dir: at, name }: { dir: string; name: string }) => {
      asked.push(name)
      if (name === 'odd') throw coreError('BP_CLOSED', { details: { what: 'It' } })
      return name === 'known' ? { id, description: at } : undefined
    },
  })
  const plugins = pluginFolder(dir, { runtimes: () => [{}, knowing('first'), knowing('second')] })
  const found = await plugins.list()
  expect(found.map(({ folder, source, error }) => [folder, source?.manifest, error?.code])).toEqual([
    ['known', { id: 'first', description: join(dir, 'known') }, undefined],
    ['odd', undefined, 'BP_CLOSED'],
    ['plain', undefined, 'BP_PLUGIN_NOT_FOUND'],
    ['written', { id: 'written' }, undefined],
  ])
  expect(asked.filter((name) => name === 'plain')).toHaveLength(2)
  expect(asked).not.toContain('written')
  await expect(plugins.find('known')).resolves.toMatchObject({ manifest: { id: 'first' } })
})

test('holds what a runtime recognises to the rules of manifests', async () => {
  await put('wrong')
  const plugins = pluginFolder(dir, { runtimes: () => [{ recognise: async () => ({ id: 'a b' }) }] })
  expect((await plugins.list())[0]?.error).toMatchObject({ code: 'BP_MANIFEST_INVALID' })
})
