import { decodeJson, isObject } from './json.ts'

/** Whether a presence that is said under our id is another host's: each run of ours has its own mark. */
export function isRival(payload: Uint8Array, deviceId: string, instance: string): boolean {
  try {
    const record = decodeJson(payload)
    return isObject(record) && record.device_id === deviceId && !record.departing && record.instance !== instance
  } catch {
    return false
  }
}
