import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { contractError } from '../contract-errors.ts'
import { silentLogger } from '../index.ts'
import { isSecretName, maskError, maskingLogger, maskText, maskValue } from './masking.ts'

describe('names of secrets', () => {
  it.each([
    ...['password', 'PASSWORD', 'dbPassword', 'db.password', 'MYSQL_PWD', 'passphrase', 'pass', 'userPass', 'secret'],
    ...[
      'client_secret',
      'SECRET_KEY',
      'token',
      'authToken',
      'x-auth-token',
      'GITHUB_TOKEN',
      'apiKey',
      'API_KEY',
      'apikey',
    ],
    ...[
      'x-api-key',
      'accessKey',
      'AWS_SECRET_ACCESS_KEY',
      'private_key',
      'credentials',
      'Authorization',
      'cookie',
      'jwt',
    ],
    ...[
      'NATS_JWT',
      'NATS_NKEY_SEED',
      'sessionId',
      'connectionString',
      'DSN',
      'pin',
      'tokens',
      'password2',
      '--api-key',
    ],
  ])('%s is one', (name) => expect(isSecretName(name)).toBe(true))
  it.each([
    ...[
      'tokens_per_second',
      'max_tokens',
      'totalTokens',
      'key',
      'id',
      'compass',
      'monkey',
      'keyboard',
      'password_file',
      'tokenUrl',
      'secret_name',
      'pinned',
    ],
    ...['spin', 'author', 'seed', 'bypass_rate', 'NATS_URL', 'token_ttl', 'x'.repeat(10_000)],
  ])('%s is none', (name) => expect(isSecretName(name)).toBe(false))
})

describe('text', () => {
  it.each([
    ['nats://user:hunter2@host:4222', 'nats://****@host:4222'],
    ['nats://hunter2@host', 'nats://****@host'],
    ['postgres://u:hunter2@db/x?y', 'postgres://****@db/x?y'],
    ['password=hunter2', 'password=****'],
    ['"api_key": "hunter2", "x": 1', '"api_key": "****", "x": 1'],
    ["{'token': 'hunter2'}", "{'token': '****'}"],
    ['DB_PASSWORD=hunter2 failed', 'DB_PASSWORD=**** failed'],
    ['run --token hunter2 --port 1', 'run --token **** --port 1'],
    ['--api-key=hunter2', '--api-key=****'],
    ['Authorization: Bearer hunter2.hunter2', 'Authorization: Bearer ****'],
    ['eyJhbGciOiJIUzI1NiJ9.eyJodW50ZXIyIjoxfQ.hunter2', '****'],
    ['a -----BEGIN RSA PRIVATE KEY-----\nhunter2\n-----END RSA PRIVATE KEY----- b', 'a **** b'],
    ['-----BEGIN USER NKEY SEED-----\nhunter2', '****'],
    [`seed SU${'A'.repeat(56)} used`, 'seed **** used'],
  ])('%s', (text, masked) => expect(maskText(text)).toBe(masked))

  it('that holds none stays as it is', () => {
    for (const text of [
      'the token is wrong',
      'https://example.org/a?b=c',
      'Next: pass --token',
      'key=value',
      'pin: out'.slice(0, 3),
    ])
      expect(maskText(text)).toBe(text)
  })

  it('is looked at in linear time', () => {
    const parts = ['a.', 'a:', '://', 'eyJ-', 'a ', '"', '-----BEGIN ', 'A', 'token ', '=', '\n']
    const cost = (text: string) => {
      const began = process.cpuUsage()
      maskText(text)
      return process.cpuUsage(began).user
    }
    for (const part of parts) {
      const [small, large] = [20_000, 200_000].map((length) => cost(part.repeat(length / part.length)))
      // Ten times the length is a hundred times the work where it is quadratic; half a second is far off for either
      // machine.
      expect(large! < 40 * small! || large! < 500_000).toBe(true)
    }
  })
})

