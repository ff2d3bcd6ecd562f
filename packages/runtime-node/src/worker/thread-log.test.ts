import { manualClock } from '@backplane/core/memory'
import { expect, test } from 'vitest'
import { lines, threadLogger } from './thread-log.ts'

test('adds the fields of its parents, and takes an error in place of fields', () => {
  const records: unknown[] = []
  const logger = threadLogger((...record) => records.push(record), 100, manualClock())
    .child({ part: 'a' })
    .child({ n: 1 })
  const err = new Error('x')
  logger.info('text')
  logger.warn({ more: true }, 'both')
  logger.error(err)
  expect(records).toEqual([
    ['info', { part: 'a', n: 1 }, 'text'],
    ['warn', { part: 'a', n: 1, more: true }, 'both'],
    ['error', { part: 'a', n: 1, err }, undefined],
  ])
})

test('keeps so many records of each second and says how many it dropped, with and without a next record', async () => {
  const records: unknown[][] = []
  const manual = manualClock()
  let late = 0
  const clock = { after: manual.after, now: () => manual.now() + late }
  const logger = threadLogger((...record) => records.push(record), 2, clock)
  const dropped = 'log records dropped: over the limit per second'
  for (let n = 0; n < 5; n++) logger.info(`first ${n}`)
  await manual.advance(1000)
  expect(records.map(([, fields, text]) => [fields, text])).toEqual([
    [{}, 'first 0'],
    [{}, 'first 1'],
    [{ dropped: 3 }, dropped],
  ])
  for (let n = 0; n < 3; n++) logger.info(`second ${n}`)
  // The notice is due at the end of the second; a record that comes before its timer brings it along.
  await manual.advance(999)
  late = 500
  logger.info('third')
  expect(records.slice(5).map(([, fields, text]) => [fields, text])).toEqual([
    [{ dropped: 1 }, dropped],
    [{}, 'third'],
  ])
})

test('lines: cuts text at line ends, keeps what is not ended, cuts what is too long', () => {
  const taken: string[] = []
  const { write, flush } = lines((line) => taken.push(line))
  write('one\ntw')
  write('o\n\nthree')
  expect(taken).toEqual(['one', 'two', ''])
  flush()
  flush()
  expect(taken.slice(3)).toEqual(['three'])
  write('x'.repeat(20_000))
  flush()
  expect(taken.slice(4).map((line) => line.length)).toEqual([8192, 8192, 3616])
})
