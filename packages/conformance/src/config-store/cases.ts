import type { Json } from '@backplane/core'
import { expect } from 'vitest'
import { pause, rejection, until } from '../waiting.ts'
import { type ConfigStoreCase, partChanged, put } from './bench.ts'

const documents: Record<string, Json> = {
  'null inside, booleans and numbers': [null, true, false, 0, -1, 0.5, 1e300, Number.MAX_SAFE_INTEGER],
  'integers beyond 2^53': [2n ** 53n, 9007199254740993n, { a: -(2n ** 63n), b: [2n ** 64n] }],
  'what is not finite, and floats beyond 2^53': [Number.NaN, { a: Infinity, b: -Infinity }, 1e20, -0],
  'text of all the world': ['', 'grün 日本語 👩‍👩‍👧‍👦 e\u0301', '"quoted" \\ \n\r\t\u0000\u2028'],
  'empty and nested': { list: [], object: {}, deep: { a: [{ b: [[{}]] }] } },
  'odd keys': { '': 1, 'a.b': 2, 'ü 日': 3, constructor: 4, toString: 5 },
  'plain text at the top': 'text',
  'a number at the top': 0,
  'a wide integer at the top': 1795298180547494123n,
  'false at the top': false,
}

const names = [
  'a',
  'A',
  'a.b',
  'a/b',
  'category/Größe 1',
  '__proto__',
  'constructor',
  '=%*>#?',
  '日本/',
  'x\ny',
  ' ',
  '..',
  '😀',
]

