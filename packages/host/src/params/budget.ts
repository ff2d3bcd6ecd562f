/** How many units one check of parameters may cost. */
export const unitsOfCheck = 500_000

/**
 * Counts what a check costs, in units of about 20 ns of the slowest machine that we know, and ends it when it costs too
 * much.
 *
 * Processor time itself is no measure: on a busy machine an honest check would end as a hostile one does.
 */
export class Budget {
  /** What is left; generated code counts it down. */
  left = unitsOfCheck

  /** Takes `units`; throws {@link overBudget} when there are not as many. */
  spend(units: number): void {
    this.left -= units
    if (this.left < 0) throw overBudget
  }

  /** Takes a unit for each key of an object, before somebody goes through them. */
  keys(data: unknown, times: number): void {
    if (typeof data !== 'object' || data === null) return
    let count = 0
    for (const _ in data) count++
    // Beyond so many an object is a table, which is slower to go through.
    this.spend(times * (count > 128 ? count * 8 : count))
  }
}

/** What {@link Budget.spend} throws: not an error, since its stack would be made for nothing. */
export const overBudget = Symbol('over budget')
