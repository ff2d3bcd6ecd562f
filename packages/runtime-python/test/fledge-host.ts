import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createHost, type HostInit, type Params, type PluginInstance, type PluginRuntime } from '@backplane/core'
import { memoryConfig } from '@backplane/core/memory'
import { onTestFinished, vi } from 'vitest'
import { type PythonRuntimeInit, pythonRuntime } from '../src/index.ts'
import { type LogRecord, recordingLogger } from './recording-logger.ts'

/** A folder that goes when the test is over. */
export async function scratch(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'backplane-fledge-'))
  onTestFinished(() => rm(dir, { recursive: true, force: true }))
  return dir
}

/** Waits until `check` does not throw, for as long as a busy machine may need. */
export function eventually(check: () => void): Promise<void> {
  return vi.waitFor(check, { timeout: 12_000 })
}

/** How a plugin of the tests introduces itself. */
export interface Face {
  readonly type?: string
  readonly mode?: string
  readonly flag?: number
  readonly interface?: string
  readonly config?: string
}

/** A Fledge plugin's module: its plugin_info, a plain plugin_init and plugin_shutdown, and `code`. */
export function plugin(code: string, face: Face = {}): string {
  const { type = 'south', mode = 'poll', flag = 0, interface: version = '1.0', config = '{}' } = face
  return `
import copy
from fledge.common import logger
_LOGGER = logger.setup(__name__, level=20)
def plugin_info():
    config = {'plugin': {'description': 'A test', 'type': 'string', 'default': 'it', 'readonly': 'true'}}
    config.update(${config})
    return {'name': 'It', 'version': '1.0.0', 'mode': '${mode}', 'type': '${type}', 'interface': '${version}',
            'flag': ${flag}, 'config': config}
def plugin_init(config):
    return copy.deepcopy(config)
def plugin_shutdown(handle):
    pass
${code}
`
}

/** Writes a plugin into a folder of its own. */
export async function written(code: string, id = 'it') {
  const dir = await scratch()
  await writeFile(join(dir, 'it.py'), code)
  return { dir, manifest: { id, entry_point: 'it.py' } }
}

/**
 * A host with the Python runtime and live configuration, its log, its events, and the instances that its slots have.
 */
export function fledgeHost(init: Partial<HostInit> & { readonly python?: PythonRuntimeInit } = {}) {
  const { python, ...rest } = init
  const config = memoryConfig()
  const log: LogRecord[] = []
  const instances: PluginInstance[] = []
  const runtime = (components: Parameters<ReturnType<typeof pythonRuntime>>[0]): PluginRuntime => {
    const made = pythonRuntime(python)(components)
    return {
      ...made,
      load: async (...args) => {
        const instance = await made.load(...args)
        instances.push(instance)
        return instance
      },
    }
  }
  const host = createHost({
    identity: { deviceId: 'box-1' },
    runtimes: [runtime],
    config: () => config,
    logger: recordingLogger(log),
    ...rest,
  })
  onTestFinished(() => host.stop())
  const readings: Params[] = []
  host.on((event) => {
    if (event.type === 'event.emitted' && event.event.event === 'readings')
      readings.push(...(event.event.payload.readings as Params[]))
  })
  return { host, config, log, readings, instances }
}
