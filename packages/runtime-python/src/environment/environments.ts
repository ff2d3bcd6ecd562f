import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { basename, delimiter, dirname, join } from 'node:path'
import { abortedBy, BackplaneError, type PluginSource } from '@backplane/core'
import { pythonError } from '../errors.ts'
import type { Interpreters, PythonFacts } from './interpreter.ts'
import { environmentKey, type Requirements, requirementsOf } from './requirements.ts'
import { runProgram } from './run.ts'
import { inTurn } from './turn.ts'

/** What becomes of the packages that plugins ask for. */
export interface PythonDependencies {
  /**
   * Whether to install them, each plugin's into an environment of its own; else what is missing is said in the plugin's
   * log, and the plugin is loaded all the same. To install a package is to run its code. @default false
   */
  readonly install?: boolean
  /** How long one installation may take, in milliseconds. @default 120000 */
  readonly timeoutMs?: number
  /** A folder of wheels: packages come from there and nowhere else. @default the package index */
  readonly wheels?: string
  /** Refuses what is not pinned by `--hash` (put it into `requirements.lock`). @default false */
  readonly requireHashes?: boolean
  /** The `uv` program to install with. @default the one on the PATH, else Python's own venv and pip */
  readonly uv?: string | false
  /** Told how an installation goes on. */
  readonly onProgress?: (progress: InstallProgress) => void
}

/** One step of an installation. */
export interface InstallProgress {
  readonly plugin: string
  readonly step: 'waiting' | 'creating' | 'installing' | 'output' | 'done' | 'failed'
  /** What the installer says, or why it failed. */
  readonly text?: string
}

export interface EnvironmentsInit extends PythonDependencies {
  /** Where environments are kept. */
  readonly cacheDir: string
  readonly interpreters: Interpreters
  env(): Readonly<Record<string, string>>
}

const defaultTimeoutMs = 120_000

/** The virtual environments of plugins, named by their content and made once. */
export class Environments {
  readonly #init: EnvironmentsInit

  constructor(init: EnvironmentsInit) {
    this.#init = init
  }

  get timeoutMs(): number {
    return this.#init.timeoutMs ?? defaultTimeoutMs
  }

  /** Gives the Python of a plugin's environment; nothing where it needs none. Makes it where `install` says so. */
  async python(source: PluginSource, python: string, signal: AbortSignal): Promise<string | undefined> {
    const requirements = this.#init.install ? await requirementsOf(source) : undefined
    if (!requirements) return undefined
    const facts = await this.#init.interpreters.facts(python)
    const dir = this.#dirFor(requirements, facts)
    if (!isComplete(dir)) await this.#make(dir, source.manifest.id, requirements, facts, signal)
    // What runs stays with the very environment that it began in.
    return join(await realpath(dir), 'bin', 'python')
  }

  /** Whether loading the plugin has to install something first. */
  async pending(source: PluginSource, python: string): Promise<boolean> {
    const requirements = this.#init.install ? await requirementsOf(source) : undefined
    if (!requirements) return false
    const dir = this.#dirFor(requirements, await this.#init.interpreters.facts(python))
    return !isComplete(dir)
  }

  #dirFor(requirements: Requirements, { path, tag }: PythonFacts): string {
    const { wheels = '', requireHashes = false } = this.#init
    const key = environmentKey({ requirements, tag, python: path, settings: [wheels, String(requireHashes)] })
    return join(this.#init.cacheDir, 'environments', key)
  }

