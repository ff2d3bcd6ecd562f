/** Why an expression could not be computed: by the kinds of Python's exceptions. */
export type RuleFailureKind = 'type' | 'range' | 'name' | 'key' | 'zero'

/** Thrown while an expression is computed; the checks turn it into a finding. */
export class RuleFailure extends Error {
  readonly kind: RuleFailureKind

  constructor(kind: RuleFailureKind, message: string) {
    super(message)
    this.name = 'RuleFailure'
    this.kind = kind
  }
}
