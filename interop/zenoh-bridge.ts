/** The real `zenoh-bridge-remote-api`: built with cargo once for all checkouts, and started for a test. */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { cacheDir } from '../tools/workspace.ts'
import { freePort, listening } from './ports.ts'
import { startProcess } from './running-process.ts'

/** Version of the bridge, which is that of the client library and of Zenoh. */
const bridgeVersion = '1.10.1'

/** Options of {@link startBridge}. */
export interface BridgeInit {
  /** More command-line arguments: `-e tcp/…`, `-m client`. */
  readonly args?: readonly string[]
  /** Looks for others by multicast. @default false */
  readonly multicast?: boolean
  /** Ports of an earlier bridge, to stand in its place. */
  readonly ports?: Pick<ZenohBridge, 'wsPort' | 'zenohPort'>
  /** Whether other Zenoh nodes may connect to it by TCP. @default true */
  readonly listens?: boolean
  /** Serves `wss:` instead of `ws:`: paths of PEM files. */
  readonly tls?: { readonly cert: string; readonly key: string }
}

/** A running bridge. */
export interface ZenohBridge extends AsyncDisposable {
  /** Where its remote API listens. */
  readonly wsPort: number
  /** `ws://127.0.0.1:port`, or `wss:` where it has a certificate. */
  readonly endpoint: string
  /** Where other Zenoh nodes reach it. */
  readonly zenohPort: number
  readonly locator: string
  readonly pid: number
  output(): string
  /** Kills it at once, as a crash would. */
  kill(): Promise<void>
  /** Starts it again on the same ports, after {@link ZenohBridge.kill}. */
  restart(): Promise<void>
}

/** Where the program is, or will be. */
export function bridgeBinary(): string {
  return join(cacheDir(`zenoh-bridge-remote-api-${bridgeVersion}`), 'bin', 'zenoh-bridge-remote-api')
}

/** Builds the program with cargo unless it is in the cache: some 5 to 9 minutes on two cores. */
export async function buildBridge(cargo: string): Promise<string> {
  const binary = bridgeBinary()
  if (existsSync(binary)) return binary
  const root = cacheDir(`zenoh-bridge-remote-api-${bridgeVersion}`)
  const args = ['install', 'zenoh-bridge-remote-api', '--version', bridgeVersion, '--locked', '--root', root]
  // Half the time of a release build, and fast enough for tests.
  const quick = { LTO: 'off', OPT_LEVEL: '1', DEBUG: '0', CODEGEN_UNITS: '16' }
  const env = Object.fromEntries(Object.entries(quick).map(([name, value]) => [`CARGO_PROFILE_RELEASE_${name}`, value]))
  console.log(`     building zenoh-bridge-remote-api ${bridgeVersion} (minutes; once for all)`)
  const child = spawn(cargo, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'ignore', 'inherit'] })
  const code = await new Promise((resolve) => child.once('exit', resolve).once('error', resolve))
  if (code !== 0) throw new Error(`cargo could not build zenoh-bridge-remote-api (${code})`)
  return binary
}

/** Starts the bridge on free loopback ports. */
export async function startBridge(binary: string, init: BridgeInit = {}): Promise<ZenohBridge> {
  const { args = [], multicast = false, listens = true, tls } = init
  const { wsPort, zenohPort } = init.ports ?? { wsPort: await freePort(), zenohPort: await freePort() }
  const all = ['--ws-port', `127.0.0.1:${wsPort}`, ...args]
  if (listens) all.push('-l', `tcp/127.0.0.1:${zenohPort}`)
  if (!multicast) all.push('--no-multicast-scouting')
  if (tls) all.push('--cert', tls.cert, '--key', tls.key)
  // It does not say when its WebSocket listens, which is after this line.
  const launch = async () => {
    const process = await startProcess(binary, all, { ready: /Finished loading plugins/ })
    await listening(wsPort)
    return process
  }
  let running = await launch()
  return {
    wsPort,
    zenohPort,
    endpoint: `${tls ? 'wss' : 'ws'}://127.0.0.1:${wsPort}`,
    locator: `tcp/127.0.0.1:${zenohPort}`,
    get pid() {
      return running.pid
    },
    output: () => running.output(),
    kill: () => running.stop('SIGKILL'),
    async restart() {
      await running.stop('SIGKILL')
      running = await launch()
    },
    [Symbol.asyncDispose]: () => running.stop(),
  }
}
