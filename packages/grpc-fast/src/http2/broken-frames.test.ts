/** What a peer may not send: each fault ends the connection, or its stream, with the code of RFC 9113. */
import { expect, it } from 'vitest'
import { HpackEncoder } from '../hpack/encoder.ts'
import { Connection } from './connection.ts'
import { http2Code } from './error.ts'
import { flag, frame, frameType, maxWindow, numberFrame, setting, settingsFrame } from './frame.ts'
import { readSettings } from './settings.ts'
import { Stream } from './stream.ts'

const empty = Buffer.alloc(0)
const ping = frame(frameType.ping, 0, 0, Buffer.alloc(8))
const block = new HpackEncoder().encode('k', () => [[':status', '200']], [])

/** Frames that go out after those of the opening, as type, stream and the number at an offset of the payload. */
interface Sent {
  readonly type: number
  readonly stream: number
  readonly payload: Buffer
}

/**
 * A connection whose peer is ready, with stream 1 open: its request is sent and has ended unless `half` says otherwise.
 */
async function opened({ half = false } = {}) {
  const sent: Sent[] = []
  const seen: string[] = []
  let reason = ''
  let from = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'.length
  const write = (chunk: Buffer) => {
    for (let at = from; at < chunk.length; ) {
      const end = at + 9 + chunk.readUIntBE(at, 3)
      sent.push({ type: chunk[at + 3]!, stream: chunk.readUInt32BE(at + 5), payload: chunk.subarray(at + 9, end) })
      at = end
    }
    from = 0
    return true
  }
  const connection = new Connection(
    { write, end: () => {}, destroy: () => {}, busy: () => {} },
    { onReady: () => {}, onRetired: () => {}, onTooManyPings: () => {}, onGone: (why) => (reason = why) },
    {
      maxHeaderListSize: 65_536,
      keepAlive: { timeMs: Number.POSITIVE_INFINITY, timeoutMs: 0, withoutCalls: false },
    },
  )
  const stream = new Stream(
    { key: 'k', steady: () => [], others: () => [] },
    {
      onHeaders: (_, end) => void seen.push(end ? 'headers, end' : 'headers'),
      onData: (payload) => void seen.push(`data ${payload}`),
      onSent: () => {},
      onEnd: () => void seen.push('end'),
      onReset: (code) => void seen.push(`reset ${code}`),
      onHeadersTooLarge: () => void seen.push('too large'),
      onLost: () => void seen.push('lost'),
    },
    100,
  )
  connection.open(stream)
  if (!half) stream.end()
  connection.receive(settingsFrame([]))
  const settled = async () => void (await new Promise((resolve) => setImmediate(resolve)))
  await settled()
  sent.length = 0
  return { connection, sent, seen, settled, reason: () => reason }
}

const { protocol, flowControl, frameSize, compression } = http2Code

