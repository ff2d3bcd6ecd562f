import type { Device, EventDescriptor, FunctionDescriptor, Json, Labels } from '@backplane/core'
import { isObject } from './json.ts'

/**
 * Reads a device from its presence or its record in the registry; `undefined` where there is no device id.
 *
 * Everything in it was written by somebody else: what has not the form that it should have is left out.
 * `labels.location` and `labels.type` are filled from status and identity where the device does not set them, as Python
 * agents see it.
 */
export function readDevice(record: Json): Device | undefined {
  if (!isObject(record) || typeof record.device_id !== 'string' || record.device_id === '') return undefined
  const identity = isObject(record.identity) ? record.identity : {}
  const status = isObject(record.status) ? record.status : {}
  const capabilities = isObject(record.capabilities) ? record.capabilities : {}
  const deviceType = text(record.device_type) ?? text(identity.device_type)
  const location = text(record.location) ?? text(status.location)
  const description = text(capabilities.description) ?? text(identity.description)
  return {
    deviceId: record.device_id,
    ...(deviceType === undefined ? {} : { deviceType }),
    ...(location === undefined ? {} : { location }),
    ...(description === undefined ? {} : { description }),
    functions: entries(capabilities.functions).map(readFunction),
    events: entries(capabilities.events).map(readEventDescriptor),
    labels: {
      ...(location === undefined ? {} : { location }),
      ...(deviceType === undefined ? {} : { type: deviceType }),
      ...readLabels(capabilities.labels),
    },
    status,
    identity,
  }
}

type Entry = { readonly [key: string]: Json } & { readonly name: string }

/** The entries that have a name; a bare string is a name. */
function entries(list: Json | undefined): Entry[] {
  if (!Array.isArray(list)) return []
  return list.flatMap((item: Json) => {
    if (typeof item === 'string') return [{ name: item } as Entry]
    return isObject(item) && typeof item.name === 'string' ? [item as Entry] : []
  })
}

function readFunction({ description, parameters, labels, tags, ...rest }: Entry): FunctionDescriptor {
  return {
    ...rest,
    ...(text(description) ? { description: description as string } : {}),
    ...(isObject(parameters) ? { parameters } : {}),
    ...labelsAndTags(labels, tags),
  } as FunctionDescriptor
}

function readEventDescriptor({ description, payload_schema, labels, tags, ...rest }: Entry): EventDescriptor {
  return {
    ...rest,
    ...(text(description) ? { description: description as string } : {}),
    ...(isObject(payload_schema) ? { payload: payload_schema } : {}),
    ...labelsAndTags(labels, tags),
  } as EventDescriptor
}

function labelsAndTags(labels: Json | undefined, tags: Json | undefined) {
  const read = readLabels(labels)
  const words = Array.isArray(tags) ? tags.filter((tag: Json) => typeof tag === 'string') : []
  return {
    ...(Object.keys(read).length > 0 ? { labels: read } : {}),
    ...(words.length > 0 ? { tags: words as string[] } : {}),
  }
}

function readLabels(labels: Json | undefined): Labels {
  if (!isObject(labels)) return {}
  const kept = Object.entries(labels).flatMap(([key, value]): [string, string | readonly string[]][] => {
    if (typeof value === 'string') return [[key, value]]
    if (!Array.isArray(value)) return []
    return [[key, value.filter((item: Json) => typeof item === 'string') as string[]]]
  })
  return Object.fromEntries(kept)
}

function text(value: Json | undefined): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}
