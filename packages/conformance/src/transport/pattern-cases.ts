import { expect } from 'vitest'
import { rejection } from '../waiting.ts'
import type { TransportCase } from './bench.ts'
import { bytes, text } from './payloads.ts'

const table: readonly [pattern: string, yes: readonly string[], no: readonly string[]][] = [
  ['*', ['a', 'b'], ['a.b', 'a.b.c']],
  ['*.b', ['a.b', 'x.b'], ['b', 'a.b.c', 'a.c', 'a.a.b']],
  ['a.*', ['a.b', 'a.x_1'], ['a', 'a.b.c', 'b.b']],
  ['a.*.c', ['a.b.c', 'a.c.c'], ['a.c', 'a.b.b.c', 'a.b.d']],
  ['*.*', ['a.b'], ['a', 'a.b.c']],
  ['>', ['a', 'a.b', 'a.b.c.d'], []],
  ['a.>', ['a.b', 'a.b.c'], ['a', 'b.a', 'aa.b']],
  ['*.b.>', ['a.b.c', 'x.b.c.d'], ['a.b', 'a.c.b', 'b.c']],
]

const badSubjects = ['', '.', '.a', 'a.', 'a..b', 'a b', 'a\tb', 'a\r\nb', 'a\u0000b', '*', '>', 'a.*', 'a.>', 'a*b']
const badPatterns = [
  '',
  '.',
  '.a',
  'a.',
  'a..b',
  'a b',
  'a\tb',
  'a\r\nb',
  'a\u0000b',
  'a.>.b',
  '>.a',
  'a*',
  '*a.b',
  'a>',
]

/** Wildcards, and what is not a subject. */
export const patternCases: Record<string, TransportCase> = {
  ...Object.fromEntries(
    table.map(([wild, yes, no]): [string, TransportCase] => [
      `a subscription to ${wild} takes in just what it says`,
      async (bench) => {
        const [a, b] = await bench.pair()
        const heard = await bench.hear(b, bench.subject(wild))
        for (const each of [...no, ...yes]) await a.publish(bench.subject(each), bytes(each))
        await heard.count(yes.length)
        expect(heard.subjects).toEqual(yes.map((each) => bench.subject(each)))
      },
    ]),
  ),
  ...Object.fromEntries(
    table.map(([wild, yes, no]): [string, TransportCase] => [
      `serving ${wild} answers just what it says`,
      async (bench) => {
        const [a, b] = await bench.pair()
        await bench.answer(b, bench.subject(wild), (request) => bytes(request.subject))
        for (const each of yes)
          expect(text((await a.request(bench.subject(each), bytes(''))).payload)).toBe(bench.subject(each))
        for (const each of no) await rejection(a.request(bench.subject(each), bytes('')), 'BP_NO_RESPONDER')
      },
    ]),
  ),
  async 'publish and request reject what is not a subject with BP_SUBJECT_INVALID'(bench) {
    const transport = await bench.open()
    for (const bad of badSubjects) {
      await rejection(transport.publish(bad, bytes('')), 'BP_SUBJECT_INVALID')
      await rejection(transport.request(bad, bytes('')), 'BP_SUBJECT_INVALID')
    }
    expect(transport.status).toBe('connected')
  },
  async 'subscribe and serve reject what is not a pattern with BP_SUBJECT_INVALID'(bench) {
    const transport = await bench.open()
    for (const bad of badPatterns) {
      await rejection(
        transport.subscribe(bad, () => {}),
        'BP_SUBJECT_INVALID',
      )
      await rejection(
        transport.serve(bad, () => bytes('')),
        'BP_SUBJECT_INVALID',
      )
    }
    expect(transport.status).toBe('connected')
  },
  async 'the error names the subject'(bench) {
    const transport = await bench.open()
    const error = await rejection(transport.publish('a..b', bytes('')), 'BP_SUBJECT_INVALID')
    expect(error.message).toContain('a..b')
  },
}
