/** What concerns a whole process: its console, its Node version, what is not installed. Each runs in one of its own. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test, vi } from 'vitest'
import { startPeer } from './remote-api-peer.ts'

// Each test starts processes, on machines that may be slow.
vi.setConfig({ testTimeout: 90_000 })

const execute = promisify(execFile)
const folder = join(import.meta.dirname, '..')

/** Runs a module on source and gives what it printed. */
async function run(code: string, before = ''): Promise<{ stdout: string; stderr: string }> {
  const source = `
    import { silentLogger, systemClock } from '@backplane/core'
    import { zenohTransport } from '@backplane/transport-zenoh'
    ${code}`
  const args = ['--conditions=@backplane/source', '--input-type=module', '--eval', source]
  if (before !== '') args.unshift('--import', `data:text/javascript,${encodeURIComponent(before)}`)
  return execute(process.execPath, args, { cwd: folder })
}

const failing = `
  const transport = zenohTransport()({ logger: silentLogger, clock: systemClock })
  await transport.connect().catch(({ code, message, next }) => console.log(code, message, next))`

test('a whole life prints nothing, a loss and a late answer included, and leaves the console to the application', async () => {
  await using peer = await startPeer()
  const { stdout, stderr } = await run(
    `
    const own = console.log
    const transport = zenohTransport({ endpoint: '${peer.endpoint}', reconnectMinMs: 5 })({ logger: silentLogger, clock: systemClock })
    const connected = () => new Promise((resolve) => {
      const stop = transport.onStatus(({ type }) => {
        if (type !== 'connected') return
        stop()
        resolve()
      })
    })
    await transport.connect()
    await transport.serve('late', ({ payload }) => new Promise((resolve) => setTimeout(resolve, 30, payload)))
    await transport.request('late', new Uint8Array(1), { timeoutMs: 5 }).catch(({ code }) => console.log(code))
    const subscription = await transport.subscribe('a', () => {})
    for (let n = 0; n < 20; n++) await transport.publish('a', new Uint8Array(1))
    await subscription.unsubscribe()
    const back = connected()
    cut()
    await back
    await new Promise((resolve) => setTimeout(resolve, 60))
    await transport.close()
    console.log(console.log === own, WebSocket === globalThis.WebSocket, 'done')`,
    `
    import net from 'node:net'
    const { connect } = net.Socket.prototype
    net.Socket.prototype.connect = function (...args) {
      globalThis.cut = () => this.destroy()
      return connect.apply(this, args)
    }`,
  )
  expect(stderr).toBe('')
  expect(stdout).toBe('BP_TIMEOUT\ntrue true done\n')
})

test('without the client library, connect says what to install', async () => {
  const missing = `
    import { registerHooks } from 'node:module'
    registerHooks({
      resolve(specifier, context, next) {
        if (specifier === '@eclipse-zenoh/zenoh-ts') throw new Error('Cannot find package')
        return next(specifier, context)
      },
    })`
  const { stdout } = await run(failing, missing)
  expect(stdout).toContain('BP_ZENOH_CLIENT_MISSING')
  expect(stdout).toContain('npm install @eclipse-zenoh/zenoh-ts@~1.10.1')
})

test.each(['20.19.0', '22.18.0', '23.11.0', '24.4.1'])(
  'on Node %s, connect says which version is needed',
  async (version) => {
    const old = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } })`
    const { stdout } = await run(failing, old)
    expect(stdout).toContain(`BP_ZENOH_NODE_TOO_OLD The Zenoh client library does not run on Node ${version}.`)
  },
)
