import { readdirSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createHost, type Host, type HostEvent, type HostInit, type Manifest, type PluginSource } from '@backplane/core'
import { onTestFinished } from 'vitest'
import { type PythonRuntimeInit, pythonRuntime } from '../src/index.ts'
import { pythonsHere } from './pythons.ts'
import { type LogRecord, recordingLogger } from './recording-logger.ts'

/** The newest of the promised Pythons that is here. */
export const newestPython: string = [...pythonsHere().values()].at(-1) ?? 'python3'

/** Writes a plugin into a folder of its own, which goes when the test is over. */
export async function capability(
  code: string,
  manifest: Partial<Manifest> = {},
  files: Readonly<Record<string, string>> = {},
): Promise<PluginSource & { dir: string }> {
  const dir = await mkdtemp(join(tmpdir(), 'backplane-runtime-python-'))
  onTestFinished(() => rm(dir, { recursive: true, force: true }))
  for (const [name, text] of Object.entries({ 'capability.py': code, ...files })) {
    await mkdir(join(dir, name, '..'), { recursive: true })
    await writeFile(join(dir, name), text)
  }
  return { dir, manifest: { id: 'test-plugin', entry_point: 'capability.py', class_name: 'Plugin', ...manifest } }
}

/** A host with the Python runtime, its log and what it told; stopped when the test is over. */
export function testHost(runtime: PythonRuntimeInit = {}, init: Partial<HostInit> = {}) {
  const log: LogRecord[] = []
  const events: HostEvent[] = []
  const host = createHost({
    identity: { deviceId: 'box-1' },
    runtimes: [pythonRuntime({ python: newestPython, hangMs: 300, ...runtime })],
    logger: recordingLogger(log),
    restart: { backoff_ms: 1, intensity: 100 },
    ...init,
  })
  host.on((event) => events.push(event))
  onTestFinished(() => host.stop())
  return { host, events, log }
}

/** Waits for an event of a host. */
export function next(host: Host, type: HostEvent['type']): Promise<HostEvent> {
  return new Promise((resolve) => {
    const off = host.on((event) => {
      if (event.type !== type) return
      off()
      resolve(event)
    })
  })
}

/** Waits until something holds. */
export async function until(look: () => unknown, what: string, patienceMs = 10_000): Promise<void> {
  const give = Date.now() + patienceMs
  while (!(await look())) {
    if (Date.now() > give) throw new Error(`never: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

/** The processes of this machine whose environment names something (Linux). */
export function processesNaming(text: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, 'utf8').includes(text) && !isZombie(pid)
      } catch {
        return false
      }
    })
}

function isZombie(pid: number): boolean {
  return /^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
}
