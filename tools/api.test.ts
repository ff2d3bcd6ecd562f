import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { apiReports } from './api.ts'
import type { Manifest } from './workspace.ts'

function reportOf(files: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), 'backplane-api-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  mkdirSync(join(folder, 'src'))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, 'src', name), text)
  const entry = { key: '.', name: 'index', specifier: '@backplane/x', source: join(folder, 'src', 'index.ts') }
  const [report] = apiReports([{ id: 'x', folder, manifest: { name: '@backplane/x' } as Manifest, entries: [entry] }])
  return /```ts\n([\s\S]*)```/.exec(report!.text)![1]!
}

test('shows exports by name, with inferred types and without comments or bodies', () => {
  const report = reportOf({
    'index.ts': `export { make as create, type Made } from './make.ts'\nexport const limit = 3\n`,
    'make.ts': `/** Made. */\nexport interface Made { readonly name: string }\nexport function make(name: string) {\n  return { name } satisfies Made\n}\n`,
  })
  expect(report).toBe(`export interface Made {
    readonly name: string;
}

export function make(name: string): {
    name: string;
};
export { make as create }

export const limit = 3;
`)
})

test('shows what an export names though it is not exported itself, through files', () => {
  const report = reportOf({
    'index.ts': `import type { Part } from './part.ts'\nexport interface Whole { part: Part }\n`,
    'part.ts': `export interface Part { piece: Piece }\ntype Piece = 'a' | 'b'\n`,
  })
  expect(report).toContain(`// Named above, but not exported:`)
  expect(report).toContain(`export interface Part {\n    piece: Piece;\n}`)
  expect(report).toContain(`type Piece = 'a' | 'b';`)
})

test('does not depend on the order of files or exports', () => {
  const parts = ['export const b = 1\n', 'export const a = 1\n']
  expect(reportOf({ 'index.ts': parts.join('') })).toBe(reportOf({ 'index.ts': parts.toReversed().join('') }))
})
