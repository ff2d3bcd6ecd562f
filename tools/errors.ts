/**
 * `npm run errors`: writes `docs/errors.md` from the error catalogues, `packages/X/src/errors.ts`, and what core's
 * contracts name.
 *
 * `tools/errors.test.ts` holds the page, the catalogues and the code together.
 */
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { packages, root } from './workspace.ts'

/** One code, and the package whose catalogue has it. */
export interface DocumentedError {
  readonly package: string
  readonly code: string
  readonly message: string
  readonly next: string
  readonly retryable?: boolean
}

/** The page that lists every code. */
export const errorsPage = join(root, 'docs', 'errors.md')

/** Where a package may have catalogues. */
const files = ['errors.ts', 'contract-errors.ts']

/** Reads the catalogues of all packages: exported objects of these files whose keys are codes. */
export async function documentedErrors(): Promise<DocumentedError[]> {
  const found: DocumentedError[] = []
  for (const { folder, manifest } of packages()) {
    for (const file of files.map((name) => join(folder, 'src', name)).filter(existsSync)) {
      const module = (await import(file)) as Record<string, unknown>
      for (const catalogue of Object.values(module).filter(isCatalogue)) {
        for (const [code, entry] of Object.entries(catalogue)) found.push({ package: manifest.name, code, ...entry })
      }
    }
  }
  return found
}

/** The text of `docs/errors.md`. */
export function errorsText(errors: readonly DocumentedError[]): string {
  const sections = [...Map.groupBy(errors, (error) => error.package)].map(([name, list]) => {
    const rows = list.map(({ code, message, next, retryable }) => {
      const cells = [`\`${code}\``, message, next, retryable ? 'yes' : '']
      return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
    })
    const head = ['| code | what happened | what to do next | retry |', '| --- | --- | --- | --- |']
    return [`## ${name}`, '', ...head, ...rows, ''].join('\n')
  })
  return `# Errors

Every failure of these packages is a \`BackplaneError\`: a stable \`code\`, a \`message\` that says what happened, \`next\` that says
what to do, \`details\` (they fill the braces below), the \`cause\`, and \`retryable\`: whether the same call may succeed later
without anybody changing anything. Compare codes, never messages or classes. There are ${errors.length} codes.

${sections.join('\n')}`
}

function isCatalogue(value: unknown): value is Record<string, Omit<DocumentedError, 'package' | 'code'>> {
  if (typeof value !== 'object' || value === null) return false
  const keys = Object.keys(value)
  return keys.length > 0 && keys.every((key) => key.startsWith('BP_'))
}

if (import.meta.main) {
  const errors = await documentedErrors()
  writeFileSync(errorsPage, errorsText(errors))
  console.log(`docs/errors.md: ${errors.length} codes`)
}
