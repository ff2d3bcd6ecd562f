/**
 * Raw byte sequences, sent to two servers: what each answers, in a form in which two right servers answer the same.
 *
 * Sequences are made by chance from a seed: sessions of a client that knows the protocol, with mistakes strewn in.
 */
import { connect } from 'node:net'
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'

/** What a server did with one sequence. */
export interface Answer {
  /** Operations and messages in the order in which they came; messages to several subscriptions in a fixed one. */
  readonly said: readonly string[]
  readonly closed: boolean
}

const sentinel = 'PING\r\n'
/** A server that waits for the rest of a message says nothing to the sentinel. */
const silenceMs = 250

/** Sends a sequence in one piece and gathers the answer, until the server hangs up or has nothing more to say. */
function exchange(port: number, sequence: string, patienceMs: number): Promise<Answer> {
  const { promise, resolve } = Promise.withResolvers<Answer>()
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  const bytes = Buffer.from(sequence + sentinel, 'latin1')
  const pongs = sequence.match(/(^|\n)ping[^\n]*\n/gi)?.length ?? 0
  let heard = ''
  let greeted = false
  let timer: NodeJS.Timeout | undefined
  const finish = (closed: boolean) => {
    clearTimeout(timer)
    socket.destroy()
    resolve({ said: normal(heard), closed })
  }
  socket.on('data', (chunk) => {
    heard += chunk.toString('latin1')
    if (!greeted && heard.includes('\r\n')) {
      greeted = true
      socket.write(bytes)
    }
    clearTimeout(timer)
    const answered = heard.endsWith('PONG\r\n') && heard.split('PONG\r\n').length - 1 > pongs
    timer = setTimeout(finish, answered ? patienceMs / 50 : patienceMs, false)
  })
  socket.on('error', () => {})
  socket.on('close', () => finish(true))
  return promise
}

/** Sequences to which two servers give different answers, with the answers: `ours` of the embedded broker, `theirs`. */
export async function differences(
  sequences: readonly string[],
  ours: number,
  theirs: number,
): Promise<{ readonly sequence: string; readonly ours: Answer; readonly theirs: Answer }[]> {
  const found: { sequence: string; ours: Answer; theirs: Answer }[] = []
  const both = async (sequence: string, patienceMs: number) =>
    comparable(await exchange(ours, sequence, patienceMs), await exchange(theirs, sequence, patienceMs))
  let next = 0
  const work = async () => {
    while (next < sequences.length) {
      const sequence = sequences[next++]!
      // A busy machine makes a server silent for a while: what looks different is asked again, alone and with patience.
      if (isDeepStrictEqual(...(await both(sequence, silenceMs)))) continue
      const [one, other] = await both(sequence, 8 * silenceMs)
      if (!isDeepStrictEqual(one, other)) found.push({ sequence, ours: one, theirs: other })
    }
  }
  await Promise.all(Array.from({ length: 32 }, work))
  return found
}

const groupMember = /^(H?MSG \S+) q\d+ /
const noResponder = /^(HMSG \S+) \S+( [^\r]*\r\nNATS\/1.0 503)/

/** One line or one message each; what is by chance in a server that keeps to the protocol is put into a fixed order. */
function normal(heard: string): string[] {
  const units: string[] = []
  let messages: string[] = []
  const settle = () => {
    units.push(...messages.sort())
    messages = []
  }
  let rest = heard
  while (rest !== '') {
    const end = rest.indexOf('\n')
    const line = end < 0 ? rest : rest.slice(0, end + 1)
    const message = /^H?MSG .* (\d+)\r\n$/.exec(line)
    const size = message ? line.length + Number(message[1]) + 2 : line.length
    const unit = rest.slice(0, size)
    rest = rest.slice(size)
    // Members of a queue group get messages by chance; the generator begins their ids with a q.
    // Word that nobody listens comes to any one of the subscriptions that match.
    if (message) messages.push(unit.replace(groupMember, '$1 q ').replace(noResponder, '$1 *$2'))
    else {
      settle()
      // nats-server warns twice of one message where its content came in two pieces.
      const again = line.includes('Invalid Publish Subject') && units.at(-1) === unit
      if (!line.startsWith('INFO ') && !again) units.push(unit)
    }
  }
  settle()
  return units
}

