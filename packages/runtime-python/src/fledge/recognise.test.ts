import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { recogniseFledge } from './recognise.ts'

const plugin = "def plugin_info():\n    return {'name': 'x'}\n"

async function folder(name: string, files: Record<string, string>) {
  const home = await mkdtemp(join(tmpdir(), 'backplane-recognise-'))
  onTestFinished(() => rm(home, { recursive: true }))
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(home, name, path)), { recursive: true })
    await writeFile(join(home, name, path), text)
  }
  return { dir: join(home, name), name }
}

test('takes NAME/NAME.py, whatever lies beside it', async () => {
  const files = { 'dht11.py': plugin, 'other.py': plugin, 'helper.py': 'x = 1', 'requirements.txt': 'six' }
  expect(await recogniseFledge(await folder('dht11', files))).toEqual({
    id: 'dht11',
    runtime: 'python',
    entry_point: 'dht11.py',
    python: { adapter: 'fledge' },
    limits: { start_timeout_ms: 150_000 },
  })
})

test('takes the one module with plugin_info in a folder of another name', async () => {
  const files = { 'dht11.py': `# a comment\n\n${plugin}`, 'helper.py': 'def plugin_information(): pass' }
  expect(await recogniseFledge(await folder('cellar', files))).toMatchObject({ id: 'cellar', entry_point: 'dht11.py' })
})

test.each(['fledge', 'foglamp'])('takes a repository of %s, with its type and requirements', async (system) => {
  const home = `python/${system}/plugins/south/dht11`
  const files = {
    'README.rst': '',
    [`${home}/dht11.py`]: plugin,
    [`${home}/__init__.py`]: '',
    [`${home}/requirements.txt`]: 'six==1.16.0 # for old Pythons\n',
    'python/requirements-dht11.txt':
      '# packages\n\npyserial >= 3.5\n-r other.txt\nsix==1.16.0 \\\n    --hash=sha256:abc\n',
    'python/requirements-test.txt': 'pytest',
  }
  expect(await recogniseFledge(await folder('fledge-south-dht11', files))).toEqual({
    id: 'fledge-south-dht11',
    runtime: 'python',
    entry_point: `${home}/dht11.py`,
    python: { adapter: 'fledge', type: 'south' },
    dependencies: { python: ['six==1.16.0', 'pyserial >= 3.5'] },
    limits: { start_timeout_ms: 150_000 },
  })
})

test('takes a repository that has the folder of the plugin at its top', async () => {
  const files = {
    'lcd/lcd.py': plugin,
    'tests/test_lcd.py': '',
    'python/requirements-lcd.txt': 'six',
    'lcd/requirements.txt': 'a',
  }
  expect(await recogniseFledge(await folder('fledge-south-lcd', files))).toMatchObject({
    entry_point: 'lcd/lcd.py',
    dependencies: { python: ['a', 'six'] },
  })
  const beside = { 'lcd.py': plugin, 'lcd/lcd.py': plugin }
  expect(await recogniseFledge(await folder('other', beside))).toMatchObject({ entry_point: 'lcd.py' })
})

test('takes requirements of a repository whose name is dashed', async () => {
  const files = {
    'python/fledge/plugins/north/to_db/to_db.py': plugin,
    'python/requirements-to-db.txt': 'six',
    'python/requirements-to-other.txt': 'pytest',
  }
  expect(await recogniseFledge(await folder('fledge-north-to-db', files))).toMatchObject({
    dependencies: { python: ['six'] },
  })
})

test('leaves alone what is no such plugin', async () => {
  expect(await recogniseFledge(await folder('a', { 'a.py': 'x = 1', 'readme.txt': plugin }))).toBeUndefined()
  expect(await recogniseFledge(await folder('b', { 'b.py': "'def plugin_info():'" }))).toBeUndefined()
  expect(await recogniseFledge({ dir: '/nowhere/at/all', name: 'all' })).toBeUndefined()
})

test('says where it cannot choose', async () => {
  const several = await folder('several', { 'one.py': plugin, 'two.py': plugin })
  await expect(recogniseFledge(several)).rejects.toMatchObject({
    code: 'BP_FLEDGE_FOLDER_AMBIGUOUS',
    message: "Folder 'several' holds several Fledge plugins: one.py, two.py",
  })
})
