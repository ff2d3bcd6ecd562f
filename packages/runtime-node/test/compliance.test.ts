import { join } from 'node:path'
import { type RuntimeFixtures, type RuntimeLack, runtimeCompliance } from '@backplane/conformance'
import { nodeRuntime } from '../src/index.ts'

const dir = join(import.meta.dirname, 'fixtures')
const plugin = (id: string, class_name: string, entry_point = 'behaviours.mjs') => ({
  dir,
  manifest: { id, entry_point, class_name },
})
const all = plugin('all', 'All')
const plain = plugin('plain', 'Plain')

const fixtures: RuntimeFixtures = {
  echo: plain,
  count: plain,
  fail: plain,
  sleep: plain,
  hang: plain,
  wait: plain,
  emit: all,
  invoke: plain,
  log: plain,
  config: all,
  health: all,
  notify: all,
  stream: plain,
  periodic: plugin('periodic', 'Periodic'),
  state: plugin('state', 'State'),
  info: plain,
  changing: plain,
  broken: plugin('broken', 'Broken', 'broken.mjs'),
  missing: plugin('missing', 'Missing', 'missing.mjs'),
  startFails: plugin('start-fails', 'StartFails'),
  startHangs: plugin('start-hangs', 'StartHangs'),
  stopHangs: plugin('stop-hangs', 'StopHangs'),
}

runtimeCompliance({
  name: 'node, worker',
  setup: () => ({
    runtime: nodeRuntime({ hangMs: 1500 }),
    fixtures: { ...fixtures, spin: plain, crash: plain, exit: plugin('exit', 'Exit') },
  }),
})

// What would end the host's own thread cannot be tried on it.
const lacks: RuntimeLack[] = ['spin', 'crash', 'exit']
runtimeCompliance({
  name: 'node, none',
  setup: () => ({ runtime: nodeRuntime({ isolation: 'none' }), fixtures, lacks }),
})
