/** runtime-wasm on every Node that is supported: the engine differs, what a plugin sees does not. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { scriptComponent } from '../../packages/runtime-wasm/test/component.ts'
import { wat } from '../../packages/runtime-wasm/test/wat.ts'
import { nodeReleases } from '../../tools/toolchains.ts'
import { root } from '../../tools/workspace.ts'
import { interop } from '../harness.ts'

const kinds = `(module (memory 1) (table 2 funcref) (elem (i32.const 0) $number) (type $none (func))
  (func $number (param i32)) (func (export "nothing"))
  (func (export "unreachable") unreachable)
  (func (export "arithmetic") (drop (i32.div_s (i32.const 1) (i32.const 0))))
  (func (export "memory") (drop (i32.load (i32.const -1))))
  (func (export "table") (call_indirect (type $none) (i32.const 9)))
  (func (export "indirect-call") (call_indirect (type $none) (i32.const 0)))
  (func $deep (export "deep") (call $deep) (call $deep)))`

interface Outcome {
  readonly waits: boolean
  readonly abortMs: number
}

await interop('wasm-nodes', async ({ check, scratch }) => {
  const dir = scratch()
  const outputs = { 'smoke.mjs': 'interop/wasm-nodes/smoke.ts', 'thread.mjs': 'packages/runtime-wasm/src/thread.ts' }
  for (const [outfile, entry] of Object.entries(outputs)) {
    await build({
      entryPoints: [join(root, entry)],
      outfile: join(dir, outfile),
      bundle: true,
      format: 'esm',
      platform: 'node',
      target: 'node22',
      conditions: ['@backplane/source'],
      external: ['@bytecodealliance/*'],
    })
  }
  symlinkSync(join(root, 'node_modules'), join(dir, 'node_modules'))
  const scripted = await scriptComponent(
    'package demo:smoke; world smoke { export greet: func(name: string) -> string; export spin: func(); }',
    "export function greet(name) { return 'Hello, ' + name + '!' }\nexport function spin() { for (;;) {} }",
  )
  const extism = wat(readFileSync(join(root, 'packages/runtime-wasm/test/fixtures/extism.wat'), 'utf8'))
  for (const [name, bytes] of Object.entries({ extism, scripted, kinds: wat(kinds) }))
    writeFileSync(join(dir, `${name}.wasm`), bytes)

  for (const { version, path } of await nodeReleases()) {
    await check(`Node ${version}: every convention, limits, cancelling and the end of the process`, async () => {
      // How long is a figure, for bench/README.md; that it ends at all, with nothing left open, is checked by its
      // limit.
      const { outcome, exitMs } = await smoke(path, dir)
      console.log(`     cancelled in ${outcome.abortMs.toFixed(2)} ms, ended ${exitMs.toFixed(0)} ms after close`)
      assert.equal(outcome.waits, Number(version.split('.')[0]) >= 24)
    })
  }
})

/** Runs it, and measures from its last line to its end. */
function smoke(node: string, dir: string): Promise<{ outcome: Outcome; exitMs: number }> {
  return new Promise((resolve, reject) => {
    const child = spawn(node, [join(dir, 'smoke.mjs'), dir], { stdio: ['ignore', 'pipe', 'pipe'], timeout: 50_000 })
    let [out, err, saidAt] = ['', '', 0]
    child.stdout.on('data', (part) => {
      out += part
      saidAt = performance.now()
    })
    child.stderr.on('data', (part) => {
      err += part
    })
    child.on('exit', (status) => {
      const exitMs = performance.now() - saidAt
      if (status === 0 && out.includes('"closed"')) resolve({ outcome: JSON.parse(out) as Outcome, exitMs })
      else reject(new Error(`it ended with ${status}:\n${out}\n${err}`))
    })
  })
}
