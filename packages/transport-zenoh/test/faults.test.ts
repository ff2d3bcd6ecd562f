/** Bridges that die, fall silent, dawdle and talk nonsense. */
import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, createServer } from 'node:net'
import type { Transport, TransportEvent } from '@backplane/core'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bytes, echo, echoLoad, eventOf, text, until } from '../../core/test/transports.ts'
import { startPeer } from './remote-api-peer.ts'
import { connected, newTransport, plainSession } from './support.ts'

const quick = { heartbeatMs: 50, heartbeatTimeoutMs: 400 }

test('a hundred kills under calls lose no declaration, and every call ends rightly', { timeout: 60_000 }, async () => {
  await using peer = await startPeer()
  await using serving = await connected(peer.endpoint)
  await using asking = await connected(peer.endpoint)
  let heard = 0
  await serving.subscribe('news.>', () => void heard++)
  await serving.subscribe('news.*', () => {}, { queue: 'q' })
  await serving.serve('echo.*', echo)
  await serving.serve('grouped', ({ payload }) => payload, { queue: 'q' })
  const declared = () => ({ ...peer.declared, tokens: peer.declared.tokens.length })
  const all = declared()
  expect(all).toEqual({
    subscribers: ['echo/*', 'grouped', 'news/*', 'news/*/**'],
    queryables: ['echo/*', 'grouped'],
    tokens: 2,
  })

  const load = echoLoad(asking, 8, (n) => (n % 2 === 0 ? 'echo.a' : 'grouped'))
  for (let round = 0; round < 100; round++) {
    const { answered } = load
    await until(() => load.answered > answered + 10)
    const back = Promise.all([eventOf(asking, 'connected'), eventOf(serving, 'connected')])
    if (round % 10 === 9) {
      await peer.stop()
      await peer.listen()
    } else {
      peer.cut()
    }
    await back
    expect(declared()).toEqual(all)
    const before = heard
    await asking.publish('news.today', bytes('x'))
    await until(() => heard > before)
  }
  // The bridge goes between question and answer; or the asker is back before the one who serves.
  const expected = ['answered', 'BP_DISCONNECTED', 'BP_NO_RESPONDER']
  expect((await load.stop()).filter((outcome) => !expected.includes(outcome))).toEqual([])
})

test('a link that falls silent is told as lost, its calls fail, and it comes back', async () => {
  await using peer = await startPeer()
  await using transport = await connected(peer.endpoint, quick)
  const seen: string[] = []
  await transport.subscribe('a', ({ payload }) => void seen.push(text(payload)))
  await transport.serve('held', () => new Promise(() => {}))
  const call = transport.request('held', bytes(''), { timeoutMs: 60_000 }).catch(({ code }) => code)
  peer.faults.frozen = true
  const { reason } = await eventOf(transport, 'disconnected')
  expect(reason).toBe('the bridge has not answered for 400 ms')
  expect(await call).toBe('BP_DISCONNECTED')
  await expect(transport.publish('a', bytes('in vain'))).rejects.toMatchObject({ code: 'BP_DISCONNECTED' })
  peer.faults.frozen = false
  await eventOf(transport, 'connected')
  await transport.publish('a', bytes('again'))
  await until(() => seen.length > 0)
  expect(seen).toEqual(['again'])
})

test('a busy process does not take its own deafness for a lost link', async () => {
  await using peer = await startPeer()
  await using transport = await connected(peer.endpoint, quick)
  const lost = eventOf(transport, 'disconnected').then(() => true)
  for (let round = 0; round < 5; round++) {
    const end = performance.now() + 500
    while (performance.now() < end);
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  await transport.flush()
  expect(await Promise.race([lost, false])).toBe(false)
})

test('answers that dawdle are waited for, and those that come after the deadline disturb nobody', async () => {
  await using peer = await startPeer()
  await using transport = await connected(peer.endpoint)
  await transport.serve('echo', ({ payload }) => payload)
  peer.faults.delayMs = 30
  expect(text((await transport.request('echo', bytes('late'))).payload)).toBe('late')
  await expect(transport.request('echo', bytes('x'), { timeoutMs: 10 })).rejects.toMatchObject({ code: 'BP_TIMEOUT' })
  await transport.subscribe('b', () => {})
  peer.faults.delayMs = 0
  await transport.flush()
  expect(text((await transport.request('echo', bytes('fresh'))).payload)).toBe('fresh')
})

const frame = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  // What a router might say, cut off or to nobody: sample, query, reply, end, answers.
  fc
    .tuple(fc.constantFrom(5, 6, 7, 8, 0x81, 0x80, 0x83, 0x82, 14, 9), fc.uint8Array({ maxLength: 20 }))
    .map(([type, rest]) => Uint8Array.from([type, ...rest])),
)

