import { type EventDescriptor, type FunctionDescriptor, messageOf } from '@backplane/core'
import { carried } from '@backplane/core/runtime'

type Descriptor = Partial<FunctionDescriptor & EventDescriptor>

/**
 * What is wrong with a descriptor that code wrote, if anything. It is announced together with those of all other
 * plugins, so one that no wire carries would keep the whole host from being announced.
 */
export function descriptorFault(descriptor: FunctionDescriptor | EventDescriptor): string | undefined {
  try {
    carried(descriptor)
  } catch (error) {
    return messageOf(error)
  }
  const { description, labels, tags, timeout_ms, stream, ...rest }: Descriptor = descriptor
  if (description !== undefined && typeof description !== 'string') return "'description' is not a text"
  if (labels !== undefined && !(isObject(labels) && Object.values(labels).every(isLabel)))
    return "'labels' is not an object of texts and lists of texts"
  if (tags !== undefined && !isTexts(tags)) return "'tags' is not a list of texts"
  if (timeout_ms !== undefined && !(typeof timeout_ms === 'number' && timeout_ms > 0))
    return "'timeoutMs' is not a number above 0"
  if (stream !== undefined && stream !== 'items' && stream !== 'progress')
    return "'stream' is neither 'items' nor 'progress'"
  const schema = (['parameters', 'result', 'payload'] as const).find(
    (key) => rest[key] !== undefined && !isObject(rest[key]),
  )
  return schema && `'${schema}' is not a schema`
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isLabel(value: unknown): boolean {
  return typeof value === 'string' || isTexts(value)
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
}
