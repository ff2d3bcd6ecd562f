import { spawn } from 'node:child_process'
import { rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { pluginClient } from '../src/index.ts'
import { alive, eventually, type LogRecord, leftovers, recorder, script, testPlugin } from './plugin.ts'

const hostFile = join(import.meta.dirname, 'fixtures/host.ts')

const failureOf = async (start: Promise<unknown>) => {
  const error = await start.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  return error as { code: string; message: string; details: Record<string, unknown> }
}

describe('a start that fails', () => {
  const cases: readonly [string, string, string, RegExp, object?][] = [
    ['a program that is not there', '', 'BP_HANDSHAKE_SPAWN', /ENOENT/, { command: '/nowhere/plugin' }],
    ['a file that may not be run', '', 'BP_HANDSHAKE_SPAWN', /EACCES/, { command: import.meta.filename }],
    ['an early exit', 'exit 3', 'BP_HANDSHAKE_EXITED', /plugin exited before we could connect/],
    ['an exit after half a line', 'printf "1|1|un"; exit 3', 'BP_HANDSHAKE_LINE', /remote plugin message: 1\|1\|un/],
    [
      'a banner',
      'echo banner first; sleep 9',
      'BP_HANDSHAKE_LINE',
      /^Unrecognized remote plugin message: banner first\nThis usually means/,
    ],
    ['an empty first line', 'echo; sleep 9', 'BP_HANDSHAKE_LINE', /Unrecognized remote plugin message: \n/],
    [
      'stdout closed without a word',
      'exec >&-; sleep 9',
      'BP_HANDSHAKE_LINE',
      /Failed to read any lines from plugin's stdout/,
    ],
    [
      'silence',
      'sleep 9',
      'BP_HANDSHAKE_TIMEOUT',
      /timeout while waiting for plugin to start/,
      { startTimeoutMs: 100 },
    ],
    ['half a line and silence', 'printf "1|1|"; sleep 9', 'BP_HANDSHAKE_TIMEOUT', /timeout/, { startTimeoutMs: 100 }],
    ['SIGSTOP before the line', 'kill -STOP $$', 'BP_HANDSHAKE_TIMEOUT', /timeout/, { startTimeoutMs: 100 }],
    ['SIGKILL before the line', 'kill -KILL $$', 'BP_HANDSHAKE_EXITED', /exited before/],
    ['a flood without a line end', 'head -c 10000000 /dev/zero; sleep 9', 'BP_HANDSHAKE_LINE', /more than 65536 bytes/],
    [
      'a socket that is not there',
      'echo "1|1|unix|/nowhere/socket|grpc|"; sleep 9',
      'BP_HANDSHAKE_CONNECT',
      /could not be reached/,
    ],
    [
      'a port that nobody has',
      'echo "1|1|tcp|127.0.0.1:1|grpc|"; sleep 9',
      'BP_HANDSHAKE_CONNECT',
      /could not be reached/,
    ],
    [
      'a socket that is not there, mux',
      'echo "1|1|unix|/nowhere/socket|grpc||true"; sleep 9',
      'BP_HANDSHAKE_CONNECT',
      /ENOENT/,
      { multiplex: true },
    ],
    [
      'no certificate under AutoMTLS',
      'echo "1|1|unix|/x|grpc|"; sleep 9',
      'BP_HANDSHAKE_CERT_MISSING',
      /no certificate/,
      { autoMtls: true },
    ],
    [
      'a path that is too long',
      'sleep 9',
      'BP_HANDSHAKE_LISTEN',
      /ENOENT|ENAMETOOLONG/,
      { unixSocket: { dir: `/tmp/${'x'.repeat(200)}` } },
    ],
  ]

  it.each(cases)('by %s', async (_, text, code, message, more = {}) => {
    const before = leftovers()
    const error = await failureOf(pluginClient({ ...script(text), ...more }).start())
    expect(error.code).toBe(code)
    expect(error.message).toMatch(message)
    const pid = Number(error.details.id)
    if (pid > 0) await eventually(() => !alive(pid))
    expect(leftovers().filter((name) => !before.includes(name))).toEqual([])
  })

  it('tells the exit code and the last words', async () => {
    const text = 'for i in $(seq 30); do echo line $i >&2; done; exit 9'
    const error = await failureOf(pluginClient(script(text)).start())
    expect(error).toMatchObject({ code: 'BP_HANDSHAKE_EXITED', details: { exitCode: 9 } })
    expect(error.details.stderr).toEqual(Array.from({ length: 20 }, (_, i) => `line ${i + 11}`))
  })

  it('tells the last words also when they come after the end of stdout and the exit', async () => {
    const [stdout, stderr] = [new PassThrough(), new PassThrough()]
    const runner = { id: 'late', stdout, stderr, wait: async () => ({ code: 9 }), kill() {} }
    stdout.end()
    setTimeout(() => stderr.end('the last words\n'), 50)
    const error = await failureOf(pluginClient({ ...script(''), runner: async () => runner }).start())
    expect(error).toMatchObject({
      code: 'BP_HANDSHAKE_EXITED',
      details: { exitCode: 9, stderr: ['the last words'] },
    })
  })

  it('by being taken back', async () => {
    const client = pluginClient(script('sleep 9'))
    const start = failureOf(client.start())
    await new Promise((resolve) => setTimeout(resolve, 50))
    await client.kill()
    expect(await start).toMatchObject({ code: 'BP_ABORTED' })
    expect(await failureOf(client.start())).toMatchObject({ code: 'BP_CLOSED' })
  })

  it('for one who waits no longer, while others still do', async () => {
    const abort = new AbortController()
    await using client = pluginClient(testPlugin())
    const impatient = failureOf(client.start({ signal: abort.signal }))
    const patient = client.start()
    abort.abort()
    expect(await impatient).toMatchObject({ code: 'BP_ABORTED' })
    await patient
  })

  it('by somebody who listens and says nothing of gRPC', async () => {
    const path = join(tmpdir(), `mute-${process.pid}`)
    const server = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')).listen(path)
    const error = await failureOf(pluginClient(script(`echo "1|1|unix|${path}|grpc|"; sleep 9`)).start())
    server.close()
    expect(error.code).toBe('BP_HANDSHAKE_CONNECT')
  })
})

describe('a line that comes in an odd way', () => {
  const plugin = (write: string) => {
    const { command, args } = testPlugin()
    const real = [command, ...args].map((arg) => `'${arg}'`).join(' ')
    return { ...testPlugin(), command: '/bin/sh', args: ['-c', `${real} | { read -r line; ${write}; cat; }`] }
  }

  it.each([
    [
      'in ten writes',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: the shell's own.
      'for i in 1 2 3 4 5 6 7 8 9; do printf "%s" "${line%"${line#?}"}"; line="${line#?}"; done; printf "%s\\n" "$line"',
    ],
    ['with a second line in the same write', 'printf "%s\\n1|9|tcp|:1|netrpc|\\n" "$line"'],
    ['with CRLF', 'printf "%s\\r\\n" "$line"'],
    ['with blanks around it', 'printf "  %s  \\n" "$line"'],
    ['before a flood that nobody wants', 'printf "%s\\n" "$line"; head -c 3000000 /dev/zero'],
  ])('%s', async (_, write) => {
    await using client = pluginClient({ ...plugin(write), processGroup: true })
    const test = await client.dispense('test')
    expect(await test.Double!({ Input: 3 })).toEqual({ Output: 6 })
  })
})

describe('the end', () => {
  it('of a plugin that is stopped comes by force after the grace period', async () => {
    const records: LogRecord[] = []
    const client = pluginClient({ ...testPlugin(), gracePeriodMs: 200 }, { logger: recorder(records) })
    await client.start()
    process.kill(client.pid!, 'SIGSTOP')
    await client.kill()
    expect(client.exit).toEqual({ signal: 'SIGKILL' })
    expect(records.map(({ message }) => message)).toContain('plugin failed to exit gracefully')
  })

  it('comes at once when the grace period is cut short', async () => {
    const client = pluginClient({ ...testPlugin(), gracePeriodMs: 60_000 })
    await client.start()
    process.kill(client.pid!, 'SIGSTOP')
    await client.kill({ signal: AbortSignal.timeout(50) })
    expect(client.exit).toEqual({ signal: 'SIGKILL' })
  })

  it('takes the whole process group when asked to', async () => {
    const { command, args } = testPlugin()
    const real = [command, ...args].map((arg) => `'${arg}'`).join(' ')
    const text = `sleep 1000 & echo grandchild $! >&2; ${real}; true`
    const client = pluginClient({ ...testPlugin(), command: '/bin/sh', args: ['-c', text], processGroup: true })
    await client.start()
    const grandchild = Number(/grandchild (\d+)/.exec(client.stderrTail.join('\n'))![1])
    expect(alive(grandchild)).toBe(true)
    await client.kill()
    await eventually(() => !alive(grandchild))
  })

  it('comes though the socket was deleted', async () => {
    const client = pluginClient(testPlugin())
    const test = await client.dispense('test')
    rmSync(client.reattachConfig()!.address.address)
    expect(await test.Double!({ Input: 3 })).toEqual({ Output: 6 })
    await client.kill()
    expect(client.exit).toEqual({ code: 0 })
  })

  it('comes when killed at any moment of start and use', async () => {
    const before = leftovers()
    for (let delay = 0; delay < 400; delay += 40) {
      const client = pluginClient({ ...testPlugin(), autoMtls: delay % 80 === 0 })
      const use = client.dispense('test').then(async (test) => {
        for (;;) await test.Double!({ Input: 1 })
      })
      const ended = failureOf(use)
      await new Promise((resolve) => setTimeout(resolve, delay))
      await client.kill()
      expect((await ended).code).toMatch(/^BP_/)
    }
    expect(leftovers().filter((name) => !before.includes(name))).toEqual([])
  }, 30_000)

  it.each([
    ['SIGKILL', []],
    ['SIGKILL', ['sh']],
    ['SIGTERM', []],
  ] as const)('of the host by %s takes idle plugins with it (%j)', async (signal, args) => {
    const host = spawn(process.execPath, ['--conditions=@backplane/source', hostFile, ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const pid = await new Promise<number>((resolve) => host.stdout.once('data', (chunk) => resolve(Number(chunk))))
    expect(alive(pid)).toBe(true)
    host.kill(signal)
    await eventually(() => !alive(pid))
  })

  it('of the host by process.exit kills its plugins with it', async () => {
    const host = spawn(process.execPath, ['--conditions=@backplane/source', hostFile, 'exit'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const pid = await new Promise<number>((resolve) => host.stdout.once('data', (chunk) => resolve(Number(chunk))))
    await eventually(() => !alive(pid))
  })

  it("leaves a plugin its stdin: it is the host's own", async () => {
    const host = spawn(process.execPath, ['--conditions=@backplane/source', hostFile, 'stdin'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    host.stdin.end('hello')
    const heard = await new Promise<string>((resolve) => host.stdout.once('data', (chunk) => resolve(String(chunk))))
    expect(heard).toBe('plugin heard hello\n')
  })
})