/** What the embedded broker says in words before it hangs up, where nats-server only hangs up, is left out. */
function comparable(ours: Answer, theirs: Answer): readonly [Answer, Answer] {
  const last = ours.said.at(-1)
  const silent = ours.closed && theirs.closed && last?.startsWith('-ERR') && last !== theirs.said.at(-1)
  return [silent ? { ...ours, said: ours.said.slice(0, -1) } : ours, theirs]
}

/** Stands for a first token of the sequence's own, so that those under way at the same time do not hear each other. */
const own = '\u0001'
const within = (subjects: readonly string[]) => fc.constantFrom(...subjects.map((one) => `${own}.${one}`))
const literals = ['a', 'b', 'a.b', 'a.b.c', 'r', 'A', 'a*b', 'a\u00e9', 'x'.repeat(300), 'a.>b']
const subject = within(literals)
const pattern = within([...literals, '*', '>', 'a.*', 'a.>', '*.b', '*.*', 'r.>', '**', '>>'])
const badSubject = within(['a..b', '.a', 'a.', '.', '*', '>', 'a.*', 'a.>.b', '>.a'])
const sid = fc.constantFrom('1', '2', '3', 'x', '007')
const groupSid = fc.constantFrom('q1', 'q2', 'q3', 'q4')
const blank = fc.constantFrom(' ', ' ', ' ', '  ', '\t', ' \t ')
const lineEnd = fc.constantFrom('\r\n', '\r\n', '\r\n', '\n', ' \r\n', '\t\n')
const count = fc.constantFrom('0', '1', '2', '3', '9', '-1', 'x', '', '0002', '1234567890')

function line(operation: string, ...args: readonly fc.Arbitrary<string>[]): fc.Arbitrary<string> {
  const name = fc.constantFrom(operation, operation, operation, operation.toLowerCase())
  return fc
    .tuple(name, fc.array(blank, { minLength: args.length, maxLength: args.length }), fc.tuple(...args), lineEnd)
    .map(([first, blanks, words, end]) => first + words.map((word, i) => (word && blanks[i]!) + word).join('') + end)
}

const payload = fc.constantFrom('', 'x', 'hello', '\r\n', 'PING\r\n', '\u0000\u00ff', 'y'.repeat(5000))
const headers = fc.constantFrom('', 'NATS/1.0\r\n\r\n', 'NATS/1.0\r\nA: b\r\n\r\n', 'junk')
/** Right mostly; else a size that is off, or an end of line that is not one. */
const slip = fc.constantFrom(0, 0, 0, 0, 0, 0, 0, 0, 0, 1, -1)

const publish = fc
  .tuple(fc.oneof({ weight: 5, arbitrary: subject }, badSubject), fc.option(subject, { nil: '' }), payload, slip)
  .chain(([to, reply, content, off]) =>
    line('PUB', fc.constant(to), fc.constant(reply), fc.constant(String(content.length + off))).map(
      (head) => `${head}${content}\r\n`,
    ),
  )

const publishHeaders = fc
  .tuple(
    fc.oneof({ weight: 5, arbitrary: subject }, badSubject),
    fc.option(subject, { nil: '' }),
    headers,
    payload,
    slip,
  )
  .chain(([to, reply, head, content, off]) =>
    line(
      'HPUB',
      fc.constant(to),
      fc.constant(reply),
      fc.constant(String(head.length + off)),
      fc.constant(String(head.length + content.length)),
    ).map((start) => `${start}${head}${content}\r\n`),
  )

const flag = fc.constantFrom(true, false, true, false, null, 'x', 1)
const connectNames = ['verbose', 'pedantic', 'echo', 'headers', 'no_responders', 'tls_required', 'new_account']
const connectField = fc.oneof(
  { weight: 8, arbitrary: fc.tuple(fc.constantFrom(...connectNames.slice(0, 5)), fc.boolean()) },
  fc.tuple(fc.constantFrom(...connectNames), flag),
  fc.tuple(fc.constant('protocol'), fc.constantFrom(0, 1, 2, -1, 1.5, '1', null)),
  fc.tuple(
    fc.constantFrom('name', 'lang', 'version', 'user', 'pass', 'auth_token', 'jwt', 'nkey', 'sig', 'account', 'extra'),
    fc.constantFrom<unknown>('', 'x', null, 7, {}),
  ),
)
const anyCase = (name: string) =>
  fc.constantFrom(name, name, name, name.toUpperCase(), name[0]!.toUpperCase() + name.slice(1))
