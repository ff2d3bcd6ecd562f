import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { type PluginClient, pluginClient } from '@backplane/handshake-grpc'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { type CtyType, fromDynamic, toDynamic, unknown } from './cty.ts'
import type { DynamicValue__Output } from './generated/tfplugin6/DynamicValue.ts'
import { noteResource } from './notes/note.ts'
import { handshake, Provider } from './protocol.ts'
import { typeOf } from './schema.ts'

// The first test waits for the start of a process, on machines that may be slow.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 90_000 })

const typeName = 'notes_note'
const type = typeOf(noteResource.schema)
const nothing = toDynamic(null, type)
const computed = { path: null, sha256: null, modified: null }
const value = (state: unknown) => toDynamic(state, type)
const read = (dynamic: DynamicValue__Output) => fromDynamic(dynamic, type) as Record<string, unknown>

let folder = ''
let client: PluginClient
// biome-ignore lint/suspicious/noExplicitAny: definitions made by proto-loader carry no message types.
let provider: any

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'notes-'))
  client = pluginClient({
    handshake,
    plugins: { provider: Provider },
    command: process.execPath,
    args: ['--conditions=@backplane/source', join(import.meta.dirname, 'plugin.ts')],
    autoMtls: true,
  })
  provider = await client.dispense('provider')
  const config = toDynamic({ folder }, ['object', { folder: 'string' }])
  expect(await provider.ConfigureProvider({ terraformVersion: '1.12.0', config })).toEqual({ diagnostics: [] })
})
afterAll(async () => {
  await client.kill()
  rmSync(folder, { recursive: true })
})

/** Plans and applies as Terraform does: what changes nothing is not applied, and nothing known at plan changes. */
async function apply(prior: object | null, config: Record<string, unknown> | null) {
  const proposedNewState = value(config && { ...computed, ...prior, ...config })
  const plan = await provider.PlanResourceChange({
    typeName,
    priorState: value(prior),
    proposedNewState,
    config: value(config),
  })
  expect(plan.diagnostics).toEqual([])
  const planned = read(plan.plannedState)
  if (isDeepStrictEqual(planned, prior)) return { planned, state: planned, plan }
  const applied = await provider.ApplyResourceChange({
    typeName,
    priorState: value(prior),
    plannedState: plan.plannedState,
  })
  expect(applied.diagnostics).toEqual([])
  const state = read(applied.newState)
  for (const [name, known] of Object.entries(planned ?? {})) if (known !== unknown) expect(state[name]).toEqual(known)
  return { planned, state, plan }
}

it('tells its schemas and functions', async () => {
  const schema = await provider.GetProviderSchema({})
  expect(schema.resourceSchemas.notes_note.version).toBe(1)
  const attributes = schema.resourceSchemas.notes_note.block.attributes as { name: string; type: Buffer }[]
  expect(attributes.map((each) => [each.name, JSON.parse(String(each.type))])).toEqual(
    Object.entries((type as never)[1]),
  )
  expect(Object.keys(schema.dataSourceSchemas)).toEqual(['notes_note'])
  expect(schema.functions.slug.parameters).toHaveLength(1)
  expect((await provider.GetFunctions({})).functions).toEqual(schema.functions)
  expect((await provider.GetMetadata({})).resources).toEqual([{ typeName }])
})

it('takes a resource through its life', async () => {
  const created = await apply(null, { name: 'life', text: 'one', tags: { a: 'b' } })
  expect(created.planned).toMatchObject({ modified: unknown, path: join(folder, 'life.json') })
  expect(JSON.parse(readFileSync(join(folder, 'life.json'), 'utf8'))).toMatchObject({ text: 'one', tags: { a: 'b' } })

  const unchanged = await apply(created.state, { name: 'life', text: 'one', tags: { a: 'b' } })
  expect(unchanged.planned).toEqual(created.state)
  const updated = await apply(created.state, { name: 'life', text: 'two', tags: null })
  expect(updated.planned.modified).toBe(unknown)
  expect(updated.plan.requiresReplace).toEqual([])

  const { newState } = await provider.ReadResource({ typeName, currentState: value(updated.state) })
  expect(read(newState)).toEqual(updated.state)
  const { importedResources } = await provider.ImportResourceState({ typeName, id: 'life' })
  expect(read(importedResources[0].state)).toEqual(updated.state)

  expect((await apply(updated.state, null)).state).toBeNull()
  expect(existsSync(join(folder, 'life.json'))).toBe(false)
  expect(read((await provider.ReadResource({ typeName, currentState: value(updated.state) })).newState)).toBeNull()
})

