/**
 * A stock Python edge device on the broker of a benchmark, from the environments that the interop scripts keep in the
 * cache.
 */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { startProcess } from '../interop/running-process.ts'
import { cacheDir } from '../tools/workspace.ts'
import { absent } from './harness.ts'

/** Starts the device `python-echo`; `env` names its broker. */
export async function pythonEdge(env: Readonly<Record<string, string>>): Promise<AsyncDisposable> {
  const marks = globSync(cacheDir('venv-*', '.complete'))
  const mark = marks.find((path) => readFileSync(path, 'utf8').includes('device-connect-edge'))
  if (!mark) return absent('no Python edge in the cache; `npm run interop -- device-connect` puts one there')
  const device = await startProcess(join(mark, '..', 'bin', 'python'), [join(import.meta.dirname, 'python-edge.py')], {
    ready: /READY/,
    env: { TENANT: 'default', DEVICE_CONNECT_DISCOVERY_MODE: 'd2d', DEVICE_CONNECT_LOG_LEVEL: 'ERROR', ...env },
  })
  return { [Symbol.asyncDispose]: () => device.stop() }
}
