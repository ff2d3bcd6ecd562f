import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { documentedErrors, errorsPage, errorsText } from './errors.ts'
import { filesUnder, packages, root } from './workspace.ts'

const errors = await documentedErrors()
const codes = errors.map(({ code }) => code)

test('docs/errors.md says what the catalogues say (`npm run errors` writes it)', () => {
  expect(readFileSync(errorsPage, 'utf8')).toBe(errorsText(errors))
})

test('no two catalogues have the same code', () => {
  expect(codes.filter((code, index) => codes.indexOf(code) !== index)).toEqual([])
})

test('every code has a message and a next step, as sentences', () => {
  const broken = errors.filter(
    ({ code, message, next }) => !/^BP_[A-Z0-9_]+$/.test(code) || message === '' || !/[.!)]$/.test(next),
  )
  expect(broken).toEqual([])
})

test('every code that code or docs name is in a catalogue, and every code of a catalogue is used', () => {
  const codesIn = (folder: string, wanted: (path: string) => boolean) =>
    filesUnder(folder)
      .filter(wanted)
      .flatMap((path) => readFileSync(join(folder, path), 'utf8').match(/\bBP_[A-Z0-9_]*[A-Z0-9]\b/g) ?? [])
  const isCode = (path: string) =>
    path.endsWith('.ts') && !path.endsWith('.test.ts') && !['errors.ts', 'contract-errors.ts'].includes(path)

  const used = new Set(packages().flatMap(({ folder }) => codesIn(join(folder, 'src'), isCode)))
  const told = packages().flatMap(({ folder }) => codesIn(folder, (path) => path === 'README.md'))
  const guides = codesIn(join(root, 'docs'), (path) => path.endsWith('.md'))

  const unknown = [...new Set([...used, ...told, ...guides])].filter((code) => !codes.includes(code)).sort()
  const byCore = ['BP_UNEXPECTED']
  const unused = codes.filter((code) => !used.has(code) && !byCore.includes(code))
  expect({ unknown, unused }).toEqual({ unknown: [], unused: [] })
})
