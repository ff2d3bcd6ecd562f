import type { Device, Labels } from '@backplane/core'
import { isGlob, matchesGlob } from './glob.ts'
import type { Filter, Selector } from './selector-parser.ts'

/**
 * Gives the device as the selector sees it, or `undefined` where it does not match. A selector of functions or events
 * narrows the device to those that match, and matches only devices that have some.
 */
export function select(selector: Selector, device: Device): Device | undefined {
  if (selector.device && !passes(selector.device, device.deviceId, device.labels)) return undefined
  const { fn, event } = selector
  if (fn) {
    const functions = device.functions.filter((one) => passes(fn, one.name, one.labels))
    return functions.length > 0 ? { ...device, functions } : undefined
  }
  if (event) {
    const events = device.events.filter((one) => passes(event, one.name, one.labels))
    return events.length > 0 ? { ...device, events } : undefined
  }
  return device
}

/** The one device that a selector can only mean, where it names one outright. */
export function soleDevice(selector: Selector): string | undefined {
  const name = selector.device?.name
  return name !== undefined && !isGlob(name) ? name : undefined
}

/** Whether an entity of this name and these labels passes. Case matters, as in Python. */
function passes(filter: Filter, name: string, labels: Labels | undefined): boolean {
  if (filter.name !== undefined && !matchesGlob(filter.name, name)) return false
  return filter.keys.every(({ key, values }) => {
    const label = labels && Object.hasOwn(labels, key) ? labels[key] : undefined
    if (label === undefined) return false
    const texts = typeof label === 'string' ? [label] : label
    return values.some((value) => texts.some((text) => matchesGlob(value, text)))
  })
}
