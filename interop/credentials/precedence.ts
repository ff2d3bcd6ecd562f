/** What counts first, beside the real edge runtime: every file, variable and option that both know, in combinations. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type MessagingInit, readMessaging } from '@backplane/mesh-device-connect/credentials'
import type { Interop } from '../harness.ts'
import { makeIdentities } from '../nats/identities.ts'
import type { Venv } from '../venv.ts'

const execute = promisify(execFile)

/** A case, as the edge runtime takes it. */
interface Case {
  readonly env: Record<string, string>
  readonly options: {
    readonly device_id?: string
    readonly tenant?: string
    readonly messaging_urls?: readonly string[]
    readonly messaging_backend?: 'nats' | 'zenoh'
    readonly credentials_file?: string
  }
}

interface Outcome {
  readonly error?: string
  readonly backend?: string
  readonly urls?: readonly string[]
  readonly device?: string | null
  readonly tenant?: string
  readonly jwt?: string | null
  readonly seed?: string | null
  readonly tls?: Record<string, string>
}

/** Compares both on `count` cases. `pem` gives the path of a fixture. */
export async function precedence(
  kit: Interop,
  python: Venv,
  pem: (name: string) => string,
  count = 2_000,
): Promise<void> {
  await kit.check(
    `addresses, credentials, TLS, device and tenant are those that the edge runtime takes, in ${count} cases`,
    async () => {
      const cases = await makeCases(kit.scratch(), pem, count)
      const run = execute(python.bin('python'), [join(import.meta.dirname, 'precedence.py')], { maxBuffer: 1 << 27 })
      run.child.stdin!.end(JSON.stringify(cases))
      const theirs: Outcome[] = JSON.parse((await run).stdout)
      let answered = 0
      for (const [index, one] of cases.entries()) {
        const their = theirs[index]!
        const our = await outcome(one)
        const told = `${JSON.stringify(one, null, 1)}\ntheirs: ${JSON.stringify(their)}\nours: ${JSON.stringify(our)}`
        if (isOnPurpose(one, their, our)) continue
        if (their.error !== undefined || our.error !== undefined) {
          assert.ok(their.error !== undefined && our.error !== undefined, told)
          continue
        }
        answered++
        assert.deepEqual(comparable(our), comparable(their), told)
      }
      assert.ok(answered > count / 5, `${answered} of ${count} were compared`)
    },
    { timeoutMs: 120_000 },
  )
}

/** Where we differ, and mean it. */
function isOnPurpose({ env, options }: Case, theirs: Outcome, ours: Outcome): boolean {
  // The edge runtime picks the section of a file before it knows the network: by the name that was given, which may not
  // hold, else Zenoh's. It would then go to a broker of NATS without its JWT, or the other way round.
  const file = options.credentials_file ?? env.MESSAGING_CREDENTIALS_FILE ?? env.NATS_CREDENTIALS_FILE
  const named = (options.messaging_backend ?? env.MESSAGING_BACKEND ?? 'zenoh').toLowerCase()
  const sections =
    file === undefined ? [] : /both/.test(file) ? ['nats', 'zenoh'] : [/zenoh/.test(file) ? 'zenoh' : 'nats']
  const taken = sections.includes(named) ? named : 'nats'
  const right = ours.backend !== undefined && sections.includes(ours.backend) ? ours.backend : 'nats'
  if (file !== undefined && taken !== right) return true
  // A file without a section for the network is an error here, in place of a connection without credentials.
  if (ours.error?.includes('no section')) return true
  // Without any address it takes its own machine's broker, where the edge runtime would have none to go to.
  if (theirs.backend === 'nats' && theirs.urls?.length === 0) return true
  // A classic file, which is for NATS, would send it to Zenoh on this machine.
  if (theirs.urls?.join() === 'tcp/localhost:7447') return true
  // What does not go with the network is left alone there until it fails: a seed without a JWT, say.
  return theirs.backend === 'zenoh' && ours.error !== undefined
}

function comparable({ backend, urls, device, tenant, jwt, seed, tls }: Outcome): object {
  // Over Zenoh a JWT has no meaning; the edge runtime carries it along.
  const auth = backend === 'nats' ? { jwt, seed } : {}
  return { backend, urls, device, tenant, ...auth, tls }
}

