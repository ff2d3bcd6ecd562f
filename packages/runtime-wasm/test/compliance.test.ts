import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type RuntimeFixtures, runtimeCompliance } from '@backplane/conformance'
import type { Manifest, PluginSource } from '@backplane/core'
import { wasmRuntime } from '../src/host/wasm-runtime.ts'
import { assembly } from './assembly.ts'
import { bundledThread } from './bundled-thread.ts'

const threadUrl = await bundledThread()
const module = await assembly(readFileSync(join(import.meta.dirname, 'fixtures/behaviours.as'), 'utf8'))
const value = { type: 'object', properties: { value: {} } }
const json = (name: string) => ({ name, input: 'json' })
const plugin = (id: string, wasm: Record<string, unknown> = {}, more: Partial<Manifest> = {}): PluginSource => ({
  module,
  manifest: {
    id,
    permissions: { host: ['backplane_*'] },
    ...more,
    wasm: {
      abi: 'extism',
      exports: [
        { name: 'echo', description: 'Gives back what it is given.', parameters: value },
        ...[
          'count',
          'offer',
          'offered',
          'fail',
          'sleep',
          'hang',
          'spin',
          'crash',
          'emit',
          'invoke',
          'log',
          'config',
          'set_health',
          'seen',
          'info',
        ].map(json),
        { name: 'stream', input: 'json', stream: 'items' },
      ],
      ...wasm,
    },
  },
})
const plain = plugin('plain')
const many = plugin('many', { instances: 8 }, { events: [{ name: 'said' }] })
const keeping = plugin('keeping', { hooks: { config: 'on_config', health: 'health', event: 'on_event' } })

const fixtures: RuntimeFixtures = {
  echo: plain,
  count: plain,
  fail: plain,
  sleep: many,
  hang: plain,
  spin: plain,
  crash: many,
  emit: plugin('emit', {}, { events: [{ name: 'said' }] }),
  invoke: many,
  log: plain,
  changing: plain,
  config: keeping,
  health: keeping,
  notify: keeping,
  stream: many,
  info: plain,
  exit: plugin('exit', { routines: [{ function: 'expire', interval_ms: 50 }] }),
  periodic: plugin('periodic', { routines: [{ function: 'tick', interval_ms: 20 }] }),
  state: plugin('state', {
    exports: [json('put'), json('get')],
    hooks: { get_state: 'get_state', set_state: 'set_state' },
  }),
  broken: plugin('broken'),
  missing: { dir: import.meta.dirname, manifest: { id: 'missing', entry_point: 'missing.wasm' } },
  startFails: plugin('start-fails', { hooks: { start: 'refuse' } }),
  startHangs: plugin('start-hangs', { hooks: { start: 'hang' } }),
  stopHangs: plugin('stop-hangs', { hooks: { stop: 'hang' } }),
}

runtimeCompliance({
  name: 'wasm, worker',
  setup: () => ({
    runtime: wasmRuntime({ threadUrl }),
    fixtures,
    // A guest has one thread, and what ends its call ends what it does: it cannot hear of it.
    lacks: ['wait'],
  }),
})

runtimeCompliance({
  name: 'wasm, foreground',
  setup: () => ({
    runtime: wasmRuntime({ worker: false }),
    fixtures,
    lacks: ['wait'],
  }),
})
