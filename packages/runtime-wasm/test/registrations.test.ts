/** Guests of the VYRA convention that hear topics and answer requests by their own functions. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createHost, silentLogger } from '@backplane/core'
import { memoryNetwork, memoryTransport } from '@backplane/core/memory'
import { describe, expect, onTestFinished, test } from 'vitest'
import { wasmRuntime } from '../src/host/wasm-runtime.ts'
import { PluginFacade } from '../src/vyra/facade.ts'
import { type BaseHostFunctions, TransportHostFunctions } from '../src/vyra/host-functions.ts'
import { createPluginRuntime } from '../src/vyra/runtime.ts'
import { bundledThread } from './bundled-thread.ts'
import { wat } from './wat.ts'

const threadUrl = await bundledThread()
const failing = (code: string) => expect.objectContaining({ code })

const listening = wat(`(module
  (import "vyra" "create_subscriber" (func $subscribe (param i32 i32 i32 i32)))
  (import "vyra" "create_server" (func $serve (param i32 i32 i32 i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "robot.one.speed") (data (i32.const 32) "heard") (data (i32.const 64) "double") (data (i32.const 80) "twice")
  (data (i32.const 96) "nothing")
  (global $sum (mut i32) (i32.const 0))
  (func (export "listen") (call $subscribe (i32.const 0) (i32.const 15) (i32.const 32) (i32.const 5)))
  (func (export "answer") (call $serve (i32.const 64) (i32.const 6) (i32.const 80) (i32.const 5)))
  (func (export "slip") (call $serve (i32.const 64) (i32.const 6) (i32.const 96) (i32.const 7)))
  (func (export "heard") (param i32) (global.set $sum (i32.add (global.get $sum) (local.get 0))))
  (func (export "total") (result i32) (global.get $sum))
  (func (export "twice") (param i32) (result i32) (i32.mul (local.get 0) (i32.const 2))))`)
const n = [{ name: 'n', type: 'i32' }]
const exports = ['listen', 'answer', 'slip', 'total', { name: 'heard', args: n }, { name: 'twice', args: n }]

async function transport() {
  const made = memoryTransport({ network: memoryNetwork() })({
    logger: silentLogger,
    clock: { now: Date.now, after: () => ({ cancel() {} }) },
  })
  await made.connect()
  onTestFinished(() => made.close())
  return made
}

async function runtimeOf(host: BaseHostFunctions, worker: boolean) {
  const dir = mkdtempSync(join(tmpdir(), 'backplane-runtime-wasm-'))
  onTestFinished(() => rmSync(dir, { recursive: true }))
  writeFileSync(join(dir, 'logic.wasm'), listening)
  writeFileSync(join(dir, 'metadata.json'), JSON.stringify({ exports }))
  const runtime = createPluginRuntime({ pluginId: 'p', wasmPath: join(dir, 'logic.wasm'), host, worker })
  onTestFinished(() => runtime.stop())
  await runtime.start()
  return runtime
}

const json = (value: unknown) => new TextEncoder().encode(JSON.stringify(value))
const text = (payload: Uint8Array) => new TextDecoder().decode(payload)

describe.each([false, true])('worker: %s', (worker) => {
  test('over a transport, until it is stopped', async () => {
    const wire = await transport()
    const host = new TransportHostFunctions({ transport: wire, logger: silentLogger, moduleName: 'calc' })
    const runtime = await runtimeOf(host, worker)
    await runtime.call('listen')
    await runtime.call('answer')
    // Again takes the place of the former: it is not heard twice.
    await runtime.call('listen')
    await wire.publish('robot.one.speed', json(3))
    await wire.publish('robot.one.speed', json(4))
    await wire.flush()
    await expect.poll(() => runtime.call('total')).toEqual({ result: 7 })
    expect(text((await wire.request('calc.double', json(21))).payload)).toBe('42')
    await runtime.stop()
    await wire.publish('robot.one.speed', json(3))
    await expect(wire.request('calc.double', json(21), { timeoutMs: 200 })).rejects.toEqual(failing('BP_NO_RESPONDER'))
  })

  test('what its permissions do not name is refused, and a handler that is not declared is named', async () => {
    const wire = await transport()
    const host = new TransportHostFunctions({ transport: wire, logger: silentLogger, moduleName: 'calc' })
    const facade = new PluginFacade({ pluginId: 'p', host, interfaces: [{ transport: 'server', module_name: '*' }] })
    const runtime = await runtimeOf(facade, worker)
    await runtime.call('answer')
    expect(text((await wire.request('calc.double', json(4))).payload)).toBe('8')
    if (worker) {
      await expect(runtime.call('listen')).rejects.toEqual(failing('BP_PERMISSION_DENIED'))
      await expect(runtime.call('slip')).rejects.toThrow(/nothing/)
    }
  })

  test('under a host: topics are events, servers are functions', async () => {
    const runtimes = [wasmRuntime({ worker, threadUrl })]
    const host = createHost({ identity: { deviceId: 'box-1' }, runtimes })
    onTestFinished(() => host.stop())
    await host.load({ manifest: { id: 'calc', wasm: { exports } }, module: listening })
    await host.call('calc.answer')
    expect(host.advertisement.functions.map(({ name }) => name)).toContain('double')
    expect(await host.call('double', { n: 21 })).toBe(42)
    expect(await host.call('twice', { n: 21 })).toEqual({ result: 42 })
  })
})
