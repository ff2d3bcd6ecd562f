import { expect, test, vi } from 'vitest'
import { contractError } from '../contract-errors.ts'
import { silentLogger } from '../contracts/logger.ts'
import { manualClock } from '../memory/index.ts'
import { LinkedTransport } from './linked-transport.ts'
import type { EndDeclaration, Interest, Medium, MediumComponents } from './medium.ts'

/** A connection of the medium below: what was declared on it. */
interface Place {
  readonly interests: Interest<string>[]
}

const bytes = (text: string) => new TextEncoder().encode(text)
const turn = () => new Promise((resolve) => setImmediate(resolve))
const outcome = (work: Promise<unknown>) =>
  work.then(
    () => 'done',
    (error) => error.code as string,
  )

/** A transport over a medium that does as `own` says, and else everything at once. */
async function bench(own: Partial<Medium<Place, string>> = {}) {
  const clock = manualClock()
  const logger = { ...silentLogger, warn: vi.fn(), error: vi.fn() }
  let given: MediumComponents<Place> | undefined
  const said: unknown[][] = []
  const transport = new LinkedTransport<Place, string>({ clock, logger }, (components) => {
    given = components
    return {
      kind: 'test',
      maxPayload: 100,
      longestSubject: 100,
      mostServing: 2,
      connector: {
        name: 'Test',
        address: 'test:here',
        async open(link) {
          const place = { interests: [] }
          await link.attach(place)
          link.up(place)
        },
        end: async () => {},
      },
      publish: (_, subject) => void said.push(['publish', subject]) as undefined,
      ask: () => {},
      async declare(place, interest): Promise<EndDeclaration> {
        place.interests.push(interest)
        return async () => void said.push(['end', interest.pattern])
      },
      roundTrip: async () => void said.push(['round trip']),
      answer: (_, reply) => void said.push(['answer', reply]),
      refuse: (_, reply, kind) => void said.push(['refuse', reply, kind]),
      silent: (_, reply) => void said.push(['silent', reply]),
      unserved: (_, reply) => void said.push(['unserved', reply]),
      ...own,
    }
  })
  const events: string[] = []
  transport.onStatus(({ type }) => events.push(type))
  await transport.connect()
  const { link, requests } = given!
  return { transport, clock, logger, link, requests, said, events, place: link.current! }
}

test('a medium that lacks a part does not compile', () => {
  const whole = {} as Medium<Place, string>
  const { declare: _, ...rest } = whole
  // @ts-expect-error: `declare` is missing
  const lacking: Medium<Place, string> = rest
  expect(lacking).toEqual({})
})

test('no more requests are served at a time than the medium carries', async () => {
  const { transport, place, said } = await bench()
  await transport.serve('a', () => new Promise(() => {}))
  for (const reply of ['1', '2', '3']) place.interests[0]!.take('a', bytes(''), reply)
  expect(said).toEqual([['refuse', '3', 'busy']])
})

test('what asking throws reaches the caller, and nothing waits for an answer', async () => {
  const ask = () => {
    throw contractError('BP_REFUSED')
  }
  const { transport, requests } = await bench({ ask })
  expect(await outcome(transport.request('a', bytes('')))).toBe('BP_REFUSED')
  expect(requests.size).toBe(0)
})

test('an answer that cannot be sent is logged, and is no error of the handler', async () => {
  const answer = () => {
    throw new Error('the socket is gone')
  }
  const { transport, place, logger, events } = await bench({ answer })
  await transport.serve('a', () => bytes('1'))
  place.interests[0]!.take('a', bytes(''), 'b')
  expect(logger.warn).toHaveBeenCalledExactlyOnceWith({ reason: 'the socket is gone' }, 'Test answer not sent')
  expect(events).toEqual(['connected'])
})

test('a new connection has everything declared; what it forbids is told, and the rest stands', async () => {
  const forbidden = new Set<string>()
  const { transport, link, events } = await bench({
    async declare(place, interest) {
      if (forbidden.has(interest.pattern)) {
        interest.forbidden('no')
        throw contractError('BP_REFUSED')
      }
      place.interests.push(interest)
      return async () => {}
    },
  })
  for (const pattern of ['a', 'b', 'c']) await transport.subscribe(pattern, () => {})
  link.lost()
  forbidden.add('b')
  const second: Place = { interests: [] }
  await link.attach(second)
  link.up(second)
  expect(second.interests.map(({ pattern }) => pattern)).toEqual(['a', 'c'])
  expect(events).toEqual(['connected', 'disconnected', 'error', 'connected'])
})

test('a subject that may not be published on fails what was asked on it, and nothing else', async () => {
  const { transport, link, events } = await bench()
  const [one, other] = [outcome(transport.request('a', bytes(''))), outcome(transport.request('b', bytes('')))]
  link.forbidden('a', 'not yours')
  expect(await one).toBe('BP_REFUSED')
  await transport.close()
  expect(await other).toBe('BP_CLOSED')
  expect(events).toEqual(['connected', 'error', 'closed'])
})

test('closing ends what is declared and what is only being declared, before the last round trip', async () => {
  const held = Promise.withResolvers<void>()
  const { transport, said } = await bench({
    async declare(_, { pattern }) {
      if (pattern === 'late') await held.promise
      return async () => void said.push(['end', pattern])
    },
  })
  await transport.subscribe('a', () => {})
  const late = outcome(transport.subscribe('late', () => {}))
  const closing = transport.close({ drainMs: 0 })
  await turn()
  held.resolve()
  await closing
  expect(['done', 'BP_CLOSED']).toContain(await late)
  expect(said).toEqual([['end', 'a'], ['end', 'late'], ['round trip']])
})

test('a far side that has fallen silent holds closing up no longer than a second, and is not asked again', async () => {
  let asked = 0
  const { transport, clock } = await bench({
    declare: async () => () => new Promise(() => {}),
    async roundTrip() {
      asked++
    },
  })
  await transport.subscribe('a', () => {})
  const closing = transport.close({ drainMs: 0 })
  await clock.advance(1_000)
  await closing
  expect([transport.status, asked, clock.pending]).toEqual(['closed', 0, 0])
})

test('unsubscribing where there is no connection waits for nobody', async () => {
  const { transport, link, clock } = await bench({ declare: async () => () => new Promise(() => {}) })
  const subscription = await transport.subscribe('a', () => {})
  link.lost()
  await subscription.unsubscribe()
  expect(clock.pending).toBe(0)
})

test('it is quiet when nothing is under way in either direction, or when the time is over', async () => {
  const { transport, link, clock, place, requests } = await bench()
  const answer = Promise.withResolvers<Uint8Array>()
  await transport.serve('a', () => answer.promise)
  place.interests[0]!.take('a', bytes(''), '1')
  const asked = outcome(transport.request('b', bytes(''), { timeoutMs: 60_000 }))
  let quiet = false
  const first = link.quiet(500).then(() => {
    quiet = true
  })
  answer.resolve(bytes('1'))
  await turn()
  expect(quiet).toBe(false)
  requests.get('0')!.answer(bytes(''))
  await clock.advance(20)
  await first
  expect(await asked).toBe('done')
  void transport.request('b', bytes(''), { timeoutMs: 60_000 }).catch(() => {})
  const second = link.quiet(40)
  await clock.advance(20)
  await clock.advance(20)
  await second
})
