import { mkdir, readFile, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import {
  type Clock,
  coreError,
  type Limits,
  type Manifest,
  type PluginInstance,
  type PluginSource,
  type RuntimeContext,
  silentLogger,
} from '@backplane/core'
import { protocolVersion, type RemoteProcessInit } from '@backplane/runtime-worker'
import { Environments } from './environment/environments.ts'
import { Interpreters } from './environment/interpreter.ts'
import { describedAs, writtenOf } from './fledge/described.ts'
import { Suspended } from './fledge/suspended.ts'
import { MeshTies } from './mesh-ties.ts'
import { type InstanceListener, PythonInstance } from './python-instance.ts'
import type { PythonRuntimeComponents, PythonRuntimeInit } from './python-runtime.ts'
import { ScratchFolders } from './scratch.ts'

/** What programs need to find their way; anything else (secrets above all) a plugin gets only by `permissions.env`. */
const harmless = ['PATH', 'HOME', 'TMPDIR', 'LANG', 'LC_ALL', 'TZ']
/**
 * On Linux the process is the worker's guard, which ends at once what has left the group too; it must not end first.
 */
const graceMs = process.platform === 'linux' ? 2000 : 0
/** What a slot gives a plugin to start when its manifest does not say. */
const startTimeoutMs = 30_000

/** What the plugins of one runtime share. */
export class PythonHome {
  readonly #init: PythonRuntimeInit
  readonly #clock: Clock
  readonly #cacheDir: string
  readonly #interpreters: Interpreters
  readonly #environments: Environments
  readonly #scratch = new ScratchFolders()
  readonly #listeners: readonly InstanceListener[]

  constructor(init: PythonRuntimeInit, { logger, clock }: PythonRuntimeComponents, listener: InstanceListener) {
    this.#init = init
    this.#clock = clock
    this.#listeners = [listener, new MeshTies(init.device), new Suspended()]
    this.#cacheDir = resolve(init.cacheDir ?? join(homedir(), '.cache', 'backplane', 'python'))
    const env = () => environmentOf(harmless)
    this.#interpreters = new Interpreters(env)
    const { onProgress, ...dependencies } = init.dependencies ?? {}
    this.#environments = new Environments({
      ...dependencies,
      onProgress(progress) {
        if (progress.step === 'output') logger.debug({ plugin: progress.plugin }, progress.text ?? '')
        else logger.info({ ...progress }, `Python packages: ${progress.step}`)
        onProgress?.(progress)
      },
      cacheDir: this.#cacheDir,
      interpreters: this.#interpreters,
      // Installers are told by variables where packages come from.
      env: () =>
        environmentOf([
          ...harmless,
          ...Object.keys(process.env).filter((name) => /^(PIP|UV|SSL|HTTPS?|NO|ALL)_|_proxy$/i.test(name)),
        ]),
    })
  }

  /** Gives a plugin the time that installing its packages takes, and asks a plugin that describes itself in code. */
  async describe(source: PluginSource, signal: AbortSignal): Promise<Manifest> {
    const { manifest } = source
    const installs = await this.#environments.pending(source, this.#pythonOf(manifest))
    const described = (await describesItself(source)) ? await this.#ask(source, signal) : manifest
    if (!installs || described.limits?.start_timeout_ms !== undefined) return described
    const start_timeout_ms = startTimeoutMs + this.#environments.timeoutMs
    return { ...described, limits: { ...described.limits, start_timeout_ms } }
  }

  async #ask(source: PluginSource, signal: AbortSignal): Promise<Manifest> {
    const manifest = writtenOf(source.manifest)
    const context = idleContext(manifest, signal)
    const instance = new PythonInstance(await this.#plan({ ...source, manifest }, context, signal))
    const { manifest: told } = (await instance.loaded(signal)).description
    await instance.end('it was only asked what it is')
    return describedAs(manifest, told)
  }

  /** Starts a plugin's process and loads the plugin in it. */
  async load(source: PluginSource, context: RuntimeContext, signal: AbortSignal): Promise<PluginInstance> {
    return new PythonInstance(await this.#plan(source, context, signal), this.#listeners).loaded(signal)
  }

  /** Works out how a plugin's process is started. */
  async #plan(source: PluginSource, context: RuntimeContext, signal: AbortSignal): Promise<RemoteProcessInit> {
    const { manifest, dir } = source
    const { hangMs = 2000, busyPollMs = 0.15, maxMessageBytes = 32 << 20, threads = 64, device = {} } = this.#init
    if (dir === undefined || manifest.entry_point === undefined) {
      const reason = dir === undefined ? 'it has no folder' : 'its manifest has no entry_point'
      throw coreError('BP_PLUGIN_LOAD_FAILED', { details: { plugin: manifest.id, reason } })
    }
    const python = this.#pythonOf(manifest)
    const own = await this.#environments.python(source, python, signal)
    const command = own ?? (await this.#interpreters.path(python))
    const { memory_mb, cpu_seconds, open_files, processes } = manifest.limits ?? {}
    const limits: Limits = {
      ...(memory_mb === undefined ? {} : { memory_mb }),
      ...(cpu_seconds === undefined ? {} : { cpu_seconds }),
      ...(open_files === undefined ? {} : { open_files }),
      ...(processes === undefined ? {} : { processes }),
    }
    // A working directory of its own: what it writes there by a relative name stays with its state, or goes when it
    // ends.
    const { stateDir } = context
    if (stateDir !== undefined) await mkdir(stateDir, { recursive: true })
    const scratch = stateDir === undefined ? await this.#scratch.make() : undefined
    const cwd = (stateDir ?? scratch) as string
    return {
      command,
      args: [workerProgram],
      cwd,
      ended() {
        if (scratch !== undefined) void rm(scratch, { recursive: true, force: true }).catch(() => {})
      },
      env: {
        ...environmentOf([...(this.#init.env ?? harmless), ...(manifest.permissions?.env ?? [])]),
        // Text is UTF-8 whatever the machine's locale, and memory that is limited is not reserved by the arena.
        PYTHONUTF8: '1',
        ...(scratch === undefined ? {} : { BACKPLANE_SCRATCH: scratch }),
        BACKPLANE_PYCACHE: join(this.#cacheDir, 'pycache'),
        ...(memory_mb === undefined ? {} : { MALLOC_ARENA_MAX: '2' }),
      },
      context,
      hangMs,
      busyPollMs,
      graceMs,
      now: () => this.#clock.now(),
      init: {
        protocol: protocolVersion,
        plugin: { id: manifest.id, manifest, dir, entry: join(dir, manifest.entry_point) },
        context: {
          config: context.config,
          state_dir: context.stateDir,
          simulated: context.simulated,
          device_id: device.id,
          device_type: device.type,
          tenant: device.tenant,
          identity: device.identity ?? (device.type === undefined ? {} : { device_type: device.type }),
          ttl: device.ttl,
          connected: device.connection?.connected,
        },
        limits,
        settings: {
          message_bytes: maxMessageBytes,
          threads,
          ...(own === undefined ? { requirements: manifest.dependencies?.python ?? [] } : {}),
        },
      },
    }
  }

  #pythonOf({ python }: Manifest): string {
    const named = python?.interpreter
    return typeof named === 'string' ? named : (this.#init.python ?? 'python3')
  }
}

/**
 * Whether the plugin's code says what its manifest would (Fledge's `plugin_info`); to read it is cheaper than to run
 * it.
 */
async function describesItself({ manifest, dir }: PluginSource): Promise<boolean> {
  const adapter = manifest.python?.adapter
  if (adapter !== undefined) return adapter === 'fledge'
  if (manifest.class_name !== undefined || dir === undefined || manifest.entry_point === undefined) return false
  const code = await readFile(join(dir, manifest.entry_point), 'utf8').catch(() => '')
  return code.includes('def plugin_info(')
}

/** What a plugin that is only asked what it is may touch: nothing. */
function idleContext(manifest: Manifest, signal: AbortSignal): RuntimeContext {
  const refuse = async () => {
    throw coreError('BP_CLOSED', { details: { what: 'The host of a plugin that is only described' } })
  }
  return {
    pluginId: manifest.id,
    logger: silentLogger,
    config: {},
    signal,
    permissions: {},
    simulated: false,
    emit: refuse,
    invoke: refuse,
    exited() {},
    changed() {},
  }
}

function environmentOf(names: readonly string[]): Record<string, string> {
  const env: Record<string, string> = {}
  for (const name of names) {
    const value = process.env[name]
    if (value !== undefined) env[name] = value
  }
  return env
}

/**
 * Where the worker is: in the package's folder `python`, beside `src` and `dist`.
 *
 * A bundler's build of the CommonJS form has no `import.meta`, and that of the ESM form no `__filename`.
 */
const workerProgram = fileURLToPath(
  new URL('../python/start.py', typeof __filename === 'string' ? pathToFileURL(__filename).href : import.meta.url),
)