it('asks for a new resource when the name changes', async () => {
  const proposedNewState = value({ ...computed, name: 'other', text: 'x', tags: null })
  const priorState = value({ ...computed, name: 'one', text: 'x', tags: null })
  const { requiresReplace } = await provider.PlanResourceChange({ typeName, priorState, proposedNewState })
  expect(requiresReplace).toMatchObject([{ steps: [{ attributeName: 'name' }] }])
})

it('plans what hangs on unknown values as unknown', async () => {
  const proposedNewState = value({ ...computed, name: unknown, text: unknown, tags: { a: unknown } })
  const { plannedState } = await provider.PlanResourceChange({ typeName, priorState: nothing, proposedNewState })
  expect(read(plannedState)).toMatchObject({ name: unknown, path: unknown, sha256: unknown, tags: { a: unknown } })
  // As the cty library writes it.
  expect(String(plannedState.msgpack.toString('hex'))).toContain(`${Buffer.from('name').toString('hex')}d40000`)
})

it('refuses what it cannot do, beside the attribute that it is about', async () => {
  const about = (name: string) => ({ steps: [{ attributeName: name }] })
  const config = value({ ...computed, name: '../up', text: '', tags: null })
  const { diagnostics } = await provider.ValidateResourceConfig({ typeName, config })
  expect(diagnostics).toMatchObject([
    { severity: 'ERROR', detail: expect.stringContaining('../up'), attribute: about('name') },
  ])

  writeFileSync(join(folder, 'taken.json'), 'mine')
  const plannedState = value({
    name: 'taken',
    text: 'x',
    tags: null,
    path: unknown,
    sha256: unknown,
    modified: unknown,
  })
  const failed = await provider.ApplyResourceChange({ typeName, priorState: nothing, plannedState })
  expect(failed.diagnostics).toMatchObject([{ summary: 'The note exists already', attribute: about('name') }])
  expect(read(failed.newState)).toBeNull()
  expect(readFileSync(join(folder, 'taken.json'), 'utf8')).toBe('mine')

  const foreign = await provider.ReadResource({ typeName, currentState: plannedState })
  expect(foreign.diagnostics).toMatchObject([{ summary: 'The file holds no note' }])
  const missing = await provider.ImportResourceState({ typeName, id: 'missing' })
  expect(missing.diagnostics).toMatchObject([{ summary: 'There is no such note' }])
  const stranger = await provider.ReadResource({ typeName: 'toString', currentState: nothing })
  expect(stranger.diagnostics).toMatchObject([{ summary: 'Unknown type' }])
})

it('upgrades the state of version 0, and refuses one from the future', async () => {
  const old = { name: 'a', content: 'x', path: '/a.json', sha256: 'f', modified: 'then' }
  const rawState = { json: Buffer.from(JSON.stringify(old)) }
  const { upgradedState } = await provider.UpgradeResourceState({ typeName, version: 0, rawState })
  const { content, ...rest } = old
  expect(read(upgradedState)).toEqual({ ...rest, text: content, tags: null })
  const { diagnostics } = await provider.UpgradeResourceState({ typeName, version: 2, rawState })
  expect(diagnostics).toMatchObject([{ summary: 'The state is newer than the provider' }])
})

it('reads a data source', async () => {
  await apply(null, { name: 'source', text: 'here', tags: null })
  const config = value({ ...computed, name: 'source', text: null, tags: null })
  const { state, diagnostics } = await provider.ReadDataSource({ typeName, config })
  expect(diagnostics).toEqual([])
  expect(read(state)).toMatchObject({ text: 'here', path: join(folder, 'source.json') })
})

it('calls a function', async () => {
  const call = (title: string) => provider.CallFunction({ name: 'slug', arguments: [toDynamic(title, 'string')] })
  expect(fromDynamic((await call('Crème brûlée, today!')).result, 'string')).toBe('creme-brulee-today')
  expect((await call('…')).error).toMatchObject({ text: expect.stringContaining('No name'), functionArgument: 0 })
  expect((await provider.CallFunction({ name: 'other' })).error.text).toContain('no function other')
})

it.each<[CtyType, unknown]>([
  ['number', 1.5],
  ['number', 2 ** 40],
  ['bool', false],
  [
    ['list', 'number'],
    [1, unknown, null],
  ],
  [['map', 'string'], {}],
  [
    ['tuple', ['string', 'bool']],
    ['a', true],
  ],
  [['object', { a: ['set', 'string'] }], { a: unknown }],
])('carries %j', (of, given) => {
  const { msgpack } = toDynamic(given, of)
  expect(fromDynamic({ msgpack: msgpack as Buffer, json: Buffer.of() }, of)).toEqual(given)
})
