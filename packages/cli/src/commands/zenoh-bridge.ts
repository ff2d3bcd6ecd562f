import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CommandContext } from '../context.ts'
import { cliError } from '../errors.ts'
import type { CliIo } from '../io.ts'
import { shown } from '../shown.ts'
import { bridgeVersion, buildBridge, findBridge, findCargo } from '../zenoh-bridge-program.ts'

/** Flags of `backplane zenoh-bridge`. */
export interface BridgeFlags {
  readonly port?: string
  /** Zenoh addresses to connect to; none: a peer that finds others by multicast. */
  readonly connect?: readonly string[]
  readonly listen?: readonly string[]
  readonly multicast?: boolean
  readonly credentials?: string
  /** PEM files for the way from the bridge to the network. */
  readonly tlsCa?: string
  readonly tlsCert?: string
  readonly tlsKey?: string
  readonly program?: string
  readonly build?: boolean
}

const host = '127.0.0.1'
const readyTimeoutMs = 15_000

/**
 * Runs a remote-api bridge on loopback until it is told to stop; builds the program first where this machine has none.
 * What it connects to, and with which certificates, is said by flags, Device Connect's variables and a credentials
 * file, in this order.
 */
export async function zenohBridge(flags: BridgeFlags, { io, reporter }: CommandContext): Promise<void> {
  const wanted = portOf(flags.port)
  let program = await findBridge(flags.program, io)
  if (program === undefined) {
    const cargo = findCargo(io)
    reporter.note(
      shown`Building zenoh-bridge-remote-api ${bridgeVersion}; this takes 5 to 10 minutes, once. Ctrl+C keeps what is compiled.`,
    )
    program = await buildBridge(cargo, io, (progress) => reporter.note(shown`${progress}`))
  }
  if (flags.build) return reporter.result({ program, version: bridgeVersion }, shown`${program}`)
  const port = wanted === 0 ? await freePort() : wanted
  if (await listens(port)) throw cliError('BP_CLI_BRIDGE_PORT', { details: { port } })

  // The configuration may hold keys, which an argument would show to every user of this machine.
  const folder = await mkdtemp(join(tmpdir(), 'backplane-bridge-'))
  try {
    const config = await configOf(flags, io)
    const file = join(folder, 'zenoh.json')
    await writeFile(file, JSON.stringify(config), { mode: 0o600 })
    const args = ['-c', file, '-m', config.mode, '--ws-port', `${host}:${port}`]
    for (const address of flags.listen ?? []) args.push('-l', address)
    if (flags.multicast === false) args.push('--no-multicast-scouting')
    await run(program, args, async () => {
      // It has read it: nothing that holds keys is left behind, however this ends.
      await rm(file, { force: true })
      const endpoint = `ws://${host}:${port}`
      const { mode } = config
      const to = config.connect?.endpoints ?? []
      const way = to.length > 0 ? `connected to ${to.join(', ')}` : 'finding others by multicast'
      reporter.result(
        { endpoint, mode, connect: to, program, version: bridgeVersion },
        shown`Zenoh bridge on ${endpoint}, a ${mode} ${way}`,
      )
      reporter.note(shown`\nNext: backplane up --preset edge --bridge ${endpoint}\nCtrl+C stops the bridge.`)
    })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }

  /** Runs the program until it ends or the signal comes; `ready` is called when its WebSocket listens. */
  async function run(command: string, args: readonly string[], ready: () => Promise<void>): Promise<void> {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...io.env, NO_COLOR: '1' } })
    const ended = new Promise<string>((resolve) => {
      child.on('error', (error) => resolve(error.message))
      child.on('exit', (code, signal) => resolve(`it ended with ${code ?? signal}`))
    })
    const output = tailOf(child)
    const guard = guardOf(child)
    const stop = () => void child.kill('SIGTERM')
    io.signal.addEventListener('abort', stop, { once: true })
    try {
      let over: string | undefined
      void ended.then((reason) => {
        over = reason
      })
      const deadline = Date.now() + readyTimeoutMs
      while (!(await listens(port)) && over === undefined && !io.signal.aborted) {
        if (Date.now() > deadline) over = `nothing listened on port ${port} after ${readyTimeoutMs} ms`
        await new Promise((resolve) => setTimeout(resolve, 25))
      }
      if (over === undefined && !io.signal.aborted) await ready()
      const reason = over ?? (await ended)
      if (!io.signal.aborted) throw cliError('BP_CLI_BRIDGE_ENDED', { details: { reason: `${reason}${output()}` } })
    } finally {
      io.signal.removeEventListener('abort', stop)
      stop()
      await ended
      guard?.kill('SIGKILL')
    }
  }
}