test('whatever a bridge says, the transport goes on, or comes back', { timeout: 60_000 }, async () => {
  await using peer = await startPeer()
  await using transport = await connected(peer.endpoint)
  await transport.serve('echo', ({ payload }) => payload)
  await fc.assert(
    fc.asyncProperty(fc.array(frame, { minLength: 1, maxLength: 10 }), fc.boolean(), async (frames, cut) => {
      await until(() => transport.status === 'connected')
      for (const each of frames) peer.say(each)
      if (cut) {
        const back = eventOf(transport, 'connected')
        peer.cut()
        await back
      }
      expect(text((await transport.request('echo', bytes('still here'))).payload)).toBe('still here')
    }),
    { numRuns: 200 },
  )
})

test('a request that arrives with the answer to its declaration is not lost', async () => {
  await using peer = await startPeer()
  await using serving = await connected(peer.endpoint)
  await using asking = await connected(peer.endpoint)
  for (let round = 0; round < 100; round++) {
    const subject = `race.${round}`
    const served = serving.serve(subject, ({ payload }) => payload)
    const answers = Array.from({ length: 5 }, () =>
      asking.request(subject, bytes('x'), { timeoutMs: 10_000 }).catch(({ code }) => code),
    )
    for (const answer of await Promise.all(answers))
      expect(typeof answer === 'string' ? answer : 'answered').not.toBe('BP_TIMEOUT')
    await (await served).unsubscribe()
  }
})

test('connecting to one who takes the connection and says nothing ends at the deadline, and leaves nothing', async () => {
  await using peer = await startPeer()
  peer.faults.frozen = true
  const transport = newTransport(peer.endpoint)
  await expect(transport.connect({ timeoutMs: 1000 })).rejects.toMatchObject({ code: 'BP_TIMEOUT', retryable: true })
  expect(transport.status).toBe('idle')
  peer.faults.frozen = false
  await transport.connect()
  expect(peer.connections).toBe(2)
  await transport.close()

  const sockets = createServer((socket) => void socket.resume())
  await once(sockets.listen(0, '127.0.0.1'), 'listening')
  const silent = newTransport(`ws://127.0.0.1:${(sockets.address() as AddressInfo).port}`)
  await expect(silent.connect({ timeoutMs: 1000 })).rejects.toMatchObject({ code: 'BP_TIMEOUT' })
  await silent.close()
  await new Promise((resolve) => sockets.close(resolve))
})

test('connecting to something else says what is wrong', async () => {
  const http = createHttpServer((_, response) => response.end('hello'))
  await once(http.listen(0, '127.0.0.1'), 'listening')
  const { port } = http.address() as AddressInfo
  const transport = newTransport(`ws://127.0.0.1:${port}`)
  await expect(transport.connect()).rejects.toMatchObject({
    code: 'BP_CONNECT_FAILED',
    message: expect.stringContaining('not a remote-api bridge (HTTP status 200)'),
  })
  await new Promise((resolve) => http.close(resolve))
  await expect(transport.connect()).rejects.toMatchObject({
    code: 'BP_CONNECT_FAILED',
    message: expect.stringContaining('is the bridge running?'),
  })
  await transport.close()
})

test('a bridge that dies while declarations are made again is waited for', async () => {
  await using peer = await startPeer()
  await using transport = await connected(peer.endpoint)
  for (let n = 0; n < 20; n++) await transport.serve(`s.${n}`, ({ payload }) => payload)
  for (let round = 0; round < 5; round++) {
    const before = peer.connections
    peer.cut()
    await until(() => peer.connections > before)
    peer.cut()
    await until(() => peer.connections > before + 1)
    await until(() => transport.status === 'connected' && peer.declared.queryables.length === 20)
    expect(text((await transport.request('s.7', bytes('x'))).payload)).toBe('x')
  }
})

