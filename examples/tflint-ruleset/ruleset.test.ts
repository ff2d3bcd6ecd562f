import { join } from 'node:path'
import { implement, type PluginClient, pluginClient } from '@backplane/handshake-grpc'
import { ExtData, encode } from '@msgpack/msgpack'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import type { _proto_EmitIssue_Request__Output as Issue } from './generated/proto/EmitIssue.ts'
import type { _proto_EvaluateExpr_Request__Output as Evaluation } from './generated/proto/EvaluateExpr.ts'
import type { RuleSetDefinition } from './generated/proto/RuleSet.ts'
import type { RunnerDefinition } from './generated/proto/Runner.ts'
import { type Calls, type Handlers, handshake, RuleSet, Runner } from './protocol.ts'

// The first test waits for the start of a process, on machines that may be slow.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 90_000 })

let client: PluginClient
let ruleset: Calls<RuleSetDefinition>

beforeAll(async () => {
  client = pluginClient({
    handshake,
    plugins: { ruleset: RuleSet },
    command: process.execPath,
    args: ['--conditions=@backplane/source', join(import.meta.dirname, 'plugin.ts')],
  })
  ruleset = (await client.dispense('ruleset')) as unknown as Calls<RuleSetDefinition>
})
afterAll(() => client.kill())

const rule = 'notes_note_name'
const secret = { path: { steps: [] }, sensitive: true }
const range = { filename: 'main.tf', start: { line: 2, column: 10, byte: 30 }, end: { line: 2, column: 15, byte: 35 } }

/** A host with resources of one attribute each; their values come evaluated. @returns what was emitted */
async function check(
  resources: Record<string, unknown>,
  type = 'notes_note',
  answers: Partial<Handlers<RunnerDefinition>> = {},
) {
  const issues: Issue[] = []
  const runner = implement(Runner, {
    GetModuleContent: () => ({
      content: {
        blocks: Object.keys(resources).map((name) => {
          const expression = { bytes: Buffer.from(name), range }
          return {
            type: 'resource',
            labels: [type, name],
            body: { attributes: { name: { name: 'name', expression } } },
          }
        }),
      },
    }),
    EvaluateExpr: ({ expression, option }: Evaluation) => {
      expect(String(option?.type)).toBe('"string"')
      const name = String(expression?.bytes)
      const marks = name === 'secret' ? [secret] : []
      return { value: Buffer.from(encode(resources[name])), marks }
    },
    EmitIssue: (issue: Issue) => {
      issues.push(issue)
      return { applied: true }
    },
    ...answers,
  })
  const broker = client.broker!
  const id = broker.nextId()
  await using _server = await broker.accept(id, [runner])
  await ruleset.Check({ runner: id })
  return issues
}

const configure = (config: object) =>
  ruleset.ApplyGlobalConfig({ config: { rules: {}, only: [], disabledByDefault: false, ...config } })

it('tells what it is', async () => {
  expect(await ruleset.GetName({})).toEqual({ name: 'notes' })
  expect(await ruleset.GetRuleNames({})).toEqual({ names: [rule] })
  expect((await ruleset.GetVersionConstraint({})).constraint).toBe('>= 0.46')
})

it('emits an issue where the attribute is', async () => {
  const issues = await check({ good: 'to-do', bad: 'To do' })
  expect(issues).toMatchObject([
    { rule: { name: rule, severity: 'SEVERITY_ERROR' }, message: expect.stringContaining('"To do"'), range },
  ])
})

it('says nothing of values that are null, unknown or secret, nor of other resources', async () => {
  expect(await check({ none: null, later: new ExtData(0, Uint8Array.of(0)), secret: 'To do' })).toEqual([])
  expect(await check({ bad: 'To do' }, 'other_note')).toEqual([])
})

it('is off and on as the configuration says', async () => {
  const issues = async () => (await check({ bad: 'To do' })).length
  await configure({ rules: { [rule]: { name: rule, enabled: false } } })
  expect(await issues()).toBe(0)
  await configure({ disabledByDefault: true })
  expect(await issues()).toBe(0)
  await configure({ disabledByDefault: true, only: [rule] })
  expect(await issues()).toBe(1)
  await configure({})
  expect(await issues()).toBe(1)
})

it('tells which rule failed when the host refuses a call', async () => {
  const EvaluateExpr = () => {
    throw new Error('no such variable')
  }
  await expect(check({ bad: 'x' }, undefined, { EvaluateExpr })).rejects.toMatchObject({
    details: { status: 'ABORTED', reason: expect.stringContaining(`failed to check "${rule}" rule: `) },
  })
})
