import assert from 'node:assert/strict'
import type { ConfigStore, Json } from '@backplane/core'

/** One promise of the `ConfigStore` contract, and how to check it. */
export interface StoreCase {
  readonly name: string
  run(subject: StoreSubject): Promise<void>
}

/** An implementation under test. */
export interface StoreSubject {
  /** Makes a store on the same place each time, empty the first time. Neither opened nor closed. */
  make(): ConfigStore
  /** The place ends with its store, so nothing is there after it was closed. @default false */
  readonly volatile?: boolean
  /** A second store on the same place is another host beside the first, not refused. @default false */
  readonly shared?: boolean
}

const odd = [
  'category/Größe 1',
  'category/a.b/c',
  'category/__proto__',
  'category/=%*>',
  'category/日本/',
  'category/x\ny',
]

async function opened(subject: StoreSubject): Promise<ConfigStore> {
  const store = subject.make()
  await store.open()
  return store
}

async function put(store: ConfigStore, name: string, document: Json, expectedRevision?: number): Promise<number> {
  const write = { name, document, ...(expectedRevision === undefined ? {} : { expectedRevision }) }
  return (await store.write([write])).get(name) as number
}

/** Every promise of the contract. An implementation passes them all. */
export const configStoreCases: readonly StoreCase[] = [
  {
    name: 'is empty at first, and knows nothing of what is not there',
    async run(subject) {
      await using store = await opened(subject)
      assert.deepEqual(await store.list(), [])
      assert.equal(await store.read('category/nope'), undefined)
    },
  },
  {
    name: 'gives back what was written, with its revision',
    async run(subject) {
      await using store = await opened(subject)
      const document = { text: 'é😀\u2028"\\', list: [1, 1.5, -0.25, true, null, []], nested: { '': {} } }
      const revision = await put(store, 'category/a', document)
      assert.deepEqual(await store.read('category/a'), { revision, document })
      assert.deepEqual(await store.list(), ['category/a'])
    },
  },
  {
    name: 'keeps names of any characters apart',
    async run(subject) {
      await using store = await opened(subject)
      await store.write(odd.map((name) => ({ name, document: { name } })))
      assert.deepEqual([...(await store.list())].sort(), [...odd].sort())
      for (const name of odd) assert.deepEqual((await store.read(name))?.document, { name })
    },
  },
  {
    name: 'gives each write a higher revision than the last, also after a removal',
    async run(subject) {
      await using store = await opened(subject)
      const first = await put(store, 'a', 1)
      const second = await put(store, 'a', 2, first)
      await store.write([{ name: 'a', document: null, expectedRevision: second }])
      const third = await put(store, 'a', 3, 0)
      assert.ok(first < second && second < third)
      assert.deepEqual(await store.read('a'), { revision: third, document: 3 })
    },
  },
  {
    name: 'removes documents',
    async run(subject) {
      await using store = await opened(subject)
      await put(store, 'a', 1)
      await put(store, 'b', 2)
      await store.write([{ name: 'a', document: null }])
      assert.equal(await store.read('a'), undefined)
      assert.deepEqual(await store.list(), ['b'])
    },
  },
  {
    name: 'refuses a batch in which one revision is not as expected, and writes none of it',
    async run(subject) {
      await using store = await opened(subject)
      const revision = await put(store, 'a', 'old')
      const refused = store.write([
        { name: 'b', document: 'new' },
        { name: 'a', document: 'new', expectedRevision: revision + 7 },
        { name: 'c', document: 'new' },
      ])
      await assert.rejects(refused, { code: 'BP_CONFIG_CONFLICT', retryable: true })
      await assert.rejects(put(store, 'a', 'new', 0), { code: 'BP_CONFIG_CONFLICT' })
      await assert.rejects(put(store, 'd', 'new', 3), { code: 'BP_CONFIG_CONFLICT' })
      assert.deepEqual(await store.read('a'), { revision, document: 'old' })
      assert.deepEqual(await store.list(), ['a'])
    },
  },
  {
    name: 'writes a batch of many documents at once',
    async run(subject) {
      await using store = await opened(subject)
      const batch = Array.from({ length: 100 }, (_, index) => ({ name: `n${index}`, document: { index } }))
      const revisions = await store.write(batch)
      assert.equal(revisions.size, 100)
      assert.equal(new Set(revisions.values()).size, 100)
      for (const { name, document } of batch) {
        assert.deepEqual(await store.read(name), { revision: revisions.get(name), document })
      }
    },
  },
  {
    name: 'takes concurrent writes one after another',
    async run(subject) {
      await using store = await opened(subject)
      await Promise.all(Array.from({ length: 20 }, (_, index) => put(store, `n${index % 4}`, index)))
      assert.equal((await store.list()).length, 4)
      const racing = await Promise.allSettled(Array.from({ length: 5 }, (_, index) => put(store, 'race', index, 0)))
      assert.equal(racing.filter((outcome) => outcome.status === 'fulfilled').length, 1)
    },
  },
  {
    name: 'holds a document of 200 kB',
    async run(subject) {
      await using store = await opened(subject)
      const document = { text: 'x'.repeat(200_000) }
      await put(store, 'large', document)
      assert.deepEqual((await store.read('large'))?.document, document)
    },
  },
  {
    name: 'finds everything again when it is opened anew',
    async run(subject) {
      if (subject.volatile) return
      const before = await opened(subject)
      await put(before, 'gone', 0)
      await before.write([
        { name: 'a', document: { kept: true } },
        { name: 'gone', document: null },
      ])
      const revision = (await before.read('a'))?.revision
      await before.close()
      await using after = await opened(subject)
      assert.deepEqual(await after.read('a'), { revision, document: { kept: true } })
      assert.deepEqual(await after.list(), ['a'])
      assert.ok((await put(after, 'b', 1)) > (revision as number))
    },
  },
  {
    name: 'lets one writer in, and the next when that one is gone',
    async run(subject) {
      if (subject.volatile || subject.shared) return
      const first = await opened(subject)
      await assert.rejects(subject.make().open(), { code: 'BP_CONFIG_LOCKED' })
      await first.close()
      await using second = await opened(subject)
      assert.deepEqual(await second.list(), [])
    },
  },
  {
    name: 'tells what others write, and not what it writes itself',
    async run(subject) {
      if (!subject.shared) return
      await using here = await opened(subject)
      await using there = await opened(subject)
      const heard: unknown[] = []
      const { promise, resolve } = Promise.withResolvers<void>()
      const stop = here.watch?.((name, stored) => {
        heard.push([name, stored?.document])
        if (name === 'last') resolve()
      })
      await put(here, 'own', 1)
      const revision = await put(there, 'a', 1)
      await put(there, 'a', 2, revision)
      await there.write([{ name: 'a', document: null }])
      await put(there, 'last', 'é')
      await promise
      stop?.()
      assert.deepEqual(heard, [
        ['a', 1],
        ['a', 2],
        ['a', undefined],
        ['last', 'é'],
      ])
      assert.equal((await here.read('last'))?.document, 'é')
      await assert.rejects(put(here, 'last', 0, 0), { code: 'BP_CONFIG_CONFLICT' })
    },
  },
  {
    name: 'refuses work when it is closed, and closes twice',
    async run(subject) {
      const store = await opened(subject)
      await store.close()
      await store.close()
      if (!subject.volatile) await assert.rejects(put(store, 'a', 1), { code: 'BP_CLOSED' })
    },
  },
]
