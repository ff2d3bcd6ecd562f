import { expect, test } from 'vitest'
import { SampleGaps, SampleNumbers } from './sample-numbers.ts'

test('what is skipped is counted, per publisher and key, and the first one never', () => {
  const gaps = new SampleGaps()
  const [one, two] = [new SampleNumbers(), new SampleNumbers()]
  one.next('a')
  expect(gaps.before('a', one.next('a'))).toBe(0)
  expect(gaps.before('a', one.next('a'))).toBe(0)
  for (let n = 0; n < 3; n++) one.next('a')
  for (let n = 0; n < 5; n++) two.next('a')
  expect(gaps.before('b', one.next('b'))).toBe(0)
  expect(gaps.before('a', two.next('a'))).toBe(0)
  expect(gaps.before('a', one.next('a'))).toBe(3)
  expect(gaps.before('a', one.next('a'))).toBe(0)
  expect(gaps.before('a', two.next('a'))).toBe(0)
})

test('what comes twice or late is no loss, and does not set the count back', () => {
  const gaps = new SampleGaps()
  const numbers = new SampleNumbers()
  const [first, second, third, fourth] = [1, 2, 3, 4].map(() => numbers.next('a'))
  expect([first, third, third, second, fourth].map((each) => gaps.before('a', each))).toEqual([0, 1, 0, 0, 0])
})

test('attachments of others are nothing to count', () => {
  const gaps = new SampleGaps()
  for (const each of [undefined, new Uint8Array(), new Uint8Array(14), Uint8Array.of(0xb9, 0x02)])
    expect(gaps.before('a', each)).toBe(0)
})

test('over very many keys nothing is taken for lost, whichever side begins anew', () => {
  const gaps = new SampleGaps()
  const numbers = new SampleNumbers()
  let lost = 0
  for (let round = 0; round < 3; round++)
    for (let n = 0; n < 15_000; n++) lost += gaps.before(`k${n}`, numbers.next(`k${n}`))
  expect(lost).toBe(0)
})

test('the number begins at 0 again after its last', () => {
  const gaps = new SampleGaps()
  const numbered = (number: number) => {
    const attachment = new SampleNumbers().next('a')
    attachment.fill(7, 2, 10)
    new DataView(attachment.buffer).setUint32(10, number)
    return attachment
  }
  expect([2 ** 32 - 2, 2 ** 32 - 1, 0, 2].map((each) => gaps.before('a', numbered(each)))).toEqual([0, 0, 0, 1])
})
