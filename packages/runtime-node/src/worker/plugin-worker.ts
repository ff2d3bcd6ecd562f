import { pathToFileURL } from 'node:url'
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads'
import { type Limits, type Logger, messageOf, type Permissions } from '@backplane/core'
import { contractError } from '@backplane/core/errors'
import { failureToStart, type RemoteEnds, type RemoteLine } from '@backplane/core/runtime'
import { avoidWrapperTierUp } from './avoid-wrapper-tier-up.ts'
import { MemoryGuard } from './memory-guard.ts'
import type { CallAbout, ThreadData } from './protocol.ts'
import { lines } from './thread-log.ts'

/** What a {@link PluginWorker} needs. */
export interface PluginWorkerInit {
  readonly data: ThreadData
  readonly limits: Limits
  readonly permissions: Permissions
  readonly logger: Logger
  readonly ends: RemoteEnds
}

/** One worker thread and the channel to it. */
export class PluginWorker implements RemoteLine {
  /** Resolves when nothing of the thread is left. */
  readonly exited: Promise<void>
  readonly #worker: Worker
  readonly #port: MessagePort
  readonly #memory: MemoryGuard | undefined
  #ending: { reason: string; cause: unknown } | undefined

  constructor(init: PluginWorkerInit) {
    const { data, limits, permissions, logger, ends } = init
    const { port1, port2 } = new MessageChannel()
    this.#port = port1
    avoidWrapperTierUp()
    this.#worker = new Worker(bootstrap.url, {
      name: data.manifest.id,
      workerData: { port: port2, data },
      transferList: [port2],
      env: environment(permissions),
      stdout: true,
      stderr: true,
      ...(bootstrap.execArgv ? { execArgv: bootstrap.execArgv } : {}),
    })
    // The thread redirects its own output; this is what comes from elsewhere in it (Node's own output at its end).
    const out = lines((line) => logger.info({ source: 'stdout' }, line))
    const err = lines((line) => logger.warn({ source: 'stderr' }, line))
    this.#worker.stdout.setEncoding('utf8').on('data', out.write)
    this.#worker.stderr.setEncoding('utf8').on('data', err.write)
    port1.on('message', (message: unknown[]) => this.#receive(ends, message))
    // Anyone who waits for what was lost would wait for ever.
    port1.on('messageerror', (cause) => {
      this.#ending ??= { reason: `what it sent could not be read: ${messageOf(cause)}`, cause }
      void this.#worker.terminate()
    })
    this.#worker.on('error', (cause) => {
      this.#ending ??= { reason: uncaught(cause), cause }
    })
    this.exited = new Promise((resolve) => {
      this.#worker.on('exit', (code) => {
        this.#memory?.[Symbol.dispose]()
        // What it said last (the log above all) may still wait in the channel.
        for (let last = receiveMessageOnPort(port1); last; last = receiveMessageOnPort(port1))
          this.#receive(ends, last.message)
        port1.close()
        const { reason, cause } = this.#ending ?? { reason: `it exited with code ${code}`, cause: undefined }
        ends.ended(reason, { cause })
        resolve()
      })
    })
    const { memory_mb: limitMb } = limits
    if (limitMb !== undefined) {
      this.#memory = new MemoryGuard({
        limitMb,
        measure: async () => {
          const { used_heap_size, external_memory } = await this.#worker.getHeapStatistics()
          return used_heap_size + external_memory
        },
        collect: () => this.post(['collect']),
        exceeded: (usedMb) => this.kill(`it used ${Math.ceil(usedMb)} MiB of memory (limits.memory_mb: ${limitMb})`),
      })
    }
  }

  // Whatever reaches the channel, the host goes on.
  #receive(ends: RemoteEnds, message: unknown[]): void {
    try {
      ends.receive(message)
    } catch (cause) {
      this.#ending ??= { reason: `what it sent could not be handled: ${messageOf(cause)}`, cause }
      void this.#worker.terminate()
    }
  }

  /** Sends a message; does nothing when the thread has ended. Throws `BP_VALUE_INVALID` for what cannot be cloned. */
  post(message: readonly unknown[]): void {
    try {
      this.#port.postMessage(message[0] === 'call' ? flatCall(message) : message)
    } catch (cause) {
      throw contractError('BP_VALUE_INVALID', { details: { path: '/', reason: messageOf(cause) }, cause })
    }
  }

  /** Ends the thread, whatever it is doing. */
  kill(reason: string): void {
    this.#ending ??= { reason, cause: undefined }
    void this.#worker.terminate()
  }
}

/** A call with its time, caller and trace side by side: to clone one object more takes as long as a small function. */
function flatCall(message: readonly unknown[]): readonly unknown[] {
  const { left_ms, caller, trace } = message[4] as CallAbout
  return [message[0], message[1], message[2], message[3], left_ms, caller, trace]
}

function uncaught(cause: unknown): string {
  const { code, message, name } = cause as { code?: string; message?: string; name?: string }
  if (code === 'ERR_WORKER_OUT_OF_MEMORY') return 'it ran out of memory'
  if (code === 'ERR_WORKER_INIT_FAILED') return `its thread could not be started: ${failureToStart(cause)}`
  return message === undefined ? `uncaught ${String(cause)}` : `uncaught ${name ?? 'Error'}: ${message}`
}

/** What programs need to find their way; anything else (secrets above all) a plugin gets only by `permissions.env`. */
const harmless = [
  'PATH',
  'HOME',
  'LANG',
  'LC_ALL',
  'TZ',
  'TMPDIR',
  'TEMP',
  'TMP',
  'SystemRoot',
  'USERPROFILE',
  'NODE_ENV',
]

function environment(permissions: Permissions): NodeJS.ProcessEnv {
  const names = [...harmless, ...(permissions.env ?? [])]
  return Object.fromEntries(
    names.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
  )
}

/**
 * Where the thread's own code is: beside this package's, in the form (source, ESM, CommonJS) that this package runs in.
 *
 * A bundler's build of the CommonJS form has no `import.meta`, and that of the ESM form no `__filename`.
 */
const bootstrap = bootstrapOf(typeof __filename === 'string' ? pathToFileURL(__filename).href : import.meta.url)

function bootstrapOf(here: string): { url: URL; execArgv?: string[] } {
  // Source: siblings must resolve to theirs, even where this thread's own loader is not Node's (a test runner).
  if (here.endsWith('.ts')) return { url: new URL('../worker.ts', here), execArgv: ['--conditions=@backplane/source'] }
  return { url: new URL(here.endsWith('.cjs') ? './worker.cjs' : './worker.js', here) }
}
