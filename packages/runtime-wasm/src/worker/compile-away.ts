import { Worker } from 'node:worker_threads'
import { abortedBy, BackplaneError, type Clock, coreError, systemClock } from '@backplane/core'
import { failureToStart } from '@backplane/core/runtime'
import { type CompiledComponent, compileComponent } from '../component/program.ts'
import { wasmError } from '../errors.ts'
import type { CompiledModule, Engine } from '../sandbox/engine.ts'
import type { FullLimits } from '../sandbox/limits.ts'
import { avoidWrapperTierUp } from './avoid-wrapper-tier-up.ts'
import { type CompileResult, type CompileTask, type ModuleSource, runTask } from './compile-task.ts'
import { threadPlace } from './thread-place.ts'

/** How something is compiled. */
export interface CompileInit {
  readonly engine: Engine
  readonly limits: FullLimits
  readonly signal?: AbortSignal | undefined
  readonly threadUrl?: URL | undefined
  /** @default the system's */
  readonly clock?: Clock | undefined
}

/** So little is compiled where it stands: some milliseconds at the worst, less than a thread takes to start. */
const inlineBytes = 16 * 1024

/**
 * Compiles modules in a thread of their own, unless they are small or known: anyone who wrote them decides how long
 * that takes. Rejects with what {@link Engine.compile} throws, `BP_TIMEOUT` (limit `compileMs`) or `BP_ABORTED`.
 */
export async function compileModules(
  sources: readonly ModuleSource[],
  init: CompileInit,
): Promise<readonly CompiledModule[]> {
  const { engine, limits } = init
  const unknown = sources.filter(({ name, bytes }) => !engine.known(name, bytes, limits))
  // What is too large is refused before it goes anywhere.
  if (unknown.some(({ bytes }) => bytes.length > limits.moduleBytes) || sizeOf(unknown) <= inlineBytes) {
    return sources.map(({ name, bytes }) => engine.compile(name, bytes, limits, { fuel: true }))
  }
  const result = await away({ compile: 'modules', sources: unknown, limits }, init)
  if (!('modules' in result)) throw unexpected()
  for (const [index, made] of result.modules.entries()) engine.keep(made, unknown[index]?.bytes ?? none, limits)
  return sources.map(({ name, bytes }) => engine.compile(name, bytes, limits, { fuel: true }))
}

/**
 * Takes a component apart and compiles it, in a thread of its own unless it is small or known. Rejects like
 * {@link compileModules}.
 *
 * A thread that somebody has bundled cannot do it: jco reads files from beside itself. There it is done here.
 */
export async function compileComponentAway(
  bytes: Uint8Array<ArrayBuffer>,
  init: CompileInit,
): Promise<CompiledComponent> {
  const { engine, limits, signal, threadUrl } = init
  if (bytes.length > limits.moduleBytes) return compileComponent(bytes, engine, limits)
  if (threadUrl || bytes.length <= inlineBytes)
    return engine.kept(bytes, limits, () => compileComponent(bytes, engine, limits))
  for (;;) {
    try {
      return await engine.kept(bytes, limits, async () => {
        const result = await away({ compile: 'component', bytes, limits }, init)
        if (!('component' in result)) throw unexpected()
        return result.component
      })
    } catch (error) {
      // Somebody else began it and gave it up.
      if (signal?.aborted || BackplaneError.from(error).code !== 'BP_ABORTED') throw error
    }
  }
}

const none = new Uint8Array()

function sizeOf(sources: readonly ModuleSource[]): number {
  return sources.reduce((sum, { bytes }) => sum + bytes.length, 0)
}

function unexpected() {
  return wasmError('BP_WASM_MODULE_INVALID', { details: { what: 'The plugin', reason: 'its compiler gave no answer' } })
}

async function away(task: CompileTask, init: CompileInit): Promise<CompileResult> {
  const { signal, clock = systemClock, threadUrl, limits } = init
  if (signal?.aborted) throw abortedBy(signal)
  const result = await inThread(task, { signal, clock, threadUrl, timeoutMs: limits.compileMs })
  if ('failed' in result) throw BackplaneError.revive(result.failed)
  return result
}

function inThread(
  task: CompileTask,
  how: { signal: AbortSignal | undefined; clock: Clock; threadUrl: URL | undefined; timeoutMs: number },
): Promise<CompileResult> {
  const { signal, clock, threadUrl, timeoutMs } = how
  return new Promise((resolve, reject) => {
    avoidWrapperTierUp()
    const worker = new Worker(threadUrl ?? threadPlace.url, {
      name: 'compiler',
      workerData: task,
      env: {},
      argv: [],
      ...(threadPlace.execArgv && !threadUrl ? { execArgv: threadPlace.execArgv } : {}),
    })
    const end = () => {
      timer?.cancel()
      signal?.removeEventListener('abort', abort)
      // It ends when the engine lets go of it, which nobody needs to wait for.
      worker.unref()
      void worker.terminate()
    }
    const fail = (error: BackplaneError) => {
      end()
      reject(error)
    }
    const abort = () => fail(abortedBy(signal))
    const timer = Number.isFinite(timeoutMs)
      ? clock.after(timeoutMs, () =>
          fail(coreError('BP_TIMEOUT', { details: { what: 'Compiling the plugin', timeoutMs, limit: 'compileMs' } })),
        )
      : undefined
    signal?.addEventListener('abort', abort, { once: true })
    worker.once('message', (result: CompileResult) => {
      end()
      resolve(result)
    })
    worker.once('error', (cause) => {
      // Bundled without the thread's code, or no thread to be had: this thread does it, as there is no other.
      if (startFailure.test(String((cause as { code?: string }).code))) {
        end()
        runTask(task).then(resolve, reject)
        return
      }
      const details = { what: 'The plugin', reason: `its compiler ended: ${failureToStart(cause)}` }
      fail(wasmError('BP_WASM_MODULE_INVALID', { details, cause }))
    })
    worker.once('exit', () => fail(unexpected()))
  })
}

const startFailure = /^(ERR_MODULE_NOT_FOUND|MODULE_NOT_FOUND|ERR_WORKER_INIT_FAILED|EMFILE|EAGAIN)$/