/** Reading, writing, and what a batch promises. */
export const documentCases: Record<string, ConfigStoreCase> = {
  async 'is empty at first, and knows nothing of what is not there'(bench) {
    const store = await bench.open()
    expect(await store.list()).toEqual([])
    expect(await store.read('nothing')).toBe(undefined)
  },
  ...Object.fromEntries(
    Object.entries(documents).map(([kind, document]): [string, ConfigStoreCase] => [
      `a document is given back as it was written: ${kind}`,
      async (bench) => {
        const store = await bench.open()
        const revision = await put(store, 'a', document)
        expect(revision).toBeGreaterThan(0)
        expect(await store.read('a')).toStrictEqual({ revision, document })
      },
    ]),
  ),
  async 'a document of 200 kB is given back whole'(bench) {
    const store = await bench.open()
    const document = { text: '0123456789'.repeat(20_000) }
    await put(store, 'large', document)
    expect((await store.read('large'))?.document).toEqual(document)
  },
  async 'names of any characters are kept apart'(bench) {
    const store = await bench.open()
    await store.write(names.map((name) => ({ name, document: { name } })))
    expect([...(await store.list())].sort()).toEqual([...names].sort())
    for (const name of names) expect((await store.read(name))?.document).toEqual({ name })
  },
  async 'each write has a higher revision than the last, also after a removal'(bench) {
    const store = await bench.open()
    const first = await put(store, 'a', 1)
    const second = await put(store, 'a', 2)
    await store.write([{ name: 'a', document: null }])
    const third = await put(store, 'a', 3)
    expect(second).toBeGreaterThan(first)
    expect(third).toBeGreaterThan(second)
    expect(await store.read('a')).toEqual({ revision: third, document: 3 })
  },
  async 'what is removed is gone, and may be removed again'(bench) {
    const store = await bench.open()
    await put(store, 'a', 1)
    await put(store, 'b', 2)
    await store.write([{ name: 'a', document: null }])
    await store.write([{ name: 'a', document: null }])
    expect(await store.read('a')).toBe(undefined)
    expect(await store.list()).toEqual(['b'])
  },
  async 'the expected revision lets a write through'(bench) {
    const store = await bench.open()
    const first = await put(store, 'a', 1, 0)
    const second = await put(store, 'a', 2, first)
    await store.write([{ name: 'a', document: null, expectedRevision: second }])
    const third = await put(store, 'a', 3, 0)
    expect(await store.read('a')).toEqual({ revision: third, document: 3 })
  },
  ...Object.fromEntries(
    Object.entries({
      'a former revision': (present: number) => ({ name: 'a', expectedRevision: present - 1 || present + 1 }),
      'a revision to come': (present: number) => ({ name: 'a', expectedRevision: present + 7 }),
      '0 where there is one': () => ({ name: 'a', expectedRevision: 0 }),
      'one where there is none': () => ({ name: 'absent', expectedRevision: 3 }),
    }).map(([kind, write]): [string, ConfigStoreCase] => [
      `another revision than expected (${kind}): BP_CONFIG_CONFLICT, and nothing of the batch is written`,
      async (bench) => {
        const store = await bench.open()
        await put(store, 'a', 'older')
        const revision = await put(store, 'a', 'old')
        const batch = [
          { name: 'b', document: 'new' },
          { ...write(revision), document: 'new' },
          { name: 'c', document: 'new' },
        ]
        const error = await rejection(store.write(batch), 'BP_CONFIG_CONFLICT')
        expect(error.retryable, 'reading again and writing again may succeed').toBe(true)
        expect(await store.read('a')).toEqual({ revision, document: 'old' })
        expect(await store.list()).toEqual(['a'])
      },
    ]),
  ),
  async 'a batch may write, change and remove at once'(bench) {
    const store = await bench.open()
    await store.write(['gone', 'changed'].map((name) => ({ name, document: 'old' })))
    await store.write([
      { name: 'gone', document: null },
      { name: 'changed', document: 'new' },
      { name: 'added', document: 'new' },
    ])
    expect([...(await store.list())].sort()).toEqual(['added', 'changed'])
    expect((await store.read('changed'))?.document).toBe('new')
  },
  async 'a batch of a hundred documents, each with its revision'(bench) {
    const store = await bench.open()
    const batch = Array.from({ length: 100 }, (_, index) => ({ name: `n${index}`, document: { index } }))
    const revisions = await store.write(batch)
    expect([...revisions.keys()].sort()).toEqual(batch.map(({ name }) => name).sort())
    for (const { name, document } of batch)
      expect(await store.read(name)).toEqual({ revision: revisions.get(name), document })
  },
  async 'an empty batch changes nothing'(bench) {
    const store = await bench.open()
    expect((await store.write([])).size).toBe(0)
    expect(await store.list()).toEqual([])
  },
  async 'writes at once are taken one after another, none is lost'(bench) {
    const store = await bench.open()
    await Promise.all(Array.from({ length: 40 }, (_, index) => put(store, `n${index}`, index)))
    for (let index = 0; index < 40; index++) expect((await store.read(`n${index}`))?.document).toBe(index)
  },
  async 'of several who expect the same revision one wins'(bench) {
    const store = await bench.open()
    const racing = await Promise.allSettled(Array.from({ length: 8 }, (_, index) => put(store, 'race', index, 0)))
    const winners = racing.flatMap((outcome, index) => (outcome.status === 'fulfilled' ? [index] : []))
    expect(winners).toHaveLength(1)
    expect((await store.read('race'))?.document).toBe(winners[0])
  },
  async 'reading, adding and writing by the expected revision counts right'(bench) {
    const store = await bench.open()
    await put(store, 'count', 0)
    const add = async (): Promise<void> => {
      const before = await store.read('count')
      const written = await put(store, 'count', Number(before?.document) + 1, before?.revision).catch(() => undefined)
      if (written === undefined) await add()
    }
    await Promise.all(Array.from({ length: 10 }, add))
    expect((await store.read('count'))?.document).toBe(10)
  },
}

const manyParts: readonly Json[] = Array.from({ length: 300 }, (_, index) => ({ index, text: 'é'.repeat(20) }))

