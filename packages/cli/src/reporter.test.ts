import { coreError } from '@backplane/core'
import { expect, test } from 'vitest'
import { fakeIo } from '../test/io.ts'
import { Reporter } from './reporter.ts'

const quiet = { json: false, quiet: true }
const json = { json: true, quiet: false }
const plain = { json: false, quiet: false }
const failure = coreError('BP_DEVICE_UNKNOWN', { details: { device: 'x' } })

test('says results to out, and errors with their code and next step to err', () => {
  const process = fakeIo()
  const reporter = new Reporter(process.io, plain)
  reporter.result({ a: 1 }, 'one')
  reporter.note('beside')
  reporter.failure(failure)
  reporter.warn(failure, 'Not loaded: y. ')
  expect(process.out).toBe('one\nbeside\n')
  expect(process.err).toBe(
    "Error: Device 'x' is not on the mesh. [BP_DEVICE_UNKNOWN]\nNext: Discover who is there.\n" +
      "Not loaded: y. Device 'x' is not on the mesh. [BP_DEVICE_UNKNOWN]\n  Next: Discover who is there.\n",
  )
})

test('keeps to results and errors when it is to be quiet', () => {
  const process = fakeIo({ errIsTerminal: true })
  const reporter = new Reporter(process.io, quiet)
  reporter.note('beside')
  reporter.progress('working')
  reporter.result({}, 'one')
  expect(process).toMatchObject({ out: 'one\n', err: '' })
})

test('says everything in lines of JSON for machines, bytes in base64', () => {
  const process = fakeIo({ errIsTerminal: true })
  const reporter = new Reporter(process.io, json)
  reporter.note('beside')
  reporter.progress('working')
  reporter.value({ bytes: new Uint8Array([1, 2]), deep: [new Uint8Array()] })
  expect(process.out).toBe('{"bytes":"AQI=","deep":[""]}\n')
  reporter.failure(failure)
  expect(JSON.parse(process.err)).toEqual({ error: failure.toJSON() })

  const warned = fakeIo()
  new Reporter(warned.io, json).warn(failure, 'Not loaded: y. ')
  expect(JSON.parse(warned.err)).toEqual({ warning: { about: 'Not loaded: y.', ...failure.toJSON() } })
})

test('shows progress to a terminal alone, and takes it away before anything else', () => {
  const piped = fakeIo()
  new Reporter(piped.io, plain).progress('working')
  expect(piped.err).toBe('')

  const terminal = fakeIo({ errIsTerminal: true })
  const reporter = new Reporter(terminal.io, plain)
  reporter.progress('working')
  reporter.progress('more')
  reporter.result({}, 'one')
  reporter.result({}, 'two')
  expect(terminal.err).toBe('working\r       \rmore\r    \r')
})

test('is colourful only where it may be', () => {
  const process = fakeIo({ colors: true })
  new Reporter(process.io, plain).failure(failure)
  expect(process.err).toContain('\u001B[31mError:\u001B[0m')
})

test('logs from a level on, with the plugin and the facts, as text or as JSON', () => {
  const process = fakeIo()
  const logger = new Reporter(process.io, plain).logger('warn').child({ plugin: 'demo' })
  logger.info('not this')
  logger.warn({ error: failure, n: 1, list: [1] }, 'odd')
  expect(process.err).toMatch(
    /^[\d:.]+ warn \[demo\] odd error=BP_DEVICE_UNKNOWN Device 'x' is not on the mesh\. n=1 list=\[1\]\n$/,
  )

  const machine = fakeIo()
  new Reporter(machine.io, json).logger('debug').error({ error: new TypeError('no') }, 'bad')
  expect(JSON.parse(machine.err)).toMatchObject({ level: 'error', msg: 'bad', error: { message: 'no' } })
  new Reporter(machine.io, json).logger('silent').error('nothing')
  expect(machine.err.split('\n')).toHaveLength(2)
})
