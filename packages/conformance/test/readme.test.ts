import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { configStoreCases } from '../src/config-store/compliance.ts'
import { meshCases } from '../src/mesh/compliance.ts'
import { runtimeCases } from '../src/runtime/compliance.ts'
import { fixtureNames } from '../src/runtime/fixtures.ts'
import { transportCases } from '../src/transport/compliance.ts'

const read = (...path: string[]) => readFileSync(join(import.meta.dirname, '..', ...path), 'utf8')
const suites = { transport: transportCases, runtime: runtimeCases, mesh: meshCases, configStore: configStoreCases }

test.each(Object.entries(suites))('the README says how many cases %sCompliance has', (name, groups) => {
  const cases = Object.values(groups).reduce((sum, group) => sum + Object.keys(group).length, 0)
  expect(new RegExp(`\`${name}Compliance\` \\| \`\\w+\` \\| (\\d+) \\|`).exec(read('README.md'))?.[1]).toBe(
    String(cases),
  )
})

test('the guide describes every behaviour that the runtime suite asks for', () => {
  const described = [...read('..', '..', 'docs', 'conformance.md').matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name)
  expect(described.filter((name) => (fixtureNames as readonly (string | undefined)[]).includes(name))).toEqual(
    fixtureNames,
  )
})