describe('values', () => {
  it('are hidden by name, by type, by form, after an option and in an environment', () => {
    const value = {
      api_key: 'hunter2',
      headers: { Authorization: 'hunter2' },
      credentials: { user: 'hunter2', list: ['hunter2'] },
      config: {
        login: { type: 'password', default: 'hunter2', value: 'hunter2', description: 'Whose' },
        token: { type: 'string', default: 'hunter2', description: 'What' },
      },
      process: { env: { ANY: 'hunter2' }, args: ['--password', 'hunter2', '--db=postgres://a:hunter2@b'] },
      container: { environment: ['ANY=hunter2', 'NAME'] },
      parameters: { properties: { q: { type: 'string', format: 'password', default: 'hunter2' } } },
      pin: 1234,
    }
    const masked = maskValue(value)
    expect(JSON.stringify(masked)).not.toMatch(/hunter2|1234/)
    expect(masked).toMatchObject({
      config: { login: { type: 'password', description: 'Whose', default: '****' }, token: { description: 'What' } },
      process: { env: { ANY: '****' } },
      container: { environment: ['ANY=****', 'NAME'] },
    })
  })

  it('without secrets stay as they are, whatever their shape', () => {
    const plain = fc.object({
      key: fc.constantFrom('a', 'b', 'type'),
      values: [fc.integer(), fc.boolean(), fc.constant('x')],
    })
    fc.assert(fc.property(plain, (value) => void expect(maskValue(value)).toEqual(value)))
    expect(maskValue({ password: '', token: null, secret: true, bytes: new Uint8Array(1) })).toEqual({
      password: '',
      token: null,
      secret: true,
      bytes: new Uint8Array(1),
    })
  })
})

it('errors and log records hold none', () => {
  const error = contractError('BP_REMOTE_FAILED', {
    message: 'connect postgres://a:hunter2@b',
    details: { token: 'hunter2' },
    next: 'Use password=hunter2',
  })
  expect(JSON.stringify((maskError(error) as typeof error).toJSON())).not.toContain('hunter2')
  expect(maskError(error)).toMatchObject({ code: 'BP_REMOTE_FAILED' })
  const typed = maskError(new TypeError('token=hunter2'))
  expect(typed).toBeInstanceOf(TypeError)
  expect(`${typed.message}${typed.stack}`).not.toContain('hunter2')
  const fine = new Error('fine')
  expect(maskError(fine)).toBe(fine)

  const seen: unknown[] = []
  const record = (...args: unknown[]) => void seen.push(...args)
  const logger = maskingLogger({
    ...silentLogger,
    error: record,
    child: (fields) => ({ ...silentLogger, error: (...args: unknown[]) => record(fields, ...args) }),
  })
  logger.error('password=hunter2')
  logger
    .child({ apiKey: 'hunter2' })
    .error({ err: new Error('token=hunter2'), env: { A: 'hunter2' } }, '--token hunter2')
  expect(seen).toHaveLength(4)
  expect(seen.map((one) => JSON.stringify(one) + String((one as { err?: Error }).err?.message)).join()).not.toContain(
    'hunter2',
  )
})

it('an error with wide integers in its details is masked like any other', () => {
  const details = { least: 2n ** 60n, password: 'hunter2' }
  const masked = maskError(contractError('BP_VALUE_INVALID', { details: { path: '/', reason: 'r', ...details } }))
  expect(masked).toMatchObject({ details: { least: 2n ** 60n, password: '****' } })
})

it('hides secrets in causes, however the error itself looks', () => {
  const cause = new Error('connect nats://me:hunter2@host', { cause: 'token=hunter2' })
  for (const error of [
    new Error('it failed', { cause }),
    contractError('BP_VALUE_INVALID', { details: { path: '/', reason: 'r' }, cause }),
    contractError('BP_VALUE_INVALID', { cause: new TypeError('between', { cause }) }),
  ]) {
    const masked = maskError(error)
    const chain: unknown[] = []
    for (let at: unknown = masked; at !== undefined; at = (at as Error).cause) chain.push(at)
    expect(chain.length).toBeGreaterThanOrEqual(3)
    const texts = chain.map((one) => (one instanceof Error ? `${one.message} ${one.stack}` : String(one)))
    expect(texts.join('\n')).not.toContain('hunter2')
    expect(masked.constructor).toBe(error.constructor)
  }
  const fine = new Error('fine', { cause: new Error('fine too') })
  expect(maskError(fine)).toBe(fine)
})

it('comes to an end with an error that is its own cause', () => {
  const error = new Error('token=hunter2')
  error.cause = error
  expect(maskError(error).message).not.toContain('hunter2')
})

it('hides what lies too deep to be looked at', () => {
  let value: unknown = { password: 'geheim' }
  for (let depth = 0; depth < 60; depth++) value = { inner: value }
  expect(JSON.stringify(maskValue(value))).not.toContain('geheim')
})