/** The bridge's configuration, from flags, Device Connect's variables and the credentials file. */
async function configOf(flags: BridgeFlags, { env, cwd, signal }: CliIo) {
  const { readMessaging, zenohConfig } = await import('@backplane/mesh-device-connect/credentials')
  const { connect: urls, credentials: credentialsFile, tlsCa, tlsCert, tlsKey } = flags
  const given = {
    ...(tlsCa === undefined ? {} : { MESSAGING_TLS_CA_FILE: tlsCa }),
    ...(tlsCert === undefined ? {} : { MESSAGING_TLS_CERT_FILE: tlsCert }),
    ...(tlsKey === undefined ? {} : { MESSAGING_TLS_KEY_FILE: tlsKey }),
  }
  const messaging = await readMessaging(
    {
      backend: 'zenoh',
      // Servers of NATS are no concern of this bridge.
      env: { ...env, NATS_URL: undefined, ...given },
      cwd,
      ...(urls === undefined ? {} : { urls }),
      ...(credentialsFile === undefined ? {} : { credentialsFile }),
    },
    { signal },
  )
  const config = await zenohConfig(messaging)
  // As upstream's clients: a router that is away is waited for.
  const patience = { timeout_ms: -1, exit_on_failure: false, retry: { period_init_ms: 1000, period_max_ms: 5000 } }
  return config.connect ? { ...config, connect: { ...config.connect, ...patience } } : config
}

function portOf(given = '10000'): number {
  const port = Number(given)
  if (Number.isInteger(port) && port >= 0 && port < 65_536) return port
  throw cliError('BP_CLI_USAGE', { details: { reason: '--port must be a number from 0 (a free one) to 65535' } })
}

/** The bridge does not say which port it was given, so one is looked for here. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(0, host, () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
}

/**
 * Ends the bridge when this process is gone without having ended it (SIGKILL, out of memory): no handler runs then, but
 * the pipe to the guard closes. It is in a process group of its own, so that Ctrl+C does not end it first.
 */
function guardOf({ pid }: ChildProcess): ChildProcess | undefined {
  if (pid === undefined || process.platform === 'win32') return undefined
  const script = 'read _; kill "$1"'
  const guard = spawn('/bin/sh', ['-c', script, 'sh', String(pid)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  })
  // Without a shell there is no guard.
  guard.on('error', () => {})
  return guard
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, host)
    const end = (open: boolean) => {
      socket.destroy()
      resolve(open)
    }
    socket.once('connect', () => end(true)).once('error', () => end(false))
  })
}

/** The last error that it printed. */
function tailOf({ stdout, stderr }: ChildProcess): () => string {
  let tail = ''
  const take = (chunk: Buffer) => {
    tail = (tail + chunk.toString()).slice(-4000)
  }
  stdout?.on('data', take)
  stderr?.on('data', take)
  return () => {
    const last = tail.split('\n').findLast((line) => /ERROR|Failed|error:|panicked/.test(line))
    // Without the places in its source.
    return last === undefined ? '' : `: ${last.replace(/\.? at \S+\.rs:\d+\.?/g, '').trim()}`
  }
}
