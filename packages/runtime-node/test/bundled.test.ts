/** The two published forms find the code of their threads: built here as the package is built, without its build. */
import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { expect, test } from 'vitest'
import { pluginFolder } from './harness.ts'

const root = join(import.meta.dirname, '..')
const script = `
const runtime = nodeRuntime()({ logger: silent, clock: { now: Date.now } })
const context = { pluginId: 'p', logger: silent, config: {}, permissions: {}, signal, emit() {}, invoke() {}, exited() {}, changed() {} }
runtime.load({ dir: process.argv[2], manifest: { id: 'p', entry_point: 'plugin.mjs' } }, context, { signal }).then(async (instance) => {
  await instance.start({ signal })
  console.log(await instance.invoke({ name: 'ping', params: {}, signal, deadline: Date.now() + 5000, caller: { kind: 'local' } }))
  await instance.stop({ signal })
})
`
const head = `
const { signal } = new AbortController()
const silent = { debug() {}, info() {}, warn() {}, error() {} }
`

test.each(['esm', 'cjs'] as const)('%s', async (format) => {
  const { dir } = await pluginFolder("export const functions = { ping: () => 'pong' }")
  const ending = format === 'cjs' ? '.cjs' : '.js'
  await build({
    entryPoints: { index: join(root, 'src/index.ts'), worker: join(root, 'src/worker.ts') },
    outdir: dir,
    outExtension: { '.js': ending },
    format,
    bundle: true,
    splitting: format === 'esm',
    platform: 'node',
    target: 'node22',
    conditions: ['@backplane/source'],
    // The CommonJS form has no `import.meta`, and does without.
    logOverride: { 'empty-import-meta': 'silent' },
  })
  await writeFile(join(dir, 'package.json'), JSON.stringify({ type: 'module' }))
  const take = format === 'cjs' ? `require('./index.cjs')` : `await import('./index.js')`
  const main = join(dir, format === 'cjs' ? 'main.cjs' : 'main.js')
  await writeFile(main, `${head}const { nodeRuntime } = ${take}\n${script}`)
  const { stdout } = await promisify(execFile)(process.execPath, [main, dir])
  expect(stdout).toBe('pong\n')
})
