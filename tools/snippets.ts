/**
 * The `ts` snippets of Markdown files, as code that is type checked and run.
 *
 * A fence `ts no-run: REASON` is type checked alone. A line `... // prints: TEXT` says what the output holds, in order.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './workspace.ts'

/** One fenced block of TypeScript. */
export interface Snippet {
  /** The file and the line that the block starts at. */
  readonly place: string
  readonly code: string
  /** What follows `ts` on the fence. */
  readonly info: string
  /** Whether it is run, rather than type checked alone. */
  readonly runs: boolean
}

/** Reads the snippets of a Markdown file, given by its path within the repository. */
export function snippetsOf(path: string): Snippet[] {
  const file = join(root, path)
  if (!existsSync(file)) return []
  const text = readFileSync(file, 'utf8')
  return [...text.matchAll(/^```ts\b *(.*)\n([\s\S]*?)^```$/gm)].map((match) => {
    const [, info = '', code = ''] = match
    const line = text.slice(0, match.index).split('\n').length
    return { place: `${path}:${line}`, code, info: info.trim(), runs: !info.startsWith('no-run') }
  })
}

/** Gives the first promised text that `output` lacks, if there is one. */
export function missingOutput(code: string, output: string): string | undefined {
  let from = 0
  for (const [, wanted = ''] of code.matchAll(/\/\/ prints: (.*)$/gm)) {
    const at = output.indexOf(wanted, from)
    if (at < 0) return wanted
    from = at + wanted.length
  }
  return undefined
}
