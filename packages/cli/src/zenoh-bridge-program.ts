import { spawn } from 'node:child_process'
import { constants, existsSync } from 'node:fs'
import { access } from 'node:fs/promises'
import { homedir } from 'node:os'
import { delimiter, join, resolve } from 'node:path'
import { cliError } from './errors.ts'
import type { CliIo } from './io.ts'

/** Version of the bridge: that of the client library, minor for minor, since nothing else tells them apart. */
export const bridgeVersion = '1.10.1'
const program = 'zenoh-bridge-remote-api'
const install = `cargo install ${program} --version ${bridgeVersion} --locked`

/** Where the bridge is, or nothing: what was named, else the one in the cache, else one of this version on the path. */
export async function findBridge(named: string | undefined, io: CliIo): Promise<string | undefined> {
  if (named !== undefined) {
    const path = resolve(io.cwd, named)
    await access(path, constants.X_OK).catch((cause) => {
      throw missing(`${path} is not a program`, cause)
    })
    return path
  }
  const cached = cachedBridge(io)
  if (existsSync(cached)) return cached
  for (const path of onPath(program, io)) if (await isRightVersion(path)) return path
  return undefined
}

/** Builds the bridge into the cache, which takes minutes. Rejects with `BP_CLI_NO_BRIDGE` where it cannot. */
export async function buildBridge(io: CliIo): Promise<string> {
  const folder = join(cacheFolder(io), `${program}-${bridgeVersion}`)
  const [cargo] = onPath('cargo', io, [join(homeOf(io), '.cargo', 'bin')])
  if (cargo === undefined) throw missing('there is no cargo here to build it with')
  const args = [...install.split(' ').slice(1), '--root', folder]
  const child = spawn(cargo, args, { stdio: ['ignore', 'ignore', 'pipe'], signal: io.signal, env: { ...io.env } })
  let last = ''
  const ended = new Promise<unknown>((done) => child.on('exit', done).on('error', done))
  // Without descriptors for its pipes there are none.
  child.stderr?.on('data', (chunk: Buffer) => {
    last = (last + chunk.toString()).slice(-2000)
  })
  const code = await ended
  io.signal.throwIfAborted()
  if (code !== 0) throw missing(`cargo could not build it: ${last.trim().split('\n').at(-1) ?? code}`)
  return cachedBridge(io)
}

/** Where {@link buildBridge} puts it. */
function cachedBridge(io: CliIo): string {
  return join(cacheFolder(io), `${program}-${bridgeVersion}`, 'bin', program)
}

function cacheFolder({ env, cwd, ...io }: CliIo): string {
  return env.BACKPLANE_CACHE
    ? resolve(cwd, env.BACKPLANE_CACHE)
    : join(homeOf({ env, cwd, ...io }), '.cache', 'backplane')
}

function homeOf({ env }: CliIo): string {
  return env.HOME ?? homedir()
}

function onPath(name: string, { env }: CliIo, more: readonly string[] = []): string[] {
  const folders = [...(env.PATH ?? '').split(delimiter).filter((folder) => folder !== ''), ...more]
  return folders.map((folder) => join(folder, name)).filter((path) => existsSync(path))
}

/** Client and bridge understand each other where major and minor are the same. */
async function isRightVersion(path: string): Promise<boolean> {
  const child = spawn(path, ['--version'], { stdio: ['ignore', 'pipe', 'ignore'], timeout: 5000 })
  let printed = ''
  const ended = new Promise((done) => child.on('close', done).on('error', done))
  child.stdout?.on('data', (chunk: Buffer) => {
    printed += chunk.toString()
  })
  await ended
  return printed.includes(`v${bridgeVersion.split('.').slice(0, 2).join('.')}.`)
}

function missing(reason: string, cause?: unknown) {
  return cliError('BP_CLI_NO_BRIDGE', { details: { reason, install }, cause })
}