/** What a write that brings a patch promises: the same as one that does not. */
export const patchCases: Record<string, ConfigStoreCase> = {
  async 'a document that is written with patches is given back whole, after each of them'(bench) {
    const store = await bench.open()
    let document = manyParts
    let expectedRevision = await put(store, 'large', document)
    for (let count = 0; count < 150; count++) {
      const written = partChanged(document, (count * 7) % 300, { count, odd: '__proto__' })
      document = written.document
      const revisions = await store.write([{ name: 'large', ...written, expectedRevision }])
      expectedRevision = revisions.get('large') as number
      expect(await store.read('large')).toEqual({ revision: expectedRevision, document })
    }
    const revision = await put(store, 'large', 'short', expectedRevision)
    expect(await store.read('large')).toEqual({ revision, document: 'short' })
  },
  async 'patches add and remove members, of lists and of objects, and name them as JSON Pointers do'(bench) {
    const store = await bench.open()
    const expectedRevision = await put(store, 'a', { list: [1, 2, 3], 'a/b~c': 1, gone: true })
    const document = { list: [0, 1, 3, 4], 'a/b~c': 2, new: {} }
    const patch = [
      { op: 'remove' as const, path: '/list/1' },
      { op: 'add' as const, path: '/list/0', value: 0 },
      { op: 'add' as const, path: '/list/3', value: 4 },
      { op: 'remove' as const, path: '/gone' },
      { op: 'replace' as const, path: '/a~1b~0c', value: 2 },
      { op: 'add' as const, path: '/new', value: {} },
    ]
    await store.write([{ name: 'a', document, patch, expectedRevision }])
    expect((await store.read('a'))?.document).toEqual(document)
  },
  async 'a patch of another revision than the present: BP_CONFIG_CONFLICT, and nothing is written'(bench) {
    const store = await bench.open()
    const former = await put(store, 'a', manyParts)
    const written = partChanged(manyParts, 3, 'first')
    const revision = (await store.write([{ name: 'a', ...written, expectedRevision: former }])).get('a')
    const late = { name: 'a', ...partChanged(manyParts, 4, 'late'), expectedRevision: former }
    await rejection(store.write([late, { name: 'b', document: 1 }]), 'BP_CONFIG_CONFLICT')
    expect(await store.read('a')).toEqual({ revision, document: written.document })
    expect(await store.list()).toEqual(['a'])
  },
  async 'what is removed after patches is gone, and comes back without them'(bench) {
    const store = await bench.open()
    const first = await put(store, 'a', manyParts)
    await store.write([{ name: 'a', ...partChanged(manyParts, 3, 'changed'), expectedRevision: first }])
    await store.write([{ name: 'a', document: null }])
    expect(await store.read('a')).toBe(undefined)
    const revision = await put(store, 'a', manyParts, 0)
    expect(await store.read('a')).toEqual({ revision, document: manyParts })
  },
  async 'patches are there again when the place is opened anew, and others follow them'(bench) {
    bench.needKeeping()
    let document = manyParts
    let expectedRevision = 0
    for (let round = 0; round < 3; round++) {
      const store = await bench.open()
      const present = await store.read('a')
      if (round > 0) expect(present).toEqual({ revision: expectedRevision, document })
      expectedRevision = present?.revision ?? (await put(store, 'a', document))
      for (let count = 0; count < 30; count++) {
        const written = partChanged(document, count, { round, count })
        document = written.document
        expectedRevision = (await store.write([{ name: 'a', ...written, expectedRevision }])).get('a') as number
      }
      await store.close()
    }
  },
  async 'a watcher is told the whole document, also of one that it has not read'(bench) {
    bench.needSharing()
    const there = await bench.open()
    let document = manyParts
    let expectedRevision = await put(there, 'a', document)
    const here = await bench.open()
    const heard: unknown[] = []
    here.watch?.((_, stored) => heard.push(stored))
    for (let count = 0; count < 5; count++) {
      const written = partChanged(document, count, count)
      document = written.document
      expectedRevision = (await there.write([{ name: 'a', ...written, expectedRevision }])).get('a') as number
    }
    const last = { revision: expectedRevision, document }
    await until(() => JSON.stringify(heard.at(-1)) === JSON.stringify(last), 'the last write is told')
    await here.write([{ name: 'a', ...partChanged(document, 9, 'here'), expectedRevision }])
    expect((await there.read('a'))?.document).toEqual(partChanged(document, 9, 'here').document)
  },
}

