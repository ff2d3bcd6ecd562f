/**
 * Random modules by wasm-smith, each beside itself as this project rewrites it: results, traps, memories, globals and
 * tables must be the same, and fuel the same each time. `COUNT` in the environment runs more of them.
 */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { cacheDir } from '../../tools/workspace.ts'
import { interop } from '../harness.ts'
import { compare, Unsupported } from './compare.ts'

/** Changes with the generator: what is in the cache then is another. */
const version = '0.263.0-3'
const count = Number(process.env.COUNT ?? 20_000)

await interop('wasm-random', async ({ check, tool, scratch }) => {
  const binary = join(cacheDir(`random-modules-${version}`), 'random-modules')
  if (!existsSync(binary)) build(tool('cargo'), binary, scratch())
  for (const [name, init] of [
    ['', {}],
    [', with a count of depth', { callDepth: 100_000 }],
  ] as const) {
    const part = name === '' ? count : Math.ceil(count / 4)
    await check(
      `${part} random modules${name} do what they did before they were rewritten`,
      async () => {
        const seen = { modules: 0, calls: 0, traps: 0, unsupported: 0 }
        const different: string[] = []
        for await (const { seed, bytes } of modules(binary, part)) {
          try {
            const { difference, calls, traps } = compare(bytes, init)
            seen.modules += 1
            seen.calls += calls
            seen.traps += traps
            if (difference) different.push(`seed ${seed}: ${difference}`)
          } catch (error) {
            if (!(error instanceof Unsupported)) different.push(`seed ${seed}: ${(error as Error).message}`)
            seen.unsupported += 1
          }
        }
        console.log(`     ${JSON.stringify(seen)}`)
        assert.deepEqual(different.slice(0, 10), [], `${different.length} different`)
        assert.ok(seen.modules > part / 2, 'most of the modules ran')
        assert.ok(seen.calls > part && seen.traps > part / 10, 'they did something')
      },
      { timeoutMs: 10 * 60_000 },
    )
  }
})

function build(cargo: string, binary: string, target: string): void {
  console.log('     building the generator of modules (half a minute; once for all)')
  const manifest = join(import.meta.dirname, 'generator', 'Cargo.toml')
  const args = ['build', '--release', '--locked', '--manifest-path', manifest, '--target-dir', target]
  const { status } = spawnSync(cargo, args, { stdio: ['ignore', 'ignore', 'inherit'] })
  assert.equal(status, 0, 'cargo built the generator')
  mkdirSync(join(binary, '..'), { recursive: true })
  copyFileSync(join(target, 'release', 'random-modules'), binary)
}

/** The generator's modules, one by one. */
async function* modules(binary: string, count: number) {
  const child = spawn(binary, ['0', String(count)], { stdio: ['ignore', 'pipe', 'inherit'] })
  let held = Buffer.alloc(0)
  let seed = 0
  for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
    held = Buffer.concat([held, chunk])
    for (;;) {
      const length = held.length < 4 ? Number.POSITIVE_INFINITY : held.readUInt32LE(0)
      if (held.length < 4 + length) break
      yield { seed: seed++, bytes: new Uint8Array(held.subarray(4, 4 + length)) }
      held = held.subarray(4 + length)
    }
  }
}
