/**
 * What clients may send, right and wrong, and what nats-server 2.15 answers. The tests hold the embedded broker to it,
 * and the interop script holds a real nats-server to it, so the list cannot drift from either.
 */
export interface ProtocolCase {
  readonly send: string
  readonly answer: string
  readonly closes?: boolean
  /** The real server hangs up without a word; the broker names the fault first. */
  readonly silent?: boolean
}

const hello = 'CONNECT {"verbose":false,"pedantic":false,"headers":true,"no_responders":true}\r\n'
const strict = 'CONNECT {"verbose":false,"pedantic":true,"headers":true,"no_responders":true}\r\n'
const unknown = { answer: "-ERR 'Unknown Protocol Operation'\r\n", closes: true }
const silent = { ...unknown, silent: true }
const tooLong = { answer: "-ERR 'maximum control line exceeded'\r\n", closes: true }
const badConnect = { answer: "-ERR 'Invalid CONNECT Options'\r\n", closes: true, silent: true }
const nobody = 'HMSG r 1 33 33\r\nNATS/1.0 503\r\nNats-Subject: a\r\n\r\n\r\n'
const pong = 'PONG\r\n'

export const protocolCases: readonly ProtocolCase[] = [
  { send: 'PING\r\n', answer: pong },
  { send: 'ping\r\n', answer: pong },
  { send: 'PING\n', answer: pong },
  { send: 'PONG\r\nPING\r\n', answer: pong },
  { send: 'X', ...unknown },
  { send: 'GET / HTTP/1.1\r\n', ...unknown },
  { send: '\r\nPING\r\n', ...unknown },
  { send: 'P\r\n', ...unknown },
  { send: `${hello}PIN\r\n`, ...unknown },
  { send: `${hello}SUBa 1\r\n`, ...unknown },
  { send: `${hello}MSG a 1 2\r\nhi\r\n`, ...unknown },

  { send: 'CONNECT {}\r\n', answer: '+OK\r\n' },
  { send: 'CONNECT null\r\n', answer: '+OK\r\n' },
  { send: 'CONNECT {"verbose":false}\r\nCONNECT {"verbose":true}\r\nSUB a 1\r\n', answer: '+OK\r\n+OK\r\n' },
  { send: 'CONNECT\r\n', ...badConnect },
  { send: 'CONNECT {\r\n', ...badConnect },
  { send: 'CONNECT []\r\n', ...badConnect },
  { send: 'CONNECT {"verbose":"x"}\r\n', ...badConnect },
  { send: `CONNECT {"x":"${'a'.repeat(5000)}"}\r\n`, ...tooLong },
  {
    send: 'CONNECT {"verbose":false,"no_responders":true}\r\n',
    answer: "-ERR 'no responders requires headers support'\r\n",
    closes: true,
  },

  { send: 'SUB a 1\r\n', answer: '+OK\r\n' },
  { send: 'PUB a 2\r\nhi\r\n', answer: '+OK\r\n' },
  {
    send: 'CONNECT {"verbose":true,"headers":true}\r\nSUB a 1\r\nUNSUB 1\r\nPUB a 0\r\n\r\nHPUB a 12 12\r\nNATS/1.0\r\n\r\n\r\n',
    answer: '+OK\r\n'.repeat(5),
  },
  { send: 'CONNECT {"verbose":false,"echo":false}\r\nSUB a 1\r\nPUB a 1\r\nx\r\n', answer: '' },

  { send: `${hello}SUB\r\n`, ...unknown },
  { send: `${hello}SUB a\r\n`, ...silent },
  { send: `${hello}SUB a b c d\r\n`, ...silent },
  { send: `${hello}SUB a..b 1\r\n`, answer: "-ERR 'Invalid Subject'\r\n" },
  { send: `${hello}SUB .a 1\r\n`, answer: "-ERR 'Invalid Subject'\r\n" },
  { send: `${hello}SUB a.>.b 1\r\n`, answer: "-ERR 'Invalid Subject'\r\n" },
  { send: `${hello}SUB ${'a'.repeat(5000)} 1\r\n`, ...tooLong },
  { send: `${hello}SUB a 1\r\nSUB a 1\r\nPUB a 1\r\nx\r\n`, answer: 'MSG a 1 1\r\nx\r\n' },
  { send: `${hello}SUB a 1\r\nSUB b 1\r\nPUB b 1\r\nx\r\nPUB a 1\r\ny\r\n`, answer: 'MSG a 1 1\r\ny\r\n' },
  { send: `${hello}SUB a*b 1\r\nPUB a*b 0\r\n\r\n`, answer: 'MSG a*b 1 0\r\n\r\n' },
  { send: `${hello}SUB a abc\r\nPUB a 1\r\nx\r\n`, answer: 'MSG a abc 1\r\nx\r\n' },
  {
    send: `${hello}SUB a 1 \r\nPUB  a   2 \r\nhi\r\nPUB\ta\t2\r\nho\r\n`,
    answer: 'MSG a 1 2\r\nhi\r\nMSG a 1 2\r\nho\r\n',
  },
  { send: `${hello}SUB a\u00c3\u00a9 1\r\nPUB a\u00c3\u00a9 1\r\nx\r\n`, answer: 'MSG a\u00c3\u00a9 1 1\r\nx\r\n' },
  {
    send: `${hello}SUB * 1\r\nPUB * 0\r\n\r\nPUB > 0\r\n\r\nPUB a. 0\r\n\r\nPUB a..b 0\r\n\r\nPUB .b 0\r\n\r\n`,
    answer: 'MSG * 1 0\r\n\r\nMSG > 1 0\r\n\r\n',
  },
  { send: `${strict}PUB * 0\r\n\r\n`, answer: "-ERR 'Invalid Publish Subject'\r\n" },
  { send: `${strict}PUB a..b 0\r\n\r\n`, answer: "-ERR 'Invalid Publish Subject'\r\n" },

  { send: `${hello}UNSUB\r\n`, ...unknown },
  { send: `${hello}UNSUB 9\r\n`, answer: '' },
  { send: `${hello}UNSUB 1 2 3\r\n`, ...silent },
  {
    send: `${hello}SUB a 1\r\nUNSUB 1 2\r\n${'PUB a 0\r\n\r\n'.repeat(3)}`,
    answer: 'MSG a 1 0\r\n\r\n'.repeat(2),
  },
  { send: `${hello}SUB a 1\r\nPUB a 0\r\n\r\nUNSUB 1 1\r\nPUB a 0\r\n\r\n`, answer: 'MSG a 1 0\r\n\r\n' },
  { send: `${hello}SUB a 1\r\nUNSUB 1 0\r\nPUB a 0\r\n\r\n`, answer: '' },

  { send: `${hello}PUB\r\n`, ...unknown },
  { send: `${hello}PUB a\r\n`, ...silent },
  { send: `${hello}PUB a x\r\n`, ...silent },
  { send: `${hello}PUB a -1\r\n`, ...silent },
  { send: `${hello}PUB a b c 2\r\nab\r\n`, ...silent },
  { send: `${hello}PUB a 99999999999999999999\r\n`, ...silent },
  { send: `${hello}PUB a 2\r\nabcd\r\n`, ...unknown },
  { send: `${hello}PUB a 1048577\r\n`, answer: "-ERR 'Maximum Payload Violation'\r\n", closes: true },
  { send: `${hello}PUB ${'a'.repeat(5000)} 0\r\n\r\n`, ...tooLong },

  {
    send: `${hello}SUB a 1\r\nHPUB a 12 14\r\nNATS/1.0\r\n\r\nhi\r\n`,
    answer: 'HMSG a 1 12 14\r\nNATS/1.0\r\n\r\nhi\r\n',
  },
  {
    send: `${hello}SUB a 1\r\nHPUB a r 12 14\r\nNATS/1.0\r\n\r\nhi\r\n`,
    answer: 'HMSG a 1 r 12 14\r\nNATS/1.0\r\n\r\nhi\r\n',
  },
  { send: `${hello}SUB a 1\r\nHPUB a 4 6\r\nxxxxhi\r\n`, answer: 'HMSG a 1 4 6\r\nxxxxhi\r\n' },
  { send: `${hello}HPUB a 14 12\r\nNATS/1.0\r\n\r\n\r\n`, ...silent },
  { send: `${hello}HPUB a x 12\r\nNATS/1.0\r\n\r\n\r\n`, ...silent },
  { send: `${hello}HPUB a 12\r\nNATS/1.0\r\n\r\n\r\n`, ...silent },
  {
    send: 'CONNECT {"verbose":false,"headers":false}\r\nHPUB a 12 12\r\nNATS/1.0\r\n\r\n\r\n',
    answer: "-ERR 'message headers not supported'\r\n",
    closes: true,
    silent: true,
  },

  {
    send: `${hello}SUB r.* 1\r\nPUB a r.7 2\r\nhi\r\n`,
    answer: 'HMSG r.7 1 33 33\r\nNATS/1.0 503\r\nNats-Subject: a\r\n\r\n\r\n',
  },
  { send: `${hello}SUB x 1\r\nPUB a r 2\r\nhi\r\n`, answer: '' },
  { send: 'CONNECT {"verbose":false,"headers":true}\r\nSUB r 1\r\nPUB a r 2\r\nhi\r\n', answer: '' },
  { send: `${hello}INFO {}\r\n+OK\r\n`, answer: '' },
  { send: `${hello}-ERR 'x'\r\n`, answer: '', closes: true },

  { send: 'CONNECT {"VERBOSE":false,"Headers":true,"No_Responders":true}\r\nSUB a 1\r\n', answer: '' },
  { send: 'CONNECT {"verbo\u00c5\u00bfe":false}\r\nSUB a 1\r\n', answer: '' },
  { send: 'CONNECT {"verbose":false,"VERBOSE":true,"verbose":null}\r\nSUB a 1\r\n', answer: '+OK\r\n+OK\r\n' },
  { send: 'CONNECT {"verbose":false}\r\nCONNECT {}\r\nSUB a 1\r\n', answer: '' },
  { send: 'CONNECT {"verbose":1,"verbose":false}\r\n', ...badConnect },
  { send: 'CONNECT {"lang":1}\r\n', ...badConnect },
  { send: 'CONNECT {"protocol":1.5}\r\n', ...badConnect },
  { send: 'CONNECT{"verbose":false}\r\nSUB a 1\r\n', answer: '' },
  { send: 'CONNECT {"protocol":1}\r\n', answer: '+OK\r\n' },
  { send: 'CONNECT {"protocol":2}\r\n', answer: "-ERR 'invalid client protocol'\r\n", closes: true },
  { send: 'CONNECT {"protocol":-1}\r\n', answer: "-ERR 'invalid client protocol'\r\n", closes: true },
  { send: 'CONNECT {"account":"A"}\r\n', answer: "-ERR 'Authorization Violation'\r\n", closes: true },
  { send: `${hello}SUB a 1\r\nCONNECT {}\r\nPUB a 0\r\n\r\n`, answer: '' },
  { send: `${hello}SUB r 1\r\nUNSUB 1 1\r\nPUB a r 0\r\n\r\nPUB r 0\r\n\r\n`, answer: `${nobody}MSG r 1 0\r\n\r\n` },
  { send: `${hello}SUB r q 1\r\nPUB a r 0\r\n\r\n`, answer: '' },
  { send: `${hello}SUB a 1\r\nHPUB a 0 2\r\nhi\r\n`, answer: 'MSG a 1 2\r\nhi\r\n' },
  { send: `${hello}SUB ${'a'.repeat(4094)} 1\r\n`, answer: '' },
  { send: `${hello}SUB ${'a'.repeat(4095)} 1\r\n`, ...tooLong },
  { send: `${hello}PUB ${'a'.repeat(4094)} 0\r\n\r\n`, answer: '' },
  { send: `${hello}PUB ${' '.repeat(500)}${'a'.repeat(4094)} 0\r\n\r\n`, answer: '' },
  { send: `${hello}UNSUB ${'1'.repeat(4096)}\r\n`, answer: '' },
  { send: `${hello}UNSUB ${'1'.repeat(4097)}\r\n`, ...tooLong },
  {
    send: `${strict}SUB * 1\r\nPUB * 2\r\nhi\r\n`,
    answer: "-ERR 'Invalid Publish Subject'\r\nMSG * 1 2\r\nhi\r\n",
  },
  { send: `${hello}SUB a q 1\r\nSUB * q 1\r\nPUB a 0\r\n\r\n`, answer: 'MSG a 1 0\r\n\r\n' },
  { send: `${hello}SUB a 1\r\nSUB a..b 1\r\n`, answer: '' },
  { send: `${hello}SUB a\r1\r\nPUB a 0\r\n\r\n`, answer: 'MSG a 1 0\r\n\r\n' },
  { send: `${hello}PINGS\r\n+OKAY\r\nPONG x\r\n`, answer: pong },
  { send: `${hello}INFO x\r\n`, ...silent },
  { send: `${hello}INFO []\r\n`, ...silent },
  { send: `${hello}-ERR\r\n`, ...unknown },
]
