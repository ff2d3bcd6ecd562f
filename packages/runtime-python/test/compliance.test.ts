import { join } from 'node:path'
import { type RuntimeFixtures, runtimeCompliance } from '@backplane/conformance'
import { pythonRuntime } from '../src/index.ts'
import { pythonsHere, pythonsMissing } from './pythons.ts'

const folder = (name: string) => join(import.meta.dirname, 'fixtures', name)
const plugin = (id: string, class_name: string, entry_point = 'capability.py') => ({
  dir: folder('behaviours'),
  manifest: { id, entry_point, class_name },
})

function fixturesOf(main: string): RuntimeFixtures {
  const plain = plugin('plain', main)
  const all = plugin('all', 'All')
  return {
    echo: plain,
    count: plain,
    fail: plain,
    sleep: plain,
    hang: plain,
    spin: plain,
    wait: plain,
    crash: plain,
    exit: plugin('exit', 'Exit'),
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
    broken: { dir: folder('broken'), manifest: { id: 'broken', entry_point: 'capability.py', class_name: 'Broken' } },
    missing: plugin('missing', 'Missing', 'missing.py'),
    startFails: plugin('start-fails', 'StartFails'),
    startHangs: plugin('start-hangs', 'StartHangs'),
    stopHangs: plugin('stop-hangs', 'StopHangs'),
  }
}

for (const version of pythonsMissing()) process.stderr.write(`NOT CHECKED: there is no Python ${version} here\n`)

const here = [...pythonsHere()]
for (const [version, python] of here) {
  runtimeCompliance({
    name: `python ${version}`,
    setup: () => ({ runtime: pythonRuntime({ python, hangMs: 1000 }), fixtures: fixturesOf('Plain') }),
  })
}

// Synchronous functions take another way, which is the same in every version.
for (const [version, python] of here.slice(-1)) {
  runtimeCompliance({
    name: `python ${version}, synchronous functions`,
    setup: () => ({ runtime: pythonRuntime({ python, hangMs: 500 }), fixtures: fixturesOf('Threaded') }),
  })
}
