import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Logger } from '@backplane/core'
import type { ServiceDefinition } from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'
import { afterAll } from 'vitest'
import type { PluginClientInit, ServePluginInit } from '../src/index.ts'

const folder = join(import.meta.dirname, 'fixtures')

// What a test leaves behind is told from what others on this machine leave: temporary files have a folder of their own.
process.env.TMPDIR = mkdtempSync(join(tmpdir(), 'hg-'))
afterAll(() => rmSync(process.env.TMPDIR as string, { recursive: true, force: true }))

/** A service of go-plugin's own test protocol. */
function service(name: string): ServiceDefinition {
  const options = { keepCase: true, defaults: true, oneofs: true }
  return loadSync(join(folder, 'proto/grpctest.proto'), options)[name] as ServiceDefinition
}

export const Test = service('grpctest.Test')
export const PingPong = service('grpctest.PingPong')
export const handshake = { cookieKey: 'TEST_MAGIC_COOKIE', cookieValue: 'test', protocolVersion: 1 }

/** Options of a host for the test plugin, which is given `options` of its own. */
export function testPlugin(options: Partial<ServePluginInit> & { version?: number } = {}) {
  return {
    handshake,
    plugins: { test: Test },
    command: process.execPath,
    args: ['--conditions=@backplane/source', join(folder, 'grpctest.ts'), JSON.stringify(options)],
    stdin: 'ignore',
    gracePeriodMs: 10_000,
  } as const satisfies PluginClientInit
}

/** Options of a host for a shell script in the place of a plugin. */
export function script(text: string) {
  return { handshake, plugins: {}, command: '/bin/sh', args: ['-c', text], stdin: 'ignore' } as const
}

/** One record of {@link recorder}. */
export interface LogRecord {
  readonly level: string
  readonly fields: Record<string, unknown>
  readonly message: string
}

/** A logger that keeps what it is given. */
export function recorder(records: LogRecord[]): Logger {
  const method = (level: string) => (first: object | string, message?: string) => {
    const fields = typeof first === 'string' ? {} : (first as Record<string, unknown>)
    records.push({ level, fields, message: typeof first === 'string' ? first : (message ?? '') })
  }
  const logger: Logger = {
    debug: method('debug'),
    info: method('info'),
    warn: method('warn'),
    error: method('error'),
    child: () => logger,
  }
  return logger
}

/** Waits until something holds. */
export async function eventually(holds: () => boolean, withinMs = 10_000): Promise<void> {
  for (let waited = 0; waited < withinMs; waited += 10) {
    if (holds()) return
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  throw new Error('it never came')
}

/** Whether a process is there; a zombie is not. */
export function alive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** Names in the folder for temporary files that go-plugin's two sides make. */
export function leftovers(): string[] {
  return readdirSync(tmpdir()).filter((name) => /^plugin(-dir.{6}|\d+)$|^bp-/.test(name))
}
