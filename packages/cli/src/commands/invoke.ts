import { BackplaneError, type Params, type Value } from '@backplane/core'
import { type Client, withClient } from '../client.ts'
import type { CommandContext } from '../context.ts'
import { cliError } from '../errors.ts'
import type { CliIo } from '../io.ts'
import { jsonFlag } from '../json-flag.ts'
import type { Flags } from '../settings.ts'
import { shown } from '../shown.ts'

interface InvokeFlags extends Flags {
  readonly params: string
  readonly device?: string
  readonly timeout?: string
}

/** Calls a function and prints its result as JSON. */
export async function invoke(name: string, flags: InvokeFlags, { io, reporter }: CommandContext): Promise<void> {
  const params = jsonFlag('--params', flags.params)
  const result = await withClient(flags, io, reporter, (client) => {
    reporter.progress(shown`Calling ${name} …`)
    return flags.device === undefined
      ? callWherever(name, params, client, io)
      : call(flags.device, name, params, client, io)
  })
  reporter.value(result)
}

/** The usual host first, since asking it costs nothing; then anyone who offers the function. */
async function callWherever(name: string, params: Params, client: Client, io: CliIo): Promise<Value> {
  const { deviceId } = client
  try {
    return await call(deviceId, name, params, client, io)
  } catch (error) {
    const elsewhere =
      error instanceof BackplaneError &&
      ['BP_NO_RESPONDER', 'BP_FUNCTION_UNKNOWN', 'BP_DEVICE_UNKNOWN'].includes(error.code)
    if (!elsewhere) throw error
    const found = await offering(name, client, io)
    const [device] = found
    if (device === undefined)
      throw error.code === 'BP_FUNCTION_UNKNOWN'
        ? error
        : cliError('BP_CLI_FUNCTION_NOWHERE', { details: { name }, cause: error })
    if (found.length > 1) throw cliError('BP_CLI_FUNCTION_AMBIGUOUS', { details: { name, devices: found.join(', ') } })
    return call(device, name, params, client, io)
  }
}

async function offering(name: string, { mesh, timeoutMs }: Client, { signal }: CliIo): Promise<string[]> {
  const devices = await mesh.discover(undefined, { timeoutMs: Math.min(timeoutMs, 3_000), signal })
  return devices.filter(({ functions }) => functions.some((fn) => fn.name === name)).map(({ deviceId }) => deviceId)
}

function call(
  device: string,
  name: string,
  params: Params,
  { mesh, timeoutMs }: Client,
  { signal }: CliIo,
): Promise<Value> {
  return mesh.invoke(device, name, params, { timeoutMs, signal })
}