/** Opening, closing, keeping, and sharing a place. */
export const placeCases: Record<string, ConfigStoreCase> = {
  async 'everything is there again when the place is opened anew'(bench) {
    bench.needKeeping()
    const before = await bench.open()
    await put(before, 'gone', 0)
    await before.write(names.map((name) => ({ name, document: { name } })))
    await before.write([{ name: 'gone', document: null }])
    const stored = await before.read('a')
    await before.close()
    const after = await bench.open()
    expect(await after.read('a')).toEqual(stored)
    expect([...(await after.list())].sort()).toEqual([...names].sort())
    expect(await put(after, 'b', 1), 'revisions go on').toBeGreaterThan(stored?.revision as number)
  },
  async 'what was refused is not there when the place is opened anew'(bench) {
    bench.needKeeping()
    const before = await bench.open()
    await put(before, 'a', 'old')
    await rejection(
      before.write([
        { name: 'b', document: 1 },
        { name: 'a', document: 1, expectedRevision: 0 },
      ]),
      'BP_CONFIG_CONFLICT',
    )
    await before.close()
    const after = await bench.open()
    expect(await after.list()).toEqual(['a'])
    expect((await after.read('a'))?.document).toBe('old')
  },
  async 'a place has one writer; the next comes in when that one has left'(bench) {
    bench.needOneWriter()
    const first = await bench.open()
    const second = bench.make()
    await rejection(second.open(), 'BP_CONFIG_LOCKED')
    await put(first, 'a', 1)
    await first.close()
    await second.open()
    expect((await second.read('a'))?.document).toBe(1)
  },
  async 'who shares a place sees what the others write'(bench) {
    bench.needSharing()
    const [here, there] = [await bench.open(), await bench.open()]
    const revision = await put(there, 'a', 1)
    expect(await here.read('a')).toEqual({ revision, document: 1 })
    await rejection(put(here, 'a', 2, 0), 'BP_CONFIG_CONFLICT')
    await put(here, 'a', 2, revision)
    expect((await there.read('a'))?.document).toBe(2)
  },
  async 'a watcher is told what others write, in order and up to the last, and not its own'(bench) {
    bench.needSharing()
    const [here, there] = [await bench.open(), await bench.open()]
    const heard: unknown[][] = []
    here.watch?.((name, stored) => heard.push([name, stored?.document]))
    expect(here.watch, 'who shares a place has watch').toBeTypeOf('function')
    await put(here, 'own', 1)
    await put(there, 'a', 1)
    await put(there, 'a', 2)
    await there.write([{ name: 'a', document: null }])
    await put(there, 'last', 'é')
    await until(() => heard.some(([name]) => name === 'last'), 'the last write is told')
    await pause(20)
    // What was written over before it could be told may be passed over; what stands may not.
    const passedOver = [1, 2].filter((value) => !heard.some(([name, document]) => name === 'a' && document === value))
    const written = [
      ['a', 1],
      ['a', 2],
      ['a', undefined],
      ['last', 'é'],
    ]
    expect(heard).toEqual(written.filter(([, document]) => !passedOver.includes(document as number)))
  },
  async 'a watcher that has left is told nothing'(bench) {
    bench.needSharing()
    const [here, there] = [await bench.open(), await bench.open()]
    let left = 0
    let stayed = 0
    const stop = here.watch?.(() => left++)
    here.watch?.(() => stayed++)
    stop?.()
    await put(there, 'a', 1)
    await until(() => stayed === 1, 'the other watcher is told')
    expect(left).toBe(0)
  },
  async 'what is closed takes no writes: BP_CLOSED'(bench) {
    bench.needKeeping()
    const store = await bench.open()
    await store.close()
    await rejection(put(store, 'a', 1), 'BP_CLOSED')
  },
  async 'close waits for what is being written'(bench) {
    bench.needKeeping()
    const store = await bench.open()
    const writing = put(store, 'a', 'written')
    await store.close()
    await writing
    const after = await bench.open()
    expect((await after.read('a'))?.document).toBe('written')
  },
  async 'close may be called again, and `await using` calls it'(bench) {
    const store = await bench.open()
    await Promise.all([store.close(), store.close()])
    await store.close()
    const next = await bench.open()
    await next[Symbol.asyncDispose]()
  },
}