test('a query to many is answered by each served subject, which sees its own', async () => {
  await using peer = await startPeer()
  await using serving = await connected(peer.endpoint)
  for (const name of ['a', 'b', 'c']) await serving.serve(`things.${name}`, ({ subject }) => bytes(subject))
  await serving.serve('other.a', ({ subject }) => bytes(subject))
  await serving.flush()
  const plain = await plainSession(peer.endpoint)
  const ask = (key: string) =>
    new Promise<string[]>((resolve) => {
      const answers: string[] = []
      plain.get({
        key,
        payload: bytes(''),
        attachment: bytes(''),
        timeoutMs: 5_000,
        onReply: (payload) => answers.push(text(payload)),
        onError: (payload) => answers.push(`error ${text(payload)}`),
        onEnd: () => resolve(answers.sort()),
      })
    })
  expect(await ask('things/*')).toEqual(['things.a', 'things.b', 'things.c'])
  expect(await ask('**')).toEqual(['other.a', 'things.a', 'things.b', 'things.c'])
  expect(await ask('things/b')).toEqual(['things.b'])
  expect(peer.repliedOn.toSorted()).toEqual([
    'other/a',
    'things/a',
    'things/a',
    'things/b',
    'things/b',
    'things/b',
    'things/c',
    'things/c',
  ])
  await plain.close()
})

test('who asks right after joining is asked for again, and finds who comes a moment later', async () => {
  await using peer = await startPeer()
  await using serving = await connected(peer.endpoint)
  await using asking = await connected(peer.endpoint)
  const asked = asking.request('soon', bytes('x'), { timeoutMs: 10_000 })
  await serving.serve('soon', ({ payload }) => payload)
  expect(text((await asked).payload)).toBe('x')
  await expect(asking.request('never', bytes(''), { timeoutMs: 20_000 })).rejects.toMatchObject({
    code: 'BP_NO_RESPONDER',
  })
})

test('samples that a link loses are told to their subscribers, per publisher and subject', async () => {
  await using peer = await startPeer()
  await using hearing = await connected(peer.endpoint)
  await using sending = await connected(peer.endpoint)
  const lost = new Map<string, number>()
  hearing.onStatus((event: TransportEvent) => {
    if (event.type !== 'slow') return
    expect(event.reason).toBe('lost on the way')
    lost.set(event.subject, (lost.get(event.subject) ?? 0) + event.dropped)
  })
  const heard: string[] = []
  await hearing.subscribe('news.*', ({ payload }) => void heard.push(text(payload)))
  await hearing.serve('asked', () => undefined)
  const plain = await plainSession(peer.endpoint)
  peer.faults.loses = (payload) => text(payload) === 'lost'
  const send = async (subject: string, words: string) => {
    for (const word of words.split(' ')) await sending.publish(subject, bytes(word))
  }
  await send('news.a', 'lost 1 lost lost 2 3')
  await send('news.b', 'lost lost 4')
  await send('news.a', 'lost 5')
  await send('asked', '6 lost 7')
  for (const word of ['lost', '8', 'lost', '9']) plain.put('news/c', bytes(word), new Uint8Array())
  await plain.roundTrip()
  await until(() => heard.length === 7 && lost.size === 2)
  expect(heard.toSorted()).toEqual(['1', '2', '3', '4', '5', '8', '9'])
  expect(Object.fromEntries(lost)).toEqual({ 'news.*': 3, asked: 1 })
  await plain.close()
})

const patient = { timeout: 60_000 }
test('what goes over the bound of a congested link is lost, and both sides are told how much', patient, async () => {
  await using peer = await startPeer()
  await using hearing = await connected(peer.endpoint, { heartbeatTimeoutMs: 60_000 })
  await using sending = await connected(peer.endpoint, { heartbeatTimeoutMs: 60_000 })
  const told = { hearing: 0, sending: 0 }
  const watch = (name: keyof typeof told, transport: Transport) =>
    transport.onStatus((event) => {
      if (event.type === 'slow' && event.subject === 'big' && event.reason) told[name] += event.dropped
    })
  watch('hearing', hearing)
  watch('sending', sending)
  let heard = 0
  await hearing.subscribe('big', () => void heard++)
  await sending.publish('big', bytes('first'))
  const payload = new Uint8Array(4 * 1024 * 1024)
  await Promise.all(Array.from({ length: 24 }, () => sending.publish('big', payload)))
  await sending.publish('big', bytes('last'))
  await until(() => heard + told.hearing === 26)
  expect(told.sending).toBeGreaterThan(0)
  expect(told.hearing).toBe(told.sending)
})
