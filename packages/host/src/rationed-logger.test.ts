import type { Logger } from '@backplane/core'
import { expect, test } from 'vitest'
import { rationedLogger } from './rationed-logger.ts'

function recording() {
  const records: unknown[][] = []
  const made = (bound: object): Logger => {
    const method =
      (level: string) =>
      (...args: unknown[]) =>
        void records.push([level, bound, ...args])
    return {
      debug: method('debug'),
      info: method('info'),
      warn: method('warn'),
      error: method('error'),
      child: (fields) => made({ ...bound, ...fields }),
    } as Logger
  }
  return { records, logger: made({}) }
}

function setUp() {
  const { records, logger } = recording()
  const clock = { time: 0, now: () => clock.time }
  return { records, clock, logger: rationedLogger(logger, clock) }
}

test.each([
  ['the same text', () => 'malformed connection'],
  ['another number each time', (n: number) => `connection ${n} from 10.0.0.${n % 250}:${n} is malformed`],
  ['another name each time', (n: number) => `a broadcast of 'device-x${n}' is not run`],
  [
    'another text each time',
    (n: number) => `${String.fromCharCode(97 + (n % 26))}${'z'.repeat(n % 199)}${'q'.repeat(n % 97)}`,
  ],
])('a flood of records with %s is cut and counted, and nothing else is', (_, text) => {
  const { records, clock, logger } = setUp()
  for (let n = 0; n < 20_000; n++) logger.warn({ n }, text(n))
  expect(records.length).toBeLessThanOrEqual(2_500)
  logger.error('something else altogether')
  expect(records.at(-1)).toEqual(['error', {}, 'something else altogether'])
  const kept = records.length - 1
  clock.time += 10_000
  logger.warn('calm')
  const counted = records
    .filter(([, , , message]) => message === 'log records dropped')
    .reduce((sum, [, , fields]) => sum + (fields as { dropped: number }).dropped, 0)
  expect(counted + kept).toBe(20_000)
  expect(records.at(-1)).toEqual(['warn', {}, 'calm'])
})

test('what comes now and then is passed on as it is, and plugins have their own ration', () => {
  const { records, clock, logger } = setUp()
  for (let n = 0; n < 100; n++) {
    logger.child({ part: 'mesh' }).info({ n }, 'peer left')
    clock.time += 1_000
  }
  expect(records).toHaveLength(100)
  for (let n = 0; n < 100; n++) logger.child({ plugin: 'p' }).info('said')
  expect(records).toHaveLength(200)
})
