/** The longest delay of a timer, in milliseconds: Node fires a longer one at once. A deadline beyond it is none. */
export const longestTimerMs = 2 ** 31 - 1

const units = [
  ['m', 1],
  ['S', 1000],
  ['M', 60_000],
  ['H', 3_600_000],
] as const

/** A deadline as a time; `Infinity` for none. */
export function deadlineTime(deadline: Date | number): number {
  return deadline instanceof Date ? deadline.getTime() : deadline
}

/** How long it is to a deadline; `undefined` when there is none to wait for. */
export function timeLeft(deadline: number): number | undefined {
  const left = deadline - Date.now()
  return Number.isNaN(left) || left > longestTimerMs ? undefined : Math.max(left, 0)
}

/** The value of `grpc-timeout`: at most eight digits and a unit. */
export function timeoutField(deadline: number): string | undefined {
  if (!Number.isFinite(deadline)) return undefined
  const left = Math.max(deadline - Date.now(), 0)
  for (const [unit, ms] of units) {
    const amount = Math.ceil(left / ms)
    if (amount < 1e8) return `${amount}${unit}`
  }
  return undefined
}