it.each<[fault: string, code: number, said: string, ...frames: Buffer[]]>([
  ['settings on a stream', protocol, 'SETTINGS on a stream', frame(frameType.settings, 0, 1, empty)],
  [
    'settings of a wrong size',
    frameSize,
    'a SETTINGS frame of a wrong size',
    frame(frameType.settings, 0, 0, Buffer.alloc(5)),
  ],
  [
    'an acknowledgement with a payload',
    frameSize,
    'an acknowledgement with a payload',
    frame(frameType.settings, flag.ack, 0, Buffer.alloc(6)),
  ],
  [
    'a first window that is too large',
    flowControl,
    'a window that is too large',
    settingsFrame([[setting.initialWindowSize, 2 ** 31]]),
  ],
  [
    'a first window that makes one of a stream too large',
    flowControl,
    'a window that is too large',
    numberFrame(frameType.windowUpdate, 1, maxWindow - 65_535),
    settingsFrame([[setting.initialWindowSize, 65_536]]),
  ],
  [
    'a frame size that is too small',
    protocol,
    'a frame size of 16383',
    settingsFrame([[setting.maxFrameSize, 16_383]]),
  ],
  [
    'a frame size that is too large',
    protocol,
    'a frame size of 16777216',
    settingsFrame([[setting.maxFrameSize, 2 ** 24]]),
  ],
  ['data before a stream was opened', protocol, 'a frame of stream 3', frame(frameType.data, 0, 3, empty)],
  ['headers before a stream was opened', protocol, 'a frame of stream 3', frame(frameType.headers, 4, 3, block)],
  ['a reset before a stream was opened', protocol, 'a frame of stream 5', numberFrame(frameType.rstStream, 5, 0)],
  ['a window before a stream was opened', protocol, 'a frame of stream 3', numberFrame(frameType.windowUpdate, 3, 1)],
  ['data on a stream of the server', protocol, 'a frame of stream 2', frame(frameType.data, 0, 2, empty)],
  ['data on the connection', protocol, 'a frame of stream 0', frame(frameType.data, 0, 0, empty)],
  ['headers on the connection', protocol, 'a frame of stream 0', frame(frameType.headers, 4, 0, block)],
  ['a reset of the connection', protocol, 'a frame of stream 0', numberFrame(frameType.rstStream, 0, 0)],
  [
    'a reset of a wrong size',
    frameSize,
    'a RST_STREAM frame of a wrong size',
    frame(frameType.rstStream, 0, 1, Buffer.alloc(3)),
  ],
  [
    'as much padding as payload',
    protocol,
    'more padding than payload',
    frame(frameType.data, flag.padded, 1, Buffer.of(3, 0, 0)),
  ],
  ['padding without its length', protocol, 'more padding than payload', frame(frameType.data, flag.padded, 1, empty)],
  [
    'as much padding as there are headers',
    protocol,
    'more padding than payload',
    frame(frameType.headers, flag.padded | flag.endHeaders, 1, Buffer.of(1)),
  ],
  [
    'headers too short for their priority',
    frameSize,
    'a HEADERS frame is too short',
    frame(frameType.headers, flag.priority | flag.endHeaders, 1, Buffer.alloc(4)),
  ],
  ['a window update of nothing', protocol, 'a WINDOW_UPDATE of nothing', numberFrame(frameType.windowUpdate, 0, 0)],
  [
    'a window update of a wrong size',
    frameSize,
    'a WINDOW_UPDATE frame of a wrong size',
    frame(frameType.windowUpdate, 0, 0, Buffer.alloc(5)),
  ],
  [
    'a window beyond the largest',
    flowControl,
    'a window that is too large',
    numberFrame(frameType.windowUpdate, 0, maxWindow),
  ],
  ['a ping of a wrong size', frameSize, 'a PING frame of a wrong size', frame(frameType.ping, 0, 0, Buffer.alloc(7))],
  [
    'an answer to a ping of a wrong size',
    frameSize,
    'a PING frame of a wrong size',
    frame(frameType.ping, flag.ack, 0, empty),
  ],
  ['a ping on a stream', protocol, 'PING on a stream', frame(frameType.ping, 0, 1, Buffer.alloc(8))],
  [
    'a goodbye of a wrong size',
    frameSize,
    'a GOAWAY frame of a wrong size',
    frame(frameType.goAway, 0, 0, Buffer.alloc(7)),
  ],
  ['a goodbye on a stream', protocol, 'GOAWAY on a stream', frame(frameType.goAway, 0, 1, Buffer.alloc(8))],
  ['a push', protocol, 'a push, which was ruled out', frame(frameType.pushPromise, 0, 1, Buffer.alloc(4))],
  [
    'a continuation of nothing',
    protocol,
    'a CONTINUATION frame without a header block',
    frame(frameType.continuation, flag.endHeaders, 1, empty),
  ],
  [
    'another frame within a header block',
    protocol,
    'another frame within a header block',
    frame(frameType.headers, 0, 1, block),
    ping,
  ],
  [
    'a header block that ends within a field',
    compression,
    'it ends too early',
    frame(frameType.headers, flag.endHeaders, 1, Buffer.of(0x40, 5, 97)),
  ],
])('ends the connection for %s', async (_, code, said, ...frames) => {
  const { connection, sent, seen, reason } = await opened()
  for (const one of frames) connection.receive(one)
  const goodbye = sent.find(({ type }) => type === frameType.goAway)
  expect(goodbye?.payload.readUInt32BE(4)).toBe(code)
  expect(reason()).toContain(`the peer broke the HTTP/2 protocol: `)
  expect(reason()).toContain(said)
  expect(seen).toEqual(['lost'])
})

