import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'
import { importFailed } from './import-failed.ts'

const entry = 'file:///plugins/mine/plugin.mjs'
const thrown = (stack: string, code?: string) => Object.assign(new Error('bad'), { stack, ...(code ? { code } : {}) })

test.each([
  [
    'a frame',
    'Error: bad\n    at file:///plugins/mine/lib/port.mjs:12:9\n    at file:///plugins/mine/plugin.mjs:1:1',
    'lib/port.mjs:12',
  ],
  ['a fresh import', 'Error: bad\n    at run (file:///plugins/mine/plugin.mjs?backplane=1.0:3:9)', 'plugin.mjs:3'],
  ['a syntax error', '/plugins/mine/plugin.ts:7\nenum A {}\nSyntaxError: bad', 'plugin.ts:7'],
])('names the place of %s', async (_, stack, place) => {
  expect(await importFailed(thrown(stack), 'mine', entry)).toMatchObject({
    code: 'BP_PLUGIN_LOAD_FAILED',
    message: `Plugin 'mine' could not be loaded: bad (${place})`,
  })
})

test('says what to do next, where it is known', async () => {
  const stack = 'Error: bad\n    at resolve (node:internal/x:1:1)'
  expect(await importFailed(thrown(stack, 'ERR_MODULE_NOT_FOUND'), 'mine', entry)).toMatchObject({
    message: "Plugin 'mine' could not be loaded: bad",
    next: expect.stringContaining("Install what it imports in the plugin's own folder"),
  })
})

test.each(['text', undefined, null, 7])('takes %j as it is thrown', async (value) => {
  expect((await importFailed(value, 'mine', entry)).message).toBe(`Plugin 'mine' could not be loaded: ${value}`)
})

test('takes no advice from Object.prototype', async () => {
  expect((await importFailed(thrown('Error: bad', 'constructor'), 'mine', entry)).next).toMatch(/^Correct the plugin/)
})

const broken = 'export const a = 1\nexport const b = {\n  async rn run(\n'

test.each([
  ['the entry', { 'plugin.mjs': broken }, 'plugin.mjs'],
  [
    'a script that is a module by its package',
    { 'package.json': '{"type":"module"}', 'plugin.js': broken },
    'plugin.js',
  ],
  ['what the entry imports', { 'plugin.mjs': 'import "./lib/b.mjs"', 'lib/b.mjs': broken, 'a.mjs': '' }, 'lib/b.mjs'],
])('shows the place of a syntax error in %s', async (_, files, file) => {
  const dir = mkdtempSync(join(tmpdir(), 'backplane-syntax-'))
  try {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(dir, name)), { recursive: true })
      writeFileSync(join(dir, name), text as string)
    }
    const url = pathToFileURL(join(dir, Object.keys(files).find((name) => name.startsWith('plugin')) as string)).href
    const cause = await import(/* @vite-ignore */ url).catch((error) => error)
    // The module runner of the tests has words of its own for it.
    const error = Object.assign(new SyntaxError("Unexpected identifier 'run'"), { stack: '' })
    expect(cause).toBeInstanceOf(Error)
    expect((await importFailed(error, 'mine', url)).message).toBe(
      `Plugin 'mine' could not be loaded: Unexpected identifier 'run' (${file}:3)\n  async rn run(\n           ^^^`,
    )
  } finally {
    rmSync(dir, { recursive: true })
  }
})
