/** The bridge that Zenoh benchmarks share, the thread that answers on it, and the client library without our layers. */
import { existsSync } from 'node:fs'
import { bridgeBinary, startBridge } from '../interop/zenoh-bridge.ts'
import { absent } from './harness.ts'
import { answering, type Stage } from './nats-stage.ts'

/** A bridge, those who answer on it, and where other Zenoh nodes reach it. */
export interface ZenohStage extends Stage {
  readonly locator: string
}

/** Starts a real bridge and `script` as the thread that answers on it. */
export async function zenohBridge(script: string): Promise<ZenohStage> {
  const binary = bridgeBinary()
  if (!existsSync(binary)) return absent('no bridge in the cache; `npm run interop -- zenoh` builds one')
  const bridge = await startBridge(binary)
  const answers = await answering(script, bridge.endpoint)
  return {
    url: bridge.endpoint,
    locator: bridge.locator,
    async [Symbol.asyncDispose]() {
      await answers[Symbol.asyncDispose]()
      await bridge[Symbol.asyncDispose]()
    },
  }
}

/** The part of `@eclipse-zenoh/zenoh-ts` that is used here. */
interface Library {
  readonly Config: new (locator: string, responseTimeoutMs: number) => object
  readonly Session: { open(config: object): Promise<RawSession> }
  readonly Duration: { readonly milliseconds: { of(amount: number): unknown } }
}

interface RawSession {
  get(key: string, options: object): Promise<unknown>
  declareQueryable(key: string, options: object): Promise<unknown>
  close(): Promise<void>
}

interface RawQuery {
  keyExpr(): unknown
  payload(): { toBytes(): Uint8Array }
  reply(key: unknown, payload: Uint8Array): Promise<void>
  finalize(): Promise<void>
}

/** The library's own client. */
export interface RawZenoh {
  echo(key: string): Promise<void>
  request(key: string, payload: Uint8Array): Promise<unknown>
  close(): Promise<void>
}

/** Opens the library's own client on a bridge. */
export async function rawZenoh(endpoint: string): Promise<RawZenoh> {
  const name = '@eclipse-zenoh/zenoh-ts'
  const { Config, Session, Duration } = (await import(name)) as Library
  const session = await Session.open(new Config(endpoint.replace('://', '/'), 5_000))
  const timeout = Duration.milliseconds.of(5_000)
  const nothing = () => {}
  return {
    async echo(key) {
      const answer = async (query: RawQuery) => {
        await query.reply(query.keyExpr(), query.payload().toBytes())
        await query.finalize()
      }
      await session.declareQueryable(key, { complete: true, handler: [answer, nothing] })
    },
    request: (key, payload) =>
      new Promise((resolve, reject) => {
        const ended = () => reject(new Error('no answer'))
        session.get(key, { payload, timeout, handler: [resolve, ended] }).catch(reject)
      }),
    close: () => session.close(),
  }
}
