import { spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { runCli } from '../run.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'cli-bridge-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

/** A program in place of the bridge: listens where it is told, and writes down what it was given. */
function fake(body: string): string {
  const path = join(dir, 'bridge')
  writeFileSync(path, `#!${process.execPath}\nconst args = process.argv.slice(2)\n${body}\n`)
  chmodSync(path, 0o755)
  return path
}

const listening = `
const { readFileSync, statSync, writeFileSync } = require('node:fs')
const file = args[args.indexOf('-c') + 1]
writeFileSync('OUT', JSON.stringify({ args, config: JSON.parse(readFileSync(file)), mode: statSync(file).mode & 0o777 }))
require('node:net').createServer((socket) => socket.on('error', () => {})).listen(args[args.indexOf('--ws-port') + 1].split(':')[1], '127.0.0.1')`

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}

/** Runs the command until it has said its result, then as long as Ctrl+C takes. */
async function bridge(args: readonly string[], env: Record<string, string> = {}) {
  const out: string[] = []
  const err: string[] = []
  const stop = new AbortController()
  const io = {
    out: (text: string) => {
      out.push(text)
      if (text.includes('endpoint')) stop.abort()
    },
    err: (text: string) => void err.push(text),
    errIsTerminal: false,
    colors: false,
    env: { PATH: '', HOME: dir, ...env },
    cwd: dir,
    signal: stop.signal,
  }
  const code = await runCli(['zenoh-bridge', '--json', ...args], io)
  return { code, out: out.join(''), err: err.join('') }
}

it('runs a bridge on loopback with the certificates and addresses that it was given, until it is interrupted', async () => {
  const port = await freePort()
  const program = fake(listening.replace('OUT', join(dir, 'given.json')))
  const pem = (name: string) => join(import.meta.dirname, '../../../transport-nats/test/fixtures', name)
  const tls = ['--tls-ca', pem('ca.pem'), '--tls-cert', pem('client.pem'), '--tls-key', pem('client.key.pem')]
  const { out } = await bridge(
    ['--program', program, '--port', String(port), '--connect', 'zenoh+tls://router', '--no-multicast', ...tls],
    { NATS_URL: 'nats://elsewhere:4222' },
  )
  expect(JSON.parse(out)).toMatchObject({
    endpoint: `ws://127.0.0.1:${port}`,
    mode: 'client',
    connect: ['tls/router:7447'],
  })
  const { args, config, mode } = JSON.parse(readFileSync(join(dir, 'given.json'), 'utf8'))
  expect(args).toEqual(
    expect.arrayContaining(['--ws-port', `127.0.0.1:${port}`, '-m', 'client', '--no-multicast-scouting']),
  )
  expect(config).toMatchObject({
    connect: { endpoints: ['tls/router:7447'], exit_on_failure: false },
    transport: {
      link: {
        tls: { connect_private_key_base64: readFileSync(pem('client.key.pem')).toString('base64'), enable_mtls: true },
      },
    },
  })
  expect(mode).toBe(0o600)
  expect(existsSync(args[1])).toBe(false)
})

it('is a peer that finds others by multicast where nothing is said', async () => {
  const port = await freePort()
  const program = fake(listening.replace('OUT', join(dir, 'given.json')))
  expect(JSON.parse((await bridge(['--program', program, '--port', String(port)])).out)).toMatchObject({
    mode: 'peer',
    connect: [],
  })
})

it('takes a free port where that is asked for, and says which', async () => {
  const program = fake(listening.replace('OUT', join(dir, 'given.json')))
  const { endpoint } = JSON.parse((await bridge(['--program', program, '--port', '0'])).out)
  const { args } = JSON.parse(readFileSync(join(dir, 'given.json'), 'utf8'))
  expect(endpoint).toBe(`ws://${args[args.indexOf('--ws-port') + 1]}`)
  expect(endpoint).not.toMatch(/:0$/)
})