async function outcome({ env, options }: Case): Promise<Outcome> {
  const { device_id: deviceId, tenant, messaging_urls: urls, messaging_backend: backend, credentials_file } = options
  const init: MessagingInit = {
    env,
    ...(deviceId ? { deviceId } : {}),
    ...(tenant ? { tenant } : {}),
    ...(urls ? { urls } : {}),
    ...(backend ? { backend } : {}),
    ...(credentials_file ? { credentialsFile: credentials_file } : {}),
  }
  try {
    const found = await readMessaging(init)
    const names = {
      caFile: 'ca_file',
      certFile: 'cert_file',
      keyFile: 'key_file',
      ca: 'ca_pem',
      cert: 'cert_pem',
      key: 'key_pem',
    }
    const tls = Object.entries(found.tls ?? {}).map(([name, value]) => [names[name as keyof typeof names], value])
    return {
      backend: found.backend,
      urls: found.urls,
      device: found.deviceId ?? null,
      tenant: found.tenant ?? 'default',
      jwt: found.auth && 'jwt' in found.auth ? found.auth.jwt : null,
      seed: found.auth?.nkeySeed ?? null,
      tls: Object.fromEntries(tls),
    }
  } catch (error) {
    return { error: (error as Error).message }
  }
}

async function makeCases(folder: string, pem: (name: string) => string, count: number): Promise<Case[]> {
  const { jwt, seed, creds } = await makeIdentities('dev')
  const other = await makeIdentities('dev')
  const text = (name: string) => readFileSync(pem(name), 'utf8')
  const write = (name: string, content: object | string) => {
    const path = join(folder, name)
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
    return path
  }
  const whom = { device_id: 'dev-press-4', tenant: 'dev' }
  const nats = { urls: ['nats://file:4222'], jwt, nkey_seed: seed }
  const files = { ca_file: pem('ca.pem'), cert_file: pem('client.pem'), key_file: pem('client.key.pem') }
  const texts = { ca_pem: text('ca.pem'), cert_pem: text('client.pem'), key_pem: text('client.key.pem') }
  const zenoh = { urls: ['zenoh+tls://file:7447'], tls: files }
  const credentials = [
    write('nats.creds.json', { ...whom, nats }),
    write('nats-tls.creds.json', { ...whom, nats: { ...nats, urls: ['tls://file:4222'], tls: files } }),
    write('half.creds.json', { ...whom, nats: { ...nats, nkey_seed: undefined } }),
    write('bare.creds.json', { nats: { urls: ['nats://bare:1', 'nats://bare:2'] } }),
    write('zenoh.creds.json', { ...whom, zenoh }),
    write('zenoh-texts.creds.json', { ...whom, zenoh: { ...zenoh, tls: texts } }),
    write('both.creds.json', { ...whom, nats, zenoh }),
    write('classic.creds', creds),
    join(folder, 'nowhere.creds'),
  ]
  write('richer.creds', creds)
  write('richer.creds.json', { ...whom, device_id: 'richer', nats })
  credentials.push(join(folder, 'richer.creds'))

  let state = 20_261_122
  const random = () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return (state >>> 8) / 2 ** 24
  }
  const pick = <T>(...from: readonly T[]): T => from[Math.floor(random() * from.length)]!
  const maybe = <T>(share: number, key: string, make: () => T) => (random() < share ? { [key]: make() } : {})
  const file = () => pick(...credentials)
  return Array.from({ length: count }, () => ({
    env: {
      ...maybe(0.3, 'MESSAGING_BACKEND', () => pick('nats', 'zenoh', 'NATS')),
      ...maybe(0.3, 'MESSAGING_URLS', () =>
        pick('nats://m:1', 'nats://m:1, nats://m:2', 'tcp/m:1', 'tls://m:3', 'zenoh://m:1'),
      ),
      ...maybe(0.2, 'NATS_URL', () => pick('nats://n:1', 'tls://n:1')),
      ...maybe(0.2, 'ZENOH_CONNECT', () => pick('tcp/z:1', 'tls/z:1,tcp/z:2')),
      ...maybe(0.3, 'MESSAGING_CREDENTIALS_FILE', file),
      ...maybe(0.3, 'NATS_CREDENTIALS_FILE', file),
      ...maybe(0.3, 'NATS_JWT', () => other.jwt),
      ...maybe(0.3, 'NATS_NKEY_SEED', () => other.seed),
      ...maybe(0.3, 'MESSAGING_TLS_CA_FILE', () => pem('ca.pem')),
      ...maybe(0.2, 'NATS_TLS_CA_FILE', () => pem('elsewhere.pem')),
      ...maybe(0.4, 'DEVICE_CONNECT_ALLOW_INSECURE', () => pick('1', 'true', 'YES', '0', 'no')),
    },
    options: {
      ...maybe(0.2, 'device_id', () => pick('dev-press-4', 'other')),
      ...maybe(0.2, 'tenant', () => pick('default', 'hall')),
      ...maybe(0.2, 'messaging_urls', () => pick(['nats://o:1'], ['tcp/o:1', 'tcp/o:2'], ['tls://o:1'])),
      ...maybe(0.1, 'messaging_backend', () => pick('nats', 'zenoh')),
      ...maybe(0.2, 'credentials_file', file),
    } as Case['options'],
  }))
}
