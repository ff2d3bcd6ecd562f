import type { DeviceConnectComponents, DeviceConnectInit, DeviceConnectMesh } from './contract.ts'
import { Member } from './member.ts'
import { settingsOf } from './settings.ts'
import { checkOwnId, checkTenant } from './subjects.ts'

/**
 * Makes a host a device of a Device Connect network, over any transport; without a handler (`serve`) it is a mere
 * client that others do not see. Not for a network of another protocol: write another `Mesh` for that.
 *
 * The factory throws `BP_INVALID_ARGUMENT` for a device id or tenant that does not fit Device Connect's subjects.
 *
 * @example
 * ```ts
 * import { silentLogger, systemClock } from '@backplane/core'
 * import { deviceConnect } from '@backplane/mesh-device-connect'
 * import { natsTransport } from '@backplane/transport-nats'
 *
 * const join = deviceConnect({ transport: natsTransport({ servers: 'nats://127.0.0.1:4222' }) })
 * const mesh = join({ identity: { deviceId: 'client-1' }, logger: silentLogger, clock: systemClock })
 * await mesh.connect()
 * console.log(await mesh.invoke('plugin-host-1', 'get_status'))
 * await mesh.close()
 * ```
 */
export function deviceConnect(init: DeviceConnectInit): (components: DeviceConnectComponents) => DeviceConnectMesh {
  const settings = settingsOf(init)
  return (components) => {
    checkOwnId(components.identity.deviceId)
    checkTenant(components.identity.tenant ?? 'default')
    return new Member(components, init.transport, settings)
  }
}
