import { constants } from 'node:fs'
import { access, open } from 'node:fs/promises'
import { delimiter, isAbsolute, join, sep } from 'node:path'
import { messageOf } from '@backplane/core'
import { pythonError } from '../errors.ts'
import { runProgram } from './run.ts'

/** What is known of a Python once it has been asked. */
export interface PythonFacts {
  /** Path of the program itself. */
  readonly path: string
  /** What decides which packages fit it: version, implementation, platform. */
  readonly tag: string
}

/** Finds the machine's Pythons, and remembers what was found. */
export class Interpreters {
  readonly #env: () => Readonly<Record<string, string>>
  readonly #paths = new Map<string, Promise<string>>()
  readonly #facts = new Map<string, Promise<PythonFacts>>()

  constructor(env: () => Readonly<Record<string, string>>) {
    this.#env = env
  }

  /** Gives the program behind a name or path. Rejects with `BP_PYTHON_MISSING`. */
  path(python: string): Promise<string> {
    return remembered(this.#paths, python, () => this.#find(python))
  }

  /** Asks it what it is. Rejects with `BP_PYTHON_MISSING`. */
  facts(python: string): Promise<PythonFacts> {
    return remembered(this.#facts, python, async () => this.#ask(python, await this.path(python)))
  }

  async #find(python: string): Promise<string> {
    const env = this.#env()
    const folders = (env.PATH ?? '').split(delimiter)
    const candidates = isAbsolute(python) || python.includes(sep) ? [python] : folders.map((dir) => join(dir, python))
    for (const path of candidates) {
      const executable = await access(path, constants.X_OK).then(
        () => true,
        () => false,
      )
      if (!executable) continue
      // Version managers put scripts in its place, which cost more at each start than Python itself.
      return (await isScript(path)) ? (await this.#ask(python, path)).path : path
    }
    const reason = candidates.length === 1 ? 'it is not there, or may not be run' : 'it is not on the PATH'
    throw pythonError('BP_PYTHON_MISSING', { details: { python, reason } })
  }

  async #ask(python: string, path: string): Promise<PythonFacts> {
    const code =
      'import sys,sysconfig;print(sys.executable);print(sys.implementation.cache_tag,"%d.%d.%d"%sys.version_info[:3],sysconfig.get_platform())'
    const { ok, output, reason } = await runProgram(path, ['-c', code], { env: this.#env(), timeoutMs: 20_000 })
    const [program, tag] = output.trim().split('\n').slice(-2)
    if (!ok || !program || !tag) {
      const details = { python, reason: `${reason}; it said: ${output.trim().slice(-500) || 'nothing'}` }
      throw pythonError('BP_PYTHON_MISSING', { details })
    }
    return { path: program, tag }
  }
}

async function isScript(path: string): Promise<boolean> {
  try {
    await using file = await open(path)
    const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(2), length: 2 })
    return bytesRead === 2 && buffer.toString('latin1') === '#!'
  } catch (error) {
    throw pythonError('BP_PYTHON_MISSING', { details: { python: path, reason: messageOf(error) } })
  }
}

/** A failure is not remembered: somebody may install what was missing. */
function remembered<T>(known: Map<string, Promise<T>>, key: string, find: () => Promise<T>): Promise<T> {
  const found = known.get(key)
  if (found) return found
  const finding = find()
  known.set(key, finding)
  finding.catch(() => known.delete(key))
  return finding
}
