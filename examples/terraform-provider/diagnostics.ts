/** What users are told when something is wrong. */
import type { Diagnostic } from './generated/tfplugin6/Diagnostic.ts'

/** An error that Terraform shows beside the attribute that it is about. */
export class Problem extends Error {
  readonly detail: string
  readonly attribute: string | undefined

  /** @param detail - what is wrong, and what to do about it */
  constructor(summary: string, detail: string, attribute?: string) {
    super(summary)
    this.detail = detail
    this.attribute = attribute
  }
}

/** Makes a diagnostic of whatever was thrown. */
export function diagnosticOf(thrown: unknown): Diagnostic {
  if (!(thrown instanceof Problem)) {
    const detail = thrown instanceof Error ? thrown.message : String(thrown)
    return { severity: 'ERROR', summary: 'The provider failed', detail }
  }
  const { message, detail, attribute } = thrown
  const path = attribute === undefined ? null : { steps: [{ attributeName: attribute }] }
  return { severity: 'ERROR', summary: message, detail, attribute: path }
}
