import { spawn } from 'node:child_process'
import { constants, existsSync } from 'node:fs'
import { access, rm } from 'node:fs/promises'
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

/** What can build the bridge. Throws `BP_CLI_NO_BRIDGE` where there is no cargo, before anything is begun. */
export function findCargo(io: CliIo): string {
  const [cargo] = onPath('cargo', io, [join(homeOf(io), '.cargo', 'bin')])
  if (cargo === undefined) throw missing('there is no cargo here to build it with')
  return cargo
}

/** How often it is said how far a build is. */
const progressMs = 5_000

/**
 * Builds the bridge into the cache, which takes minutes, and tells how far it is. What was compiled stays when it is
 * interrupted, so the next build goes on from there. Rejects with `BP_CLI_NO_BRIDGE` where it cannot.
 */
export async function buildBridge(cargo: string, io: CliIo, tell: (progress: string) => void): Promise<string> {
  const folder = join(cacheFolder(io), `${program}-${bridgeVersion}`)
  const built = join(folder, 'build')
  const args = [...install.split(' ').slice(1), '--root', folder]
  const env = { ...io.env, CARGO_TARGET_DIR: built, CARGO_TERM_COLOR: 'never' }
  const child = spawn(cargo, args, { stdio: ['ignore', 'ignore', 'pipe'], signal: io.signal, env })
  const ended = new Promise<unknown>((done) => child.once('close', done).once('error', done))
  let last = ''
  let compiled = 0
  let told = Date.now()
  const began = told
  child.stderr?.on('data', (chunk: Buffer) => {
    const text = chunk.toString()
    last = (last + text).slice(-2000)
    compiled += text.match(/^\s*(?:Compiling|Fresh) /gm)?.length ?? 0
    if (Date.now() - told < progressMs || compiled === 0) return
    told = Date.now()
    tell(`${compiled} packages compiled after ${Math.round((told - began) / 1000)} s`)
  })
  const code = await ended
  io.signal.throwIfAborted()
  if (code !== 0) throw missing(`cargo could not build it: ${last.trim().split('\n').at(-1) ?? code}`)
  await rm(built, { recursive: true, force: true })
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