const connectLine = fc
  .array(
    connectField.chain(([name, value]) =>
      anyCase(name).map((key) => `${JSON.stringify(key)}:${JSON.stringify(value)}`),
    ),
    { maxLength: 5 },
  )
  .map((fields) => `CONNECT {${fields.join(',')}}\r\n`)

const strange = fc.oneof(
  fc.constantFrom(
    'PONG\r\n',
    '+OK\r\n',
    '+OKAY\r\n',
    '+O\r\n',
    'PINGS\r\n',
    'PING \r\n',
    'PING\n',
    'PONGO\n',
    'INFO {}\r\n',
    'INFO\r\n',
    'INFO x\r\n',
    'INFO []\r\n',
    'INFO{}\r\n',
    'CONNECT{}\r\n',
    'CONNECT\r\n',
    'CONNECT []\r\n',
    'CONNECT null\r\n',
    'CONNECTED {}\r\n',
    '-ERR x\r\n',
    '-ERR\r\n',
    'MSG a 1 0\r\n\r\n',
    'SUB\r\n',
    'SUB \r\n',
    'SUBS a 1\r\n',
    'UNSUB\r\n',
    'PUB\r\n',
    'PUB a\r\n',
    'PUB a b c 1\r\nx\r\n',
    'SUB a b c d\r\n',
    'UNSUB 1 2 3\r\n',
    '\r\n',
    'RS+ a b\r\n',
    'A+ x\r\n',
    'LS+ a\r\n',
  ),
  fc
    .tuple(fc.constantFrom('SUB ', 'PUB ', 'UNSUB ', 'CONNECT '), fc.integer({ min: 4088, max: 4104 }))
    .map(([operation, length]) =>
      operation === 'CONNECT '
        ? `CONNECT {"name":"${'n'.repeat(length - 11)}"}\r\n`
        : operation === 'UNSUB '
          ? `UNSUB ${'1'.repeat(length)}\r\n`
          : `${operation}${own}.${'a'.repeat(length - 8)} 0\r\n${operation === 'PUB ' ? '\r\n' : ''}`,
    ),
  fc.uint8Array({ minLength: 1, maxLength: 8 }).map((bytes) => `${Buffer.from(bytes).toString('latin1')}\r\n`),
)

const step = fc.oneof(
  { weight: 6, arbitrary: line('SUB', pattern, sid) },
  { weight: 1, arbitrary: line('SUB', badSubject, sid) },
  { weight: 3, arbitrary: line('SUB', pattern, fc.constantFrom('g', 'h'), groupSid) },
  { weight: 3, arbitrary: line('UNSUB', fc.oneof(sid, groupSid), count) },
  { weight: 9, arbitrary: publish },
  { weight: 5, arbitrary: publishHeaders },
  { weight: 2, arbitrary: line('PING') },
  { weight: 1, arbitrary: connectLine },
  { weight: 1, arbitrary: strange },
)

const hello = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.constantFrom(
      'CONNECT {"verbose":false,"headers":true,"no_responders":true}\r\n',
      'CONNECT {"verbose":false,"headers":true,"no_responders":true,"pedantic":false,"protocol":1}\r\n',
      'CONNECT {"verbose":true,"headers":true,"echo":false,"no_responders":true}\r\n',
      '',
    ),
  },
  connectLine,
)

/** So many sequences, the same for the same seed. */
export function sequences(amount: number, seed: number): string[] {
  const session = fc
    .tuple(hello, fc.array(step, { minLength: 1, maxLength: 12 }))
    .map(([first, steps]) => first + steps.join(''))
  return fc
    .sample(session, { numRuns: amount, seed })
    .map((sequence, index) => sequence.replaceAll(own, `n${String(index).padStart(4, '0')}`))
}
