import { expect, it } from 'vitest'
import type { Logger } from './index.ts'
import { manualClock } from './memory/index.ts'
import { pluginLogger } from './plugin-logger.ts'

it('adds the plugin, keeps so many records a second, and says how many it dropped', async () => {
  const records: unknown[] = []
  const sink = (bindings: object): Logger => {
    const write = (first: object | string, message?: string) =>
      records.push(typeof first === 'string' ? { ...bindings, msg: first } : { ...bindings, ...first, msg: message })
    return { debug: write, info: write, warn: write, error: write, child: (more) => sink({ ...bindings, ...more }) }
  }
  const clock = manualClock(5_000)
  const logger = pluginLogger(sink({}), 'p', 2, clock)
  logger.info('one')
  logger.child({ part: 'x' }).error({ n: 1 }, 'two')
  for (let i = 0; i < 5; i++) logger.debug('flood')
  await clock.advance(1_000)
  logger.warn('next')
  expect(records).toEqual([
    { plugin: 'p', msg: 'one' },
    { plugin: 'p', part: 'x', n: 1, msg: 'two' },
    { plugin: 'p', dropped: 5, msg: 'log records dropped' },
    { plugin: 'p', msg: 'next' },
  ])
})

it.each([
  ['level', 60],
  ['time', 0],
  ['pid', 1],
  ['hostname', 'elsewhere'],
  ['name', 'host'],
  ['msg', 'forged'],
  ['v', 9],
  ['plugin', 'another'],
])("never lets a plugin's %s take the place of the host's own", (key, value) => {
  const records: unknown[] = []
  const sink = (bindings: object): Logger => {
    const write = (first: object | string) => records.push({ ...bindings, ...(typeof first === 'string' ? {} : first) })
    return { debug: write, info: write, warn: write, error: write, child: (more) => sink({ ...bindings, ...more }) }
  }
  const logger = pluginLogger(sink({ [key]: 'own' }), 'p', 10, manualClock())
  logger.info({ [key]: value, other: 1 }, 'said')
  logger.child({ [key]: value }).info({ other: 1 }, 'said')
  const own = key === 'plugin' ? 'p' : 'own'
  expect(records).toEqual([
    { plugin: 'p', [key]: own, [`_${key}`]: value, other: 1 },
    { plugin: 'p', [key]: own, [`_${key}`]: value, other: 1 },
  ])
})