  async #make(
    dir: string,
    plugin: string,
    requirements: Requirements,
    facts: PythonFacts,
    signal: AbortSignal,
  ): Promise<void> {
    const tell = (step: InstallProgress['step'], text?: string) =>
      this.#init.onProgress?.({ plugin, step, ...(text === undefined ? {} : { text }) })
    const making = join(this.#init.cacheDir, 'made')
    const waiting = () => {
      if (isComplete(dir)) return false
      tell('waiting')
      return true
    }
    try {
      for (const folder of [dirname(dir), making]) await mkdir(folder, { recursive: true })
      await inTurn(`${dir}.lock`, { waiting, signal }, async () => {
        if (isComplete(dir)) return
        const own = join(making, `${basename(dir)}-${randomUUID()}`)
        try {
          await this.#install(own, plugin, requirements, facts, signal, tell)
          // Only what is whole is ever used: this file is written last.
          await writeFile(join(own, complete), `${JSON.stringify(requirements.listed)}\n`)
          await publish(own, dir)
        } catch (error) {
          await rm(own, { recursive: true, force: true })
          // Another may have come to an end first.
          if (!isComplete(dir)) throw error
        }
        await sweep(making, dir).catch(() => {})
        tell('done')
      })
    } catch (thrown) {
      const failed = (reason: string, cause: unknown) =>
        pythonError('BP_PYTHON_INSTALL_FAILED', { details: { plugin, reason }, cause })
      const error = signal.aborted ? abortedBy(signal) : BackplaneError.from(thrown, failed)
      tell('failed', error.message)
      throw error
    }
  }

  async #install(
    dir: string,
    plugin: string,
    { listed, file }: Requirements,
    { path }: PythonFacts,
    signal: AbortSignal,
    tell: (step: InstallProgress['step'], text?: string) => void,
  ): Promise<void> {
    const until = Date.now() + this.timeoutMs
    const run = async (command: string, args: readonly string[]) => {
      const { ok, output, reason, timedOut } = await runProgram(command, args, {
        env: this.#init.env(),
        timeoutMs: Math.max(1, until - Date.now()),
        signal,
        line: (text) => tell('output', text),
      })
      if (ok) return
      const details = { plugin, timeoutMs: this.timeoutMs, output, reason: `${lastWords(output)} (${reason})` }
      throw pythonError(timedOut ? 'BP_PYTHON_INSTALL_TIMEOUT' : 'BP_PYTHON_INSTALL_FAILED', { details })
    }
    const { wheels, requireHashes } = this.#init
    const wanted = [
      ...(wheels === undefined ? [] : ['--no-index', '--find-links', wheels]),
      ...(requireHashes ? ['--require-hashes'] : []),
      ...(file ? ['-r', file.path] : []),
      // Names come last, and cannot be taken for options.
      ...(listed.length > 0 ? ['--', ...listed] : []),
    ]
    const uv = this.#uv()
    tell('creating')
    const python = join(dir, 'bin', 'python')
    if (uv) {
      await run(uv, ['venv', '--quiet', '--python', path, dir])
      tell('installing')
      await run(uv, ['pip', 'install', '--quiet', '--python', python, ...wanted])
    } else {
      await run(path, ['-m', 'venv', dir])
      tell('installing')
      await run(python, ['-m', 'pip', 'install', '--disable-pip-version-check', '--no-input', ...wanted])
    }
  }

  #uv(): string | undefined {
    const { uv } = this.#init
    if (uv === false) return undefined
    if (uv !== undefined) return uv
    const folders = (this.#init.env().PATH ?? '').split(delimiter)
    return folders.map((folder) => join(folder, 'uv')).find((program) => existsSync(program))
  }
}

const complete = '.backplane-complete'

function isComplete(dir: string): boolean {
  return existsSync(join(dir, complete))
}

/** Makes a whole environment the one of its name. */
async function publish(own: string, dir: string): Promise<void> {
  if (!isComplete(dir)) await rm(dir, { recursive: true, force: true })
  await symlink(own, dir)
}

/** Removes what was begun of an environment and never finished, by hosts that were killed. */
async function sweep(making: string, dir: string): Promise<void> {
  for (const name of await readdir(making)) {
    const other = join(making, name)
    if (name.startsWith(`${basename(dir)}-`) && !isComplete(other)) await rm(other, { recursive: true, force: true })
  }
}

/** The line that says what is wrong, among many. */
function lastWords(output: string): string {
  const lines = output.split('\n').filter((line) => line.trim() !== '')
  return (lines.findLast((line) => /error/i.test(line)) ?? lines.at(-1) ?? 'it said nothing').trim()
}
