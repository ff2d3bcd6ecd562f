import { closeSync, fsyncSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { category, configManager } from '@backplane/config-manager'
import { fileStore } from '@backplane/config-manager/file'
import { createHost } from '@backplane/core'
import { functionRuntime } from '@backplane/core/memory'
import type { Row, Subject } from './harness.ts'

/**
 * The configuration manager. Figures to read ours by: Fledge's Python manager does about 1,800 operations a second with
 * storage in memory on this class of machine, so 50 times that is 90,000.
 */
const item = { description: 'A number', type: 'integer', default: '1', minimum: '0', maximum: '1000000000' } as const

/** A category of ten items. */
const items = category(Object.fromEntries(Array.from({ length: 10 }, (_, index) => [`item${index}`, item])))

async function filled(categories: number, subscribers = 0) {
  const manager = configManager()()
  for (let index = 0; index < categories; index++) await manager.register(`c${index}`, items)
  for (let index = 0; index < subscribers; index++) {
    manager.subscribe({ category: `c${index % categories}` }, { prepare: () => {}, apply: () => {} })
  }
  return manager
}

/** Updates one item after another, category by category. */
async function updating(categories: number, subscribers = 0): Promise<Subject> {
  const manager = await filled(categories, subscribers)
  let count = 0
  return {
    run: () => manager.set(`c${count % categories}`, `item${count % 7}`, String(++count)),
    [Symbol.asyncDispose]: () => manager.close(),
  }
}

/** What an update costs where nothing is checked, kept or told: a copy of the category's values. */
function bareUpdate(): Subject {
  let values: Record<string, string> = Object.fromEntries(Object.keys(items).map((name) => [name, '1']))
  let count = 0
  return {
    run: async () => {
      values = { ...values, [`item${count % 7}`]: String(++count) }
    },
  }
}

async function reading(categories: number): Promise<Subject> {
  const manager = await filled(categories)
  let count = 0
  return { run: () => manager.values(`c${count++ % categories}`), [Symbol.asyncDispose]: () => manager.close() }
}

async function registering(before: number): Promise<Subject> {
  const manager = await filled(before)
  let count = before
  return { run: () => manager.register(`c${count++}`, items), [Symbol.asyncDispose]: () => manager.close() }
}

/** From a change asked for to the running plugin having taken it, through the host. */
async function reconfiguring(): Promise<Subject> {
  const config = configManager()()
  const host = createHost({ identity: { deviceId: 'bench' }, runtimes: [functionRuntime()], config: () => config })
  await host.start()
  await host.load({ manifest: { id: 'p', config: items }, module: { configure: () => {} } })
  let count = 0
  return {
    run: () => config.set('p', 'item0', String(++count)),
    [Symbol.asyncDispose]: () => host.stop(),
  }
}

/** Changes one item of a category that is kept in a file, each change synced. */
async function keeping(count: number): Promise<Subject & { readonly path: string }> {
  const dir = mkdtempSync(join(tmpdir(), 'config-bench-'))
  const manager = configManager({ store: fileStore(dir, { compactAboveBytes: Number.POSITIVE_INFINITY }) })()
  await manager.register('c', Object.fromEntries(Array.from({ length: count }, (_, index) => [`item${index}`, item])))
  let changes = 0
  return {
    path: join(dir, 'config.log'),
    run: () => manager.set('c', `item${changes % 7}`, String(++changes)),
    async [Symbol.asyncDispose]() {
      await manager.close()
      rmSync(dir, { recursive: true })
    },
  }
}

/** How many bytes a change adds to the log, on average of twenty. */
async function writing(count: number): Promise<Subject> {
  const { path, run, [Symbol.asyncDispose]: end } = await keeping(count)
  return {
    async run() {
      const before = statSync(path).size
      for (let change = 0; change < 20; change++) await run()
      return (statSync(path).size - before) / 20
    },
    ...(end ? { [Symbol.asyncDispose]: end } : {}),
  }
}

/** What a change costs where the same bytes are appended to a file and synced, and nothing else is done. */
function appending(): Subject {
  const dir = mkdtempSync(join(tmpdir(), 'config-bench-'))
  const file = openSync(join(dir, 'log'), 'a')
  const line = 'x'.repeat(800)
  return {
    run() {
      writeSync(file, line)
      fsyncSync(file)
    },
    async [Symbol.asyncDispose]() {
      closeSync(file)
      rmSync(dir, { recursive: true })
    },
  }
}

const bar = '>= 90000 calls/s (50 x the Python manager)'

export const rows: Row[] = [
  {
    case: 'update one item, 1 category',
    unit: 'calls/s',
    inFlight: 1,
    bar,
    ours: () => updating(1),
    baseline: bareUpdate,
  },
  {
    case: 'update one item, 1,000 categories (10,000 items)',
    unit: 'calls/s',
    inFlight: 1,
    bar: 'as flat as 1 category',
    ours: () => updating(1_000),
    baseline: () => updating(1),
  },
  {
    case: 'update one item, 1,000 subscribers on 1,000 categories',
    unit: 'calls/s',
    inFlight: 1,
    bar: 'as flat as none',
    ours: () => updating(1_000, 1_000),
    baseline: () => updating(1_000),
  },
  {
    case: 'update one item, 100 subscribers on its category',
    unit: 'calls/s',
    inFlight: 1,
    ours: () => updating(1, 100),
    baseline: () => updating(1),
  },
  {
    case: 'read a category of 1,000',
    unit: 'ns',
    bar: 'as flat as 1',
    ours: () => reading(1_000),
    baseline: () => reading(1),
  },
  {
    case: 'register a category of 10 items beside 1,000',
    unit: 'us',
    bar: 'as flat as beside none',
    ours: () => registering(1_000),
    baseline: () => registering(0),
  },
  {
    case: 'bytes written by a change, category of 10,000 items',
    unit: 'bytes',
    once: true,
    bar: 'as flat as 10 items',
    ours: () => writing(10_000),
    baseline: () => writing(10),
  },
  {
    case: 'change kept in a file, category of 10 items',
    unit: 'us',
    ours: () => keeping(10),
    baseline: appending,
  },
  {
    case: 'change kept in a file, category of 10,000 items',
    unit: 'us',
    ours: () => keeping(10_000),
    baseline: () => keeping(10),
  },
  {
    case: 'change to reconfigured plugin, through the host',
    unit: 'us',
    bar: 'p99 <= 5 ms',
    ours: reconfiguring,
    baseline: () => updating(1),
  },
]
