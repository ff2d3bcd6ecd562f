/** Compiling what others wrote: in a thread of its own, in time, and given up when nobody wants it any more. */

import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, test } from 'vitest'
import { engine, extismPlugin } from '../src/index.ts'
import { ByteWriter } from '../src/module/bytes.ts'

/** A module of empty functions, and one that answers. */
function many(functions: number): Uint8Array<ArrayBuffer> {
  const out = new ByteWriter()
  const section = (id: number, write: (body: ByteWriter) => void) => {
    const body = new ByteWriter()
    write(body)
    out.byte(id).u32(body.length).raw(body.bytes())
  }
  out.raw(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0))
  section(1, (body) => body.byte(2, 0x60, 0, 0, 0x60, 0, 1, 0x7f))
  section(3, (body) => {
    body
      .u32(functions + 1)
      .raw(new Uint8Array(functions))
      .byte(1)
  })
  section(7, (body) => body.u32(1).name('run').byte(0).u32(functions))
  section(10, (body) => {
    body.u32(functions + 1)
    for (let index = 0; index < functions; index++) body.byte(2, 0, 0x0b)
    body.byte(4, 0, 0x41, 0, 0x0b)
  })
  return out.bytes().slice()
}

const limits = { footprintBytes: 1 << 30 }

describe.each([
  ['in the foreground', false],
  ['in a worker', true],
])('%s', (_, worker) => {
  test('this thread goes on while a large module is compiled', async () => {
    const data = many(300_000)
    let turns = 0
    const count = () => {
      turns += 1
      next = setImmediate(count)
    }
    let next = setImmediate(count)
    await using plugin = await extismPlugin({ wasm: [{ data }] }, { worker, limits })
    clearImmediate(next)
    // One turn or two where this thread does the work.
    expect(turns).toBeGreaterThan(20)
    await plugin.call('run')
  }, 60_000)

  test('compiling ends with its time', async () => {
    const load = extismPlugin({ wasm: [{ data: many(300_000) }] }, { worker, limits: { ...limits, compileMs: 1 } })
    await expect(load).rejects.toMatchObject({ code: 'BP_TIMEOUT', details: { limit: 'compileMs', timeoutMs: 1 } })
  })

  test('compiling ends with its signal, before it begins and later', async () => {
    const data = many(300_000)
    const load = (signal: AbortSignal) => extismPlugin({ wasm: [{ data }] }, { worker, limits, signal })
    await expect(load(AbortSignal.abort())).rejects.toMatchObject({ code: 'BP_ABORTED' })
    await expect(load(AbortSignal.timeout(30))).rejects.toMatchObject({ code: 'BP_ABORTED' })
  })

  test('what is wrong with a module is told as ever', async () => {
    const data = many(20_000)
    data[data.length - 1] = 0
    await expect(extismPlugin({ wasm: [{ data }] }, { worker })).rejects.toMatchObject({
      code: 'BP_WASM_MODULE_INVALID',
      message: expect.stringContaining('Compiling function #20000'),
    })
    await expect(
      extismPlugin({ wasm: [{ data: many(300_000) }] }, { worker, limits: { footprintBytes: 1000 } }),
    ).rejects.toMatchObject({ code: 'BP_WASM_SIZE_LIMIT' })
  })
})

test('a module that an engine knows is not compiled again', async () => {
  const shared = engine()
  const data = many(20_000)
  await using _first = await extismPlugin({ wasm: [{ data }] }, { engine: shared })
  const compileMs = 0
  await using second = await extismPlugin({ wasm: [{ data }] }, { engine: shared, limits: { compileMs } })
  await second.call('run')
  await expect(extismPlugin({ wasm: [{ data }] }, { limits: { compileMs } })).rejects.toMatchObject({
    code: 'BP_TIMEOUT',
  })
})

test('a bundle without the code of the thread compiles all the same', async () => {
  const threadUrl = pathToFileURL(join(tmpdir(), 'no-such-thread.mjs'))
  await using plugin = await extismPlugin({ wasm: [{ data: many(20_000) }] }, { threadUrl })
  await plugin.call('run')
})
