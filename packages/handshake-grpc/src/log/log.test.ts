import { parseJson } from '@backplane/core/json'
import { describe, expect, it } from 'vitest'
import { hclogLogger } from './hclog.ts'
import { LineSplitter } from './lines.ts'
import { PluginLogParser } from './parse.ts'

const line = (text: string) => ({ text, whole: true })

describe('the plugin log', () => {
  it.each([
    ['{"@level":"info","@message":"hi","@timestamp":"t","k":1}', 'info', 'hi', { k: 1, timestamp: 't' }],
    ['{"@level":"trace","@message":"hi"}', 'trace', 'hi', {}],
    ['{"@level":"loud","@message":"hi"}', 'debug', '{"@level":"loud","@message":"hi"}', {}],
    ['{"@level":7}', 'debug', '{"@level":7}', {}],
    ['{"a":1}', 'debug', '{"a":1}', {}],
    ['["HELLO"]', 'debug', '["HELLO"]', {}],
    ['12345', 'debug', '12345', {}],
    ['{broken', 'debug', '{broken', {}],
    ['[TRACE] x', 'trace', '[TRACE] x', {}],
    ['[DEBUG] x', 'debug', '[DEBUG] x', {}],
    ['[INFO] x', 'info', '[INFO] x', {}],
    ['[WARN] x', 'warn', '[WARN] x', {}],
    ['[ERROR] x', 'error', '[ERROR] x', {}],
    ['[FATAL] x', 'debug', '[FATAL] x', {}],
    ['', 'debug', '', {}],
  ])('reads %j', (text, level, message, fields) => {
    expect(new PluginLogParser().parse(line(text))).toEqual({ level, message, fields })
  })

  it('takes every plain line after a panic for an error', () => {
    const parser = new PluginLogParser()
    const levels = ['before', 'panic: boom', 'goroutine 1:', '{"@level":"info","@message":"x"}', 'after']
    expect(levels.map((text) => parser.parse(line(text)).level)).toEqual(['debug', 'error', 'error', 'info', 'error'])
  })

  it('is written as it is read', () => {
    const lines: string[] = []
    const now = () => Date.UTC(2026, 0, 2, 3, 4, 5, 67)
    const logger = hclogLogger({ write: (text) => lines.push(text), name: 'kv', now }).child({
      a: 2n ** 64n,
      nan: Number.NaN,
    })
    const circle: Record<string, unknown> = {}
    circle.self = circle
    logger.warn({ circle, '@level': 'x', error: new Error('oops') }, 'careful')
    logger.info('plain')
    const record = parseJson(lines[0]!)
    expect(record).toMatchObject({
      a: 2n ** 64n,
      '@level': 'warn',
      '@message': 'careful',
      '@module': 'kv',
      '@timestamp': '2026-01-02T03:04:05.067000Z',
      nan: 'NaN',
      circle: { self: '[circular]' },
      '_@level': 'x',
      error: expect.stringContaining('oops'),
    })
    expect(new PluginLogParser().parse(line(lines[1]!.trim()))).toMatchObject({ level: 'info', message: 'plain' })
  })

  it('leaves out levels below the lowest', () => {
    const lines: string[] = []
    hclogLogger({ write: (text) => lines.push(text), level: 'warn' }).info('no')
    expect(lines).toEqual([])
  })

  it('is cut into lines, long ones in pieces', () => {
    const splitter = new LineSplitter(4)
    const seen = ['ab', 'c\nd', 'efghij\r\nk'].flatMap((text) => splitter.push(Buffer.from(text)))
    expect([...seen, ...splitter.end()]).toEqual([
      { text: 'abc', whole: true },
      { text: 'defg', whole: false },
      { text: 'hij', whole: false },
      { text: 'k', whole: true },
    ])
  })
})
