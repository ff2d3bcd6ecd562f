import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type RuntimeFixtures, runtimeCompliance } from '@backplane/conformance'
import type { PluginSource } from '@backplane/core'
import { processRuntime } from '../src/index.ts'

const node = [process.execPath, '--conditions=@backplane/source'] as const

/** A plugin folder whose program runs the fixture in one mode. */
function plugin(dir: string, mode: string, section: object = {}): PluginSource {
  const program = join(dir, mode)
  writeFileSync(
    program,
    `#!/bin/sh\nexec ${[...node, join(import.meta.dirname, 'fixtures/compliance.ts'), mode].join(' ')}\n`,
  )
  chmodSync(program, 0o755)
  return {
    dir,
    manifest: {
      id: `grpc-${mode}`,
      entry_point: mode,
      functions: [{ name: 'echo', description: 'Gives back what it is given.' }],
      process: { cookie: { key: 'COMPLIANCE', value: 'yes' }, names: 'method', ...section },
    },
  }
}

runtimeCompliance({
  name: 'process',
  setup() {
    const dir = mkdtempSync(join(tmpdir(), 'compliance-'))
    const works = plugin(dir, 'works')
    writeFileSync(join(dir, 'broken on purpose.proto'), 'nonsense')
    const missing = plugin(dir, 'missing')
    const fixtures: RuntimeFixtures = {
      echo: works,
      count: works,
      fail: works,
      sleep: works,
      hang: works,
      spin: works,
      wait: works,
      crash: works,
      log: works,
      info: works,
      exit: plugin(dir, 'exit'),
      broken: plugin(dir, 'broken', { proto: 'broken on purpose.proto' }),
      missing: { ...missing, manifest: { ...missing.manifest, entry_point: 'not-there' } },
      startFails: plugin(dir, 'startFails'),
      startHangs: plugin(dir, 'startHangs'),
      stopHangs: plugin(dir, 'stopHangs'),
    }
    return {
      dir,
      runtime: processRuntime({ hangMs: 1000 }),
      fixtures,
      patienceMs: 10_000,
      // A go-plugin plugin has no way to call its host or to hear from it but services that both know; a server stream
      // has no last value; bytes are base64 in protobuf's JSON; gRPC's health has states and no words. What takes any
      // value is google.protobuf.Value, whose numbers are floats, and finite ones in JSON: typed fields are tested by
      // json-schema.test.ts.
      lacks: [
        'emit',
        'invoke',
        'notify',
        'periodic',
        'config',
        'state',
        'changing',
        'stream',
        'health',
        'values.bytes',
        'values.bigint',
        'values.nonFinite',
      ],
    }
  },
  teardown: ({ dir }) => rmSync(dir, { recursive: true }),
})
