/** What keeps Node 24 from ending with its threads: docs/architecture.md, "Isolation levels". */
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import ts from 'typescript'
import { expect, test } from 'vitest'
import { packages, root } from './workspace.ts'

const sources = packages()
  .flatMap(({ folder }) =>
    readdirSync(join(folder, 'src'), { recursive: true, encoding: 'utf8' }).map((path) => join(folder, 'src', path)),
  )
  .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts'))

test('whoever makes a thread avoids it first', () => {
  const made = sources.map((path) => readFileSync(path, 'utf8')).filter((text) => text.includes('new Worker('))
  expect(made).toHaveLength(3)
  for (const text of made) expect(text).toMatch(/avoidWrapperTierUp\(\)\n[^\n]*new Worker\(/)
})

const avoiders = sources
  .filter((path) => path.endsWith('/avoid-wrapper-tier-up.ts'))
  .map((path) => ({ path, name: relative(root, path) }))

test.runIf(process.versions.v8.startsWith('13.')).each(avoiders)('V8 frees no wrapper after $name', ({ path }) => {
  const options = { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext }
  const avoid = ts.transpile(readFileSync(path, 'utf8'), options)
  expect(wrappersFreed(avoid)).toBeGreaterThan(0)
  expect(wrappersFreed(`${avoid}\navoidWrapperTierUp()`)).toBe(0)
})

/** How many wrappers V8 frees of an imported function that was called often, once nobody has its module any more. */
function wrappersFreed(before: string): number {
  // (import "e" "f" (func $f)) (func (export "run") (param i32)
  //   (loop (call $f) (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
  const types = [1, 8, 2, 0x60, 0, 0, 0x60, 1, 0x7f, 0]
  const imports = [2, 7, 1, 1, 0x65, 1, 0x66, 0, 0, 3, 2, 1, 1]
  const exports = [7, 7, 1, 3, 0x72, 0x75, 0x6e, 0, 1]
  const run = [0, 3, 0x40, 0x10, 0, 0x20, 0, 0x41, 1, 0x6b, 0x22, 0, 0x0d, 0, 0x0b, 0x0b]
  const header = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]
  const bytes = [...header, ...types, ...imports, ...exports, 10, run.length + 2, 1, run.length, ...run]
  const script = `${before}
    for (let i = 0; i < 20; i++) {
      const module = new WebAssembly.Module(Uint8Array.from(${JSON.stringify(bytes)}))
      new WebAssembly.Instance(module, { e: { f() {} } }).exports.run(100_000)
      gc()
      await new Promise((resolve) => setTimeout(resolve, 5))
    }`
  const flags = ['--expose-gc', '--trace-wasm-code-gc', '--stress-wasm-code-gc', '--input-type=module']
  const { stdout, stderr, status } = spawnSync(process.execPath, [...flags, '--eval', script], { encoding: 'utf8' })
  expect(status, stderr).toBe(0)
  return [...stdout.matchAll(/Freeing (\d+) wrapper/g)].reduce((sum, [, count]) => sum + Number(count), 0)
}
