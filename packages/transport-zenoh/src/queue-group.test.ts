import fc from 'fast-check'
import { expect, test } from 'vitest'
import { identityOf, QueueGroup } from './queue-group.ts'
import type { ZenohSession } from './session.ts'

/** A router that knows of tokens, and tells each session of them in its own time. */
class Tokens {
  readonly all = new Set<string>()
  readonly #watchers = new Set<(key: string, alive: boolean) => void>()

  session(): ZenohSession {
    const session = {
      declareToken: async (key: string) => {
        this.#tell(key, true)
        return async () => this.#tell(key, false)
      },
      watchTokens: async (_: string, onChange: (key: string, alive: boolean) => void) => {
        this.#watchers.add(onChange)
        return async () => void this.#watchers.delete(onChange)
      },
      tokens: async () => [...this.all],
    }
    return session as unknown as ZenohSession
  }

  #tell(key: string, alive: boolean): void {
    if (alive) this.all.add(key)
    else this.all.delete(key)
    for (const watcher of this.#watchers) watcher(key, alive)
  }
}

const message = (text: string) => identityOf('a/b', new TextEncoder().encode(text))

function takers(groups: readonly QueueGroup[], identity: Uint8Array): number {
  let count = 0
  for (const group of groups) group.share(identity, () => count++)
  return count
}

test('whoever comes and goes, each message has one taker', async () => {
  const steps = fc.array(fc.constantFrom('join', 'join', 'leave'), { maxLength: 12 })
  await fc.assert(
    fc.asyncProperty(steps, fc.array(fc.string(), { minLength: 1, maxLength: 20 }), async (all, texts) => {
      const tokens = new Tokens()
      const groups: QueueGroup[] = []
      for (const step of ['join', ...all]) {
        if (step === 'leave') await groups.shift()?.leave()
        else {
          const group = new QueueGroup(tokens.session(), 'a.*', 'q', 'subscribe')
          await group.join()
          groups.push(group)
        }
        for (const text of texts) expect(takers(groups, message(text))).toBe(groups.length === 0 ? 0 : 1)
      }
      await Promise.all(groups.map((group) => group.leave()))
      expect(tokens.all.size).toBe(0)
    }),
    { numRuns: 100 },
  )
})

test('every member takes about its share', async () => {
  const tokens = new Tokens()
  const groups = Array.from({ length: 4 }, () => new QueueGroup(tokens.session(), 'a.*', 'q', 'serve'))
  for (const group of groups) await group.join()
  const shares = groups.map(() => 0)
  for (let n = 0; n < 4000; n++)
    for (const [index, group] of groups.entries()) group.share(message(String(n)), () => shares[index]!++)
  expect(shares.reduce((sum, share) => sum + share, 0)).toBe(4000)
  for (const share of shares) expect(share).toBeGreaterThan(700)
})

test('what comes while a member joins is decided when it knows the others', async () => {
  const tokens = new Tokens()
  const old = new QueueGroup(tokens.session(), 'a', 'q', 'subscribe')
  await old.join()
  const fresh = new QueueGroup(tokens.session(), 'a', 'q', 'subscribe')
  const before = takers([old, fresh], message('before'))
  expect(before).toBe(1)
  let taken = 0
  const joining = fresh.join()
  await Promise.resolve()
  for (let n = 0; n < 50; n++) {
    old.share(message(`${n}`), () => taken++)
    fresh.share(message(`${n}`), () => taken++)
  }
  await joining
  expect(taken).toBe(50)
})

test('tokens lie below what is plain in the pattern, apart for those who serve', async () => {
  const tokens = new Tokens()
  for (const kind of ['serve', 'subscribe'] as const)
    await new QueueGroup(tokens.session(), 'device-connect.*.registry', 'registry', kind).join()
  await new QueueGroup(tokens.session(), '*.x', 'q', 'serve').join()
  const homes = [...tokens.all].map((key) => key.slice(0, key.lastIndexOf('/')))
  expect(new Set(homes).size).toBe(3)
  expect(homes.filter((home) => home.startsWith('device-connect/backplane-queue/'))).toHaveLength(2)
  expect(homes[2]).toMatch(/^backplane-queue\/[0-9a-f]{24}$/)
})

test('long payloads are told apart by their length and their ends', () => {
  const long = (change: (bytes: Uint8Array) => void) => {
    const bytes = new Uint8Array(5000)
    change(bytes)
    return Buffer.from(identityOf('a', bytes)).toString('hex')
  }
  const plain = long(() => {})
  expect(long((bytes) => bytes.fill(1, 4999))).not.toBe(plain)
  expect(long((bytes) => bytes.fill(1, 0, 1))).not.toBe(plain)
  expect(Buffer.from(identityOf('b', new Uint8Array(5000))).toString('hex')).not.toBe(plain)
})
