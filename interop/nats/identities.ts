/** Operator, account and device identities as Device Connect's portal issues them, made by NATS's own library. */
import { encodeAccount, encodeOperator, encodeUser, fmtCreds } from '@nats-io/jwt'
import { createAccount, createOperator, createUser } from '@nats-io/nkeys'

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes)

/** What a server in operator mode needs, and what a device of one tenant gets. */
export interface Identities {
  /** The server's configuration. */
  readonly config: string
  readonly jwt: string
  readonly seed: string
  /** The text of a `.creds` file. */
  readonly creds: string
  /** The same device's JWT, issued once more: with an end, say (`exp`, in seconds since the epoch). */
  again(options: { readonly exp?: number }): Promise<{ readonly jwt: string; readonly seed: string }>
  /** Who may use every subject of the account, as the network's own services do. */
  readonly service: { readonly jwt: string; readonly seed: string }
}

/** The library's own defaults let nobody in. */
const limits = { conn: -1, leaf: -1, subs: -1, data: -1, payload: -1, imports: -1, exports: -1, wildcards: true }

/**
 * A tenant's device may use exactly `device-connect.TENANT.>` and `_INBOX.>`, both ways. `bounds` are the account's.
 */
export async function makeIdentities(tenant: string, bounds: { readonly subs?: number } = {}): Promise<Identities> {
  const operator = createOperator()
  const account = createAccount()
  const user = createUser()
  const operatorJwt = await encodeOperator('backplane', operator)
  const accountJwt = await encodeAccount(tenant, account, { limits: { ...limits, ...bounds } }, { signer: operator })
  const allow = [`device-connect.${tenant}.>`, '_INBOX.>']
  const jwt = await encodeUser('device', user, account, { pub: { allow }, sub: { allow } })
  const seed = text(user.getSeed())
  const again = async (options: { readonly exp?: number }) => ({
    jwt: await encodeUser('device', user, account, { pub: { allow }, sub: { allow } }, options),
    seed,
  })
  const servant = createUser()
  const service = { jwt: await encodeUser('service', servant, account, {}), seed: text(servant.getSeed()) }
  const config = [
    `operator: ${operatorJwt}`,
    'resolver: MEMORY',
    `resolver_preload: { ${account.getPublicKey()}: ${accountJwt} }`,
  ].join('\n')
  return { config, jwt, seed, creds: text(fmtCreds(jwt, user)), again, service }
}