it('leaves neither a bridge nor its configuration behind when it is killed itself', { timeout: 30_000 }, async () => {
  const program = fake(listening.replace('OUT', join(dir, 'given.json')).concat('\nsetInterval(() => {}, 1e6)'))
  const bin = join(import.meta.dirname, '../../bin/backplane.js')
  const env = { PATH: '/usr/bin:/bin', HOME: dir, TMPDIR: dir }
  const child = spawn(process.execPath, [bin, 'zenoh-bridge', '--port', '0', '--json', '--program', program], { env })
  const out = await new Promise<string>((resolve) => child.stdout.once('data', (data) => resolve(String(data))))
  const port = Number(new URL(JSON.parse(out).endpoint).port)
  const { args } = JSON.parse(readFileSync(join(dir, 'given.json'), 'utf8'))
  expect(existsSync(args[1])).toBe(false)
  child.kill('SIGKILL')
  await expect.poll(() => listens(port), { timeout: 10_000 }).toBe(false)
})

it('says what is in the way, and what to do', async () => {
  const port = String(await freePort())
  const ending = fake("console.error('ERROR bad address at /src/x.rs:1.'); process.exit(3)")
  const ended = await bridge(['--program', ending, '--port', port])
  expect(ended.code).toBe(1)
  expect(JSON.parse(ended.err).error).toMatchObject({
    code: 'BP_CLI_BRIDGE_ENDED',
    message: expect.stringContaining('it ended with 3: ERROR bad address'),
  })

  const taken = createServer()
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
  const { port: theirs } = taken.address() as { port: number }
  const occupied = await bridge(['--program', ending, '--port', String(theirs)])
  expect(JSON.parse(occupied.err).error.code).toBe('BP_CLI_BRIDGE_PORT')
  taken.close()

  const none = await bridge([])
  expect(none.err).not.toContain('Building')
  expect(JSON.parse(none.err).error).toMatchObject({
    code: 'BP_CLI_NO_BRIDGE',
    next: expect.stringContaining('cargo install zenoh-bridge-remote-api --version 1.10.1 --locked'),
  })
  expect(JSON.parse((await bridge(['--program', 'nothing'])).err).error.code).toBe('BP_CLI_NO_BRIDGE')
  expect((await bridge(['--port', 'x', '--program', ending])).code).toBe(2)
})

/**
 * A cargo that compiles three packages, keeping them in its target folder, and stops after the second where it is told
 * to.
 */
const cargo = `
const { existsSync, mkdirSync, readdirSync, writeFileSync } = require('node:fs')
const { join } = require('node:path')
const target = process.env.CARGO_TARGET_DIR
const root = args[args.indexOf('--root') + 1]
mkdirSync(target, { recursive: true })
const compile = (at) => {
  if (at === 3) {
    mkdirSync(join(root, 'bin'), { recursive: true })
    writeFileSync(join(root, 'bin', 'zenoh-bridge-remote-api'), '')
    return
  }
  console.error(existsSync(join(target, String(at))) ? '   Fresh' : '   Compiling', 'crate' + at, 'v1.0.0')
  writeFileSync(join(target, String(at)), '')
  writeFileSync('OUT', String(readdirSync(target).length))
  if (at === 1 && !existsSync('AGAIN')) setInterval(() => {}, 1e6)
  else compile(at + 1)
}
compile(0)`

it('builds where there is a cargo, and goes on from where it was interrupted', async () => {
  const [out, again] = [join(dir, 'compiled'), join(dir, 'again')]
  const body = cargo.replaceAll('OUT', out).replaceAll('AGAIN', again)
  writeFileSync(join(dir, 'cargo'), `#!${process.execPath}\nconst args = process.argv.slice(2)\n${body}\n`)
  chmodSync(join(dir, 'cargo'), 0o755)
  const stop = new AbortController()
  const said: string[] = []
  const io = {
    out: (text: string) => void said.push(text),
    err: (text: string) => void said.push(text),
    errIsTerminal: false,
    colors: false,
    env: { PATH: dir, HOME: dir },
    cwd: dir,
    signal: stop.signal,
  }
  const first = runCli(['zenoh-bridge', '--build'], io)
  await expect.poll(() => existsSync(out) && readFileSync(out, 'utf8'), { timeout: 20_000 }).toBe('2')
  stop.abort()
  await first
  const kept = join(dir, '.cache', 'backplane', 'zenoh-bridge-remote-api-1.10.1', 'build')
  expect(existsSync(join(kept, '1'))).toBe(true)
  writeFileSync(again, '')
  expect(await runCli(['zenoh-bridge', '--build'], { ...io, signal: new AbortController().signal })).toBe(0)
  expect(existsSync(join(kept, '..', 'bin', 'zenoh-bridge-remote-api'))).toBe(true)
  expect(existsSync(kept)).toBe(false)
  expect(said.join('')).toContain('Building')
})