it.each([
  ['PING', ping],
  ['GOAWAY', frame(frameType.goAway, 0, 0, Buffer.alloc(8))],
  ['an acknowledgement', frame(frameType.settings, flag.ack, 0, empty)],
])('takes a peer that begins with %s for no HTTP/2 peer', (_, first) => {
  let reason = ''
  const connection = new Connection(
    { write: () => true, end: () => {}, destroy: () => {}, busy: () => {} },
    { onReady: () => {}, onRetired: () => {}, onTooManyPings: () => {}, onGone: (why) => (reason = why) },
    { maxHeaderListSize: 100, keepAlive: { timeMs: Number.POSITIVE_INFINITY, timeoutMs: 0, withoutCalls: false } },
  )
  connection.receive(first)
  expect(reason).toBe('the peer does not speak HTTP/2: its first frame is not SETTINGS')
})

it.each<[fault: string, code: number, frame: Buffer]>([
  ['a window update of nothing', protocol, numberFrame(frameType.windowUpdate, 1, 0)],
  ['a window beyond the largest', flowControl, numberFrame(frameType.windowUpdate, 1, maxWindow)],
  ['more data than its window allows', flowControl, frame(frameType.data, 0, 1, Buffer.alloc(101))],
])('ends the stream alone for %s', async (_, code, fault) => {
  const { connection, sent, seen, reason, settled } = await opened()
  connection.receive(fault)
  await settled()
  expect(sent.map(({ type, stream, payload }) => [type, stream, payload.readUInt32BE(0)])).toContainEqual([
    frameType.rstStream,
    1,
    code,
  ])
  expect(seen).toEqual([`reset ${code}`])
  expect(reason()).toBe('')
})

it.each([false, true])(
  'lets nothing through that comes after the end of a stream (our side open: %s)',
  async (half) => {
    const { connection, seen, reason } = await opened({ half })
    connection.receive(frame(frameType.headers, flag.endHeaders, 1, block))
    connection.receive(frame(frameType.data, flag.endStream, 1, Buffer.from('yes')))
    connection.receive(frame(frameType.data, 0, 1, Buffer.from('late')))
    connection.receive(frame(frameType.headers, flag.endHeaders | flag.endStream, 1, block))
    connection.receive(numberFrame(frameType.rstStream, 1, http2Code.cancel))
    expect(seen).toEqual(['headers', 'data yes', 'end'])
    expect(reason()).toBe('')
  },
)

it('ignores frames of types it does not know, and priorities', async () => {
  const { connection, seen, reason } = await opened()
  connection.receive(frame(0x2a, 0xff, 7, Buffer.from('anything')))
  connection.receive(frame(frameType.priority, 0, 1, Buffer.alloc(5)))
  connection.receive(frame(frameType.headers, flag.endHeaders | flag.endStream, 1, block))
  expect(seen).toEqual(['headers, end'])
  expect(reason()).toBe('')
})

it('refuses a first window that is too large though no stream is open', () => {
  const before = { initialWindowSize: 65_535, maxFrameSize: 16_384, maxStreams: 100 }
  const said = settingsFrame([[setting.initialWindowSize, 2 ** 31]]).subarray(9)
  expect(() => readSettings(said, before)).toThrow('a window that is too large')
})
