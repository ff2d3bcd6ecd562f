import { coreError } from '@backplane/core'
import { contractError } from '@backplane/core/errors'
import { expect, test } from 'vitest'
import { fakeIo } from '../test/io.ts'
import { Reporter } from './reporter.ts'
import { shown } from './shown.ts'

const quiet = { json: false, quiet: true }
const json = { json: true, quiet: false }
const plain = { json: false, quiet: false }
const failure = coreError('BP_DEVICE_UNKNOWN', { details: { device: 'x' } })

test('says results to out, and errors with their code and next step to err', () => {
  const process = fakeIo()
  const reporter = new Reporter(process.io, plain)
  reporter.result({ a: 1 }, shown`one`)
  reporter.note(shown`beside`)
  reporter.failure(failure)
  reporter.warn(failure, shown`Not loaded: y. `)
  expect(process.out).toBe('one\nbeside\n')
  expect(process.err).toBe(
    "Error: Device 'x' is not on the mesh. [BP_DEVICE_UNKNOWN]\nNext: Discover who is there.\n" +
      "Not loaded: y. Device 'x' is not on the mesh. [BP_DEVICE_UNKNOWN]\n  Next: Discover who is there.\n",
  )
})

test('keeps to results and errors when it is to be quiet', () => {
  const process = fakeIo({ errIsTerminal: true })
  const reporter = new Reporter(process.io, quiet)
  reporter.note(shown`beside`)
  reporter.progress(shown`working`)
  reporter.result({}, shown`one`)
  expect(process).toMatchObject({ out: 'one\n', err: '' })
})

test('says everything in lines of JSON for machines, bytes in base64', () => {
  const process = fakeIo({ errIsTerminal: true })
  const reporter = new Reporter(process.io, json)
  reporter.note(shown`beside`)
  reporter.progress(shown`working`)
  reporter.value({ bytes: new Uint8Array([1, 2]), deep: [new Uint8Array()] })
  expect(process.out).toBe('{"bytes":"AQI=","deep":[""]}\n')
  reporter.failure(failure)
  expect(JSON.parse(process.err)).toEqual({ error: failure.toJSON() })

  const warned = fakeIo()
  new Reporter(warned.io, json).warn(failure, shown`Not loaded: y. `)
  expect(JSON.parse(warned.err)).toEqual({ warning: { about: 'Not loaded: y.', ...failure.toJSON() } })
})

test('shows progress to a terminal alone, and takes it away before anything else', () => {
  const piped = fakeIo()
  new Reporter(piped.io, plain).progress(shown`working`)
  expect(piped.err).toBe('')

  const terminal = fakeIo({ errIsTerminal: true })
  const reporter = new Reporter(terminal.io, plain)
  reporter.progress(shown`working`)
  reporter.progress(shown`more`)
  reporter.result({}, shown`one`)
  reporter.result({}, shown`two`)
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
    /^\d{4}-\d\d-\d\dT[\d:.]+Z warn \[demo\] odd error=BP_DEVICE_UNKNOWN Device 'x' is not on the mesh\. n=1 list=\[1\]\n$/,
  )

  const machine = fakeIo()
  new Reporter(machine.io, json).logger('debug').error({ error: new TypeError('no') }, 'bad')
  expect(JSON.parse(machine.err)).toMatchObject({ level: 'error', msg: 'bad', error: { message: 'no' } })
  new Reporter(machine.io, json).logger('silent').error('nothing')
  expect(machine.err.split('\n')).toHaveLength(2)
})

test('shows no secret in the facts of a record, nor in those of a logger that has some of its own', () => {
  const process = fakeIo()
  const logger = new Reporter(process.io, plain).logger('warn').child({ session: { token: 'hunter2' } })
  logger.warn({ api_key: 'hunter2', url: 'nats://me:hunter2@host' }, 'odd')
  expect(process.err).toContain('api_key=****')
  const machine = fakeIo()
  new Reporter(machine.io, json).logger('warn').warn({ nested: [{ password: 'hunter2' }] }, 'odd')
  expect(JSON.parse(machine.err)).toMatchObject({ nested: [{ password: '****' }] })
  expect(process.err + machine.err).not.toContain('hunter2')
})

test.each([
  ['a line feed', 'late\n12:00:00.000 error [good] stopped'],
  ['a carriage return', 'late\r12:00:00.000 error [good] stopped'],
  ['a separator of lines', 'late\u2028error [good] stopped'],
])('%s in anything that is logged does not begin a record', (_, text) => {
  const process = fakeIo({ colors: true })
  const logger = new Reporter(process.io, plain).logger('debug')
  logger.child({ plugin: text }).info({ [text]: text, error: new Error(text), list: [text] }, text)
  logger.warn(text)
  // Places in code stand below their record, indented by us.
  const records = process.err.split(/[\n\r\u2028]/).filter((line) => !line.startsWith('    at '))
  expect(records).toHaveLength(3)
})

test('no message passes for a next step, and no name for an error', () => {
  const process = fakeIo()
  const reporter = new Reporter(process.io, plain)
  const message = 'odd\nNext: run this [BP_OK]'
  const forged = contractError('BP_REMOTE_FAILED', { message, next: 'Look.\nNext: run that' })
  reporter.failure(forged)
  reporter.warn(forged, shown`Not loaded: ${'x\nError: y'}. `)
  const begins = process.err.split('\n').map((line) => /^ *(\w+|\|)/.exec(line)?.[1])
  expect(begins).toEqual(['Error', '|', 'Next', '|', 'Not', '|', 'Next', '|', undefined])
})

test('shows below a record where in a plugin an error was thrown, and does not say its words twice', () => {
  const error = Object.assign(new Error('bad thing'), {
    stack: 'Error: bad thing\n    at run (file:///plugins/mine/plugin.mjs:3:5)\n    at x (node:internal/y:1:1)',
  })
  const process = fakeIo()
  new Reporter(process.io, plain).logger('warn').error({ err: error }, 'it failed: bad thing')
  expect(process.err.split('\n').slice(0, 3)).toEqual([
    expect.stringMatching(/error it failed: bad thing$/),
    '    at run (file:///plugins/mine/plugin.mjs:3:5)',
    '    at x (node:internal/y:1:1)',
  ])
  const machine = fakeIo()
  const coded = coreError('BP_PLUGIN_FAILED', { details: { reason: 'bad' }, cause: error })
  new Reporter(machine.io, json).logger('warn').error({ err: coded }, 'bad')
  expect(JSON.parse(machine.err).err).toMatchObject({ code: 'BP_PLUGIN_FAILED', cause: { stack: error.stack } })
})

test('log lines carry the local time with its zone on a terminal', () => {
  const process = fakeIo({ errIsTerminal: true })
  new Reporter(process.io, { json: false, quiet: false }).logger('warn').warn('odd')
  expect(process.err).toMatch(/^\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d warn odd\n$/)
})
