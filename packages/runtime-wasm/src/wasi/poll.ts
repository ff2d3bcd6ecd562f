import { errno, errnoOf } from './errno.ts'
import type { FileTable } from './file-table.ts'
import type { GuestMemory } from './guest-memory.ts'

/** What {@link Poll} asks of its guest's surroundings. */
export interface PollInit {
  readonly files: FileTable
  /** Nanoseconds of a clock of preview 1. Throws `WasiError` for one that there is not. */
  readonly now: (clock: number) => bigint
  /** Lets so many nanoseconds pass. Throws, or rejects, when the call must end before. */
  readonly sleep: (ns: bigint) => void | Promise<void>
}

const kind = { clock: 0, read: 1, write: 2 } as const
const absolute = 1
const hangup = 1
const subscriptionBytes = 48
const eventBytes = 32
/** More than any program waits for at once; each costs an event. */
const mostSubscriptions = 4096

interface Subscription {
  readonly userdata: bigint
  readonly type: number
  readonly fd: number
  /** Nanoseconds from the call on; absent for descriptors, and for a clock that there is not. */
  readonly after: bigint | undefined
}

/** `poll_oneoff` of preview 1: what is ready at once, else the clocks that are over first. Gives an error number. */
export function pollOneoff(
  guest: GuestMemory,
  { files, now, sleep }: PollInit,
): (list: number, into: number, count: number, done: number) => number | Promise<number> {
  return (list, into, given, done) => {
    const count = given >>> 0
    if (count === 0 || count > mostSubscriptions) return errno.inval
    const view = new DataView(new Uint8Array(guest.bytes(list, count * subscriptionBytes)).buffer)
    const all = Array.from({ length: count }, (_, index) => read(view, index * subscriptionBytes, now))
    const put = (over: bigint) => {
      let events = 0
      for (const each of all) {
        const { after } = each
        if (after !== undefined && after > over) continue
        const at = (into >>> 0) + events++ * eventBytes
        guest.bytes(at, eventBytes).fill(0)
        guest.u64(at, each.userdata)
        putState(guest, at, each, files)
      }
      guest.u32(done, events)
      return errno.success
    }
    const first = all.reduce((least, { after = 0n }) => (after < least ? after : least), all[0]?.after ?? 0n)
    if (first <= 0n) return put(0n)
    const waited = sleep(first)
    return waited ? waited.then(() => put(first)) : put(first)
  }
}

function read(view: DataView, at: number, now: PollInit['now']): Subscription {
  const userdata = view.getBigUint64(at, true)
  const type = view.getUint8(at + 8)
  const fd = view.getUint32(at + 16, true)
  if (type !== kind.clock) return { userdata, type, fd, after: undefined }
  try {
    const current = now(fd)
    const timeout = view.getBigUint64(at + 24, true)
    const after = (view.getUint16(at + 40, true) & absolute) !== 0 ? timeout - current : timeout
    return { userdata, type, fd, after: after > 0n ? after : 0n }
  } catch (thrown) {
    if (errnoOf(thrown) === undefined) throw thrown
    return { userdata, type, fd, after: undefined }
  }
}

function putState(guest: GuestMemory, at: number, { type, fd, after }: Subscription, files: FileTable): void {
  let number: number = errno.success
  guest.bytes(at + 10, 1)[0] = type
  if (type === kind.clock) number = after === undefined ? errno.inval : errno.success
  else if (type !== kind.read && type !== kind.write) number = errno.inval
  else {
    try {
      const { bytes, ended } = files.ready(fd, type === kind.read)
      guest.u64(at + 16, BigInt(bytes))
      guest.bytes(at + 24, 1)[0] = ended ? hangup : 0
    } catch (thrown) {
      const found = errnoOf(thrown)
      if (found === undefined) throw thrown
      number = found
    }
  }
  guest.bytes(at + 8, 1)[0] = number
}
