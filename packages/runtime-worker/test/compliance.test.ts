import { join } from 'node:path'
import { runtimeCompliance } from '@backplane/conformance'
import { workerRuntime } from '../src/index.ts'

const dir = join(import.meta.dirname, 'fixtures')
const program = join(dir, 'behaviours.mjs')
const plugin = (id: string, args = [program, id]) => ({
  dir,
  manifest: { id, runtime: 'worker', worker: { command: process.execPath, args } },
})
const plain = plugin('plain')
const all = plugin('all')

runtimeCompliance({
  name: 'worker',
  setup: () => ({
    runtime: workerRuntime({ hangMs: 500 }),
    fixtures: {
      echo: plain,
      count: plain,
      fail: plain,
      sleep: plain,
      hang: plain,
      spin: plain,
      wait: plain,
      crash: plain,
      exit: plugin('exit'),
      emit: all,
      invoke: plain,
      log: plain,
      config: all,
      health: all,
      notify: all,
      stream: plain,
      periodic: plugin('periodic'),
      state: plugin('state'),
      info: plain,
      changing: plain,
      broken: plugin('broken'),
      missing: plugin('missing', [join(dir, 'missing.mjs')]),
      startFails: plugin('start-fails'),
      startHangs: plugin('start-hangs'),
      stopHangs: plugin('stop-hangs'),
    },
    // JavaScript's own JSON knows neither.
    lacks: ['values.bigint', 'values.nonFinite'],
  }),
})
