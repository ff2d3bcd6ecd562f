import { mkdir, mkdtemp, readFile, rename, rm, rmdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { desiredStateFile } from './desired-state.ts'

let dir: string
let path: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'backplane-state-'))
  path = join(dir, 'new', 'plugins.json')
})
afterEach(() => rm(dir, { recursive: true, force: true }))

test('knows what was asked for, in this process and the next', async () => {
  const state = desiredStateFile(path)
  await state.set('a', true)
  await Promise.all([state.set('b', false), state.set('c', true), state.set('a', false)])
  for (const one of [state, desiredStateFile(path)]) {
    expect([await one.get('a'), await one.get('b'), await one.get('c'), await one.get('d')]).toEqual([
      false,
      false,
      true,
      undefined,
    ])
  }
  expect(JSON.parse(await readFile(path, 'utf8'))).toEqual({ version: 1, plugins: { a: false, b: false, c: true } })
})

test.each([
  ['no JSON', '{"version":1,'],
  ['another version', '{"version":2,"plugins":{}}'],
  ['another shape', '{"version":1,"plugins":{"a":"yes"}}'],
])('sets a file aside that holds %s, and goes by defaults', async (_, text) => {
  await mkdir(join(dir, 'new'))
  await writeFile(path, text)
  const state = desiredStateFile(path)
  expect(await state.get('a')).toBeUndefined()
  await state.set('a', true)
  expect(await readFile(`${path}.broken`, 'utf8')).toBe(text)
  expect(await desiredStateFile(path).get('a')).toBe(true)
})

test('says when it cannot be written, and goes on when it can again', async () => {
  await writeFile(join(dir, 'new'), 'no folder')
  const state = desiredStateFile(path)
  await expect(state.set('a', true)).rejects.toMatchObject({ code: 'BP_STATE_UNWRITABLE', details: { path } })
  await rm(join(dir, 'new'))
  await state.set('a', true)
  expect(await desiredStateFile(path).get('a')).toBe(true)
})

test('does not write over what it could not read, and reads it when it can', async () => {
  await desiredStateFile(path).set('a', false)
  await rename(path, `${path}.away`)
  await mkdir(path)
  const state = desiredStateFile(path)
  expect(await state.get('a')).toBeUndefined()
  await expect(state.set('b', true)).rejects.toMatchObject({ code: 'BP_STATE_UNWRITABLE', details: { path } })
  await rmdir(path)
  await rename(`${path}.away`, path)
  await state.set('b', true)
  expect([await state.get('a'), await state.get('b')]).toEqual([false, true])
})
