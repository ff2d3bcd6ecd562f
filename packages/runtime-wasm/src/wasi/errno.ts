/** WASI preview 1's error numbers, as far as this shim gives them. */
export const errno = {
  success: 0,
  acces: 2,
  badf: 8,
  exist: 20,
  fault: 21,
  inval: 28,
  io: 29,
  isdir: 31,
  loop: 32,
  mfile: 33,
  mlink: 34,
  nametoolong: 37,
  nfile: 41,
  noent: 44,
  nospc: 51,
  nosys: 52,
  notdir: 54,
  notempty: 55,
  notsock: 57,
  notsup: 58,
  perm: 63,
  rofs: 69,
  spipe: 70,
  xdev: 75,
} as const

const byCode: Readonly<Record<string, number>> = {
  ENOENT: errno.noent,
  EACCES: errno.acces,
  EPERM: errno.perm,
  EEXIST: errno.exist,
  EISDIR: errno.isdir,
  ENOTDIR: errno.notdir,
  ENOTEMPTY: errno.notempty,
  EINVAL: errno.inval,
  ELOOP: errno.loop,
  EMFILE: errno.mfile,
  EMLINK: errno.mlink,
  ENAMETOOLONG: errno.nametoolong,
  ENFILE: errno.nfile,
  ENOSPC: errno.nospc,
  EROFS: errno.rofs,
  EXDEV: errno.xdev,
}

/** What a guest is told when it ends its file operation this way. */
export class WasiError extends Error {
  readonly errno: number

  constructor(number: number) {
    super(`errno ${number}`)
    this.errno = number
  }
}

/** The number of anything thrown by a file operation; undefined for what is not one's failure. */
export function errnoOf(thrown: unknown): number | undefined {
  if (thrown instanceof WasiError) return thrown.errno
  const { code } = thrown as { code?: unknown }
  if (typeof code !== 'string' || code.startsWith('BP_') || code.startsWith('ERR_')) return undefined
  return byCode[code] ?? errno.io
}
