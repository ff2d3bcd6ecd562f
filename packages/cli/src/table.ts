import { Shown, shown } from './shown.ts'

/** Columns of text, each as wide as its widest cell; the last is as long as it is. Cells may be anybody's text. */
export function table(head: readonly string[], given: readonly (readonly string[])[]): Shown {
  const rows = [head, ...given].map((row) => row.map((cell) => shown`${cell}`))
  const widths = head.map((_, column) => Math.max(...rows.map((row) => row[column]?.width ?? 0)))
  const line = (cells: readonly Shown[]) => {
    const last = cells.findLastIndex(({ width }) => width > 0)
    const padded = cells.map((cell, column) => (column < last ? cell.padded(widths[column] ?? 0) : cell))
    return Shown.join(padded.slice(0, last + 1), '  ')
  }
  return Shown.join(rows.map(line), '\n')
}
