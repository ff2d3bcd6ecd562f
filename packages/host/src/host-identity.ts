import type { Identity } from '@backplane/core'

/** Who a plugin host says it is; see {@link hostIdentity}. */
export interface HostIdentityInit {
  /** The device id on the mesh. @default 'plugin-host-1' */
  readonly deviceId?: string
  /** The tenant whose devices it meets. @default 'default' */
  readonly tenant?: string
}

/**
 * The identity of a plugin host, as Device Connect's plugin driver announces its own, so that the same selectors find
 * it.
 *
 * The driver's `plugin_driver:*` labels are kept though the agents' selector language cannot match a colon in a key; a
 * dotted twin stands beside the one worth selecting by.
 */
export function hostIdentity({ deviceId = 'plugin-host-1', tenant = 'default' }: HostIdentityInit = {}): Identity {
  return {
    deviceId,
    tenant,
    deviceType: 'plugin_host',
    manufacturer: 'Backplane',
    model: `Plugin Host (${deviceId})`,
    // Device Connect's registry takes a device that does not say for an arm64.
    arch: process.arch === 'x64' ? 'x86_64' : process.arch,
    description: 'Runs plugins and offers their functions under one identity.',
    labels: {
      category: 'hub',
      'plugin_driver:role': 'plugin_host',
      'plugin_driver.role': 'plugin_host',
    },
  }
}
